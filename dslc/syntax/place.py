"""Where a token does not fit: what stands around it and what the parser would take instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dslc.diagnostics import Fix, Label
from dslc.source import Span
from dslc.syntax.table import END
from dslc.syntax.tokens import CLOSERS, LITERALS, TEXTS, WORDS, Token

if TYPE_CHECKING:
    from dslc.syntax.parser import Parser

OPERANDS = WORDS | LITERALS | {"LPAR", "LSQB", "MATCH", "NOT"}


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


def shown(token: Token) -> str:
    text = token.text if len(token.text) <= 30 else token.text[:27] + "…"
    return TEXTS.get(token.type, text)
