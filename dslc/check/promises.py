"""`assert params < 5M`, `assert x.channels % 4 == 0`: what a spec promises of its model and of its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dslc.check.summary import Summary
from dslc.diagnostics import Diagnostic, Fix, error
from dslc.graph import Frame, Graph
from dslc.graph.explain import call_notes
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.dims import Sym
from dslc.vocab.libraries import TITLES, differs_by_library, of_library
from dslc.vocab.tensor import Tensor


def check_promises(graph: Graph, summary: Summary) -> list[Diagnostic]:
    """A diagnostic for every `assert` that does not hold. Known are the parameters of the model or block, its
    inputs, outputs and named values, and in a model `params`, `trainable` and `multiply_adds`."""
    totals = {
        "params": summary.trainable,  # running statistics are not parameters, as in the papers
        "trainable": summary.trainable,
        "multiply_adds": summary.multiply_adds,
    }
    found: dict[Span, Diagnostic] = {}
    for frame in graph.frames:
        promises = [s for s in frame.definition.body if isinstance(s, ir.Assert)]
        if not promises:
            continue
        scope = _scope(graph, frame)
        if frame is graph.root:
            scope = {**totals, **scope}
        for statement in promises:
            for d in _check_all(statement, scope, frame):
                found.setdefault(d.primary.span if d.primary else statement.node.span, d)
    return list(found.values())


def _scope(graph: Graph, frame: Frame) -> dict[str, Any]:
    tensors: dict[str, Tensor | None] = {**frame.inputs, **frame.values}
    tensors |= {name: graph.tensor(index) for name, index in frame.outputs.items()}
    known = {name: UNKNOWN if tensor is None else tensor for name, tensor in tensors.items()}
    return {**known, **frame.sizes, **frame.scalars}


def _check_all(statement: ir.Assert, scope: Mapping[str, Any], frame: Frame) -> list[Diagnostic]:
    """A promise about a number that differs between the libraries must hold in each of them."""
    numbers = [v for v in scope.values() if isinstance(v, Sym) and differs_by_library(v)]
    if not numbers:
        return _check(statement, scope, frame)
    for library, title in TITLES.items():
        known = {
            name: of_library(value, library) if isinstance(value, Sym) else value
            for name, value in scope.items()
        }
        found = _check(statement, known, frame)
        if found:
            return [replace(d, notes=(*d.notes, f"that is so in {title}")) for d in found]
    return []


def _check(statement: ir.Assert, scope: Mapping[str, Any], frame: Frame) -> list[Diagnostic]:
    condition = statement.condition
    value, found = evaluate(condition, scope)
    if found or value is UNKNOWN or value is True:
        return found
    span = condition.span
    notes = call_notes(frame)
    if value is False:
        sides = _sides(condition, scope)
        facts = [f"`{place.text}` is {shown}" for place, shown in sides]
        fix = Fix("change the model, or the promise")
        message = f"`{span.text}` does not hold"
        if facts:
            message = f"{message}: {' and '.join(facts)}"
        return [error("E0405", message, span, notes=notes, fixes=[fix])]
    message = "this promise cannot be decided: it depends on a size that is not known"
    fix = Fix("give the inputs of the model numbers, or ask about something else")
    if not isinstance(value, bool) and not hasattr(value, "tree"):
        message = "`assert` needs a comparison"
        fix = Fix(f"compare it with a number: assert {span.text} < 5M")
    return [error("E0405", message, span, notes=notes, fixes=[fix])]


def _sides(condition: tree.Expr, scope: Mapping[str, Any]) -> list[tuple[Span, str]]:
    """What the sides of a comparison are, where they are not plain numbers."""
    if not isinstance(condition, tree.Binary):
        return []
    if condition.op in ("and", "or"):
        return [*_sides(condition.left, scope), *_sides(condition.right, scope)]
    found = []
    for side in (condition.left, condition.right):
        if isinstance(side, (tree.Number, tree.Size)):
            continue
        value, problems = evaluate(side, scope)
        if not problems and value is not UNKNOWN:
            shown = f"{value:,}" if type(value) is int else show_value(value)
            found.append((side.span, str(value) if isinstance(value, Tensor) else shown))
    return found
