"""docs/language.md: every example on it checks, and both halves of what it claims about limits hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dslc.driver import analyse_source
from dslc.graph.record import MAX_DEPTH, MAX_NODES
from dslc.plan.walk import plan_model
from dslc.render import render_concise
from dslc.source import Source

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```dl\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_checks(number: int) -> None:
    analysis = analyse_source(Source("page.dl", EXAMPLES[number]))
    assert analysis.diagnostics == [], render_concise(analysis.diagnostics)
    assert analysis.spec is not None
    for model in analysis.models:
        assert model.summary is not None
        plan_model(analysis.spec, model.graph)


def test_limits_are_as_written() -> None:
    assert f"{MAX_NODES:,} layers" in PAGE
    assert f"blocks {MAX_DEPTH}" in PAGE
