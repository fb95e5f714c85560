"""Comments and blank lines, tied to the words and signs that they stand at."""

from __future__ import annotations

from dataclasses import dataclass, field

from dslc.fmt.document import width_of
from dslc.source import Source
from dslc.syntax.directives import Covered
from dslc.syntax.tokens import CLOSERS, OPENERS, Token
from dslc.syntax.tree import Comment, File


@dataclass(slots=True, eq=False)
class Remark:
    """A comment: what it says, where it ended, whether a blank line stands above it, and its column from 0."""

    text: str
    end: int
    blank: bool
    column: int


@dataclass(slots=True, eq=False)
class Piece:
    """A token with the comments on the lines above it and the one behind it. `partner` is the index of the bracket that
    closes it, or that it closes. `held`: a comment is for its line, as it is (`dslc.syntax.directives`)."""

    token: Token
    above: list[Remark] = field(default_factory=list)
    behind: Remark | None = None
    blank: bool = False
    partner: int = -1
    held: bool = False


def pieces_of(file: File, tokens: list[Token], comments: tuple[Comment, ...]) -> list[Piece]:
    """The tokens with their comments; the last piece stands for the end of the file."""
    source = file.source
    size = len(source.text)
    pieces = [Piece(token) for token in [*tokens, Token("$END", "", size, size, True)]]
    waiting = list(reversed(comments))
    above: list[Remark] = []
    end = 0
    for i, piece in enumerate(pieces):
        start = piece.token.start
        while waiting and waiting[-1].span.start < start:
            comment = waiting.pop()
            lines = _lines(source.text[end : comment.span.start])
            column = width_of(_line_before(source, comment.span.start))
            remark = Remark(comment.text.rstrip(), comment.span.end, lines > 1, column)
            end = comment.span.end
            if i and not lines and not above and pieces[i - 1].behind is None:
                pieces[i - 1].behind = remark
            else:
                above.append(remark)
        piece.above, above = above, []
        piece.blank = _lines(source.text[end:start]) > 1
        end = piece.token.end
    _pair(pieces)
    _hold(pieces, source, set(Covered(file).held()) if comments else set())
    return pieces


def _hold(pieces: list[Piece], source: Source, lines: set[int]) -> None:
    for piece in pieces if lines else ():
        piece.held = source.line_column(piece.token.start)[0] in lines


def _line_before(source: Source, offset: int) -> str:
    _, column = source.line_column(offset)
    return source.text[offset - column + 1 : offset]


def _lines(gap: str) -> int:
    return gap.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _pair(pieces: list[Piece]) -> None:
    opened: list[int] = []
    for i, piece in enumerate(pieces):
        if piece.token.type in OPENERS:
            opened.append(i)
        elif piece.token.type in CLOSERS:
            piece.partner = opened.pop()
            pieces[piece.partner].partner = i
