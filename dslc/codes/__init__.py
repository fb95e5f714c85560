"""Every diagnostic code, once: its title, why it exists, a wrong and a right example.

The same text is `docs/codes.md`, `dslc explain CODE`, the help of SARIF and the link in the editor. Codes are
never reused. E01 syntax, E02 names and values, E03 shapes, E04 graph, E05 a backend cannot express it. One
file a family; each holds one tuple `CODES`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache

from dslc.codes.code import Code
from dslc.codes.references import references

FAMILIES = (
    "syntax",
    "formatting",
    "names",
    "shapes",
    "graphs",
    "updates",
    "regularising",
    "tuning",
    "callbacks",
    "protocols",
    "backbones",
    "revisions",
    "backends",
    "verifying",
    "configuration",
)


@cache
def all_codes() -> dict[str, Code]:
    """Every code by its name, in order."""
    found: dict[str, Code] = {}
    for family in FAMILIES:
        for code in importlib.import_module(f"dslc.codes.{family}").CODES:
            assert code.code not in found, f"{code.code} is used twice"
            found[code.code] = replace(code, references=code.references or references(code.code))
    return dict(sorted(found.items()))
