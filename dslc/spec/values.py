"""Expressions become values: numbers, sizes, names, words.

`evaluate` is told what kind of value is wanted, because a bare name means different things in different places:
`same` is a choice for `padding`, `he_normal` a word for `init`, `filters` a parameter anywhere. Names in scope
win. In the plan a value may be symbolic: then arithmetic stays an expression.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dslc.diagnostics import Diagnostic, Edit, Fix, did_you_mean, error
from dslc.syntax import tree
from dslc.vocab.dims import Sym, equal, less
from dslc.vocab.kinds import BareName, Bounds, Computed, Kind, Param
from dslc.vocab.tensor import AXES, Tensor
from dslc.vocab.word import aliases, words

LITERAL_NAMES: dict[str, Any] = {"true": True, "false": False, "none": None}
MAX_NUMBER = 10**15


class SpelledFloat(float):
    """A number that remembers how it was written: `1e-3`."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be found; its mistake is reported already."""


UNKNOWN = Unknown()
Scope = Mapping[str, Any]
Result = tuple[Any, list[Diagnostic]]

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


def evaluate(expr: tree.Expr, scope: Scope, kind: Kind | None = None) -> Result:
    """The value of `expr`; `UNKNOWN` with diagnostics when there is none. The depth of recursion is bounded by
    the nesting limit of the parser."""
    match expr:
        case tree.Number():
            value = expr.value
            return (
                SpelledFloat(value, expr.text) if isinstance(value, float) else value
            ), []
        case tree.String():
            return expr.value, []
        case tree.Size():
            return expr.values, []
        case tree.Name():
            return _name(expr, scope, kind)
        case tree.Tuple():
            item_kind = getattr(kind, "item", kind)
            return _items(expr.items, scope, item_kind)
        case tree.Range():
            (low, high), found = _items((expr.low, expr.high), scope, None)
            if UNKNOWN in (low, high):
                return UNKNOWN, found
            return Bounds(low, high), found
        case tree.Call():
            return _call(expr, scope, kind)
        case tree.Attribute():
            return _attribute(expr, scope)
        case tree.Unary():
            value, found = evaluate(expr.operand, scope, kind)
            return (
                (value, found)
                if value is UNKNOWN
                else (_unary(expr, value, scope), found)
            )
        case tree.Binary():
            return _binary(expr, scope, kind)
        case tree.Match():
            return _match(expr, scope, kind)
        case tree.Flow():
            return UNKNOWN, [
                error("E0218", "a value is needed here, not a flow", expr.span)
            ]
    raise AssertionError(expr)


def _items(items: tuple[tree.Expr, ...], scope: Scope, kind: Kind | None) -> Result:
    values, found = [], []
    for item in items:
        value, new = evaluate(item, scope, kind)
        values.append(value)
        found += new
    if UNKNOWN in values and len(items) != 2:
        return UNKNOWN, found
    return tuple(values), found


def _name(node: tree.Name, scope: Scope, kind: Kind | None) -> Result:
    text = node.text
    if text in scope:
        return scope[text], []
    if kind is not None:
        if text in kind.choices:
            return BareName(text), []
        for word_kind in kind.word_kinds:
            word = words(word_kind).get(text)
            if word is not None:
                return _bind_bare(word, node)
    if text in LITERAL_NAMES:
        return LITERAL_NAMES[text], []
    if kind is not None and getattr(kind, "describe", "") == "a name":
        return BareName(text), []
    return UNKNOWN, [unknown_name(node, scope, kind)]


def unknown_name(node: tree.Name, scope: Scope, kind: Kind | None) -> Diagnostic:
    """The name means nothing here; the closest one that would is offered."""
    text = node.text
    known = list(scope)
    where = "in scope"
    if kind is not None and (kind.choices or kind.word_kinds):
        known += [*kind.choices, *(w for k in kind.word_kinds for w in words(k))]
        where = f"one of {kind.describe}" if kind.choices else kind.describe
        for word_kind in kind.word_kinds:
            alias = aliases(word_kind).get(text)
            if alias:
                fix = Fix(f"write `{alias}`", (Edit(node.span, alias),), safe=True)
                return error(
                    "E0212",
                    f"`{text}` is called `{alias}` here",
                    node.span,
                    fixes=[fix],
                )
    if text.lower() in LITERAL_NAMES:
        known.append(text.lower())
    close = did_you_mean(text, known)
    fixes = (
        [Fix(f"did you mean `{close}`?", (Edit(node.span, close),))] if close else []
    )
    message = (
        f"`{text}` is not {where}"
        if where != "in scope"
        else f"nothing is called `{text}` here"
    )
    notes = [] if close or not known else [f"known here: {', '.join(known[:12])}"]
    return error("E0217", message, node.span, notes=notes, fixes=fixes)


def _bind_bare(word: Any, node: tree.Name) -> Result:
    from dslc.spec.bind import bind

    return bind(word, node, {}, {})


def _call(node: tree.Call, scope: Scope, kind: Kind | None) -> Result:
    from dslc.spec.bind import bind, match_arguments

    for word_kind in kind.word_kinds if kind is not None else ():
        word = words(word_kind).get(node.name.text)
        if word is not None:
            arguments, found = match_arguments(word, node)
            if found:
                return UNKNOWN, found
            return bind(word, node, arguments, scope)
    if kind is None or not kind.word_kinds:
        wanted = kind.describe if kind is not None else "a number, a size or a name"
        message = f"`{node.name.text}(…)` cannot stand here; this must be {wanted}"
        return UNKNOWN, [error("E0215", message, node.span)]
    return UNKNOWN, [unknown_name(node.name, {}, kind)]


