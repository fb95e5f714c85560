"""Expressions become values: numbers, sizes, names, words.

`evaluate` is told what kind of value is wanted, because a bare name means different things in different places:
`same` is a choice for `padding`, `he_normal` a word for `init`, `filters` a parameter anywhere. Names in scope
win. In the plan a value may be symbolic: then arithmetic stays an expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, did_you_mean, error
from dslc.spec import arithmetic
from dslc.spec.arithmetic import MAX_NUMBER, SpelledFloat, large_number, open_value
from dslc.spec.lookup import (
    HELD,
    LITERAL_NAMES,
    misplaced_call,
    takes_any_name,
    unknown_name,
    word_for,
)
from dslc.syntax import tree
from dslc.vocab.kinds import BareName, Bounds, Kind, Text
from dslc.vocab.tensor import AXES, Tensor

__all__ = ["UNKNOWN", "Result", "Scope", "SpelledFloat", "Unknown", "evaluate"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be found; its mistake is reported already."""


UNKNOWN = Unknown()
Scope = Mapping[str, Any]
Result = tuple[Any, list[Diagnostic]]


def evaluate(expr: tree.Expr, scope: Scope, kind: Kind | None = None, owner: str = "") -> Result:
    """The value of `expr`; `UNKNOWN`, with diagnostics unless they were given before, when there is none. The
    depth of recursion is bounded by the nesting limit of the parser."""
    if isinstance(kind, Text) and isinstance(expr, (tree.Attribute, tree.Binary)):
        written = expr.span.text
        fix = Fix("put it in quotes", (Edit(expr.span, f'"{written}"'),))
        return UNKNOWN, [error("E0203", f"{owner} is a path in quotes", expr.span, fixes=[fix])]
    match expr:
        case tree.Number():
            return _number(expr)
        case tree.String():
            return expr.value, []
        case tree.Size():
            if max(expr.values) > MAX_NUMBER:
                return UNKNOWN, [large_number(expr)]
            return expr.values, []
        case tree.Name():
            return _name(expr, scope, kind, owner)
        case tree.Tuple():
            return _items(expr.items, scope, getattr(kind, "item", kind), owner)
        case tree.Range():
            ends, found = _items((expr.low, expr.high), scope, None, owner)
            return (UNKNOWN if ends is UNKNOWN else Bounds(*ends)), found
        case tree.Call():
            return _call(expr, scope, kind, owner)
        case tree.Attribute():
            return _attribute(expr, scope)
        case tree.Unary():
            value, found = evaluate(expr.operand, scope, kind if expr.op == "-" else None, owner)
            return _outcome(value, found, lambda: arithmetic.unary(expr, value, scope))
        case tree.Binary():
            return _binary(expr, scope)
        case tree.Match():
            return _match(expr, scope, kind, owner)
        case tree.Flow():
            message = "a value is needed here, not a flow"
            fix = Fix("tensors flow into a layer by `->`; its arguments are numbers and words")
            return UNKNOWN, [error("E0218", message, expr.span, fixes=[fix])]
    raise AssertionError(expr)


def _outcome(value: Any, found: list[Diagnostic], compute: Any) -> Result:
    if value is UNKNOWN:
        return UNKNOWN, found
    result, problem = compute()
    return (UNKNOWN, [*found, problem]) if problem is not None else (result, found)


def _number(expr: tree.Number) -> Result:
    value = expr.value
    if not abs(value) <= MAX_NUMBER:
        return UNKNOWN, [large_number(expr)]
    return (SpelledFloat(value, expr.text) if isinstance(value, float) else value), []


def _items(items: tuple[tree.Expr, ...], scope: Scope, kind: Kind | None, owner: str) -> Result:
    values, found = [], []
    for item in items:
        value, new = evaluate(item, scope, kind, owner)
        values.append(value)
        found += new
    unknown = any(value is UNKNOWN for value in values)
    return (UNKNOWN if unknown else tuple(values)), found


