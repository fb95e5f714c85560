"""Characters of a text as the protocol counts them: lines from 0, and in a line UTF-16 units unless the client takes
bytes of UTF-8 or code points."""

from __future__ import annotations

from typing import Literal

from lsprotocol import types

from dslc.source import Source, Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]
BEYOND = 0xFFFF  # characters above take two units of UTF-16


class Positions:
    """Offsets of one text to positions and back. A position outside of the text means the nearest inside."""

    def __init__(self, source: Source, encoding: Encoding = "utf-16") -> None:
        self.source = source
        self.encoding = encoding
        self.plain = encoding == "utf-32" or source.text.isascii()

    def position(self, offset: int) -> types.Position:
        line, column = self.source.line_column(max(0, min(offset, len(self.source.text))))
        if not self.plain:
            start = self.source.line_starts[line - 1]
            column = 1 + units(self.source.text[start : start + column - 1], self.encoding)
        return types.Position(line - 1, column - 1)

    def range(self, start: int, end: int) -> types.Range:
        return types.Range(self.position(start), self.position(end))

    def of(self, span: Span) -> types.Range:
        """The range of a span of this text."""
        return self.range(span.start, span.end)

    def offset(self, position: types.Position) -> int:
        starts = self.source.line_starts
        if position.line >= len(starts):
            return len(self.source.text)
        start, text = starts[position.line], self.source.line(position.line + 1)
        if self.plain:
            return start + min(position.character, len(text))
        return start + _characters(text, position.character, self.encoding)

    def offsets(self, range: types.Range) -> tuple[int, int]:
        start, end = self.offset(range.start), self.offset(range.end)
        return min(start, end), max(start, end)


def units(text: str, encoding: Encoding) -> int:
    """How much the protocol counts for `text`."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(ord(ch) > BEYOND for ch in text)


def _characters(text: str, wanted: int, encoding: Encoding) -> int:
    """How many characters of `text` lie before the unit `wanted`; one that is cut in two counts as behind."""
    if text.isascii():
        return min(wanted, len(text))
    seen = 0
    for i, ch in enumerate(text):
        seen += units(ch, encoding)
        if seen > wanted:
            return i
    return len(text)


def edited(source: Source, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> str:
    """The text after one change of the client: of a range, or as a whole."""
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return change.text
    start, end = Positions(source, encoding).offsets(change.range)
    return source.text[:start] + change.text + source.text[end:]
