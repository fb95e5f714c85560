"""Collecting faults so that each place is reported once."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import replace

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.source import Source, Span

LIMIT = 100  # a file with more faults than this is not read to its end by anyone


class Report:
    """The diagnostics of one source, in the order of their discovery."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.places: list[int] = []
        self.seen: set[tuple[str, int]] = set()
        self.dropped = 0

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        fixes: Iterable[Fix] = (),
    ) -> None:
        """Report a fault at `span`; its place then counts as explained."""
        if (code, span.start) in self.seen:
            return
        self.seen.add((code, span.start))
        bisect.insort(self.places, span.start)
        if len(self.found) >= LIMIT:
            self.dropped += 1
            return
        self.found.append(
            error(code, message, span, label, secondary=secondary, notes=notes, fixes=fixes)
        )

    def explains(self, start: int, end: int) -> bool:
        """Is a fault known that starts at or after `start` and before or at `end`?"""
        at = bisect.bisect_left(self.places, start)
        return at < len(self.places) and self.places[at] <= end

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, in order of place."""
        found = sorted(self.found, key=lambda d: d.sort_key)
        if self.dropped:
            more = f"{self.dropped} more faults are not shown: mend these first"
            found[-1] = replace(found[-1], notes=(*found[-1].notes, more))
        return tuple(found)


def insert(message: str, span: Span, text: str, *, safe: bool = True) -> Fix:
    """The fix that inserts `text` where `span` starts."""
    return Fix(message, (Edit(span.before(), text),), safe)


def swap(message: str, span: Span, text: str, *, safe: bool = True) -> Fix:
    """The fix that writes `text` in the place of `span`."""
    return Fix(message, (Edit(span, text),), safe)
