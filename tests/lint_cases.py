"""Cases of rules: tests/cases/lint/<rule>.md, and the examples in the rules themselves.

Each case is a fenced `dl` block (it may leave out what `dslc.lint.examples` adds) and a fenced `text` block with all
that the rule of the file says about it; a third block, `fixed`, is written where a fix applies and holds the lines
after it. `pytest --update` writes the last two anew; the diff is the review.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dslc.diagnostics import Diagnostic, has_errors
from dslc.driver import analyse_source, facts_of
from dslc.lint.examples import complete
from dslc.lint.patch import apply, fix_of
from dslc.lint.registry import all_rules
from dslc.lint.rule import Rule
from dslc.lint.run import run_rules
from dslc.render import render_terminal
from dslc.source import Source

FOLDER = Path(__file__).resolve().parent / "cases" / "lint"
SPECS = FOLDER.parents[2] / "specs"  # what cases import lies there
CASE = re.compile(
    r"^```dl\n(?P<spec>.*?)^```\n\n```text\n(?P<text>.*?)^```$"
    r"(?:\n\n```fixed\n(?P<fixed>.*?)^```$)?",
    re.M | re.S,
)
HEADING = re.compile(r"^#+ +(.*)$", re.M)
BUDGET = re.compile(r"# with `([a-z-]+) = (\d+)` under")  # what a case configures
CLEAN = "no problems\n"


def lint(text: str, rules: Iterable[Rule]) -> list[Diagnostic]:
    """What `rules` find in a spec, which must check."""
    analysis = analyse_source(Source("case.dl", text), root=SPECS)
    facts = facts_of(analysis, {m[1]: int(m[2]) for m in BUDGET.finditer(text)})
    assert facts is not None, render_terminal(analysis.diagnostics, color=False, width=100)
    return run_rules(facts, rules)


def by(rule: Rule, text: str) -> list[Diagnostic]:
    """What `rule` finds: alone, or behind all others where it is about what they find."""
    rules = all_rules().values() if rule.late else [rule]
    return [d for d in lint(text, rules) if d.code == rule.code]


def fixed(text: str, rule: Rule) -> str | None:
    """`text` after the fixes of `rule`, one at a time until nothing is left to fix; None where there is none."""
    before = text
    for _ in range(20):
        found = by(rule, text)
        fix = next((f for d in found if (f := fix_of(d, unsafe=True))), None)
        if fix is None:
            return None if text == before else text
        text = apply(text, fix.edits)
        assert not has_errors(analyse_source(Source("case.dl", text), root=SPECS).diagnostics), text
        left = by(rule, text)
        assert len(left) < len(found), f"the fix of {rule.name} does not help:\n{text}"
    raise AssertionError(f"{rule.name} finds no end of fixes")


@dataclass(frozen=True)
class Case:
    """The case at position `number` in the file at `path`."""

    path: Path
    number: int
    title: str
    spec: str

    @property
    def rule(self) -> Rule:
        name = self.path.stem.replace("_", "-")
        return next(rule for rule in all_rules().values() if rule.name == name)

    @property
    def found(self) -> list[Diagnostic]:
        return by(self.rule, complete(self.spec))

    def check(self, update: bool) -> None:
        page = self.path.read_text(encoding="utf-8")
        match = list(CASE.finditer(page))[self.number]
        text = render_terminal(self.found, color=False, width=100) or CLEAN
        after = fixed(complete(self.spec), self.rule)
        if update and (match["text"], match["fixed"]) != (text, after):
            block = f"```dl\n{self.spec}```\n\n```text\n{text}```"
            block += "" if after is None else f"\n\n```fixed\n{after}```"
            fresh = page[: match.start()] + block + page[match.end() :]
            self.path.write_text(fresh, encoding="utf-8")
            return
        assert text == match["text"], f"{self.path.name}: {self.title}"
        assert after == match["fixed"], f"{self.path.name}: {self.title}"


def collect() -> list[Case]:
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        matches = list(CASE.finditer(page))
        assert page.count("\n```dl\n") == len(matches), f"{path}: a `dl` block lacks its `text`"
        for number, match in enumerate(matches):
            title = HEADING.findall(page[: match.start()])[-1]
            found.append(Case(path, number, title, match["spec"]))
    return found
