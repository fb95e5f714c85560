"""Spoilt specs: whatever is done to a text, the front end ends soon, raises nothing, and points at the text.

`DSLC_FUZZ=20` makes the run twenty times as long, with other seeds.
"""

from __future__ import annotations

import os
import time

import hostile
import pytest
from compiled import ROOT

from dslc.driver import analyse_source
from dslc.plan.walk import plan_model
from dslc.render import render_terminal
from dslc.source import Source

TIMES = int(os.environ.get("DSLC_FUZZ", "1"))
SPECS = hostile.specs()


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_spoilt_specs_raise_nothing(number: int) -> None:
    count = (600 if number == 0 else 40) * TIMES
    for mutant in hostile.mutants(SPECS[number], seed=1000 * TIMES + number, count=count):
        start = time.process_time()
        analysis = analyse_source(Source("spoilt.dl", mutant))
        assert time.process_time() - start < 5, mutant
        render_terminal(tuple(analysis.diagnostics), color=False, width=100)
        for d in analysis.diagnostics:
            assert d.primary is not None, f"{d.message}\n{mutant}"
            assert 0 <= d.primary.span.start <= d.primary.span.end <= len(mutant)
            assert d.fixes or d.code.startswith("E01"), f"{d.message}\n{mutant}"
        if analysis.ok:
            assert analysis.spec is not None
            for model in analysis.models:
                if model.summary is not None:
                    plan_model(analysis.spec, model.graph)


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_the_specs_themselves_are_sound(number: int) -> None:
    source = Source("sound.dl", SPECS[number])
    found = analyse_source(source, ROOT / "specs" / "sound.dl").diagnostics  # one imports another
    assert [d for d in found if d.severity == "error"] == []


def test_half_a_spec_is_no_crash() -> None:
    """What an editor sends while someone types: every tenth prefix."""
    for end in range(0, len(hostile.RICH), 10):
        analyse_source(Source("typing.dl", hostile.RICH[:end]))


def test_a_faulty_line_hides_nothing_else() -> None:
    """A deleted sign is one diagnostic for nearly every place: what it hides is not judged."""
    import random

    dice = random.Random(7)
    tokens = hostile.TOKEN.findall(hostile.RICH)
    places = [i for i, t in enumerate(tokens) if t in (",", "(", ")", "->", "=", ":")]
    counts = []
    for at in dice.sample(places, 60):
        text = "".join(t for i, t in enumerate(tokens) if i != at)
        counts.append(len(analyse_source(Source("one.dl", text)).diagnostics))
    assert sum(c <= 1 for c in counts) > 0.8 * len(counts), counts
    assert max(counts) <= 5
