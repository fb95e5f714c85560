"""Checks of `unexpected`: habits of other languages, and things in the wrong place."""

from __future__ import annotations

from dslc.syntax.habits import HABITS, MODEL_WORDS, PREFIXES
from dslc.syntax.place import OPERANDS, Place, shown
from dslc.syntax.report import swap
from dslc.syntax.tokens import WORDS, Token

PLACES = {
    "file": "outside every model, block and section",
    "body": "in the body of a model or block",
    "section": "in a section",
    "match": "between the arms of a `match`",
}


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
    if kind in ("INPUT", "OUTPUT", "ASSERT") and place.context == "section":
        opened = [v for v in place.parser.values if isinstance(v, Token) and v.type == "SECTION"]
        if opened and opened[-1].text in MODEL_WORDS:
            span = place.span(opened[-1])
            fix = swap("write `model`, or `block` for a part of one", span, "model", safe=False)
            message = f"a network is a `model`, not a `{opened[-1].text}`"
            place.report("E0120", message, span, "", fix)
            return False
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
    if kind == "SECTION" and token.text == "output" and place.context == "body":
        message = "an output of a model is written with a colon: `output y: x -> …`"
        place.report("E0119", message, place.span(), "braces make a rule of `defaults`")
        return False
    if place.context == "file" and (place.near(1).type, place.near(2).type) == ("EQUAL", "LBRACE"):
        equal = place.span(place.near(1))
        fix = swap("remove the `=`", equal, "", safe=False)
        message = f"a section has no `=`: `{token.text} {{ … }}`"
        place.report("E0120", message, equal, "remove it", fix)
        return False
    what = {"SECTION": "the section ", "CALLNAME": "the call "}.get(kind, "")
    place.report(
        "E0119",
        f"{what}`{shown(token)}` cannot stand {here}",
        place.span(),
        f"it belongs {wanted}",
    )
    return False
