"""A value that a parameter does not take: what it must be, what it is, what to write."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, did_you_mean, error
from dslc.spec.elsewhere import CHOICE_ALIASES, FACTORS
from dslc.syntax import tree
from dslc.vocab.kinds import (
    BareName,
    Bounds,
    Choice,
    Flag,
    Kind,
    OrNone,
    Real,
    SizeOf,
    Sizes,
    Text,
    Whole,
)
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import Word, aliases, kind_of, parameters, unit_of, words


def show_value(value: Any) -> str:
    """A value as the language writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    text = getattr(value, "text", None)
    if text is not None:
        return str(text)
    if isinstance(value, BareName):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple) and len(value) > 1 and all(type(v) is int for v in value):
        return "x".join(map(str, value))
    if isinstance(value, Bounds):
        return f"{value.low}..{value.high}"
    if isinstance(value, tuple):
        return f"({', '.join(map(show_value, value))})"
    if isinstance(value, Word):
        return f"the {value.kind} `{value.word}`"
    if isinstance(value, Tensor):
        return f"the tensor {value}"
    return str(value)


def bad_value(word: type[Word], name: str, expr: tree.Expr, value: Any) -> Diagnostic:
    """The value of `name` is not of its kind."""
    info = parameters(word)[name]
    kind = kind_of(info)
    unit = unit_of(info)
    shown, written = short(show_value(value)), short(expr.span.text)
    same = written == shown or isinstance(expr, (tree.Tuple, tree.Range))
    got = f"got {written}" if same else f"got `{written}`, which is {shown}"
    if isinstance(value, Tensor):
        got = f"`{written}` is a tensor"
    message = f"`{name}` of `{word.word}` must be {kind.describe}{f', in {unit}' if unit else ''}"
    notes, fix = _advice(name, kind, expr, value)
    return error("E0203", message, expr.span, got, fixes=[fix], notes=notes)


def _advice(name: str, kind: Kind, expr: tree.Expr, value: Any) -> tuple[list[str], Fix]:
    while isinstance(kind, OrNone):
        kind = kind.item
    if isinstance(value, Tensor):
        return ["tensors flow into a layer by `->`"], Fix(f"give it {kind.describe}")
    for factor, written in FACTORS.items():
        near = isinstance(value, float) and abs(value - factor) < 1e-5
        if near and _accepts(kind, Bounds(*map(int, written.split("..")))):
            return ["the values of the source are mapped to a range"], _write(expr, written)
    if isinstance(value, Bounds) and value.high < value.low:
        return ["the lower end comes first"], _write(expr, f"{value.high}..{value.low}")
    if isinstance(kind, Sizes) and _counts_from_zero(value):
        return ["axes are counted from 1"], _write(expr, show_order(value))
    pair = _pair(kind, expr)
    if pair is not None:
        return pair
    unquoted = _unquoted(kind, expr)
    if unquoted is not None:
        return ["names of words are written without quotes"], unquoted
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(value, str):
        if value.lower() in ("true", "false", "none"):
            return [], _write(expr, value.lower())
        close = did_you_mean(value, kind.choices)
        if close:
            return [], Fix(f"did you mean `{close}`?", (Edit(expr.span, close),))
        if _accepts(kind, _number(value)):
            return ["numbers are written without quotes"], _write(expr, value)
    if isinstance(kind, Flag) and value in (0, 1) and number:
        return [], _write(expr, "true" if value else "false")
    if isinstance(kind, Text) and isinstance(value, BareName):
        return [], _write(expr, f'"{value}"')
    if isinstance(kind, Whole) and number:
        return _whole(kind, expr, value)
    if isinstance(kind, Real) and number:
        return _real(name, kind, expr, value)
    if isinstance(kind, SizeOf) and isinstance(value, tuple) and len(set(value)) == 1:
        side = value[0]
        if isinstance(side, int) and side >= kind.low and kind.rank > 1:
            return [], _write(expr, "x".join([str(side)] * kind.rank))
    if isinstance(kind, Choice):
        return [], Fix(f"write {kind.describe}")
    return [], Fix(f"give it {kind.describe}")