def _name(node: tree.Name, scope: Scope, kind: Kind | None, owner: str) -> Result:
    text = node.text
    if text in scope:
        return scope[text], []
    if kind is not None:
        if text in kind.choices and text not in LITERAL_NAMES:
            return BareName(text), []
        word = word_for(kind, text)
        if word is not None:
            return _bind(word, node, scope)
    if text in LITERAL_NAMES:
        return LITERAL_NAMES[text], []
    if takes_any_name(kind):
        return BareName(text), []
    return UNKNOWN, [unknown_name(node, tuple(scope), kind, owner)]


def _bind(word: Any, node: tree.Name | tree.Call, scope: Scope) -> Result:
    from dslc.spec.bind import bind, match_arguments

    arguments, found = match_arguments(word, node)
    return (UNKNOWN, found) if found else bind(word, node, arguments, scope)


def _call(node: tree.Call, scope: Scope, kind: Kind | None, owner: str) -> Result:
    word = word_for(kind, node.name.text)
    if word is not None:
        return _bind(word, node, scope)
    return UNKNOWN, [misplaced_call(node, kind, owner)]


def _attribute(node: tree.Attribute, scope: Scope) -> Result:
    base, found = evaluate(node.value, scope)
    if base is UNKNOWN:
        return UNKNOWN, found
    name = node.name.text
    if not isinstance(base, Tensor):
        message = f"only tensors have sizes such as `.{name}`"
        fix = Fix("write the name of an input or of a flow in front of the dot")
        label = "this is a number or a name"
        return UNKNOWN, [*found, error("E0219", message, node.span, label, fixes=[fix])]
    axes = AXES.get(base.rank, ())
    if name in axes:
        return base.shape[axes.index(name)], found
    if name == "rank":
        return base.rank, found
    close = did_you_mean(name, [*axes, "rank"])
    has = ", ".join(f"`.{a}`" for a in (*axes, "rank"))
    fixes = [Fix(f"it has {has}")]
    if close:
        fixes = [Fix(f"did you mean `{close}`?", (Edit(node.name.span, close),))]
    shape = f"`{node.value.span.text}` is {base}"
    return UNKNOWN, [
        *found,
        error("E0219", f"{shape} and has no `.{name}`", node.name.span, fixes=fixes),
    ]


def _binary(node: tree.Binary, scope: Scope) -> Result:
    kind = HELD if node.op in ("==", "!=") else None
    left, found = evaluate(node.left, scope, kind)
    if left is UNKNOWN:
        return UNKNOWN, found
    if node.op in ("and", "or") and left is (node.op == "or"):
        return left, found
    right, more = evaluate(node.right, scope, kind)
    return _outcome(right, [*found, *more], lambda: arithmetic.binary(node, left, right, scope))


def _match(node: tree.Match, scope: Scope, kind: Kind | None, owner: str) -> Result:
    for arm in node.arms:
        if arm.condition is None:
            return evaluate(arm.value, scope, kind, owner)
        chosen, found = evaluate(arm.condition, scope)
        if chosen is UNKNOWN or found:
            return UNKNOWN, found
        if not isinstance(chosen, bool):
            return UNKNOWN, [undecided(arm.condition, chosen)]
        if chosen:
            return evaluate(arm.value, scope, kind, owner)
    return UNKNOWN, [no_arm(node)]


def undecided(condition: tree.Expr, value: Any) -> Diagnostic:
    """A condition without an answer while compiling."""
    if not open_value(value):
        message = "a condition is needed here"
        fix = Fix("compare it with something: stride != 1")
        return error("E0218", message, condition.span, "this is no condition", fixes=[fix])
    message = "this condition cannot be decided while compiling"
    notes = ["it asks about a size that is known only when the model runs"]
    fix = Fix("give the input a number for that size, or ask about a parameter")
    return error("E0305", message, condition.span, notes=notes, fixes=[fix])


def no_arm(node: tree.Match, notes: list[str] | None = None) -> Diagnostic:
    at = node.span.source.span(node.span.end - 1, node.span.end - 1)
    fix = Fix("add an `else:` arm", (Edit(at, "else: … "),))
    start = node.span.source.span(node.span.start, node.span.start + len("match"))
    return error("E0220", "no arm of this `match` applies", start, notes=notes or [], fixes=[fix])
