"""Operators on the values of a spec: whole and other numbers, sizes with names, conditions.

What cannot be decided stays a `Computed` expression. Nothing here grows without bound, so a spec cannot make the
compiler work long: numbers and polynomials over a limit are refused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.syntax import tree
from dslc.vocab.dims import Sym, equal, less
from dslc.vocab.kinds import Computed, Param
from dslc.vocab.tensor import Tensor

MAX_NUMBER = 10**15
MAX_TERMS = 100  # of a polynomial in sizes
MAX_DEGREE = 8

Scope = Mapping[str, Any]
Outcome = tuple[Any, Diagnostic | None]  # the value, or why there is none

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class SpelledFloat(float):
    """A number that remembers how it was written: `1e-3`."""

    text: str

    def __new__(cls, value: float, text: str) -> SpelledFloat:
        self = super().__new__(cls, value)
        self.text = text
        return self


def open_value(value: Any) -> bool:
    """Whether `value` is not known yet, because it depends on parameters that are names."""
    return isinstance(value, (Param, Computed))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Sym)) and not isinstance(value, bool)


def too_large(value: Any) -> bool:
    """Whether `value` is beyond what any model needs."""
    if isinstance(value, Sym):
        return len(value.terms) > MAX_TERMS or any(
            sum(power for _, power in monomial) > MAX_DEGREE
            or abs(coefficient.numerator) > MAX_NUMBER
            or coefficient.denominator > MAX_NUMBER
            for monomial, coefficient in value.terms
        )
    return isinstance(value, (int, float)) and not abs(value) <= MAX_NUMBER


def large_number(node: tree.Node) -> Diagnostic:
    fix = Fix(f"use a number up to {MAX_NUMBER:.0e}")
    return error("E0218", "this number is too large", node.span, fixes=[fix])


def unary(node: tree.Unary, value: Any, scope: Scope) -> Outcome:
    if node.op == "not":
        if open_value(value):
            return Computed(node, scope), None
        if isinstance(value, bool):
            return not value, None
        message = "`not` needs a condition"
        fix = Fix("compare it with something: not x == 3")
        return None, error("E0218", message, node.span, fixes=[fix])
    if open_value(value):
        return Computed(node, scope), None
    if isinstance(value, SpelledFloat):
        return SpelledFloat(-float(value), f"-{value.text}"), None
    if is_number(value):
        return -value, None
    message = "`-` needs a number"
    return None, error("E0218", message, node.span, fixes=[Fix("write a number behind it")])


def binary(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Outcome:
    """`left op right`, both sides known to have a value."""
    if node.op in ("and", "or"):
        return _logic(node, left, right, scope)
    if node.op in ("==", "!="):
        return _equality(node, left, right, scope), None
    if open_value(left) or open_value(right):
        return Computed(node, scope), None
    for side, value in ((node.left, left), (node.right, right)):
        if not is_number(value):
            message = f"`{node.op}` needs two numbers"
            fix = Fix("sizes of a tensor are numbers: x.channels, x.height")
            label = "a tensor" if isinstance(value, Tensor) else "no number"
            return None, error("E0218", message, side.span, label, fixes=[fix])
    if node.op in _ORDER:
        return _comparison(node, left, right, scope), None
    return _arithmetic(node, left, right, scope)


def _logic(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Outcome:
    for side, value in ((node.left, left), (node.right, right)):
        if not isinstance(value, bool) and not open_value(value):
            message = f"`{node.op}` joins conditions"
            fix = Fix("compare it with something: stride != 1")
            return None, error("E0218", message, side.span, "no condition", fixes=[fix])
    if open_value(left) or open_value(right):
        for known, other in ((left, right), (right, left)):
            if isinstance(known, bool):
                decides = known == (node.op == "or")
                return (known if decides else other), None
        return Computed(node, scope), None
    return (left and right if node.op == "and" else left or right), None


def _equality(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Any:
    if open_value(left) or open_value(right):
        return Computed(node, scope)
    left, right = _as_shape(left), _as_shape(right)
    if isinstance(left, tuple) and isinstance(right, (int, Sym)):
        right = (right,)
    if isinstance(right, tuple) and isinstance(left, (int, Sym)):
        left = (left,)
    same: bool | None
    if isinstance(left, tuple) and isinstance(right, tuple):
        same = _equal_shapes(left, right)
    elif isinstance(left, Sym) or isinstance(right, Sym):
        both = isinstance(left, (int, Sym)) and isinstance(right, (int, Sym))
        same = equal(left, right) if both else False
    else:
        same = bool(left == right)
    if same is None:
        return Computed(node, scope)
    return same if node.op == "==" else not same


def _as_shape(value: Any) -> Any:
    return value.shape if isinstance(value, Tensor) else value


def _equal_shapes(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool | None:
    if len(left) != len(right):
        return False
    verdicts: list[bool | None] = []
    for a, b in zip(left, right, strict=True):
        sizes = isinstance(a, (int, Sym)) and isinstance(b, (int, Sym))
        verdicts.append(equal(a, b) if sizes else bool(a == b))
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _comparison(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Any:
    if not isinstance(left, Sym) and not isinstance(right, Sym):
        return _ORDER[node.op](left, right)
    if isinstance(left, float) or isinstance(right, float):
        return Computed(node, scope)
    verdict = less(left, right) if node.op in ("<", ">=") else less(right, left)
    if verdict is None:
        return Computed(node, scope)
    return verdict if node.op in ("<", ">") else not verdict


def _arithmetic(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Outcome:
    symbolic = isinstance(left, Sym) or isinstance(right, Sym)
    if symbolic and (isinstance(left, float) or isinstance(right, float)):
        return Computed(node, scope), None
    if node.op in ("/", "//", "%") and not symbolic and right == 0:
        return None, _zero(node)
    if node.op in ("/", "//", "%") and isinstance(left, Sym) and right == 0:
        return None, _zero(node)
    if node.op == "/":
        return _division(node, left, right, scope)
    try:
        value = _ARITHMETIC[node.op](left, right)
    except OverflowError:
        return None, large_number(node)
    return (None, large_number(node)) if too_large(value) else (value, None)


def _zero(node: tree.Binary) -> Diagnostic:
    fix = Fix("divide by a number that is not 0")
    return error("E0218", "division by zero", node.span, "this is 0", fixes=[fix])


def _division(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Outcome:
    """`/`: a whole number where the division is exact."""
    if isinstance(left, Sym) or isinstance(right, Sym):
        if isinstance(left % right, int) and left % right == 0:
            return left // right, None
        return Computed(node, scope), None
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right, None
    try:
        value = left / right
    except OverflowError:
        return None, large_number(node)
    return (None, large_number(node)) if too_large(value) else (value, None)
