"""`# dslc: ignore[L204] why`: findings that someone has looked at.

A comment behind something is for its line; a comment on a line of its own is for the statement that begins below it,
or for that line when no statement does. `# dslc: ignore-file[L204] why`, wherever it stands, is for the whole file.
Rules are named by code or name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dslc.diagnostics import Diagnostic
from dslc.lint.trees import walk
from dslc.source import Source, Span
from dslc.syntax import tree

DIRECTIVE = re.compile(
    r"#\s*dslc:\s*(?P<word>[\w-]+)(?P<list>\s*\[(?P<codes>[^\]]*)\])?(?P<reason>.*)"
)
WORDS = ("ignore", "ignore-file")
CODE = re.compile(r"[^\s,]+")
STATEMENTS = (tree.Input, tree.Output, tree.Let, tree.Assert, tree.Bare, tree.Import)


@dataclass(frozen=True, slots=True)
class Ignored:
    """One rule in a suppression: as written, and its code where there is such a rule."""

    span: Span
    code: str | None


@dataclass(slots=True, eq=False)
class Suppression:
    """`lines` are the first and last that it covers. `ignored` is None where it has no brackets."""

    span: Span
    word: str
    ignored: tuple[Ignored, ...] | None
    reason: str
    lines: tuple[int, int]
    used: set[str] = field(default_factory=set)

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether it silences `diagnostic`; it then knows that it was of use."""
        assert diagnostic.primary is not None
        codes = {item.code for item in self.ignored or ()}
        if diagnostic.code not in codes or self.word not in WORDS:
            return False
        first, last = self.lines
        covered = self.word == "ignore-file" or first <= diagnostic.primary.span.line <= last
        if covered:
            self.used.add(diagnostic.code)
        return covered


def suppressions(file: tree.File, known: Mapping[str, str]) -> tuple[Suppression, ...]:
    """Those of a file. `known` gives the code for every code and name of a rule."""
    ends: dict[int, int] | None = None
    found: list[Suppression] = []
    for comment in file.comments:
        match = DIRECTIVE.search(comment.text)
        if match is None:
            continue
        if ends is None:
            ends = _statements(file)
        start = comment.span.start + match.start()
        span = Span(file.source, start, comment.span.start + len(comment.text.rstrip()))
        ignored = None if match["list"] is None else _ignored(match, comment.span, known)
        lines = _lines(file.source, comment.span, ends)
        found.append(Suppression(span, match["word"], ignored, match["reason"].strip(), lines))
    return tuple(found)


def _ignored(match: re.Match[str], comment: Span, known: Mapping[str, str]) -> tuple[Ignored, ...]:
    at = comment.start + match.start("codes")
    return tuple(
        Ignored(
            Span(comment.source, at + item.start(), at + item.end()),
            known.get(item[0]) or known.get(item[0].upper()),
        )
        for item in CODE.finditer(match["codes"])
    )


def _statements(file: tree.File) -> dict[int, int]:
    """The last line of what begins on a line: of statements and settings all of it, of a section its head."""
    ends: dict[int, int] = {}
    for node in walk(*file.declarations):
        if isinstance(node, STATEMENTS):
            first = node.span.line
            last = file.source.line_column(max(node.span.end - 1, node.span.start))[0]
            ends[first] = max(last, ends.get(first, 0))
    return ends


def _lines(source: Source, comment: Span, ends: Mapping[int, int]) -> tuple[int, int]:
    number = comment.line
    if source.text[source.line_starts[number - 1] : comment.start].strip():
        return number, number
    below = number + 1
    count = len(source.line_starts)
    while below <= count and source.line(below).lstrip().startswith("#"):
        below += 1
    return below, ends.get(below, below)
