"""Text with a name, and places in it.

A `Span` is a half-open pair of character offsets into one `Source`; lines and columns are computed only
where something is shown to a person. This module imports nothing of dslc.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, dataclass_transform

LINE_END = re.compile(r"\r\n|\r|\n")
T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A class of small values. That they never change is for the type checker to see, which is enough for what is
    made ten times a line."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one spec file, under the name that diagnostics show."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first character of every line; `\\n`, `\\r\\n` and `\\r` end a line."""
        return [0, *(end.end() for end in LINE_END.finditer(self.text))]

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both counted from 1, the column in characters."""
        line = bisect.bisect_right(self.line_starts, offset) - 1
        return line + 1, offset - self.line_starts[line] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line ending."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        return Span(self, start, end)


@value
class Span:
    """The characters `start` (included) to `end` (excluded) of `source`."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.line_column(self.start)[0]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, other.end)

    def after(self) -> Span:
        """The empty span right behind this one: where a fix inserts."""
        return Span(self.source, self.end, self.end)

    def before(self) -> Span:
        """The empty span right in front of this one."""
        return Span(self.source, self.start, self.start)

    def __str__(self) -> str:
        line, column = self.source.line_column(self.start)
        return f"{self.source.name}:{line}:{column}"