def _attribute(node: tree.Attribute, scope: Scope) -> Result:
    base, found = evaluate(node.value, scope)
    if base is UNKNOWN:
        return UNKNOWN, found
    name = node.name.text
    if isinstance(base, Tensor):
        axes = AXES.get(base.rank, ())
        if name in axes:
            return base.shape[axes.index(name)], found
        if name == "rank":
            return base.rank, found
        close = did_you_mean(name, [*axes, "rank"])
        fixes = (
            [Fix(f"did you mean `{close}`?", (Edit(node.name.span, close),))]
            if close
            else []
        )
        has = ", ".join(f"`{a}`" for a in (*axes, "rank"))
        return UNKNOWN, [
            error(
                "E0219",
                f"{base} has no `{name}`",
                node.name.span,
                f"it has {has}",
                fixes=fixes,
            )
        ]
    message = f"only tensors have sizes such as `.{name}`"
    return UNKNOWN, [error("E0219", message, node.span, "this is a number or a name")]


def _unary(node: tree.Unary, value: Any, scope: Scope) -> Any:
    if node.op == "not":
        return (
            Computed(node, scope) if isinstance(value, (Param, Computed)) else not value
        )
    if isinstance(value, SpelledFloat):
        return SpelledFloat(-float(value), f"-{value.text}")
    return Computed(node, scope) if isinstance(value, (Param, Computed)) else -value


def _binary(node: tree.Binary, scope: Scope, kind: Kind | None) -> Result:
    left, found = evaluate(node.left, scope)
    if left is UNKNOWN:
        return UNKNOWN, found
    if (
        node.op in ("and", "or")
        and isinstance(left, bool)
        and left == (node.op == "or")
    ):
        return left, found
    right, more = evaluate(node.right, scope)
    found = found + more
    if right is UNKNOWN:
        return UNKNOWN, found
    if isinstance(left, (Param, Computed)) or isinstance(right, (Param, Computed)):
        return Computed(node, scope), found
    if node.op in ("and", "or"):
        return right, found
    if node.op in ("==", "!="):
        return _equality(node, left, right, scope), found
    numbers = (int, float, Sym)
    if not isinstance(left, numbers) or not isinstance(right, numbers):
        message = f"`{node.op}` needs two numbers"
        return UNKNOWN, [*found, error("E0218", message, node.span)]
    if node.op in _ORDER:
        return _comparison(node, left, right, scope), found
    return _arithmetic(node, left, right, scope, found)


def _equality(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Any:
    if isinstance(left, Tensor):
        left = left.shape
    if isinstance(right, Tensor):
        right = right.shape
    if isinstance(left, tuple) and isinstance(right, (int, Sym)):
        right = (right,)
    if isinstance(right, tuple) and isinstance(left, (int, Sym)):
        left = (left,)
    if isinstance(left, tuple) and isinstance(right, tuple):
        verdicts = [equal(a, b) for a, b in zip(left, right, strict=False)]
        same: bool | None = len(left) == len(right)
        if same and False in verdicts:
            same = False
        elif same and None in verdicts:
            same = None
    elif isinstance(left, Sym) or isinstance(right, Sym):
        same = equal(left, right)
    else:
        same = left == right
    if same is None:
        return Computed(node, scope)
    return same if node.op == "==" else not same


def _comparison(node: tree.Binary, left: Any, right: Any, scope: Scope) -> Any:
    if not isinstance(left, Sym) and not isinstance(right, Sym):
        return _ORDER[node.op](left, right)
    if isinstance(left, float) or isinstance(right, float):
        return Computed(node, scope)
    verdict = less(left, right) if node.op in ("<", ">=") else less(right, left)
    if verdict is None:
        return Computed(node, scope)
    return verdict if node.op in ("<", ">") else not verdict


def _arithmetic(
    node: tree.Binary, left: Any, right: Any, scope: Scope, found: list[Diagnostic]
) -> Result:
    if isinstance(left, float) and isinstance(right, Sym):
        return Computed(node, scope), found
    if isinstance(left, Sym) and isinstance(right, float):
        return Computed(node, scope), found
    if node.op in ("/", "//", "%") and right == 0:
        return UNKNOWN, [*found, error("E0218", "division by zero", node.span)]
    if node.op == "/":
        if isinstance(left, Sym) or isinstance(right, Sym):
            return Computed(node, scope), found
        value = left / right
        whole = isinstance(left, int) and isinstance(right, int) and value == int(value)
        return (int(value) if whole else value), found
    try:
        value = _ARITHMETIC[node.op](left, right)
    except OverflowError:
        value = MAX_NUMBER * 10
    if not isinstance(value, Sym) and abs(value) > MAX_NUMBER:
        return UNKNOWN, [*found, error("E0218", "this number is too large", node.span)]
    return value, found


def _match(node: tree.Match, scope: Scope, kind: Kind | None) -> Result:
    for arm in node.arms:
        if arm.condition is None:
            return evaluate(arm.value, scope, kind)
        chosen, found = evaluate(arm.condition, scope)
        if chosen is UNKNOWN or found:
            return UNKNOWN, found
        if isinstance(chosen, (Param, Computed)):
            return Computed(node, scope), []
        if chosen:
            return evaluate(arm.value, scope, kind)
    message = "no arm of this `match` applies"
    fix = Fix("add an `else:` arm")
    return UNKNOWN, [error("E0220", message, node.span, fixes=[fix])]
