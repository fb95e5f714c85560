"""Why a token does not fit, and what was most likely meant.

`explain` reports at most one fault for a statement. It returns True when it has mended the input so that the
parser can go on at once, and False when the statement has to be given up. The checks stand in the order of
their certainty; each looks only at the tokens around the fault and at what the parser would accept instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dslc.diagnostics import Fix, Label
from dslc.source import Span
from dslc.syntax.habits import HABITS, PREFIXES
from dslc.syntax.report import insert, swap
from dslc.syntax.table import END
from dslc.syntax.tokens import (
    CLOSERS,
    KEYWORDS,
    LITERALS,
    OPERATORS,
    SPELLED,
    TEXTS,
    WORDS,
    Token,
)

if TYPE_CHECKING:
    from dslc.syntax.parser import Parser

OPERANDS = WORDS | LITERALS | {"LPAR", "LSQB", "MATCH", "NOT"}
COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE"})
PLACES = {
    "file": "outside every model, block and section",
    "body": "in the body of a model or block",
    "section": "in a section",
    "match": "between the arms of a `match`",
}


class Place:
    """The token that does not fit, with its surroundings."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.at = parser.at
        self.token = parser.tokens[parser.at]
        self.context = parser.context()

    def near(self, offset: int) -> Token:
        """The token `offset` places away; an empty one outside of the file."""
        i = self.at + offset
        tokens = self.parser.tokens
        return tokens[i] if 0 <= i < len(tokens) else Token("", "", 0, 0, False)

    def span(self, token: Token | None = None) -> Span:
        token = token or self.token
        return self.parser.source.span(token.start, token.end)

    @property
    def begin(self) -> Token:
        """The first token of the statement being read."""
        return self.parser.tokens[self.parser.begin]

    @property
    def before(self) -> Token:
        """The token in front, if the parser has just taken it."""
        values = self.parser.values
        top = self.near(-1)
        return top if values and values[-1] is top else Token("", "", 0, 0, False)

    @property
    def breaks(self) -> bool:
        """Does a new line or the end of something begin with the token?"""
        return self.token.first or self.token.type in CLOSERS or self.token.type == END

    @property
    def known(self) -> bool:
        """Is a fault of this statement reported already?"""
        fresh = self.token.first and self.complete
        start = self.token.start if fresh else self.begin.start
        return self.parser.report.explains(start, self.token.start)

    @property
    def complete(self) -> bool:
        """Could the statement in front of the token end there?"""
        return self.parser.accepts(END if self.context == "file" else "RBRACE")

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *fixes: Fix,
        secondary: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.parser.report.add(
            code, message, span, label, secondary=secondary, notes=notes, fixes=fixes
        )


def explain(parser: Parser) -> bool:
    """Report the token that does not fit; True when the parser can go on."""
    place = Place(parser)
    for check in CHECKS:
        mended = check(place)
        if mended is not None:
            return mended
    _plain(place)
    return False


# ------------------------------------------------------------------------------------------ the checks
def missing_comma(place: Place) -> bool | None:
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


def known_already(place: Place) -> bool | None:
    """Everything but a missing comma is reported once for a statement."""
    return False if place.known else None


def habit(place: Place) -> bool | None:
    """`def f(x):`, `class Net(nn.Module):`, `if …`, `for …`: words that begin statements elsewhere."""
    i = place.at
    tokens = place.parser.tokens
    while i and not tokens[i].first:
        i -= 1
    word, following = tokens[i], tokens[min(i + 1, len(tokens) - 1)]
    if word.text not in HABITS or word.type == "STRING" or following.first:
        return None
    if following.type in ("EQUAL", "COLON", "ARROW") and word.text != "else":
        return None
    place.report(
        "E0120", f"`{word.text}` is not a word of a spec", place.span(word), HABITS[word.text]
    )
    return False


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


def missing_value(place: Place) -> bool | None:
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
    if token.type == "EQUAL" and before.first and place.near(-2).type == "EQUAL":
        equal, name = place.near(-2), place.near(-3)
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


