"""Where the cursor stands, read off the words in front of it: it works in any text, finished or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from dslc.source import Source
from dslc.syntax.report import Report
from dslc.syntax.scan import scan
from dslc.syntax.tokens import CLOSERS, OPENERS, Token

Shape = Literal["call", "parameters", "import", "group", "list", "body", "section", "steps", "arms"]
NAMES = ("NAME", "CALLNAME", "SECTION")
PREFIX = re.compile(r"[^\W\d]\w*$")


@dataclass
class Frame:
    """An open bracket around the cursor. `name` is what stands in front of it: the word of a call, the name of a
    body, the word of a section (`label` then its name). `tokens` are those directly in it, up to the cursor."""

    shape: Shape
    name: str = ""
    label: str = ""
    at: int = 0  # where that name begins
    tokens: list[Token] = field(default_factory=list)

    @property
    def argument(self) -> list[Token]:
        """The tokens of the argument that is being written."""
        last = max((i for i, t in enumerate(self.tokens) if t.type == "COMMA"), default=-1)
        return self.tokens[last + 1 :]

    @property
    def position(self) -> int:
        """How many arguments without a name stand in front of the one being written."""
        return sum(not _named(part) for part in self._parts()[:-1])

    @property
    def given(self) -> list[str]:
        """The names of the arguments, settings or words that stand here already."""
        pairs = pairwise(self.tokens)
        return [a.text for a, b in pairs if a.type in NAMES and b.type in ("EQUAL", "LBRACE")]

    def _parts(self) -> list[list[Token]]:
        parts: list[list[Token]] = [[]]
        for token in self.tokens:
            if token.type == "COMMA":
                parts.append([])
            else:
                parts[-1].append(token)
        return parts


def _named(part: list[Token]) -> bool:
    return len(part) > 1 and part[1].type == "EQUAL"


@dataclass
class Cursor:
    """`prefix` is the word that is being written, `start` where it begins. `quoted` is the text of the string that
    the cursor is in, if it is in one."""

    offset: int
    prefix: str
    start: int
    frames: list[Frame]
    quoted: str | None = None
    comment: bool = False

    @property
    def inner(self) -> Frame:
        return self.frames[-1]

    @property
    def last(self) -> Token | None:
        """The word or sign in front, in the same brackets."""
        return self.inner.tokens[-1] if self.inner.tokens else None

    @property
    def body(self) -> Frame | None:
        """The model or block around."""
        return next((f for f in reversed(self.frames) if f.shape == "body"), None)

    @property
    def sections(self) -> list[Frame]:
        return [f for f in self.frames if f.shape == "section"]

    @property
    def key(self) -> str:
        """The name of the argument or setting whose value is being written."""
        tokens = self.inner.argument if self.inner.shape == "call" else self.inner.tokens
        for name, sign in reversed(list(pairwise(tokens))):
            if sign.type == "EQUAL" and name.type in NAMES:
                after = tokens[tokens.index(sign) + 1 :]
                return name.text if len(after) < 2 or self.inner.shape == "call" else ""
        return ""


def cursor_at(source: Source, offset: int) -> Cursor:
    """What stands around the place `offset`."""
    text = source.text[:offset]
    line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
    quote, comment = _inside(line)
    if comment:
        return Cursor(offset, "", offset, [Frame("group")], comment=True)
    found = PREFIX.search(text) if quote is None else None
    start = offset - (len(line) - quote if quote is not None else 0)
    start = found.start() if found is not None else start
    if found is not None and start and (text[start - 1].isdigit() or text[start - 1] == "_"):
        found, start = None, offset
    before = Source(source.name, source.text[:start])
    tokens, _ = scan(before, Report(before))
    frames = _frames(tokens or [])
    quoted = line[quote + 1 :] if quote is not None else None
    return Cursor(offset, found[0] if found else "", start, frames, quoted)


def _inside(line: str) -> tuple[int | None, bool]:
    """Where the string begins that is open at the end of the line, and whether a comment is."""
    quote: int | None = None
    i = 0
    while i < len(line):
        ch = line[i]
        if quote is not None and ch == "\\":
            i += 1
        elif ch == '"':
            quote = i if quote is None else None
        elif ch == "#" and quote is None:
            return None, True
        i += 1
    return quote, False


def _frames(tokens: list[Token]) -> list[Frame]:
    """The open brackets at the end of the tokens, outermost first; the file itself is the first."""
    frames = [Frame("group")]
    openers: list[str] = [""]
    closed: Frame | None = None
    for token in tokens:
        top = frames[-1]
        if token.type in OPENERS:
            frame = _opened(token, top, closed)
            top.tokens.append(token)
            frames.append(frame)
            openers.append(token.type)
        elif token.type in CLOSERS:
            if CLOSERS[token.type] in openers[1:]:
                while openers.pop() != CLOSERS[token.type]:
                    frames.pop()
                closed = frames.pop()
            frames[-1].tokens.append(token)
        else:
            top.tokens.append(token)
    return frames


def _opened(token: Token, around: Frame, closed: Frame | None) -> Frame:
    """What a bracket opens, by what stands in front of it."""
    before = around.tokens
    last = before[-1] if before else None
    one = before[-2] if len(before) > 1 else None
    if token.type == "LSQB":
        return Frame("list")
    if token.type == "LPAR":
        if last is not None and last.type == "STRING" and one is not None and one.type == "IMPORT":
            return Frame("import", last.text.strip('"'), at=last.start)
        if last is not None and last.type in NAMES and last.end == token.start:
            defines = one is not None and one.type in ("MODEL", "BLOCK")
            return Frame("parameters" if defines else "call", last.text, at=last.start)
        return Frame("group")
    if last is None:
        return Frame("group")
    if last.type == "RPAR" and closed is not None and closed.shape == "parameters":
        return Frame("body", closed.name, at=closed.at)
    if last.type in NAMES and one is not None and one.type in ("MODEL", "BLOCK"):
        return Frame("body", last.text, at=last.start)
    if last.type == "MATCH":
        return Frame("arms")
    if last.type == "ARROW" or any(t.type == "REPEAT" for t in before[-4:]):
        return Frame("steps")
    if last.type == "NAME" and one is not None and one.type in ("SECTION", "NAME"):
        return Frame("section", one.text, last.text, one.start)
    return Frame("section", last.text, at=last.start) if last.type in NAMES else Frame("group")
