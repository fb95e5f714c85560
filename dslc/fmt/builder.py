"""From the tree to a document: walks the tree and the tokens of the source side by side.

What a node is made of is a list of parts: the texts of its tokens, its children, and where lines may break
(`statements`, `expressions`). Each text must be the next token of the source, so nothing is lost, doubled or moved, and
each comment stays at the token where it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dslc.fmt.document import (
    DEDENT,
    OPEN,
    Comma,
    Command,
    Comment,
    Line,
    Text,
)
from dslc.fmt.tables import Table
from dslc.fmt.trivia import Piece, Remark
from dslc.syntax import tree
from dslc.syntax.tokens import CLOSERS


class Drift(Exception):
    """The tree and the tokens do not agree: a bug in the formatter."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value. A value that binds less than `level` needs parentheses. Others of the source are kept with
    `keep`. `hang`: the lines of a flow are indented."""

    node: tree.Expr
    level: int = 0
    keep: bool = False
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """A sign that canonical text lacks: it is left out where the source has it, its comments are kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Tells how many commands there are so far."""

    call: Callable[[int], None]


Part = str | tree.Node | Slot | Drop | Note | Command
Expand = Callable[["Builder", "tree.Node | Slot"], Iterable[Part]]


class Builder:
    """One run over the pieces of one source."""

    def __init__(self, pieces: list[Piece], expand: Expand) -> None:
        self.pieces = pieces
        self.expand = expand
        self.index = {piece.token.start: i for i, piece in enumerate(pieces)}
        self.at = 0
        self.out: list[Command] = []
        self.carried: list[Remark] = []
        self.tables: list[Table] = []
        self.stops: set[int] = (
            set()
        )  # where statements end in the source, with the comments behind them

    def run(self, parts: list[Part]) -> list[Command]:
        """The commands for `parts`, which must use up all tokens."""
        stack = parts[::-1]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                self.take(part)
            elif isinstance(part, (tree.Node, Slot)):
                stack.extend(reversed(list(self.expand(self, part))))
            elif isinstance(part, Drop):
                self.drop(part.text)
            elif isinstance(part, Note):
                part.call(len(self.out))
            else:
                self.out.append(part)
        if self.at != len(self.pieces) - 1:
            raise Drift(self.piece.token)
        self.above(self.piece)
        return self.out

    @property
    def piece(self) -> Piece:
        return self.pieces[self.at]

    def near(self, start: int, offset: int = 0) -> Piece:
        """The piece `offset` places from the one at `start` in the source."""
        return self.pieces[self.index[start] + offset]

    def one_line(self, opening: int) -> bool:
        """Does the bracket `opening` close on its line?"""
        inside = self.pieces[opening + 1 : self.pieces[opening].partner + 1]
        return not any(piece.token.first for piece in inside)

    def stop(self, at: int) -> None:
        """A statement, or the line that opens what holds others, ends with the piece `at`."""
        piece = self.pieces[at]
        self.stops.add(piece.behind.end if piece.behind else piece.token.end)

    def blank_above(self, node: tree.Node) -> bool:
        """Does a blank line stand above a statement, or above one of its comments?"""
        piece = self.near(node.span.start)
        return piece.blank or any(remark.blank for remark in piece.above)

    # -------------------------------------------------------------------------------------- tokens
    def take(self, text: str) -> None:
        """Write the next token, which must read `text`."""
        piece = self.piece
        if piece.token.text != text:
            raise Drift(piece.token, text)
        if piece.held:
            self.hold(piece.token.first)
        if text == ",":  # never begins a line: its comments move behind it
            crowded = self.crowded()
            self.carried += piece.above
            self.out.append(Text(text, piece.token.end))
            self.behind(piece, carry=crowded)
        else:
            self.above(piece)
            blank = piece.blank and piece.token.type not in CLOSERS
            self.out.append(Text(text, piece.token.end, blank))
            self.behind(piece)
        self.at += 1

    def hold(self, first: bool) -> None:
        """The next token begins its line (`first`), and must go on doing so, or must not begin one."""
        at = len(self.out)
        while at and not isinstance(self.out[at - 1], (Text, Comment)):
            at -= 1
        lines = [c for c in self.out[at:] if isinstance(c, Line)]
        if first and lines:
            lines[-1].hard = True
        elif not first:
            for line in lines:
                line.held = True
            self.out[at:] = [c for c in self.out[at:] if not isinstance(c, Comma) or c.always]

    def drop(self, text: str) -> None:
        """Leave the next token out, if it reads `text`."""
        piece = self.piece
        if piece.token.text == text:
            self.carried += piece.above
            self.behind(piece, carry=self.crowded())
            self.at += 1

    def crowded(self) -> bool:
        """Does no word or sign stand behind the last comment or line?"""
        said = (c for c in reversed(self.out) if isinstance(c, (Text, Comment, Line)))
        return not isinstance(next(said, None), Text)

    def above(self, piece: Piece) -> None:
        """Write the comments above a token, outside of the groups that begin with it and inside of those that end."""
        remarks, self.carried = self.carried + piece.above, []
        if not remarks:
            return
        later: list[Command] = []
        closing = piece.token.type in CLOSERS
        while self.out and self._moves(self.out[-1], closing):
            later.append(self.out.pop())
        self.out += [Comment(r.text, r.end, True, r.blank, r.column) for r in remarks]
        self.out += reversed(later)

    @staticmethod
    def _moves(command: Command, closing: bool) -> bool:
        if closing:
            return command is DEDENT or isinstance(command, Line)
        return command is OPEN

    def behind(self, piece: Piece, *, carry: bool = False) -> None:
        """Write the comment behind a token, or with `carry`, and where others wait, above the next one."""
        remark = piece.behind
        if remark is not None and (carry or self.carried):
            self.carried.append(remark)
        elif remark is not None:
            self.out.append(Comment(remark.text, remark.end, False, False, remark.column))
