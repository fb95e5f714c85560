"""Are two specs the same but for their layout?"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dslc.syntax import tree


def same(first: tree.File, second: tree.File) -> bool:
    """Do both hold the same declarations, spelled alike, and the same comments?"""
    said = ([c.text.rstrip() for c in file.comments] for file in (first, second))
    if next(said) != next(said):
        return False
    stack: list[tuple[Any, Any]] = [(first.declarations, second.declarations)]
    while stack:
        a, b = stack.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple):
            if len(a) != len(b):
                return False
            stack.extend(zip(a, b, strict=True))
        elif isinstance(a, (tree.Name, tree.Number, tree.String, tree.Size)):
            if a.span.text != b.span.text:
                return False
        elif isinstance(a, tree.Node):
            names = (f.name for f in fields(a) if f.name != "span")
            stack.extend((getattr(a, name), getattr(b, name)) for name in names)
        elif a != b:
            return False
    return True
