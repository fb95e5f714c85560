"""All rules at once: on the specs of the checkout, on those of all cases, on long ones."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dslc.driver import analyse
from dslc.lint.examples import complete
from dslc.lint.registry import all_rules
from dslc.lint.selection import Selection
from dslc.linter import fix, lint
from dslc.render import render_terminal
from dslc.source import Source

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
ALL = Selection(tuple(all_rules().values()), {}, {})
SPECS = sorted((ROOT / "specs").rglob("*.dl"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_specs_of_the_checkout_are_clean(path: Path) -> None:
    source = analyse(path).source
    assert source is not None
    found = lint(source, ALL, path).diagnostics
    assert not found, "mend it or say why not:\n" + render_terminal(found, color=False, width=100)


def case_specs() -> Iterator[tuple[str, str]]:
    for path in sorted(CASES.rglob("*.md")):
        for match in re.finditer(
            r"^```dl\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S
        ):
            yield path.stem, complete(match[1]) if "lint" in path.parts else match[1]


def test_fixes_end_with_nothing_left_to_fix_and_a_spec_that_checks() -> None:
    checked = 0
    for name, text in case_specs():
        linted = lint(Source("case.dl", text), ALL)
        if linted.checks:
            done = fix(linted, ALL, unsafe=True).after
            assert done.checks
            left = [d.code for d in done.diagnostics if any(it.edits for it in d.fixes)]
            assert left == [], f"{name}: {left} cannot be applied to\n{text}"
            checked += 1
    assert checked > 300


LONG = {
    "flow": "model A {\n  input x: 16\n  x\n" + "  -> Dense(16) -> relu\n" * 1000 + "  -> Dense(10)\n}\n",
    "repeat": "block B {\n  input x\n  add(x -> Dense(8) -> tanh, x)\n}\n"
    "model A {\n  input x: 8\n  x -> B * 1000 -> Dense(10) -> softmax\n}\n",
    "wide": "model A {\n  input x: 8\n  concat(\n"
    + "    x -> Dense(8) -> tanh,\n" * 1000
    + "  ) -> Dense(10) -> softmax\n}\n",
    "comments": "model A {\n  input x: 8\n  x -> Dense(10) -> softmax\n}\n"
    + "# dslc: ignore[L101, nothing] why\n" * 2000,
}  # fmt: skip


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_specs_take_no_longer_than_they_must(text: str) -> None:
    """Not a time to trust, but what is quadratic shows."""
    start = time.process_time()
    linted = lint(Source("long.dl", text), Selection((), {}, {}))
    bare = time.process_time() - start
    start = time.process_time()
    assert linted.checks
    lint(Source("long.dl", text), ALL)
    assert time.process_time() - start < 5 * bare + 2
