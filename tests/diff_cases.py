"""Two versions of a spec and what `dslc diff` says: a fenced `dl old`, a `dl new` and a `text` block.

`pytest --update` writes the texts anew; the diff is then the review.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dslc.diff.changes import Difference
from dslc.diff.compare import compare
from dslc.diff.text import render_text
from dslc.driver import Analysis, analyse_source
from dslc.source import Source

CASES = Path(__file__).resolve().parent / "cases" / "diff"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "diff.md"
CASE = re.compile(
    r"^## (?P<title>[^\n]+)\n(?:(?!```|## )[^\n]*\n)*?^```dl old\n(?P<old>.*?)^```\n+"
    r"^```dl new\n(?P<new>.*?)^```\n+^```text\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Case:
    path: Path
    number: int
    title: str
    old: str
    new: str

    def check(self, update: bool) -> None:
        text = self.path.read_text(encoding="utf-8")
        match = list(CASE.finditer(text))[self.number]
        actual = shown(difference(self.old, self.new))
        if update and match["text"] != actual:
            start, end = match.span("text")
            self.path.write_text(text[:start] + actual + text[end:], encoding="utf-8")
            return
        assert actual == match["text"], f"{self.path.name}: {self.title}"


def collect() -> list[Case]:
    found: list[Case] = []
    for path in [*sorted(CASES.glob("*.md")), PAGE]:
        text = path.read_text(encoding="utf-8")
        matches = list(CASE.finditer(text))
        assert text.count("\n```dl old\n") == len(matches), f"{path}: a case is not complete"
        found += [Case(path, i, m["title"], m["old"], m["new"]) for i, m in enumerate(matches)]
    return found


@cache
def analysed(text: str, name: str = "net.dl") -> Analysis:
    analysis = analyse_source(Source(name, text))
    assert analysis.ok, [(d.code, d.message) for d in analysis.diagnostics]
    return analysis


@cache
def difference(old: str, new: str) -> Difference:
    return compare(analysed(old), analysed(new), name="net.dl", titles=("old", "new"))


def shown(found: Difference) -> str:
    return render_text(found, lambda text, _: text, "net.dl: old → new")