def _pair(kind: Kind, expr: tree.Expr) -> tuple[list[str], Fix] | None:
    """`(0.3, 1.0)` for a range, `(-10, 10)` and `-10..10` for what goes to both sides."""
    ends: tuple[tree.Expr, ...] = ()
    if isinstance(expr, tree.Tuple):
        ends = expr.items
    elif isinstance(expr, tree.Range):
        ends = (expr.low, expr.high)
    low, high = (_number(end.span.text) for end in ends) if len(ends) == 2 else (None, None)
    if low is None or high is None:
        return None
    if low < high and _accepts(kind, Bounds(low, high)):
        return [], _write(expr, f"{ends[0].span.text}..{ends[1].span.text}")
    if low == -high and isinstance(kind, Real) and _accepts(kind, high):
        return ["it counts to both sides"], _write(expr, ends[1].span.text)
    return None


def _number(text: str) -> float | None:
    """The number that `text` is, written as in a spec."""
    try:
        value = float(text) if text.isascii() and not text.startswith("+") else None
    except ValueError:
        return None
    if value is None:
        return None
    return int(value) if value.is_integer() and text.lstrip("-").isdigit() else value


def _accepts(kind: Kind, value: Any) -> bool:
    if value is None:
        return False
    try:
        kind.accept(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _counts_from_zero(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) < 2:
        return False
    return sorted(value, key=str) == list(range(len(value)))


def show_order(value: tuple[int, ...]) -> str:
    return f"({', '.join(str(axis + 1) for axis in value)})"


def _unquoted(kind: Kind, expr: tree.Expr) -> Fix | None:
    """`"digits"`, `["accuracy"]`: names in quotes, as strings of other languages."""
    items = expr.items if isinstance(expr, tree.Tuple) else (expr,)
    names = [*kind.choices, *(w for k in kind.word_kinds for w in words(k))]
    edits: list[Edit] = []
    for item in items:
        if isinstance(item, tree.String):
            other = next(
                (aliases(k)[item.value] for k in kind.word_kinds if item.value in aliases(k)), None
            )
            choice = CHOICE_ALIASES.get(item.value)
            other = other or (choice if choice in names else None)
            name = item.value if item.value in names else other or did_you_mean(item.value, names)
            if name is None:
                return None
            edits.append(Edit(item.span, name))
    if not edits:
        return None
    written = edits[0].text if len(items) == 1 else "them without quotes"
    return Fix(f"write {written}", tuple(edits))


def _whole(kind: Whole, expr: tree.Expr, value: float) -> tuple[list[str], Fix]:
    if kind.high == 255 and 0 < value < 1:
        return ["it is a byte: 0 is black, 255 white"], _write(expr, str(round(255 * value)))
    if value != int(value) and (kind.low is None or round(value) >= kind.low):
        return ["it counts something, so it has no fraction"], _write(expr, str(round(value)))
    if kind.low is not None and -value >= kind.low and value == int(value) and value < 0:
        return [], _write(expr, str(int(-value)))
    if abs(value) > 10**9:
        return ["no model is that large: the limit is 1,000,000,000"], Fix("use a smaller number")
    return [], Fix(f"give it {kind.describe}")


def _real(name: str, kind: Real, expr: tree.Expr, value: float) -> tuple[list[str], Fix]:
    if kind.high == 1 and 5 <= value <= 100:
        notes = [f"`{name}` is a share, not a percentage: {value:g} % is {value / 100:g}"]
        return notes, _write(expr, f"{value / 100:g}")
    if kind.high == 1:
        return [f"`{name}` is a share of the whole, such as 0.5"], Fix(f"give it {kind.describe}")
    return [], Fix(f"give it {kind.describe}")


def _write(expr: tree.Expr, text: str) -> Fix:
    return Fix(f"write {text}", (Edit(expr.span, text),))


def not_concrete(word: type[Word], name: str, expr: tree.Expr, value: Any) -> Diagnostic:
    """The value depends on a size that only the data will tell."""
    shown = "" if hasattr(value, "tree") else f", which is {show_value(value)}"
    message = f"`{name}` of `{word.word}` must be known while compiling"
    label = f"`{short(expr.span.text)}`{shown} depends on the data"
    notes = ["weights have their shape before the first example is seen"]
    fix = Fix("give that size of the input a number, or write a number here")
    return error("E0308", message, expr.span, label, notes=notes, fixes=[fix])


def short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:37] + "…"
