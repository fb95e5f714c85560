"""Advice about an earlier text, moved to where it belongs in the present one, until the rules have run again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dslc.diagnostics import Diagnostic, Edit, Fix, Label
from dslc.source import Source, Span


def carried(found: Iterable[Diagnostic], old: Source, new: Source) -> list[Diagnostic]:
    """The diagnostics of `old` that have nothing to do with what changed, at their places in `new`."""
    change = _Change.between(old, new)
    moved = (change.diagnostic(d) for d in found)
    return [d for d in moved if d is not None]


class _Touched(Exception):
    """A place that the change is about."""


@dataclass(frozen=True)
class _Change:
    """The characters `start` to `end` of `old` became others."""

    old: Source
    new: Source
    start: int
    end: int

    @classmethod
    def between(cls, old: Source, new: Source) -> _Change:
        a, b = old.text, new.text
        most = min(len(a), len(b))
        start = _common(a, b, most)
        back = _common(a[::-1], b[::-1], most - start)
        return cls(old, new, start, len(a) - back)

    def diagnostic(self, d: Diagnostic) -> Diagnostic | None:
        try:
            return replace(
                d,
                primary=self._label(d.primary) if d.primary is not None else None,
                secondary=tuple(self._label(label) for label in d.secondary),
                fixes=tuple(self._fix(fix) for fix in d.fixes),
            )
        except _Touched:
            return None

    def _label(self, label: Label) -> Label:
        return Label(self._span(label.span), label.text)

    def _fix(self, fix: Fix) -> Fix:
        return replace(fix, edits=tuple(Edit(self._span(e.span), e.text) for e in fix.edits))

    def _span(self, span: Span) -> Span:
        if span.source is not self.old:
            return span
        if span.end < self.start:
            return Span(self.new, span.start, span.end)
        if span.start > self.end:
            by = len(self.new.text) - len(self.old.text)
            return Span(self.new, span.start + by, span.end + by)
        raise _Touched


def _common(a: str, b: str, most: int) -> int:
    """How many characters at the start are the same, at most so many."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
