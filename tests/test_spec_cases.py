"""What dslc says about every mistake in names, shapes, graphs and experiments, word for word: tests/cases/*/*.md."""

from __future__ import annotations

import re
from pathlib import Path

import cases_runner
import pytest

FOLDERS = ("names", "shapes", "graph", "experiment")
FOUND = [case for folder in FOLDERS for case in cases_runner.collect(folder)]


def name_of(case: cases_runner.Case) -> str:
    return f"{case.path.parent.name}-{case.path.stem}-{case.title.lower().replace(' ', '-')}"


@pytest.mark.parametrize("case", FOUND, ids=name_of)
def test_case(case: cases_runner.Case, update: bool) -> None:
    case.check(update)


@pytest.mark.parametrize("case", FOUND, ids=name_of)
def test_one_mistake_is_one_located_diagnostic_with_a_fix(case: cases_runner.Case) -> None:
    found = case.diagnostics
    wanted = 8 if case.title.startswith("Eight") else min(len(found), 1)
    assert len(found) == wanted, [f"{d.code} {d.message}" for d in found]
    for d in found:
        assert d.primary is not None
        assert d.fixes, d.message


def test_every_code_has_a_case() -> None:
    """The text of each is held by a case; those about files and backends have tests of their own."""
    from dslc.codes import all_codes

    shown = {d.code for case in FOUND for d in case.diagnostics}
    others = [p for p in Path(__file__).parent.glob("test_*.py") if p != Path(__file__)]
    texts = [path.read_text(encoding="utf-8") for path in others]
    tested = {code for text in texts for code in re.findall(r"\bE0\d{3}\b", text)}
    families = ("E02", "E04", "E05")
    assert {code for code in all_codes() if code.startswith(families)} <= shown | tested


def test_codes_that_are_used_exist_and_others_do_not() -> None:
    from dslc.codes import all_codes

    folder = cases_runner.CASES.parent.parent / "dslc"
    texts = [p.read_text(encoding="utf-8") for p in folder.rglob("*.py") if "codes" not in p.parts]
    used = {code for text in texts for code in re.findall(r'"(E0\d{3})"', text)}
    assert used == set(all_codes())
