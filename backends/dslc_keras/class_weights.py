"""Class weights in Keras: an argument of `fit`, or weights beside the targets where that argument does not do.

The argument is for one output with one class for each example. For several outputs, and for a class at every place
of a picture or sequence, the training batches hold a weight for every target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.codegen.layout import render
from dslc.codegen.nodes import (
    Assign,
    Attr,
    DictOf,
    Expr,
    Index,
    Lit,
    Pair,
    Slice,
    call,
    lit,
    method,
    ref,
)
from dslc.plan.training import OutputPlan, TrainingPlan

LONGEST = 50  # argument of a call that is indented twice


def class_weight_context(plan: TrainingPlan) -> Mapping[str, Any]:
    """`class_weight`: the argument of `fit`, with a statement in front of it where it is long. `weighted_batches`:
    (weights, weights of a batch), both expressions."""
    outputs = [o for o in plan.outputs if o.class_weight is not None]
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    context = {
        "balanced": any(o.class_weight == "balanced" for o in outputs),
        "class_weight": None,
        "class_weight_setup": None,
        "weighted_batches": None,
    }
    if not outputs:
        return context
    if len(plan.outputs) == 1 and len(outputs[0].shape) == 1:
        argument, name = _argument(outputs[0], several), ref("class_weight")
        if len(render(argument)) <= LONGEST:
            return context | {"class_weight": argument}
        setup = Assign((name,), argument)
        return context | {"class_weight": name, "class_weight_setup": setup}
    if len(plan.outputs) == 1:
        made: Expr = _weights(outputs[0], Attr(ref("self"), "y"), several)
        looked_up = _looked_up(outputs[0], ref("self.weights"), ref("y"))
    else:
        y = Attr(ref("self"), "y")
        made = lit({o.name: _weights(o, y, several) for o in outputs})
        looked_up = lit({o.name: _of_output(o) for o in plan.outputs})
    return context | {"weighted_batches": (made, looked_up)}


def _argument(output: OutputPlan, several: bool) -> Expr:
    """`{0: 1.0, 1: 2.5}`."""
    if isinstance(output.class_weight, tuple):
        pairs = enumerate(output.class_weight)
        return DictOf(tuple(Pair(Lit(index), lit(weight)) for index, weight in pairs))
    return call("dict", call("enumerate", _balanced(output, Attr(ref("train"), "y"), several)))


def _weights(output: OutputPlan, y: Expr, several: bool) -> Expr:
    if isinstance(output.class_weight, tuple):
        values: Expr = lit([*output.class_weight])
    else:
        values = _balanced(output, y, several)
    return call("np.array", values)


def _balanced(output: OutputPlan, y: Expr, several: bool) -> Expr:
    return call("balanced", Index(y, (Lit(output.name),)) if several else y, output.classes)


def _looked_up(output: OutputPlan, weights: Expr, y: Expr) -> Expr:
    """`weights[y]`; where two classes are told apart, y holds numbers."""
    return Index(weights, (method(y, "astype", ref("int")) if output.task == "binary" else y,))


def _of_losses(output: OutputPlan, y: Expr) -> Expr:
    """The shape of the losses of an output: one for each example, and for each place of a sequence or picture."""
    if len(output.shape) == 1:
        return call("len", y)
    whole = Attr(y, "shape")
    return whole if output.task == "classes" else Index(whole, (Slice(None, lit(-1)),))


def _of_output(output: OutputPlan) -> Expr:
    name = (Lit(output.name),)
    y = Index(ref("y"), name)
    if output.class_weight is None:
        return call("np.ones", _of_losses(output, y))
    return _looked_up(output, Index(ref("self.weights"), name), y)
