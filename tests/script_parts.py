"""Functions taken out of a generated script and run on their own, without its framework."""

from __future__ import annotations

import ast
import importlib
import sys
from types import SimpleNamespace
from typing import Any

FRAMEWORKS = ("keras", "torch", "tensorflow")


def functions(script: str, *wanted: str) -> SimpleNamespace:
    """The functions called `wanted` of a script, with all that it imports but the frameworks."""
    names: dict[str, Any] = {"fail": sys.exit}
    for node in ast.parse(script).body:
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            exec(compile(ast.Module([node], []), "<script>", "exec"), names)
        elif isinstance(node, ast.Import):
            for item in node.names:
                if not item.name.startswith(FRAMEWORKS):
                    names[item.asname or item.name] = importlib.import_module(item.name)
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith(FRAMEWORKS):
            exec(compile(ast.Module([node], []), "<script>", "exec"), names)
    return SimpleNamespace(**{name: names[name] for name in wanted})


def source(script: str, name: str) -> str:
    """The text of a function of a script."""
    for node in ast.parse(script).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(script, node) or ""
    raise LookupError(name)
