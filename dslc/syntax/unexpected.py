"""Why a token does not fit, and what was most likely meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dslc.syntax.parser import Parser


def explain(parser: Parser) -> bool:
    token = parser.tokens[parser.at]
    start = parser.tokens[parser.begin].start
    if not parser.report.explains(start, token.end):
        parser.report.add(
            "E0101",
            f"`{token.text}` is not expected here",
            parser.source.span(token.start, token.end),
        )
    return False
