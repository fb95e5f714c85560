"""Whatever a spec says, its plan computes the shapes and weights of its graph, with names kept or not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from plan_runner import run_model
from spec_grower import specs

from dslc.driver import analyse_source
from dslc.plan.walk import plan_model
from dslc.render import render_concise
from dslc.source import Source
from dslc.vocab.tensor import Tensor


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(specs())
def test_a_plan_says_what_the_graph_says(text: str) -> None:
    analysis = analyse_source(Source("random.dl", text))
    if any("large" in f"{d.message} {d.notes}" for d in analysis.diagnostics):
        return  # channels grew beyond all bounds
    assert analysis.ok, render_concise(analysis.diagnostics)
    assert analysis.spec is not None
    (model,) = analysis.models
    assert model.summary is not None
    names = frozenset(analysis.spec.definitions)
    inputs = {n: t for n, t in model.graph.root.inputs.items() if isinstance(t, Tensor)}
    for fixed in (frozenset[str](), names):
        planned = plan_model(analysis.spec, model.graph, fixed)
        run = run_model(planned, inputs)
        outputs = {n: model.graph.tensor(i) for n, i in model.graph.outputs.items()}
        assert run.outputs == outputs
        assert run.weights == model.summary.weights


def test_blocks_stay_one_function() -> None:
    """Uses that differ in numbers share a function; another activation makes another."""
    text = """
block B(n, act = relu) { input x  x -> Conv2D(n, 1x1) -> act }
model M { input x: 4x4x3  x -> B(4) -> B(8) * 3 -> B(2, act=gelu) -> B(4) }
"""
    analysis = analyse_source(Source("shared.dl", text))
    assert analysis.ok and analysis.spec is not None
    planned = plan_model(analysis.spec, analysis.models[0].graph)
    assert [f.name for f in planned.functions] == ["B", "B2", "M"]


@pytest.mark.parametrize("turns", [2, 5])
def test_channels_may_grow_every_turn(turns: int) -> None:
    text = f"""
block Layer(growth) {{ input x  y = x -> Conv2D(growth, 3x3, padding=same) -> relu  concat(x, y) }}
model M {{ input x: 8x8x4  x -> Layer(3) * {turns} -> Flatten -> Dense(2) }}
"""
    analysis = analyse_source(Source("dense.dl", text))
    assert analysis.ok and analysis.spec is not None
    model = analysis.models[0]
    planned = plan_model(analysis.spec, model.graph)
    assert [f.name for f in planned.functions] == ["Layer", "M"]
    run = run_model(planned, {"x": Tensor((8, 8, 4))})
    assert model.summary is not None and run.weights == model.summary.weights
