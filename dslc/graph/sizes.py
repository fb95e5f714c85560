"""The shapes of inputs: `28x28x1`, `T`, `(H, W, 3) where H % 32 == 0`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN, evaluate, undecided
from dslc.syntax import tree
from dslc.vocab.dims import Dim, Sym, differs, symbol
from dslc.vocab.kinds import Param
from dslc.vocab.tensor import Tensor

MAX_RANK = 4
MAX_SIZE = 10**7
MAX_MULTIPLE = 10**6


def bind_input(
    statement: ir.Input,
    given: Tensor | None,
    scope: dict[str, Any],
    visible: Mapping[str, Any] | None = None,
    *,
    known: bool = True,
) -> tuple[Tensor | None, list[Diagnostic]]:
    """The tensor of an input. A model declares it (`given` is None): unknown names become sizes. A block checks
    what it is `given`: unknown names take the sizes they meet, or nothing where that is not `known`. New names
    enter `scope`; conditions see it as `visible`, where inputs are tensors."""
    if statement.shape is None:
        return given, []
    pattern = _pattern(statement.shape)
    if not known:
        for expr, _ in pattern:
            if isinstance(expr, tree.Name):
                scope.setdefault(expr.text, UNKNOWN)
        return None, []
    if given is not None and len(pattern) != given.rank:
        return None, [_refused(statement, given, "E0301")]
    multiples = _multiples(statement.where)
    dims: list[Dim] = []
    found: list[Diagnostic] = []
    for axis, (expr, span) in enumerate(pattern):
        actual = given.shape[axis] if given is not None else None
        if isinstance(expr, tree.Name) and expr.text not in scope:
            name = expr.text
            fresh = symbol(name, multiples.get(name, 1))
            scope[name] = fresh if actual is None else actual
        value, new = (expr, []) if isinstance(expr, int) else evaluate(expr, scope)
        found += new
        if value is UNKNOWN:
            continue
        if isinstance(value, float) and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, (int, Sym)):
            found.append(_no_size(value, span))
        elif actual is None and isinstance(value, int) and not 1 <= value <= MAX_SIZE:
            message = f"a size is a whole number from 1 to {MAX_SIZE:,}"
            fix = Fix("write the size of one example, or a name such as T where it varies")
            found.append(error("E0203", message, span, f"this is {value}", fixes=[fix]))
        elif actual is not None and differs(value, actual):
            return None, [*found, _refused(statement, given, "E0302")]
        else:
            dims.append(value if actual is None else actual)
    if not found and len(dims) > MAX_RANK:
        message = f"an input has at most {MAX_RANK} axes"
        fix = Fix("leave out the batch axis: it is never written")
        span = statement.shape.span
        found.append(error("E0301", message, span, f"{len(dims)} axes", fixes=[fix]))
    if found or len(dims) < len(pattern):
        return None, found
    tensor = Tensor(tuple(dims), given.dtype if given else "float")
    names = {**(scope if visible is None else visible), statement.name: tensor}
    found = _constraints(statement, names, given)
    return (None, found) if found else (tensor, [])


def _no_size(value: Any, span: Span) -> Diagnostic:
    message = "a size is a whole number or a name"
    label = f"this is {show_value(value)}" if show_value(value) != span.text else ""
    fix = Fix("write it as in 28x28x1, or (H, W, 3) where it varies")
    return error("E0203", message, span, label, fixes=[fix])


def _refused(statement: ir.Input, given: Tensor | None, code: str) -> Diagnostic:
    assert statement.shape is not None
    text = statement.shape.span.text
    message = f"the input `{statement.name}` must be {text}, got {given}"
    fix = Fix(f"change what flows in, or declare `input {statement.name}` without a shape")
    if isinstance(statement.shape, tree.Size):
        fix = Fix("change what flows in, or put names for the sizes that vary: (H, W, 3)")
    return error(code, message, statement.shape.span, fixes=[fix])


def _pattern(shape: tree.Expr) -> list[tuple[Any, Span]]:
    """The size of every axis with its place."""
    if isinstance(shape, tree.Size):
        return [(value, shape.span) for value in shape.values]
    if isinstance(shape, tree.Tuple):
        return [(item, item.span) for item in shape.items]
    return [(shape, shape.span)]


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


def _multiples(where: tree.Expr | None) -> dict[str, int]:
    """What `H % 32 == 0` says of names."""
    multiples: dict[str, int] = {}
    for part in _conditions(where):
        match part:
            case tree.Binary(
                op="==",
                left=tree.Binary(
                    op="%", left=tree.Name(text=name), right=tree.Number(value=int(n))
                ),
                right=tree.Number(value=0),
            ) if 0 < n <= MAX_MULTIPLE:
                multiples[name] = n
    return multiples


def _constraints(
    statement: ir.Input, scope: dict[str, Any], given: Tensor | None
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for part in _conditions(statement.where):
        value, new = evaluate(part, scope)
        found += new
        if value is True or value is UNKNOWN:
            continue
        if value is False:
            got = f", got {given}" if given is not None else ""
            message = f"the input `{statement.name}` breaks `{part.span.text}`{got}"
            fix = Fix("change what flows in: pad, crop or resize it")
            found.append(error("E0307", message, part.span, fixes=[fix]))
        elif isinstance(value, (Param, Sym)) or not hasattr(value, "tree"):
            found.append(undecided(part, value))
        else:
            message = "this condition cannot be decided while compiling"
            fix = Fix("the form NAME % n == 0 is understood for sizes that vary")
            found.append(error("E0305", message, part.span, fixes=[fix]))
    return found
