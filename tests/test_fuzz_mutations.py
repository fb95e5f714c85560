"""Specs broken in one place: check neither crashes nor dawdles, points at the text, and is as strict as it must be."""

from __future__ import annotations

import sys
import time

import hostile
import pytest
from compiled import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from fuzz import verdicts
from fuzz.grow import grow
from fuzz.mutations import WAYS, mutants

TEXTS = [*hostile.specs(), *(grow(seed).text for seed in range(400, 412))]
PER_SPEC, SECONDS, SEEDS = 40, 30, range(70_000, 70_060)


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_check_stands_whatever_is_broken(number: int) -> None:
    for mutant in mutants(TEXTS[number], number, PER_SPEC):
        fault, _ = verdicts.examine(mutant.text)
        assert fault is None, f"{mutant.way}: {fault.detail}\n{mutant.text}"


@pytest.mark.parametrize("way", WAYS)
def test_every_way_breaks_something(way: str) -> None:
    """Each way makes texts that are not those it began with, and some that check refuses."""
    made = [m for n, text in enumerate(TEXTS[:9]) for m in mutants(text, n, 3, [way])]
    assert len({m.text for m in made}) >= 9
    assert any(d.severity == "error" for m in made for d in _said(m.text)) or way in HARMLESS


HARMLESS = ("another number", "a label")  # often still valid


def _said(text: str) -> list[object]:
    _, analysis = verdicts.examine(text)
    assert analysis is not None
    return analysis.diagnostics


def test_a_layer_that_refuses_is_found_with_its_inputs() -> None:
    text = "model M {\n  input x: 8x8x3\n  x -> Dense(4)\n}\n"
    ((word, inputs, mismatch),) = verdicts.refusals(text)
    assert word.word == "Dense" and inputs[0].shape == (8, 8, 3) and mismatch.code == "E0301"


@pytest.mark.framework
def test_check_is_as_strict_as_the_frameworks() -> None:
    """What it takes runs and agrees in both; what it refuses for its shapes they refuse, or the language says why."""
    end, seen = time.monotonic() + SECONDS, []
    for seed in SEEDS:
        for mutant in mutants(grow(seed).text, seed, 4):
            how, fault = verdicts.verdict(mutant.text)
            assert fault is None, f"seed {seed}, {mutant.way}: {fault.detail}\n{mutant.text}"
            seen.append(how)
        if time.monotonic() > end:
            break
    assert seen.count("taken") >= 5 and "refused by both" in seen


@pytest.mark.framework
def test_too_strict_a_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle sees a rule that refuses what both frameworks take."""
    from dslc.vocab.layers.pool import MaxPool2D
    from dslc.vocab.tensor import Mismatch

    said = Mismatch("E0303", "no odd sizes", "odd", help="make it even")
    monkeypatch.setattr(MaxPool2D, "infer", lambda self, *xs: said)
    text = "model M {\n  input x: 7x7x3\n  x -> MaxPool2D(2x2)\n}\n"
    how, fault = verdicts.verdict(text)
    assert how == "taken by one" and fault is not None
    assert "takes MaxPool2D" in fault.detail


@pytest.mark.framework
def test_too_lax_a_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from dslc.vocab.merges import Add
    from dslc.vocab.tensor import Tensor

    monkeypatch.setattr(Add, "infer", lambda self, *xs: Tensor(xs[0].shape))
    text = "model M {\n  input x: 4x3\n  input y: 4x2\n  add(x, y)\n}\n"
    assert verdicts.verdict(text)[1] is not None


def test_mutants_are_those_of_their_seed() -> None:
    text = TEXTS[0]
    assert [m.text for m in mutants(text, 5, 6)] == [m.text for m in mutants(text, 5, 6)]
