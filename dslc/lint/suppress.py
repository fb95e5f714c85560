"""`# dslc: ignore[L204] why`: findings that someone has looked at.

A comment behind something is for its line; a comment on a line of its own is for the statement, section or definition
that begins below it, or for that line when none does (`dslc.syntax.directives`). `# dslc: ignore-file[L204] why`,
wherever it stands, is for the whole file. Rules are named by code or name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dslc.diagnostics import Diagnostic
from dslc.source import Span
from dslc.syntax import tree
from dslc.syntax.directives import DIRECTIVE, IGNORE, IGNORE_FILE, Covered

WORDS = (IGNORE, IGNORE_FILE)
CODE = re.compile(r"[^\s,]+")


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
        covered = self.word == IGNORE_FILE or first <= diagnostic.primary.span.line <= last
        if covered:
            self.used.add(diagnostic.code)
        return covered


def suppressions(file: tree.File, known: Mapping[str, str]) -> tuple[Suppression, ...]:
    """Those of a file. `known` gives the code for every code and name of a rule."""
    matches = [(c, m) for c in file.comments if (m := DIRECTIVE.search(c.text))]
    if not matches:
        return ()
    covered = Covered(file)
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
