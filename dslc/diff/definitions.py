"""Blocks of a file that has no model: nothing there uses them, so what differs is their text, without its layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from dslc.diff.changes import BlockChange
from dslc.spec import ir
from dslc.syntax import tree

SPELLING = {"span", "text"}


def compare_blocks(old: ir.Spec | None, new: ir.Spec | None) -> Iterator[BlockChange]:
    """The blocks that come, go or say something else."""
    before, after = (_own(spec) for spec in (old, new))
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield BlockChange("removed", name)
        elif name not in before:
            yield BlockChange("added", name)
        elif not alike(before[name].node, after[name].node):
            yield BlockChange("changed", name)


def _own(spec: ir.Spec | None) -> dict[str, ir.Definition]:
    if spec is None:
        return {}
    known = spec.definitions.items()
    return {n: d for n, d in known if d.node.span.source is spec.source and d.kind == "block"}


def alike(first: Any, second: Any) -> bool:
    """Whether two trees say the same, wherever and however it is written."""
    stack = [(first, second)]
    while stack:
        a, b = stack.pop()
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            stack.extend(zip(a, b, strict=True))
        elif isinstance(a, tree.Node) and type(a) is type(b):
            spelling = SPELLING if isinstance(a, tree.Number) else {"span"}
            names = [f.name for f in fields(a) if f.name not in spelling]
            stack.extend((getattr(a, name), getattr(b, name)) for name in names)
        elif a != b:
            return False
    return True
