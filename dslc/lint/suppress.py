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
from dslc.source import Span
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
    matches = [(c, m) for c in file.comments if (m := DIRECTIVE.search(c.text))]
    if not matches:
        return ()
    covered = _Covered(file)
    found: list[Suppression] = []
    for comment, match in matches:
        start = comment.span.start + match.start()
        span = Span(file.source, start, comment.span.start + len(comment.text.rstrip()))
        ignored = None if match["list"] is None else _ignored(match, comment.span, known)
        lines = covered.by(comment)
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


class _Covered:
    """The lines of a file that a comment is for."""

    def __init__(self, file: tree.File) -> None:
        self.source = file.source
        self.below: dict[
            int, int
        ] = {}  # of a comment that has its line for itself: the first line that is none
        for comment in reversed(file.comments):
            line = comment.span.line
            if not self._behind(comment):
                self.below[line] = self.below.get(line + 1, line + 1)
        self.ends: dict[
            int, int
        ] = {}  # the last line of the statement or setting that begins on a line
        for node in walk(*file.declarations):
            if isinstance(node, STATEMENTS):
                first = node.span.line
                last = self.source.line_column(max(node.span.end - 1, node.span.start))[0]
                self.ends[first] = max(last, self.ends.get(first, 0))

    def by(self, comment: tree.Comment) -> tuple[int, int]:
        """The first and the last."""
        line = comment.span.line
        if line not in self.below:
            return line, line
        below = self.below[line]
        return below, self.ends.get(below, below)

    def _behind(self, comment: tree.Comment) -> bool:
        start = self.source.line_starts[comment.span.line - 1]
        return bool(self.source.text[start : comment.span.start].strip())
