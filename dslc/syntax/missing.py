"""Checks of `unexpected`: something is missing, a comma, a value, a step, a source."""

from __future__ import annotations

from dslc.syntax.place import OPERANDS, Place
from dslc.syntax.report import insert, swap
from dslc.syntax.tokens import KEYWORDS, OPERATORS, WORDS, Token


def comma(place: Place) -> bool | None:
    token, parser = place.token, place.parser
    if token.type not in OPERANDS or parser.bracket() not in ("LPAR", "LSQB"):
        return None
    if not parser.accepts("COMMA", token.type):
        return None
    gap = place.span(place.near(-1)).after()
    if not parser.report.explains(place.near(-1).end, token.start):
        place.report(
            "E0110",
            f"a comma is missing in front of `{token.text}`",
            place.span(),
            "the next one begins here",
            insert("insert `,`", gap, ","),
        )
    parser.feed(Token("COMMA", ",", gap.start, gap.start, False, virtual=True))
    return True


def dangling_arrow(place: Place) -> bool | None:
    """`x -> Dense(8) ->` with nothing behind; what follows on the next line is seen to by `lines`."""
    arrow = place.before
    if arrow.type != "ARROW" or not (place.breaks or place.token.type in ("COMMA", "ARROW")):
        return None
    place.report(
        "E0115",
        "nothing comes behind this `->`",
        place.span(arrow),
        "a step belongs behind it",
        swap("remove it, or name the next step", place.span(arrow), "", safe=False),
    )
    place.parser.drop()
    return True


def value(place: Place) -> bool | None:
    before, token, parser = place.before, place.token, place.parser
    begin = parser.tokens[parser.begin]
    if begin.type in ("ASSERT", "INPUT", "OUTPUT") and parser.tokens[parser.begin + 1].first:
        if place.complete and token.first:
            return None
        wanted = "a condition" if begin.type == "ASSERT" else "a name"
        place.report(
            "E0111",
            f"`{begin.text}` stands alone",
            place.span(begin),
            f"{wanted} belongs behind it",
        )
        if place.at == parser.begin + 1:
            return False
        parser.at = parser.begin + 1
        parser.recover()
        return True
    key, sign = place.near(-1), place.near(-2)
    swallowed = key.first and sign.type == "EQUAL" and begin is not key
    if token.type in ("EQUAL", "COLON") and swallowed:
        equal, name = sign, place.near(-3)
        parser.at -= 1
        parser.recover()
        mended = True
    elif before.type in ("EQUAL", "COLON") and (
        place.breaks or token.type == "COMMA" or (token.type in KEYWORDS and token.first)
    ):
        equal, name, mended = before, place.near(-2), False
    else:
        return None
    subject = f" of `{name.text}`" if name.type in WORDS else ""
    place.report(
        "E0111",
        f"the value{subject} is missing",
        place.span(equal),
        f"a value belongs behind this `{equal.text}`",
    )
    return mended


def operand(place: Place) -> bool | None:
    before = place.before
    if before.type == "RANGE":
        span = place.span(place.near(-2)).to(place.span(before))
        place.report(
            "E0104",
            f"the range `{span.text}` has no end",
            span,
            "a number belongs behind `..`",
            insert("end it, for example at 1", span.after(), "1", safe=False),
            notes=("a range has two ends: `0..1`, `-1..1`",),
        )
        return False
    if before.type in OPERATORS and (place.breaks or place.token.type in OPERATORS):
        place.report(
            "E0111",
            f"`{before.text}` has nothing on its right",
            place.span(before),
            "a value belongs behind it",
        )
        return False
    return None


def equal(place: Place) -> bool | None:
    """`model Net(classes 10)`."""
    parser, token = place.parser, place.token
    if token.type not in OPERANDS or place.before.type != "NAME" or token.first:
        return None
    if place.complete or not parser.accepts("EQUAL", token.type):
        return None
    gap = place.span(place.before).after()
    place.report(
        "E0111",
        f"`=` is missing between `{place.before.text}` and `{token.text}`",
        place.span(),
        f"the value of `{place.before.text}`?",
        insert("insert `=`", gap, " ="),
    )
    return parser.feed(Token("EQUAL", "=", gap.start, gap.start, False, virtual=True))


def source(place: Place) -> bool | None:
    """`->` with nothing before it; right behind `input x: …` that input was meant."""
    parser, token = place.parser, place.token
    if token.type != "ARROW":
        return None
    begin, name = place.begin, None
    if begin.type == "INPUT" and parser.begin + 1 < place.at and place.complete:
        name = parser.tokens[parser.begin + 1]
    fixes = []
    if name is not None:
        fixes.append(insert(f"let it start from `{name.text}`", place.span(), f"{name.text} "))
    place.report(
        "E0116",
        "nothing flows into this `->`",
        place.span(),
        "a flow starts from a value",
        *fixes,
        notes=() if fixes else ("a flow reads `image -> Conv2D(8, 3x3) -> relu`",),
    )
    if name is None:
        return False
    start = token.start
    return parser.feed(Token("NAME", name.text, start, start, token.first, virtual=True))
