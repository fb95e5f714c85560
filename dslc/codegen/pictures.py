"""What a script draws of its predictions on the test part: a picture for each output that has one.

Classes give a confusion matrix, for sequences and images over all their places. Numbers give a plot of predictions
over true values, where an example has a handful of them. Several labels that may all be true give none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dslc.codegen.nodes import BinOp, Compare, Expr, Expression, Index, Lit, call, lit, method, ref
from dslc.plan.training import OutputPlan, TrainingPlan


@dataclass
class Pictures:
    """The calls, and which functions of the page they need."""

    calls: list[Expression] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)

    def add(self, function: str, *arguments: Expr) -> None:
        self.functions.add(function)
        self.calls.append(Expression(call(function, *arguments)))


def draw_pictures(plan: TrainingPlan, true: str, labelled: bool) -> Pictures:
    """A call for each picture. `true` is the expression for the targets of the test part; `predictions` are what
    the model says of it. When `labelled`, the variable `classes` holds the names of the classes."""
    alone = len(plan.outputs) == 1
    by_name = not alone or len(plan.inputs) > 1
    found = Pictures()
    for output in plan.outputs:
        key = (Lit(output.name),)
        targets: Expr = Index(ref(true), key) if by_name else ref(true)
        values: Expr = ref("predictions") if alone else Index(ref("predictions"), key)
        suffix = "" if alone else f"_{output.name}"
        if output.has_classes:
            path = BinOp("/", ref("args.out"), lit(f"confusion{suffix}.png"))
            names = class_names(output, labelled)
            found.add("draw_confusion", path, targets, chosen(output, values), names)
        elif output.task == "numbers" and len(output.shape) == 1:
            path = BinOp("/", ref("args.out"), lit(f"predictions{suffix}.png"))
            found.add("draw_predictions", path, targets, values)
    return found


def prediction_doc(plan: TrainingPlan) -> str:
    """What `predict` returns, for its docstring."""
    if len(plan.outputs) > 1:
        return "the predictions by output"
    names = {"softmax": "the class probabilities", "sigmoid": "the probabilities"}
    return names.get(plan.outputs[0].activation or "", "the predictions")


def class_names(output: OutputPlan, labelled: bool) -> Expr:
    """The names of an output's classes, or their numbers."""
    if labelled:
        return ref("classes")
    return call("range", 2 if output.task == "binary" else output.size)


def chosen(output: OutputPlan, probabilities: Expr) -> Expr:
    """The classes that are predicted."""
    if output.task == "binary":
        return Compare(probabilities, ((">", lit(0.5)),))
    return method(probabilities, "argmax", axis=-1)
