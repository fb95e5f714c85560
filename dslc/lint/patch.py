"""Edits applied to a text, as many as do not get into each other's way."""

from __future__ import annotations

from collections.abc import Iterable

from dslc.diagnostics import Diagnostic, Edit, Fix


def fix_of(diagnostic: Diagnostic, *, unsafe: bool) -> Fix | None:
    """The fix to apply: the first that has edits, where it is safe or `unsafe` ones are wanted."""
    return next((f for f in diagnostic.fixes if f.edits and (f.safe or unsafe)), None)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with `edits`, which do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(set(edits), key=lambda e: (e.span.start, e.span.end)):
        parts += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*parts, text[at:]])


def choose(fixes: Iterable[Fix]) -> tuple[list[Fix], set[Edit]]:
    """Those of `fixes` that can be applied together, the first come first, and all their edits. A fix is applied as a
    whole; two may share an edit that is the same."""
    chosen: list[Fix] = []
    taken: set[Edit] = set()
    for fix in fixes:
        fresh = [edit for edit in fix.edits if edit not in taken]
        if not any(_clash(edit, other) for edit in fresh for other in taken):
            chosen.append(fix)
            taken |= set(fresh)
    return chosen, taken


def _clash(one: Edit, other: Edit) -> bool:
    """Whether two edits touch: what is inserted at one place has no order, nor beside what is replaced."""
    return one.span.start <= other.span.end and other.span.start <= one.span.end
