"""What a formatted spec is made of, before it is known where its lines break.

A document is a flat list of commands. Between `OPEN` and `CLOSE` stands a group: it is written flat when it fits, else
each of its own lines breaks. Flat lists need no recursion, so flows of any length print.
"""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass

WIDTH = 110  # columns; comments are left as long as they are
INDENT_SIZE = 2


class Mark(enum.Enum):
    """What has no text: where groups and deeper lines begin and end."""

    OPEN = enum.auto()
    CLOSE = enum.auto()
    INDENT = enum.auto()
    DEDENT = enum.auto()


OPEN, CLOSE, INDENT, DEDENT = Mark


class Blank(enum.IntEnum):
    """Which blank lines of the source are kept where a line breaks."""

    NONE = 0
    COMMENTS = 1  # in front of comments
    KEPT = 2
    ONE = 3  # there is always one


@dataclass(slots=True, eq=False)
class Text:
    """A word or sign. `end` is where it ended in the source (-1: it is new); `blank` says that a blank line stood in
    front of it."""

    text: str
    end: int = -1
    blank: bool = False


@dataclass(slots=True, eq=False)
class Space:
    """Blanks within a line; `when` restricts them to groups that are flat or broken."""

    size: int = 1
    when: str = ""


@dataclass(slots=True, eq=False)
class Line:
    """A place to break: `flat` is its width in a group that fits. With `hard` it always breaks; with `fill` only when
    what follows up to the next place does not fit; with `held` never."""

    flat: int = 1
    hard: bool = False
    fill: bool = False
    blank: Blank = Blank.COMMENTS
    held: bool = False

    def breaks(self, because: bool) -> bool:
        """Does it break whatever its width, or where there is a reason to?"""
        return not self.held and (self.hard or because)


@dataclass(slots=True, eq=False)
class Comma:
    """The comma behind the last item: written in a broken group only, or with `always`."""

    always: bool = False


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on a line of its own, or behind the code of its line, where it keeps its `column`."""

    text: str
    end: int
    own: bool
    blank: bool
    column: int
    last: bool = False  # a line breaks right behind it


Command = Mark | Text | Space | Line | Comma | Comment


def width_of(text: str) -> int:
    """Columns that `text` takes: two for a Korean or Chinese character."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def taken(command: Command) -> int:
    """The columns that `command` takes in a group that is flat."""
    if isinstance(command, Text):
        return width_of(command.text)
    if isinstance(command, Space):
        return command.size if command.when != "broken" else 0
    if isinstance(command, Line):
        return command.flat
    return isinstance(command, Comma) and command.always
