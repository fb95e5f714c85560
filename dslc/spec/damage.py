"""Where the text could not be read. What overlaps such a place is explained already: it counts as unknown, and
what its absence would cause is not said."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable

from dslc.diagnostics import Diagnostic
from dslc.source import Source, Span
from dslc.syntax import tree

NAMED = re.compile(r"\b(?:as|input|output|model|block)\s+([^\W\d]\w*)|([^\W\d]\w*)\s*[:=]")
BLOCK = re.compile(r"\b(?:model|block)\s+([^\W\d]\w*)")


class Damage:
    """The faulty places of one source."""

    def __init__(self, source: Source, problems: Iterable[Diagnostic]) -> None:
        self.source = source
        problems = list(problems)
        self.keywords = [d.primary.span.start for d in problems if d.primary and d.code == "E0118"]
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

    def next_to(self, span: Span) -> bool:
        """Whether a fault lies in `span` or follows it on its line with nothing but space between."""
        if not self.places:
            return False
        if self.touches(span):
            return True
        at = bisect.bisect_left(self.starts, span.end)
        if span.source is not self.source or at == len(self.starts):
            return False
        gap = self.source.text[span.end : self.starts[at]]
        return not gap.strip() and "\n" not in gap and "\r" not in gap

    def near(self, span: Span) -> bool:
        """Whether a fault lies on one of the lines of `span`."""
        if not self.places or span.source is not self.source:
            return False
        text = self.source.text
        start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
        ends = [e for e in (text.find("\n", span.end), text.find("\r", span.end)) if e >= 0]
        return self.touches(self.source.span(start, min(ends, default=len(text))))

    def behind(self, span: Span) -> bool:
        """Whether a fault begins behind `span` on the same line: its rest was left out."""
        if not self.places or span.source is not self.source:
            return False
        at = bisect.bisect_left(self.starts, span.end)
        if at == len(self.starts):
            return False
        gap = self.source.text[span.end : self.starts[at]]
        return "\n" not in gap and "\r" not in gap

    def header(self, node: tree.Definition) -> bool:
        """Whether a fault lies in front of the body of a definition, in its name or parameters: a keyword that is
        wrong is read as the one that is meant."""
        last = node.parameters[-1].span.end if node.parameters else node.name.span.end
        opened = self.source.text.find("{", last)
        if node.span.source is not self.source or opened < 0:
            return False
        return self.touches(self.source.span(node.name.span.start, opened))

    def lost(self, node: tree.Definition) -> bool:
        """Whether a statement of the body could not be read: a fault lies in none of those that are left."""
        if not self.touches(node.span):
            return False
        if any(node.span.start <= start < node.span.end for start in self.keywords):
            return True  # a keyword in the place of a name: what it would have named is not known
        return any(
            node.name.span.start <= start < node.span.end
            and not any(s.span.start <= start <= s.span.end for s in node.body)
            for start, _ in self.places
        )

    def names_in(self, span: Span) -> set[str]:
        """What statements that could not be read may have named."""
        if not self.touches(span):
            return set()
        text = self.source.text[span.start : span.end]
        return {a or b for a, b in NAMED.findall(text)}

    def lost_definition(self, file: tree.File) -> bool:
        """Whether a fault lies outside every declaration, or in front of a body."""
        heads = [d for d in file.declarations if isinstance(d, tree.Definition)]
        return any(self.header(node) for node in heads) or any(
            not any(d.span.start <= start < d.span.end for d in file.declarations)
            for start, _ in self.places
        )

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
