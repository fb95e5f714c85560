"""Reading a text again that is much like one read before: lines that were seen are not taken apart once more.

A line is remembered by its text. Where it stands whole inside a body it goes through the passes as one token, and the
parser puts what it made of it last time on its stack, moved to the new place. That is done only where it is the same by
construction (the states of the parser and the token behind the line are part of what is remembered), and only for texts
without a fault: for all others `quick` gives up, and they are read token by token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from dslc.source import Source, Span
from dslc.syntax import lines, statements
from dslc.syntax.brackets import balance
from dslc.syntax.parser import Parser
from dslc.syntax.report import Report
from dslc.syntax.scan import BEFORE_SECTION, BEFORE_VALUE, MAX_TOKENS, scan
from dslc.syntax.tokens import CLOSERS, ENDERS, OPENERS, Token
from dslc.syntax.tree import Comment, File, Node

MOST = 20_000  # lines that are remembered
DEEPEST = 16  # brackets around a line, and in it, for which it may stand as one token
APART = frozenset({"INPUT", "LBRACE", "RBRACE", "SECTION", "ASSERT", "MATCH", "ELSE"})

Make = Callable[[Source, int], Any]  # a value of the parser, for a line that begins at an offset
Piece = tuple[list[int], list[Make], list[tuple[int, int, int]]]  # states, values and spans


@dataclass(slots=True, eq=False)
class Seen:
    """What a line holds: its tokens and comments at offsets from its start. `whole`: it may stand as one token.
    `pieces` is what the parser makes of it, by the state in front and the token behind; None: token by token."""

    tokens: tuple[Token, ...]
    comments: tuple[Comment, ...]
    whole: bool
    pieces: dict[tuple[int, str], Piece | None]


class Line(Token):
    """A whole line in the place of its tokens. `kind` is the type of the first of them, `at` where the line begins."""

    __slots__ = ("at", "kind", "seen")

    def __init__(self, seen: Seen, at: int) -> None:
        first, last = seen.tokens[0], seen.tokens[-1]
        super().__init__("LINE", "", at + first.start, at + last.end, True)
        self.kind = first.type
        self.seen = seen
        self.at = at


_MET: set[str] = set()  # lines of texts that were read, which are worth a look when they come again
_SEEN: dict[str, Seen | None] = {}


def forget() -> None:
    """Read every line as if for the first time."""
    _MET.clear()
    _SEEN.clear()


def quick(source: Source) -> File | None:
    """The tree of a text without faults, much of which was read before; None where it must be read in full."""
    texts = source.text.split("\n")
    fresh = {*texts} - _MET
    if len(_MET) + len(fresh) > MOST:
        _MET.clear()
    _MET.update(fresh)
    if 2 * len(fresh) > len(texts):
        return None
    found = _tokens(source, texts)
    if found is None:
        return None
    tokens, comments = found
    report = Report(source)
    balanced = balance(source, lines.whole_arrows(source, tokens, report), report)
    if balanced is None or report.found:
        return None
    checked = lines.check(source, balanced, report)
    if report.found:
        return None
    declared = _Again(source, checked, report).read()
    if declared is None or report.found:
        return None
    declarations = statements.check(declared, report)
    return None if report.found else File(source, declarations, comments)


def _seen(line: str) -> Seen | None:
    """What a line holds; None for one with a fault."""
    try:
        return _SEEN[line]
    except KeyError:
        if len(_SEEN) >= MOST:
            _SEEN.clear()
        found = _SEEN[line] = _look(line)
        return found


def _look(line: str) -> Seen | None:
    source = Source("", line)
    report = Report(source)
    tokens, comments = scan(source, report)
    if tokens is None or report.found:
        return None
    return Seen(tuple(tokens), comments, _is_whole(tokens), {})


def _is_whole(tokens: list[Token]) -> bool:
    """Whether a line is complete in itself as far as its brackets and its end are concerned."""
    kinds = [token.type for token in tokens]
    if len(tokens) < 2 or not APART.isdisjoint(kinds) or kinds[-1] not in ENDERS:
        return False
    opened: list[str] = []
    for before, kind in zip(["", *kinds], kinds, strict=False):
        if kind in OPENERS:
            opened.append(kind)
        elif kind in CLOSERS and (not opened or opened.pop() != CLOSERS[kind]):
            return False
        if len(opened) > DEEPEST or (before == "MINUS" and kind == "GT"):
            return False
    return not opened


def _tokens(source: Source, texts: list[str]) -> tuple[list[Token], tuple[Comment, ...]] | None:
    """The tokens of a text, lines that are whole as one; None where a fault is in sight."""
    tokens: list[Token] = []
    comments: list[Comment] = []
    opened: list[str] = []
    before, at, count = "", 0, 0
    for text in texts:
        seen = _seen(text)
        if seen is None or "\r" in text[:-1]:
            return None
        for comment in seen.comments:
            comments.append(Comment(_moved(comment.span, source, at), comment.text))
        if seen.tokens:
            if seen.tokens[-1].type == "ARROW":
                return None  # whether a step comes behind it depends on the lines below
            first = seen.tokens[0].type
            if first == "LBRACE" or (
                before
                and (
                    (first == "OUTPUT" and before in BEFORE_VALUE)
                    or (first == "SECTION" and before not in BEFORE_SECTION)
                )
            ):
                return None  # what stands on the line before depends on it, or it on that
            inside = 0 < len(opened) <= DEEPEST and opened[-1] == "LBRACE"
            if seen.whole and inside and (before in ENDERS or before == "LBRACE"):
                tokens.append(Line(seen, at))
            else:
                for token in seen.tokens:
                    if token.type in OPENERS:
                        opened.append(token.type)
                    elif token.type in CLOSERS and (
                        not opened or opened.pop() != CLOSERS[token.type]
                    ):
                        return None
                tokens += _placed(seen.tokens, at)
            before = seen.tokens[-1].type
            count += len(seen.tokens)
        at += len(text) + 1
    sound = tokens and not opened and count <= MAX_TOKENS
    return (tokens, tuple(comments)) if sound else None


def _placed(tokens: tuple[Token, ...], at: int) -> list[Token]:
    return [Token(t.type, t.text, at + t.start, at + t.end, t.first) for t in tokens]


def _moved(span: Span, source: Source, at: int) -> Span:
    return Span(source, at + span.start, at + span.end)


class _Again(Parser):
    """The parser, for a text that has no fault: it takes whole lines, and stops where it gets stuck."""

    def read(self) -> list[Any] | None:
        """The declarations; None for a text with a fault."""
        for at, token in enumerate(self.tokens):
            self.at = at
            if isinstance(token, Line):
                following = self.tokens[at + 1]
                behind = following.kind if isinstance(following, Line) else following.type
                if not self.take(token, behind):
                    return None
            elif not self.feed(token):
                return None
        return list(self.values[-1])

    def take(self, line: Line, behind: str) -> bool:
        """Take a line, in front of a token of the type `behind`."""
        if not self.reduce_for(line.kind):
            return False
        key = self.states[-1], behind
        pieces = line.seen.pieces
        if key not in pieces:
            return self.learn(line, key)
        piece = pieces[key]
        if piece is None:
            return all(map(self.feed, _placed(line.seen.tokens, line.at)))
        states, values, spans = piece
        source, at = self.source, line.at
        self.states += states
        self.values += [make(source, at) for make in values]
        self.spans += [(start + at, end + at, depth) for start, end, depth in spans]
        return True

    def reduce_for(self, kind: str) -> bool:
        """Make the reductions that a token of this type asks for; false when it does not fit."""
        actions, states = self.table.actions, self.states
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                return False
            if action > 0:
                return True
            self.reduce(-action - 1)

    def learn(self, line: Line, key: tuple[int, str]) -> bool:
        """Take a line token by token, and remember what becomes of it: the reductions that reach behind its start
        are left for the token behind it."""
        floor = len(self.states)
        actions, rules = self.table.actions, self.table.rules
        sound = True
        for token in [*_placed(line.seen.tokens, line.at), None]:
            kind = token.type if token is not None else key[1]
            while True:
                action = actions[self.states[-1]].get(kind)
                if action is None:
                    return False
                if action > 0:
                    break
                rule = rules[-action - 1]
                if len(self.states) - rule.size < floor or not rule.size:
                    if token is None:
                        break
                    sound = False
                self.reduce(-action - 1)
            if token is not None:
                self.feed(token)
        known = sound and not self.report.found
        line.seen.pieces[key] = self.piece(floor, line.at) if known else None
        return True

    def piece(self, floor: int, at: int) -> Piece:
        """What lies on the stack above `floor`, for a line that begins at `at`."""
        above = len(self.states) - floor
        return (
            self.states[floor:],
            [_template(value, at) for value in self.values[-above:]],
            [(start - at, end - at, depth) for start, end, depth in self.spans[-above:]],
        )


# --------------------------------------------------------------------------- values, at another place


def _template(value: Any, at: int) -> Make:
    """How to make `value`, which was read on a line that begins at `at`, on a line that begins elsewhere."""
    if isinstance(value, Node):
        return _node(value, at)
    if isinstance(value, Token):
        return _token(value, at)
    if isinstance(value, list):
        return _sequence(list, value, at)
    if isinstance(value, tuple) and any(isinstance(item, Node) for item in value):
        return _sequence(tuple, value, at)
    return lambda source, to: value


def _node(node: Node, at: int) -> Make:
    kind, start, end = type(node), node.span.start - at, node.span.end - at
    values = [getattr(node, name) for name in _names(kind)]
    if not any(isinstance(value, (Node, tuple)) for value in values):
        return lambda source, to: kind(Span(source, to + start, to + end), *values)
    parts = [_template(value, at) for value in values]
    return lambda source, to: kind(
        Span(source, to + start, to + end), *[make(source, to) for make in parts]
    )


def _sequence(kind: type, items: Any, at: int) -> Make:
    makers = [_template(item, at) for item in items]
    return lambda source, to: kind([make(source, to) for make in makers])


def _token(token: Token, at: int) -> Make:
    kind, text, start, end = token.type, token.text, token.start - at, token.end - at
    return lambda source, to: Token(kind, text, to + start, to + end, token.first)


def _names(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node behind its span."""
    return tuple(field.name for field in fields(kind) if field.name != "span")
