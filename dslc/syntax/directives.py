"""`# dslc: ignore[L204] why`: the comments that mean something, and the lines that they are for.

One behind something is for its line. One on a line of its own is for the statement, section or definition that begins
below it, or for that line when none does. The formatter keeps what they are for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.syntax import tree
from dslc.syntax.walk import walk

DIRECTIVE = re.compile(
    r"#\s*dslc:\s*(?P<word>[\w-]+)(?P<list>\s*\[(?P<codes>[^\]]*)\])?(?P<reason>.*)"
)
IGNORE, IGNORE_FILE = "ignore", "ignore-file"
STATEMENTS = (
    tree.Input,
    tree.Output,
    tree.Let,
    tree.Assert,
    tree.Bare,
    tree.Import,
    tree.Section,
    tree.Definition,
)


class Covered:
    """The lines of a file that its comments are for."""

    def __init__(self, file: tree.File) -> None:
        self.file = file
        self.source = file.source
        self.below: dict[int, int] = {}  # of a comment with a line of its own: the first below
        for comment in reversed(file.comments):
            line = comment.span.line
            if not self._behind(comment):
                self.below[line] = self.below.get(line + 1, line + 1)
        self.begin: dict[int, list[tree.Node]] = {}  # what begins on a line, outer ones first
        for node in walk(*file.declarations):
            if isinstance(node, STATEMENTS):
                self.begin.setdefault(node.span.line, []).append(node)

    def by(self, comment: tree.Comment) -> tuple[int, int]:
        """The first and the last line that `comment` is for."""
        line = comment.span.line
        if line not in self.below:
            return line, line
        below = self.below[line]
        return below, max((self._last(node) for node in self.begin.get(below, ())), default=below)

    def held(self) -> Iterator[int]:
        """The lines that must stay lines: a comment means them, and not just what a statement says."""
        for comment in self.file.comments:
            match = DIRECTIVE.search(comment.text)
            if match is not None and match["word"] == IGNORE:
                first, last = self.by(comment)
                if comment.span.line not in self.below or not self._whole(first, last):
                    yield from range(first, last + 1)

    def _whole(self, first: int, last: int) -> bool:
        """Are the lines those of one statement, and of nothing else?"""
        for node in self.begin.get(first, ())[:1]:
            starts = self.source.line_starts
            end = starts[last] if last < len(starts) else len(self.source.text)
            ahead = self.source.text[starts[first - 1] : node.span.start]
            rest = self.source.text[node.span.end : end].partition("#")[0]
            return self._last(node) == last and not ahead.strip() and not rest.strip(" \t\r\n})")
        return False

    def _last(self, node: tree.Node) -> int:
        return self.source.line_column(max(node.span.end - 1, node.span.start))[0]

    def _behind(self, comment: tree.Comment) -> bool:
        start = self.source.line_starts[comment.span.line - 1]
        return bool(self.source.text[start : comment.span.start].strip())
