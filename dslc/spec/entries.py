"""The entries of a section, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, error
from dslc.syntax import tree


def joined(
    entries: tuple[Any, ...], forgotten: Callable[[tree.Name], bool]
) -> Iterator[tree.Let | tree.Bare | tree.Section]:
    """The entries, without those that are a key and a value with no `=` between."""
    at = 0
    while at < len(entries):
        entry = entries[at]
        at += 1
        following = entries[at] if at < len(entries) else None
        if isinstance(entry, tree.Bare) and isinstance(entry.value, tree.Name):
            pair = isinstance(following, tree.Bare) and _same_line(entry, following)
            if pair and forgotten(entry.value):
                at += 1
                continue
        yield entry


def _same_line(first: tree.Node, second: tree.Node) -> bool:
    gap = first.span.source.text[first.span.end : second.span.start]
    return "\n" not in gap and "\r" not in gap


def no_equals(name: tree.Name) -> Diagnostic:
    fix = Fix("write `=` between", (Edit(name.span.after(), " ="),), safe=True)
    return error("E0226", f"`=` is missing behind `{name.text}`", name.span, fixes=[fix])
