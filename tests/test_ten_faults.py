"""A file with ten mistakes, each on a line of its own, has about ten diagnostics, and each of the lines is named."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fault_planter import FAULTS, Fault, plant

from dslc.diagnostics import Diagnostic
from dslc.driver import analyse_source
from dslc.source import Source

SPECS = Path(__file__).resolve().parent.parent / "specs"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SPECS.glob("*.dl"))}
BASES = {name: t for name, t in TEXTS.items() if t.count("\n") >= 24 and "import" not in t}
COUNT, MOST = 10, 12


def errors(text: str) -> list[Diagnostic]:
    return [d for d in analyse_source(Source("a.dl", text)).diagnostics if d.severity == "error"]


def report(text: str, planted: dict[int, str], found: list[Diagnostic]) -> str:
    """The text with what was planted and what was found, line by line."""
    said: dict[int, str] = {}
    for d in found:
        line = d.primary.span.line if d.primary else 0
        said[line] = f"{said.get(line, '')} [{d.code}: {d.message}]"
    return "\n".join(
        f"{line}    <- {planted.get(i, 'nothing')}: {said.get(i, 'nothing said')}"
        if i in planted or i in said
        else line
        for i, line in enumerate(text.split("\n"), 1)
    )


@pytest.mark.parametrize("seed", range(100))
def test_ten_faults_are_ten_diagnostics(seed: int) -> None:
    dice = random.Random(seed)
    text, planted = plant(BASES[dice.choice(sorted(BASES))], COUNT, dice)
    assert len(planted) == COUNT
    found = errors(text)
    lines = {d.primary.span.line for d in found if d.primary}
    assert planted.keys() <= lines, report(text, planted, found)
    assert len(found) <= MOST, report(text, planted, found)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_fault_is_one_diagnostic(fault: Fault) -> None:
    """Each kind in up to six lines: on its line and nowhere else."""
    dice = random.Random(fault.name)
    places = [(text, n) for text in BASES.values() for n in range(text.count("\n"))]
    dice.shuffle(places)
    seen = 0
    for text, number in places:
        lines = text.split("\n")
        new = fault.on(lines[number], dice)
        if new is None or (fault.goes_on and not lines[number + 1].strip()):
            continue
        lines[number] = new
        found = errors(bad := "\n".join(lines))
        said = [d.primary.span.line for d in found if d.primary]
        assert said == [number + 1], report(bad, {number + 1: fault.name}, found)
        seen += 1
        if seen == 6:
            break
    assert seen
