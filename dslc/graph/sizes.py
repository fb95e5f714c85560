"""The shapes of inputs: `28x28x1`, `T`, `(H, W, 3) where H % 32 == 0`."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.dims import Dim, Sym, differs, symbol
from dslc.vocab.tensor import Tensor

MAX_RANK = 4
MAX_SIZE = 10**7


def bind_input(
    statement: ir.Input, given: Tensor | None, scope: dict[str, Any]
) -> tuple[Tensor | None, list[Diagnostic]]:
    """The tensor of an input. A model declares it (`given` is None): unknown names become sizes. A block checks
    what it is `given`: unknown names take the sizes they meet. New names enter `scope`."""
    if statement.shape is None:
        return given, []
    pattern = _pattern(statement.shape)
    multiples, rest = _multiples(statement.where)
    dims: list[Dim] = []
    found: list[Diagnostic] = []
    if given is not None and len(pattern) != given.rank:
        message = f"the input `{statement.name}` must be {statement.shape.span.text}, got {given}"
        return None, [error("E0301", message, statement.shape.span)]
    for axis, expr in enumerate(pattern):
        actual = given.shape[axis] if given is not None else None
        if isinstance(expr, tree.Name) and expr.text not in scope:
            name = expr.text
            scope[name] = (
                actual if actual is not None else symbol(name, multiples.get(name, 1))
            )
        value, new = evaluate(expr, scope) if not isinstance(expr, int) else (expr, [])
        found += new
        if value is UNKNOWN:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, Sym)):
            span = statement.shape.span
            found.append(
                error(
                    "E0203",
                    "a size is a whole number or a name",
                    span,
                    show_value(value),
                )
            )
        elif isinstance(value, int) and not 1 <= value <= MAX_SIZE:
            message = f"a size is a whole number from 1 to {MAX_SIZE:,}"
            found.append(
                error("E0203", message, statement.shape.span, f"this is {value}")
            )
        elif actual is not None and differs(value, actual):
            message = f"the input `{statement.name}` must be {statement.shape.span.text}, got {given}"
            return None, [*found, error("E0302", message, statement.shape.span)]
        else:
            dims.append(value)
    if not found and len(dims) > MAX_RANK:
        message = (
            f"an input has at most {MAX_RANK} axes, and the batch axis is never written"
        )
        found.append(error("E0301", message, statement.shape.span, f"{len(dims)} axes"))
    if found:
        return None, found
    found += _constraints(statement, rest, scope, given)
    return (None, found) if found else (Tensor(tuple(dims)), [])


def _pattern(shape: tree.Expr) -> list[Any]:
    if isinstance(shape, tree.Size):
        return list(shape.values)
    if isinstance(shape, tree.Tuple):
        return list(shape.items)
    return [shape]


def _conditions(where: tree.Expr | None) -> list[tree.Expr]:
    """The parts of `a and b and c`."""
    todo, parts = [where] if where is not None else [], []
    while todo:
        expr = todo.pop()
        if isinstance(expr, tree.Binary) and expr.op == "and":
            todo += [expr.right, expr.left]
        else:
            parts.append(expr)
    return parts


def _multiples(where: tree.Expr | None) -> tuple[dict[str, int], list[tree.Expr]]:
    """What `H % 32 == 0` says of names, and the other conditions."""
    multiples: dict[str, int] = {}
    rest: list[tree.Expr] = []
    for part in _conditions(where):
        match part:
            case tree.Binary(
                op="==",
                left=tree.Binary(
                    op="%", left=tree.Name(text=name), right=tree.Number(value=int(n))
                ),
                right=tree.Number(value=0),
            ) if n > 0:
                multiples[name] = n
                rest.append(part)
            case _:
                rest.append(part)
    return multiples, rest


def _constraints(
    statement: ir.Input,
    parts: list[tree.Expr],
    scope: dict[str, Any],
    given: Tensor | None,
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for part in parts:
        value, new = evaluate(part, scope)
        found += new
        if value is False:
            got = f", got {given}" if given is not None else ""
            message = f"the input `{statement.name}` breaks `{part.span.text}`{got}"
            found.append(error("E0307", message, part.span))
        elif value is not True and value is not UNKNOWN:
            message = "this condition cannot be decided while compiling"
            fix = Fix("the form NAME % n == 0 is understood for unknown sizes")
            found.append(error("E0305", message, part.span, fixes=[fix]))
    return found
