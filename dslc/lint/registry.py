"""All rules, by walking `dslc.lint.rules`: a new file there is a new rule."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from dslc.codes.code import Code
from dslc.lint import rules as package
from dslc.lint.rule import Rule


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by its code, in order."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(value, Rule):
                assert value.code not in found, f"{value.code} is used twice"
                found[value.code] = value
    return dict(sorted(found.items()))


def pages() -> dict[str, Code]:
    """What is said about every rule, as for the codes of errors."""
    return {code: rule.page for code, rule in all_rules().items()}
