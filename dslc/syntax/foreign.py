"""Checks of `unexpected`: habits of other languages, and things in the wrong place."""

from __future__ import annotations

from dslc.diagnostics import Fix
from dslc.syntax.habits import HABITS, MODEL_WORDS, NAMED_SECTIONS, PREFIXES
from dslc.syntax.place import OPERANDS, Place, shown
from dslc.syntax.report import swap
from dslc.syntax.tokens import LITERALS, WORDS, Token

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


def mapping(place: Place) -> bool | None:
    """`class_weight = {0: 1, 1: 2}`, `rates = {head: 1e-3}`: a dictionary of Python."""
    equal, owner = place.near(-1), place.near(-2)
    if place.token.type != "LBRACE" or equal.type != "EQUAL" or owner.type not in WORDS:
        return None
    pairs, end = _pairs(place)
    if not pairs:
        return None
    keys = [key for key, _ in pairs]
    whole = place.parser.source.span(place.token.start, end)
    if all(key.isdecimal() and len(key) < 10 for key in keys):
        known = {int(key): value for key, value in pairs}
        fix = Fix("write a list, with a value for each number from 0")
        if max(known) < 100 and len(known) == len(pairs):
            text = f"[{', '.join(known.get(n, '1') for n in range(max(known) + 1))}]"
            fix = swap(f"write {text}", whole, text, safe=max(known) < len(known))
        message = "values by number are a list, in the order of their numbers"
        place.report("E0120", message, whole, "", fix)
        return False
    if place.context != "section" or not all(key.isidentifier() for key in keys):
        return None
    text = f"{{ {'  '.join(f'{key} = {value}' for key, value in pairs)} }}"
    fix = swap(f"write {owner.text} {text}", place.parser.source.span(equal.start, end), text)
    message = f"values by name stand in braces without `=`: `{owner.text} {{ name = value }}`"
    place.report("E0120", message, whole, "", fix)
    return False


def _pairs(place: Place) -> tuple[list[tuple[str, str]], int]:
    """The keys and values of `{a: 1, b: 2}` and where it ends; none when it is something else."""
    text = place.parser.source.text
    found: list[tuple[str, str]] = []
    at = 1
    while (
        place.near(at).type in (*WORDS, "NUMBER", "STRING") and place.near(at + 1).type == "COLON"
    ):
        key = place.near(at).text.strip("\"'")
        first = place.near(at + 2)
        at += 2
        while place.near(at).type in (*WORDS, *LITERALS, "MINUS"):
            at += 1
        last = place.near(at - 1)
        if last.start < first.start:
            return [], 0
        found.append((key, text[first.start : last.end]))
        if place.near(at).type == "COMMA":
            at += 1
        if place.near(at).type == "RBRACE":
            return found, place.near(at).end
    return [], 0


def section_name(place: Place) -> bool | None:
    """`phase 1 {`, `phase "warm up" {`, `finetune bb, head {`: the name of a section is one word."""
    token, given, word = place.token, place.near(-1), place.near(-2)
    if token.type == "LBRACE" and given.type in LITERALS and word.text in NAMED_SECTIONS:
        name = "_".join("".join(c if c.isalnum() else " " for c in given.text).split()).lower()
        name = name if name.isidentifier() else f"{word.text}_{name}"
        fix = swap(f"write `{name}`", place.span(given), name, safe=False)
        message = f"the name of a {word.text} is a word"
        place.report("E0120", message, place.span(given), "", fix)
        return False
    if place.context != "file" or token.text not in NAMED_SECTIONS or place.near(2).type != "COMMA":
        return None
    at = 1
    while place.near(at).type in WORDS and place.near(at + 1).type == "COMMA":
        at += 2
    if place.near(at).type not in WORDS or place.near(at + 1).type != "LBRACE":
        return None
    more = place.parser.source.span(place.near(1).end, place.near(at).end)
    fix = swap(f"write {token.text} {place.near(1).text} {{ … }}", more, "", safe=False)
    message = f"`{token.text}` takes one name"
    place.report("E0120", message, more, "the rest of the model trains with it", fix)
    return False


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
