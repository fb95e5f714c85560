"""Faults that the parser would meet too late: it knows no lines, and takes any word for a section's."""

from __future__ import annotations

import itertools

from dslc.diagnostics import did_you_mean
from dslc.source import Source
from dslc.syntax.report import Report, swap
from dslc.syntax.tokens import KEYWORDS, LITERALS, WORDS, Token


def check(source: Source, tokens: list[Token], report: Report) -> list[Token]:
    """`tokens`, mended where a line says more than the grammar sees."""
    _misspelt(source, tokens, report)
    return _loose_arrows(source, tokens, report)


def _misspelt(source: Source, tokens: list[Token], report: Report) -> None:
    """`modle Net(…) {` at the start of a line outside of all brackets becomes `model`."""
    for i, token in enumerate(tokens[:-1]):
        following = tokens[i + 1]
        if (
            token.depth
            or not token.first
            or token.type not in ("NAME", "SECTION")
            or following.first
        ):
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

    An input never is a step, so in `y = x ->` followed by the line `x -> relu` the first arrow leads nowhere.
    """
    inputs = {b.text for a, b in itertools.pairwise(tokens) if a.type == "INPUT"}
    loose: set[int] = set()
    for i, token in enumerate(tokens[:-2]):
        following = tokens[i + 1]
        if (
            token.type == "ARROW"
            and following.first
            and _begins_flow(following, tokens[i + 2], inputs)
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
