"""Class weights in PyTorch: `fit` computes them from the training part, the loss of a training batch takes them.

They multiply the loss of each example and the sum is divided by the number of examples, as in Keras; torch's own
`weight=` divides by the sum of the weights, and mixes them into label smoothing.
"""

from __future__ import annotations

from dataclasses import replace

from dslc.codegen.nodes import (
    Assign,
    Attr,
    BinOp,
    Call,
    Expr,
    If,
    Index,
    Kw,
    Lit,
    Statement,
    call,
    lit,
    method,
    ref,
)
from dslc.plan.training import OutputPlan, TrainingPlan
from dslc_torch.measures import Place

WEIGHTS = ref("self.class_weight")


def weighted(target: Expr, loss: Expr, place: Place, *, single: bool) -> list[Statement]:
    """The statements that give `target` the mean of a `loss`, weighted while training."""
    assert isinstance(loss, Call)
    each = replace(loss, kwargs=(*loss.kwargs, Kw("reduction", Lit("none"))))
    weights: Expr = WEIGHTS if single else Index(WEIGHTS, (Lit(place.output.name),))
    index = method(place.true, "long") if place.output.task == "binary" else place.true
    of_class = Index(weights, (index,))
    return [
        Assign((target,), each),
        If(ref("training"), (Assign((target,), BinOp("*", target, of_class)),)),
        Assign((target,), method(target, "mean")),
    ]


def class_weights(plan: TrainingPlan) -> list[Statement]:
    """The start of `fit`: a tensor of weights, or one for each output that has them."""
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    made = {o.name: _tensor(o, several) for o in plan.outputs if o.class_weight is not None}
    if not made:
        return []
    value = lit(dict(made)) if len(plan.outputs) > 1 else made[plan.outputs[0].name]
    return [Assign((WEIGHTS,), value)]


def _tensor(output: OutputPlan, several: bool) -> Expr:
    if isinstance(output.class_weight, tuple):
        values: Expr = lit([*output.class_weight])
    else:
        y: Expr = Attr(ref("train.dataset"), "y")
        y = Index(y, (Lit(output.name),)) if several else y
        values = call("balanced", y, output.classes)
    return call("torch.tensor", values, device=ref("self.device"))