def missing_operand(place: Place) -> bool | None:
    before = place.before
    if before.type == "RANGE":
        span = place.span(place.near(-2)).to(place.span(before))
        place.report(
            "E0104",
            f"the range `{span.text}` has no end",
            span,
            "a number belongs behind `..`",
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
        if (
            place.complete
            or token.type in ("MODEL", "BLOCK", "IMPORT")
            and place.near(1).type in WORDS
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


def missing_equal(place: Place) -> bool | None:
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


def source_missing(place: Place) -> bool | None:
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


def module_prefix(place: Place) -> bool | None:
    """`nn.Conv2d(8)`."""
    parser, token = place.parser, place.token
    dot = token if token.type == "DOT" else place.before
    owner = place.near(-1 if dot is token else -2)
    named = place.near(1) if dot is token else token
    if dot.type != "DOT" or owner.text not in PREFIXES or named.type not in WORDS:
        return None
    back = 1 if dot is token else 2
    start = parser.spans[-back][0]
    span = parser.source.span(start, dot.end)
    place.report(
        "E0120",
        f"words of a spec have no prefix: `{named.text}` alone is enough",
        span,
        "no module is imported here",
        swap(f"remove `{span.text}`", span, ""),
    )
    for _ in range(back):
        parser.drop()
    parser.at += 2 - back
    return True


def method_call(place: Place) -> bool | None:
    """`x.Conv2D(8)`."""
    parser, token, dot = place.parser, place.token, place.before
    if token.type not in ("CALLNAME", "SECTION") or dot.type != "DOT":
        return None
    place.report(
        "E0120",
        f"`{token.text}` follows its input with `->`, not with a dot",
        place.span(dot),
        "a dot only reads an attribute, such as `x.channels`",
        swap("write `->`", place.span(dot), " -> "),
    )
    parser.drop()
    if not parser.accepts("ARROW", token.type):
        return False
    return parser.feed(Token("ARROW", "->", dot.start, dot.end, False, virtual=True))


def odd_comma(place: Place) -> bool | None:
    """`lr = 1e-3,` and `f(a,, b)`."""
    token = place.token
    if token.type != "COMMA":
        return None
    if place.near(-1).type in ("COMMA", "LPAR", "LSQB"):
        message, label = "a value is missing in front of this comma", "remove it or add the value"
    elif place.complete:
        message, label = "no comma stands between statements", "remove it"
    else:
        return None
    place.report("E0114", message, place.span(), label, swap("take it out", place.span(), ""))
    place.parser.at += 1
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


def braces(place: Place) -> bool | None:
    """`train = {`, `model A:`, and `{` where no body can be."""
    token, before = place.token, place.near(-1)
    if token.type == "COLON" and place.begin.type in ("MODEL", "BLOCK"):
        message = f"the body of a {place.begin.text} stands in braces"
        place.report("E0120", message, place.span(), "write `{` here and `}` at the end")
        return False
    if token.type == "LBRACE" and before.type == "EQUAL" and place.near(-2).type in WORDS:
        message = f"a section has no `=`: `{place.near(-2).text} {{ … }}`"
        fix = swap("remove the `=`", place.span(before), "", safe=False)
        place.report("E0120", message, place.span(before), "remove it", fix)
        return False
    if token.type == "REPEAT":
        place.report(
            "E0101",
            "`repeat` is a step of a flow",
            place.span(),
            "a `->` belongs in front of it",
            notes=("write `x -> repeat 3 { Dense(8) -> relu }`",),
        )
        return False
    return None


def misplaced(place: Place) -> bool | None:
    """A statement, section or definition in a place for something else."""
    token = place.token
    if not place.complete:
        return None
    kind, here = token.type, PLACES[place.context]
    if kind in ("INPUT", "OUTPUT", "ASSERT"):
        wanted = "in the body of a model or block"
    elif kind in ("MODEL", "BLOCK", "IMPORT"):
        wanted = "at the top of the file, outside all braces"
    elif kind == "SECTION" and place.context in ("body", "match"):
        wanted = "outside the model: close its `}` first"
    elif kind in OPERANDS and place.context == "file":
        wanted = "in a `model`, a `block` or a section such as `train { … }`"
    else:
        return None
    if place.context == "file" and kind == "NAME" and place.near(1).type == "EQUAL":
        if place.near(2).type == "LBRACE":
            equal = place.span(place.near(1))
            fix = swap("remove the `=`", equal, "", safe=False)
            message = f"a section has no `=`: `{token.text} {{ … }}`"
            place.report("E0120", message, equal, "remove it", fix)
            return False
    what = {"SECTION": "the section ", "CALLNAME": "the call "}.get(kind, "")
    place.report(
        "E0119",
        f"{what}`{_shown(token)}` cannot stand {here}",
        place.span(),
        f"it belongs {wanted}",
    )
    return False


CHECKS: tuple[Callable[[Place], bool | None], ...] = (
    missing_comma,
    dangling_arrow,
    known_already,
    habit,
    missing_value,
    missing_operand,
    reserved,
    equal_for_equality,
    colon_or_equal,
    missing_equal,
    source_missing,
    module_prefix,
    method_call,
    odd_comma,
    chained,
    arithmetic_on_flow,
    braces,
    misplaced,
)


# ------------------------------------------------------------------------------------- the plain answer
def _plain(place: Place) -> None:
    wanted = _expected(place)
    found = "the end of the file" if place.token.type == END else f"`{_shown(place.token)}`"
    if place.token.virtual:
        found = "the end of the line"
    message = f"expected {wanted}, found {found}" if wanted else f"{found} does not fit here"
    before = place.near(-1)
    secondary: tuple[Label, ...] = ()
    if before.type and before.end < place.token.start and place.token.first:
        secondary = (Label(place.span(before), "behind this"),)
    place.report("E0101", message, place.span(), "does not fit here", secondary=secondary)


def _expected(place: Place) -> str:
    accepts = place.parser.accepts
    found: list[str] = []
    skipped: set[str] = set()
    if accepts("NUMBER") and not place.complete:
        found.append("a value")
        skipped = {"LPAR"}
    elif accepts("NAME") and not place.complete:
        found.append("a name")
    elif accepts("STRING") and not place.complete:
        found.append('a path in quotes, such as `"blocks.dl"`')
    for kind, text in SPELLED.items():
        if kind not in skipped and accepts(kind) and not (kind in CLOSERS and place.complete):
            found.append(f"`{text}`")
    if not found:
        return {
            "section": "an entry such as `key = value`",
            "match": "an arm `condition: value`",
        }.get(
            place.context,
            "a statement" if place.context == "body" else "`model`, `block` or a section",
        )
    found = found[:4]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"


def _shown(token: Token) -> str:
    text = token.text if len(token.text) <= 30 else token.text[:27] + "…"
    return TEXTS.get(token.type, text)
