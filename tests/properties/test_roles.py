"""Rules for roles in random specs: the plan has the biases that the graph has, with names kept or not."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plan_runner import run_model
from spec_grower import specs

from dslc.driver import analyse_source
from dslc.plan.walk import plan_model
from dslc.render import render_concise
from dslc.source import Source
from dslc.vocab.tensor import Tensor

END = "  z = y -> Conv2D(classes + 1, 1x1)\n  concat(y, z) -> GlobalAvgPool2D -> Dense(classes)\n"
RULES = (
    "defaults { hidden { bias = false } }",
    "defaults { output { bias = false } }",
    "defaults { Conv2D { bias = false }  output { bias = true } }",
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(specs(), st.sampled_from(RULES), st.booleans())
def test_a_plan_has_the_weights_of_its_roles(text: str, rule: str, cut: bool) -> None:
    text = re.sub(r"^defaults .*\n", "", text, flags=re.M)
    if cut:  # the last block, not a layer of the model, gives the outputs
        text = text.replace(END, "  assert classes > 0\n  y -> GlobalAvgPool2D\n")
    analysis = analyse_source(Source("random.dl", f"{text}{rule}\n"))
    if any(d.code == "E0426" or "large" in f"{d.message} {d.notes}" for d in analysis.diagnostics):
        return  # no layer of that role, or channels that grew beyond all bounds
    assert analysis.ok, render_concise(analysis.diagnostics)
    assert analysis.spec is not None
    (model,) = analysis.models
    assert model.summary is not None
    inputs = {n: t for n, t in model.graph.root.inputs.items() if isinstance(t, Tensor)}
    for fixed in (frozenset[str](), frozenset(analysis.spec.definitions)):
        run = run_model(plan_model(analysis.spec, model.graph, fixed), inputs)
        assert run.outputs == {n: model.graph.tensor(i) for n, i in model.graph.outputs.items()}
        assert run.weights == model.summary.weights
