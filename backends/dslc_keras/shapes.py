"""Shapes in Keras code: comments, the shape of an input, and sizes that a block asks of its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from dslc.codegen import values
from dslc.codegen.nodes import (
    Assign,
    Attr,
    Call,
    Expr,
    Index,
    Kw,
    Lit,
    Ref,
    Statement,
    TupleOf,
    call,
)
from dslc.vocab.dims import Sym, is_generic
from dslc.vocab.tensor import Tensor


def shape_comment(tensor: Tensor) -> str:
    """`(N, 14, 14, 64)`: the shape behind the batch axis, channels last."""
    return values.shape_text(tensor.shape)


def make_input(tensor: Tensor, naming: values.Naming, **options: str) -> Call:
    """`keras.Input((24, 24, 1))`; a size that is not known while compiling is None."""
    shape = tuple(
        Lit(None) if isinstance(d, Sym) and not is_generic(d) else values.value(d, naming)
        for d in tensor.shape
    )
    made = call("keras.Input", TupleOf(shape), **options)
    if tensor.dtype == "int":
        made = replace(made, kwargs=(*made.kwargs, Kw("dtype", Lit("int32"))))
    return made


def keep_sizes(
    body: list[Statement], sizes: dict[str, Expr], new: Callable[[str], str]
) -> list[Statement]:
    """`body` where sizes of the block's input are taken before its name gets another value."""
    names = {_input(size): size for size in sizes.values()}
    reassigned: set[Expr] = set()
    kept: dict[Expr, Ref] = {}
    symbols = {size: symbol for symbol, size in sizes.items()}

    def visit(node: Any) -> Any:
        if isinstance(node, Index) and node in symbols and _input(node) in reassigned:
            if node not in kept:
                kept[node] = Ref(new(symbols[node]))
            return kept[node]
        if isinstance(node, tuple):
            return tuple(visit(item) for item in node)
        if not is_dataclass(node) or isinstance(node, (Ref, Lit, type)):
            return node
        changed = {f.name: visit(getattr(node, f.name)) for f in fields(node) if f.init}
        return replace(node, **changed)

    found: list[Statement] = []
    for statement in body:
        if not isinstance(statement, Assign):  # a loop reads what an earlier turn assigned
            reassigned |= _assigned(statement) & set(names)
        found.append(visit(statement))
        reassigned |= _assigned(statement) & set(names)
    return [*(Assign((name,), size) for size, name in kept.items()), *found]


def _input(size: Expr) -> Expr:
    assert isinstance(size, Index) and isinstance(size.value, Attr)
    return size.value.value


def _assigned(statement: Any) -> set[Expr]:
    """The names that a statement gives values to, at any depth."""
    found: set[Expr] = set()
    todo: list[Any] = [statement]
    while todo:
        item = todo.pop()
        if isinstance(item, Assign):
            found.update(item.targets)
        for name in ("body", "orelse"):
            todo += getattr(item, name, ())
    return found
