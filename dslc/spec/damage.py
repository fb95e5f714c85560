"""Where the text could not be read. What overlaps such a place is explained already: it counts as unknown, and
what its absence would cause is not said."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable

from dslc.diagnostics import Diagnostic
from dslc.source import Source, Span

NAMED = re.compile(r"\b(?:as|input|output|model|block)\s+([^\W\d]\w*)|([^\W\d]\w*)\s*[:=]")
BLOCK = re.compile(r"\b(?:model|block)\s+([^\W\d]\w*)")


class Damage:
    """The faulty places of one source."""

    def __init__(self, source: Source, problems: Iterable[Diagnostic]) -> None:
        self.source = source
        places = {
            (d.primary.span.start, d.primary.span.end)
            for d in problems
            if d.primary is not None and d.primary.span.source is source
        }
        self.places = sorted(places)
        self.starts = [start for start, _ in self.places]

    def __bool__(self) -> bool:
        return bool(self.places)

    def _overlapping(self, span: Span) -> list[tuple[int, int]]:
        # Faults are few (the parser stops at a hundred) and short, so the ones in front are looked through.
        after = bisect.bisect_left(self.starts, span.end)
        return [p for p in self.places[:after] if p[1] > span.start or p[0] >= span.start]

    def touches(self, span: Span) -> bool:
        """Whether a fault lies in or across `span`."""
        if not self.places or span.source is not self.source:
            return False
        return bool(self._overlapping(span))

    def behind(self, span: Span) -> bool:
        """Whether a fault begins behind `span` on the same line: its rest was left out."""
        if not self.places or span.source is not self.source:
            return False
        text = self.source.text
        at = bisect.bisect_left(self.starts, span.end)
        if at == len(self.starts):
            return False
        gap = text[span.end : self.starts[at]]
        return "\n" not in gap and "\r" not in gap

    def names_in(self, span: Span) -> set[str]:
        """What statements that could not be read may have named."""
        if not self.touches(span):
            return set()
        text = self.source.text[span.start : span.end]
        return {a or b for a, b in NAMED.findall(text)}

    def definitions(self) -> set[str]:
        """What blocks and models that could not be read may be called, and what faulty imports may bring."""
        if not self.places:
            return set()
        text = self.source.text
        found = set(BLOCK.findall(text))
        for line in text.splitlines():
            if line.lstrip().startswith(("import", "from")):
                found |= set(re.findall(r"[^\W\d]\w*", line))
        return found
