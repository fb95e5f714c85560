"""`assert params < 5M`, `assert output == 10`: what a spec promises of its model."""

from __future__ import annotations

from typing import Any

from dslc.check.summary import Summary
from dslc.diagnostics import Diagnostic, Fix, error
from dslc.graph import Graph
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.tensor import Tensor


def check_promises(graph: Graph, summary: Summary) -> list[Diagnostic]:
    """A diagnostic for every `assert` of the model that does not hold. Known are `params`, `trainable`,
    `multiply_adds`, the parameters of the model, its inputs, outputs and named values."""
    scope: dict[str, Any] = {
        "params": summary.trainable,  # running statistics are not parameters, as in the papers
        "trainable": summary.trainable,
        "multiply_adds": summary.multiply_adds,
    }
    scope |= {name: value for name, value in graph.root.values.items() if value is not None}
    for name, index in {**graph.inputs, **graph.outputs}.items():
        tensor = graph.tensor(index)
        scope[name] = UNKNOWN if tensor is None else tensor
    scope |= graph.root.scalars
    found: list[Diagnostic] = []
    for statement in graph.root.definition.body:
        if isinstance(statement, ir.Assert):
            found += _check(statement, scope)
    return found


def _check(statement: ir.Assert, scope: dict[str, Any]) -> list[Diagnostic]:
    condition = statement.condition
    value, found = evaluate(condition, scope)
    if found or value is UNKNOWN or value is True:
        return found
    if value is False:
        notes = [f"{text} is {shown}" for text, shown in _sides(condition, scope)]
        return [
            error("E0405", f"`{condition.span.text}` does not hold", condition.span, notes=notes)
        ]
    message = "this promise cannot be decided: it depends on a size that is not known"
    if not isinstance(value, bool) and not hasattr(value, "tree"):
        message = "`assert` needs a comparison, such as params < 5M"
    return [error("E0405", message, condition.span, fixes=[Fix("compare with a known number")])]


def _sides(condition: tree.Expr, scope: dict[str, Any]) -> list[tuple[str, str]]:
    """What the sides of a comparison are, where they are not plain numbers."""
    if not isinstance(condition, tree.Binary):
        return []
    found = []
    for side in (condition.left, condition.right):
        if isinstance(side, (tree.Number, tree.Size)):
            continue
        value, problems = evaluate(side, scope)
        if not problems and value is not UNKNOWN:
            shown = f"{value:,}" if isinstance(value, int) else show_value(value)
            found.append((side.span.text, str(value) if isinstance(value, Tensor) else shown))
    return found
