"""Values of a plan as expressions of Python: numbers, symbolic sizes, parameters, conditions.

A `Naming` says how a backend writes a symbol: `in_channels` is a parameter in torch and `x.shape[-1]` in Keras.
"""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any

from dslc.codegen.nodes import BinOp, BoolOp, Compare, Expr, Lit, TupleOf, UnaryOp
from dslc.spec.values import SpelledFloat, evaluate
from dslc.syntax import tree
from dslc.vocab.dims import Dim, Floor, Monomial, Sym, Symbol, symbols
from dslc.vocab.kinds import Computed, NamedSize, Param
from dslc.vocab.tensor import Tensor

Naming = Callable[[str], Expr]
SHADOWED = frozenset(dir(builtins)) | set(keyword.kwlist) | set(keyword.softkwlist)


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """`name` as a Python name that hides nothing that the script uses."""
    name = identifier(name)
    while name in SHADOWED or name in taken:
        name += "_"
    return name


def identifier(name: str) -> str:
    """`name` as Python reads it everywhere: `x²` is `x2`; what no name may hold becomes `_`; and since two
    underscores in front have meanings of their own, one stays."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
        name = "".join(ch if f"_{ch}".isidentifier() else "_" for ch in name)
    if name.startswith("__") or not name.isidentifier():
        name = f"_{name.lstrip('_')}"
    return name


def snake_case(name: str) -> str:
    """`InvertedResidual` -> `inverted_residual`, `InceptionA` -> `inception_a`, `VGG16` -> `vgg16`."""
    parts: list[str] = []
    for i, ch in enumerate(name):
        before, after = name[i - 1 : i], name[i + 1 : i + 2]
        if (
            i
            and ch.isupper()
            and (before.islower() or before.isdigit())
            and (after.islower() or not after)
            or i > 1
            and ch.isupper()
            and before.isupper()
            and after.islower()
            and name[i - 2].isupper()
        ):
            parts.append("_")
        parts.append(ch.lower())
    return "".join(parts)


def value(item: Any, naming: Naming) -> Expr:
    """A number, name, flag, size or symbolic expression as Python."""
    if isinstance(item, Sym):
        return _polynomial(item, naming)
    if isinstance(item, Param):
        return naming(item.name)
    if isinstance(item, Computed):
        return expression(item.tree, item.scope, naming)
    if isinstance(item, SpelledFloat):
        return Lit(float(item), item.text)
    if isinstance(item, NamedSize):
        return naming(item.name)
    if isinstance(item, tuple):
        return TupleOf(tuple(value(i, naming) for i in item))
    if isinstance(item, str):
        return Lit(str(item))
    return Lit(item)


def _polynomial(sym: Sym, naming: Naming) -> Expr:
    total: Expr | None = None
    terms = sorted(
        sym.terms, key=lambda term: term[1] < 0
    )  # a positive term first, where there is one
    for monomial, coefficient in terms:
        term = _term(monomial, abs(coefficient), naming)
        if total is None:
            total = UnaryOp("-", term) if coefficient < 0 else term
        else:
            total = BinOp("-" if coefficient < 0 else "+", total, term)
    assert total is not None
    return total


def _term(monomial: Monomial, coefficient: Fraction, naming: Naming) -> Expr:
    factors: list[Expr] = []
    for atom, power in monomial:
        factors += [_atom(atom, naming)] * power
    if coefficient.numerator != 1 or not factors:
        factors.insert(0, Lit(coefficient.numerator))
    result = factors[0]
    for factor in factors[1:]:
        result = BinOp("*", result, factor)
    if coefficient.denominator != 1:
        result = BinOp("//", result, Lit(coefficient.denominator))
    return result


def _atom(atom: Symbol | Floor, naming: Naming) -> Expr:
    if isinstance(atom, Symbol):
        return naming(atom.name)
    return BinOp("//", value(atom.numerator, naming), value(atom.denominator, naming))


def expression(node: tree.Expr, scope: Mapping[str, Any], naming: Naming) -> Expr:
    """An expression of the spec as Python; what is known while compiling becomes its value."""
    known, _ = evaluate(node, scope)
    if isinstance(known, Tensor):
        return value(known.shape, naming)
    if not isinstance(known, Computed):
        return value(known, naming)
    match node:
        case tree.Unary():
            return UnaryOp(
                "not" if node.op == "not" else "-",
                expression(node.operand, scope, naming),
            )
        case tree.Binary(op="and" | "or" as op):
            parts = [expression(side, scope, naming) for side in _logic(node, op)]
            return BoolOp(op, tuple(parts))
        case tree.Binary():
            left = expression(node.left, scope, naming)
            right = expression(node.right, scope, naming)
            if node.op in ("==", "!=", "<", "<=", ">", ">="):
                return Compare(left, ((node.op, right),))
            return BinOp(node.op, left, right)
    return value(known, naming)


def _logic(node: tree.Binary, op: str) -> list[tree.Expr]:
    """The parts of `a or b or c`, in order."""
    parts: list[tree.Expr] = []
    todo: list[tree.Expr] = [node]
    while todo:
        current = todo.pop()
        if isinstance(current, tree.Binary) and current.op == op:
            todo += [current.right, current.left]
        else:
            parts.append(current)
    return parts


def promises(tensors: Iterable[Tensor]) -> str | None:
    """`H % 32 == 0`: what inputs must keep, as a comment; None where nothing is asked."""
    asked = [s for t in tensors for d in t.shape for s in symbols(d) if s.multiple > 1]
    texts = dict.fromkeys(f"{s.name} % {s.multiple} == 0" for s in asked)
    return ", ".join(texts) or None


def shape_text(dims: tuple[Dim, ...]) -> str:
    """`(N, 64, 14, 14)` for a comment; a size whose formula is long is an ellipsis."""
    texts = [str(d) if len(str(d)) <= 24 else "…" for d in dims]
    return f"({', '.join(['N', *texts])})" if texts else "(N,)"
