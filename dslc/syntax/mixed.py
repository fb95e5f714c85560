"""Checks of `unexpected`: one sign or word stands in the place of another."""

from __future__ import annotations

from dslc.syntax.place import Place
from dslc.syntax.report import swap
from dslc.syntax.tokens import KEYWORDS, OPERATORS, WORDS

COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE"})


def reserved(place: Place) -> bool | None:
    """`input = 3`, `Conv2D(block=3)`, `x -> output`: a keyword where a name is wanted."""
    token, parser = place.token, place.parser
    if token.type == "EQUAL" and place.near(-1).type in KEYWORDS:
        word = place.near(-1)
        mended = False
    elif token.type in KEYWORDS and place.near(1).type == "EQUAL":
        word = token
        mended = parser.accepts("NAME")
    elif token.type in KEYWORDS and not token.first and parser.accepts("NAME"):
        if place.complete or (
            token.type in ("MODEL", "BLOCK", "IMPORT") and place.near(1).type in WORDS
        ):
            return None
        word = token
        mended = True
    else:
        return None
    if word.text in ("and", "or", "as", "where") and token.type != "EQUAL":
        return None
    place.report(
        "E0118",
        f"`{word.text}` is a keyword and cannot be a name",
        place.span(word),
        "reserved",
        swap(f"call it `{word.text}_`", place.span(word), f"{word.text}_", safe=False),
    )
    if mended:
        word.type = "CALLNAME" if place.near(1).type == "LPAR" else "NAME"
    return mended


def equal_for_equality(place: Place) -> bool | None:
    """`assert a = b`, `match { a = 1: … }`, `where H % 32 = 0`."""
    parser, token = place.parser, place.token
    if token.type != "EQUAL" or not parser.accepts("EQ"):
        return None
    tokens = parser.tokens[parser.begin : place.at]
    conditional = tokens[0].type == "ASSERT" or any(t.type == "WHERE" for t in tokens)
    if not conditional and not (place.context == "match" and parser.bracket() == "LBRACE"):
        return None
    place.report(
        "E0112",
        "`=` gives a name its value; a comparison is written `==`",
        place.span(),
        "this is a condition",
        swap("write `==`", place.span(), "=="),
    )
    token.type = "EQ"
    return True


def colon_or_equal(place: Place) -> bool | None:
    """`lr: 1e-3` and `Conv2D(filters: 8)` want `=`; `input x = 8x8` and `output y = x` want `:`."""
    parser, token = place.parser, place.token
    two_back = place.near(-2)
    if token.type == "EQUAL" and two_back.type in ("INPUT", "OUTPUT"):
        wanted, kind = ":", "COLON"
        what = "the shape of an input" if two_back.type == "INPUT" else "the value of an output"
    elif token.type == "COLON" and place.near(-1).type in WORDS and parser.accepts("EQUAL"):
        wanted, kind = "=", "EQUAL"
        what = "a value"
    else:
        return None
    span, spelled = place.span(), wanted
    if wanted == ":":
        span = place.span(place.near(-1)).after().to(span)  # `x = 4` becomes `x: 4`
    elif parser.bracket() == "LBRACE":
        spelled = " ="  # `lr: 1` becomes `lr = 1`
    elif place.near(1).start > token.end:
        span = span.to(place.span(place.near(1)).before())  # `f(a: 1)` becomes `f(a=1)`
    place.report(
        "E0113",
        f"{what} is given with `{wanted}`, not with `{token.text}`",
        place.span(),
        f"`{wanted}` belongs here",
        swap(f"write `{wanted}`", span, spelled),
    )
    token.type = kind
    return True


def odd_comma(place: Place) -> bool | None:
    """`lr = 1e-3,` and `f(a,, b)`."""
    token = place.token
    if token.type != "COMMA":
        return None
    if place.near(-1).type in ("COMMA", "LPAR", "LSQB"):
        message, label = "a value is missing in front of this comma", "remove it or add the value"
    elif place.complete and _tensors(place):
        return False
    elif place.complete:
        message, label = "no comma stands between statements", "remove it"
    else:
        return None
    place.report("E0114", message, place.span(), label, swap("take it out", place.span(), ""))
    place.parser.at += 1
    return True


def _tensors(place: Place) -> bool:
    """`a, b -> add`: names up to an arrow want parentheses. Reports it."""
    first, at = place.near(-1), 0
    if place.context != "body" or first.type != "NAME":
        return False
    while place.near(at).type == "COMMA" and place.near(at + 1).type == "NAME":
        at += 2
    last = place.near(at - 1)
    if not at or place.near(at).type != "ARROW":
        return False
    span = place.span(first).to(place.span(last))
    place.report(
        "E0114",
        "several tensors in front of an arrow stand in parentheses",
        span,
        "",
        swap(f"write ({span.text})", span, f"({span.text})"),
    )
    return True


def typed(place: Place) -> bool | None:
    """`block B(units: int = 3)`."""
    token, parser = place.token, place.parser
    if token.type != "COLON" or place.begin.type not in ("MODEL", "BLOCK"):
        return None
    if (
        parser.bracket() != "LPAR"
        or place.near(1).type not in WORDS
        or place.near(-1).type != "NAME"
    ):
        return None
    if place.near(2).type not in ("EQUAL", "COMMA", "RPAR"):
        return None
    span = place.span().to(place.span(place.near(1)))
    place.report(
        "E0113",
        "parameters have no types: any number, size or word may come",
        span,
        "a type of another language",
        swap(f"remove `{span.text}`", span, ""),
    )
    parser.at += 2
    return True


def chained(place: Place) -> bool | None:
    """`0 < a < 1`."""
    token = place.token
    if token.type not in COMPARISONS or not place.parser.accepts("AND"):
        return None
    place.report(
        "E0124",
        "comparisons do not chain",
        place.span(),
        "the second one",
        notes=("write `0 < a and a < 1`",),
    )
    return False


def arithmetic_on_flow(place: Place) -> bool | None:
    """`x -> Dense(8) + y`."""
    token = place.token
    if token.type not in OPERATORS - {"AND", "OR"} or not place.parser.accepts("ARROW"):
        return None
    word = {"PLUS": "add", "STAR": "multiply", "MINUS": "subtract"}.get(token.type)
    note = f"write `{word}(a, b)` with both flows as arguments" if word else ""
    place.report(
        "E0125",
        f"`{token.text}` works on numbers, not on flows",
        place.span(),
        "a flow stands in front of it",
        notes=(note,) if note else (),
    )
    return False
