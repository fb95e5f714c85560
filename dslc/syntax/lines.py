"""Faults that the parser would meet too late: it knows no lines, and takes any word for a section's."""

from __future__ import annotations

import itertools

from dslc.diagnostics import did_you_mean
from dslc.source import Source
from dslc.syntax.habits import DEFINING, HABITS
from dslc.syntax.report import Report, swap
from dslc.syntax.tokens import CLOSERS, KEYWORDS, LITERALS, OPENERS, WORDS, Token


def check(source: Source, tokens: list[Token], report: Report) -> list[Token]:
    """`tokens`, mended where a line says more than the grammar sees."""
    _misspelt(source, tokens, report)
    return _loose_arrows(source, tokens, report)


def whole_arrows(source: Source, tokens: list[Token], report: Report) -> list[Token]:
    """`tokens` with `- >` made one arrow."""
    out: list[Token] = []
    for token in tokens:
        if token.type == "GT" and not token.first and out and out[-1].type == "MINUS":
            minus = out.pop()
            span = source.span(minus.start, token.end)
            message = "the two signs of an arrow stand together: `->`"
            report.add("E0115", message, span, fixes=[swap("write `->`", span, "->")])
            token = Token("ARROW", "->", minus.start, token.end, minus.first)
        out.append(token)
    return out


def _misspelt(source: Source, tokens: list[Token], report: Report) -> None:
    """`modle Net(…) {` at the start of a line outside of all brackets becomes `model`, and so does `class Net {`."""
    for i, token in enumerate(tokens[:-1]):
        following = tokens[i + 1]
        if (
            token.depth
            or not token.first
            or token.type not in ("NAME", "SECTION")
            or following.first
        ):
            continue
        if token.text in DEFINING and following.type in WORDS and _opens(tokens, i):
            _define(source, token, report, part=_is_part(tokens, i))
            continue
        known = {"STRING": ("import",), "NAME": ("model", "block"), "CALLNAME": ("model", "block")}
        close = did_you_mean(token.text, known.get(following.type, ()))
        if close is None:
            continue
        span = source.span(token.start, token.end)
        report.add(
            "E0101",
            f"`{token.text}` begins nothing here",
            span,
            f"did you mean `{close}`?",
            fixes=[swap(f"write `{close}`", span, close)],
        )
        token.type, token.text = close.upper(), close


def _opens(tokens: list[Token], at: int) -> bool:
    """Does the line that begins with the token `at` end in a brace?"""
    at += 1
    while at < len(tokens) and not tokens[at].first:
        at += 1
    return tokens[at - 1].type == "LBRACE"


def _is_part(tokens: list[Token], at: int) -> bool:
    """Has the definition at `at` a parameter without a default, or an input without a shape, as only blocks do?"""
    parameters = tokens[at + 1].type == "CALLNAME"
    for before, token, behind in zip(tokens[at:], tokens[at + 1 :], tokens[at + 2 :], strict=False):
        bare = token.type == "NAME" and behind.type in ("COMMA", "RPAR")
        if parameters and bare and before.type in ("LPAR", "COMMA"):
            return True
        parameters = parameters and behind.type != "RPAR"
        if before.type == "INPUT":
            return behind.first
        if before.type == "RBRACE":
            break
    return False


def _define(source: Source, token: Token, report: Report, *, part: bool) -> None:
    """`class Net {` is read as the `model` or `block` that it means."""
    meant, span = "block" if part else DEFINING[token.text], source.span(token.start, token.end)
    message = f"a network is a `model`, not a `{token.text}`"
    label = ""
    if token.text in HABITS:
        message = f"`{token.text}` is not a word of a spec"
        label = HABITS["def" if part else token.text]
    fix = swap(f"write `{meant}`", span, meant, safe=False)
    report.add("E0120", message, span, label, fixes=[fix])
    token.type, token.text = meant.upper(), meant


def _begins_flow(name: Token, following: Token, inputs: set[str]) -> bool:
    """Does a statement begin with `name`: `y = …`, `x -> …` of an input, the faulty `y x`?"""
    if name.type in KEYWORDS:
        return following.type == "EQUAL"
    if name.type != "NAME":
        return False
    if following.type == "ARROW":
        return name.text in inputs
    return following.type in WORDS | LITERALS | {"EQUAL", "COLON"} and not following.first


def _loose_arrows(source: Source, tokens: list[Token], report: Report) -> list[Token]:
    """`tokens` without the arrows that end a line while the next one begins another flow.

    An input never is a step, so in `y = x ->` followed by the line `x -> relu` the first arrow leads nowhere. Nothing
    flows in a section.
    """
    inputs = {b.text for a, b in itertools.pairwise(tokens) if a.type == "INPUT"}
    loose: set[int] = set()
    sections: list[bool] = []  # is the bracket that is open there that of a section?
    continues = False  # the line begins with an arrow itself
    for i, token in enumerate(tokens[:-2]):
        following = tokens[i + 1]
        continues = token.type == "ARROW" if token.first else continues
        if token.type in OPENERS:
            sections.append("SECTION" in (tokens[i - 1].type, tokens[max(i - 2, 0)].type))
        elif token.type in CLOSERS and sections:
            sections.pop()
        elif (
            token.type == "ARROW"
            and following.first
            and (
                _begins_flow(following, tokens[i + 2], inputs)
                or (sections and sections[-1] and not continues)
            )
        ):
            loose.add(i)
            span = source.span(token.start, token.end)
            report.add(
                "E0115",
                "nothing comes behind this `->`",
                span,
                "a step belongs behind it",
                fixes=[swap("remove it, or name the next step", span, "", safe=False)],
            )
    return [token for i, token in enumerate(tokens) if i not in loose] if loose else tokens
