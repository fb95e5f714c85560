"""Markdown as tests: a fenced `dl` block and, behind it, a fenced `text` block with what dslc says about it.

A test module asks for the cases of a folder and checks each:

    @cases_runner.cases("syntax")
    def test_case(case, update):
        case.check(update)

`pytest --update` writes the texts anew; the diff is then the review.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dslc.diagnostics import Diagnostic
from dslc.driver import analyse_source
from dslc.render import render_terminal
from dslc.source import Source
from dslc.syntax import parse

CASES = Path(__file__).resolve().parent / "cases"
CASE = re.compile(
    r"^```dl\n(?P<spec>.*?)^```\n(?P<between>(?:(?!```)[^\n]*\n)*?)^```text\n(?P<text>.*?)^```$",
    re.M | re.S,
)
HEADING = re.compile(r"^#+ +(.*)$", re.M)
CLEAN = "no problems\n"


def front_end(source: Source, folder: str) -> tuple[Diagnostic, ...]:
    """All that dslc says about a spec without compiling it: the one place that names the stages. The cases of
    `syntax` are fragments, of which only the text is judged."""
    if folder == "syntax":
        return parse(source)[1]
    return tuple(analyse_source(source).diagnostics)


@dataclass(frozen=True)
class Case:
    """The case at position `number` in the file at `path`."""

    path: Path
    number: int
    title: str
    spec: str

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return front_end(Source("case.dl", self.spec), self.path.parent.name)

    @property
    def actual(self) -> str:
        found = self.diagnostics
        return render_terminal(found, color=False, width=100) or CLEAN

    def check(self, update: bool) -> None:
        """Compare what dslc says with what the file says, or write it there."""
        text = self.path.read_text(encoding="utf-8")
        match = list(CASE.finditer(text))[self.number]
        if update and match["text"] != self.actual:
            start, end = match.span("text")
            self.path.write_text(text[:start] + self.actual + text[end:], encoding="utf-8")
            return
        assert self.actual == match["text"], f"{self.path.name}: {self.title}"


def collect(folder: str) -> list[Case]:
    """The cases of all Markdown files under `tests/cases/<folder>`."""
    found: list[Case] = []
    for path in sorted((CASES / folder).rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        matches = list(CASE.finditer(text))
        assert text.count("\n```dl\n") == len(matches), (
            f"{path}: a `dl` block lacks its `text` block"
        )
        for number, match in enumerate(matches):
            headings = HEADING.findall(text[: match.start()])
            title = headings[-1] if headings else "case"
            found.append(Case(path, number, title, match["spec"]))
    assert found, f"no cases in {folder}"
    return found


def cases(folder: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the decorated test with every case of `folder`."""
    found = collect(folder)
    names = [
        f"{c.path.stem}-{re.sub('[^a-z0-9]+', '-', c.title.lower()).strip('-')}" for c in found
    ]
    return pytest.mark.parametrize("case", found, ids=names)
