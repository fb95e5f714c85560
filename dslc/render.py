"""Diagnostics for people and machines: terminal, one line each, JSON, GitHub annotations.

Only here do offsets become lines and columns. Text of a spec is never printed raw: control and formatting
characters are shown escaped, so that a spec cannot steer the terminal that shows its faults.
"""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from dslc.source import Source, Span

TAB = 4
FAR = 3  # lines further apart than this are parted by `...`
LONG = 2000  # longer lines are cut before their width is measured
COLOURS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "info": "1;34"}
MARKS: dict[Severity, str] = {"error": "^", "warning": "^", "info": "^"}


# -------------------------------------------------------------------------------------- safe text
def _escape(char: str) -> str:
    """`char`, or its escape when it does not print as itself."""
    if char.isprintable() or char == " ":
        return char
    code = ord(char)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def _safe(text: str) -> str:
    """`text` on one line, without anything a terminal would obey."""
    return text if text.isprintable() else "".join(map(_escape, text))


def _width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me")
        else 2 if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )  # fmt: skip


def _shown(line: str) -> tuple[list[str], list[int]]:
    """The characters of `line` as printed, and the column where each begins (one more for the end)."""
    cells: list[str] = []
    columns = [0]
    for char in line:
        cell = " " * (TAB - columns[-1] % TAB) if char == "\t" else _escape(char)
        cells.append(cell)
        columns.append(columns[-1] + _width(cell))
    return cells, columns


# --------------------------------------------------------------------------------------- terminal
class _Terminal:
    """One diagnostic as text; lines are collected in `out`."""

    def __init__(self, *, color: bool, width: int) -> None:
        self.color = color
        self.width = max(width, 40)
        self.out: list[str] = []
        self.gutter = 1

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text

    def rule(self, number: int | None, text: str) -> None:
        """A line behind the gutter: ` 12 | text`."""
        label = f" {'' if number is None else number:>{self.gutter}} |"
        self.out.append((self.paint(label, "1;34") + (f" {text}" if text else "")).rstrip())

    def diagnostic(self, diagnostic: Diagnostic) -> None:
        style = COLOURS[diagnostic.severity]
        head = self.paint(f"{diagnostic.severity}[{diagnostic.code}]", style)
        self.out.append(f"{head}{self.paint(': ' + _safe(diagnostic.message), '1')}")
        self.gutter = _gutter(diagnostic)
        if diagnostic.primary is not None:
            self.places(diagnostic, diagnostic.primary)
        for fix in diagnostic.fixes:
            self.attached("help", fix.message)
            self.preview(fix)
        for note in diagnostic.notes:
            self.attached("note", note)

    def places(self, diagnostic: Diagnostic, primary: Label) -> None:
        labels = [primary, *diagnostic.secondary]
        sources = list(dict.fromkeys(label.span.source for label in labels))
        for source in sources:
            mine = [label for label in labels if label.span.source is source]
            arrow = "-->" if source is sources[0] else ":::"
            place = self.paint(f" {'':{self.gutter}}{arrow}", "1;34")
            if not source.text and not primary.text:  # a file that could not be read
                self.out.append(f"{place} {_safe(source.name)}")
                continue
            self.out.append(f"{place} {_safe(str(mine[0].span))}")
            self.rule(None, "")
            last = 0
            for number in sorted({label.span.line for label in mine}):
                if last and number - last > FAR:
                    self.out.append(self.paint("...", "1;34"))
                last = number
                here = [label for label in mine if label.span.line == number]
                self.marked(source, number, here, primary, diagnostic.severity)

    def marked(
        self, source: Source, number: int, labels: list[Label], primary: Label, severity: Severity
    ) -> None:
        """Line `number` with a row of marks for each label on it."""
        start = source.line_starts[number - 1]
        focus = primary if primary in labels else labels[0]
        line, skipped = _part(source.line(number), focus.span.start - start)
        start += skipped
        cells, columns = _shown(line)
        marks = [(label, *_cover(label.span, start, columns)) for label in labels]
        wanted = next((left, right) for label, left, right in marks if label is focus)
        low, high = self.window(columns[-1], *wanted)
        self.rule(number, _cut(cells, columns, low, high))
        shift = low - (1 if low else 0)  # a cut line begins with one `…`
        for label, left, right in sorted(marks, key=lambda mark: (mark[1], mark[2])):
            left, right = max(left, low), min(right, max(high, left + 1))
            if right <= left:
                continue
            sign = MARKS[severity] if label is primary else "-"
            style = COLOURS[severity] if label is primary else "1;34"
            text = f"{sign * (right - left)} {_safe(label.text)}".rstrip()
            self.rule(None, " " * (left - shift) + self.paint(text, style))

    def window(self, total: int, left: int, right: int) -> tuple[int, int]:
        """The columns of a line to show: all, or a part around `left`."""
        room = self.width - self.gutter - 5
        if total <= room:
            return 0, total
        low = 0 if right <= room else max(0, min(left - room // 3, total - room))
        return low, min(total, low + room)

    def attached(self, kind: str, text: str) -> None:
        """`= help: …`, its further lines set under the first."""
        lead = f" {'':{self.gutter}} = "
        indent = " " * len(lead) + " " * (len(kind) + 2)
        lines: list[str] = []
        for part in text.splitlines() or [""]:
            room = max(self.width - len(indent), 20)
            lines += textwrap.wrap(
                _safe(part), room, break_long_words=False, break_on_hyphens=False
            ) or [""]
        head = self.paint(lead, "1;34") + self.paint(kind, "1") + ": "
        self.out.append((head + lines[0]).rstrip())
        self.out += [(indent + line).rstrip() for line in lines[1:]]

    def preview(self, fix: Fix) -> None:
        """The lines as they will be, what is new marked with `+` or `~`."""
        for source, number, edits in _by_line(fix.edits):
            start, line = source.line_starts[number - 1], source.line(number)
            fresh: list[tuple[int, int, str]] = []
            text, at = "", 0
            for edit in edits:
                text += line[at : edit.span.start - start]
                sign = "+" if edit.span.start == edit.span.end else "~"
                fresh.append((len(text), len(text) + len(edit.text), sign))
                text += edit.text
                at = edit.span.end - start
            text = (text + line[at:]).rstrip()
            text, skipped = _part(text, fresh[0][0])
            cells, columns = _shown(text)
            spots = [(*_columns(a - skipped, b - skipped, columns), s) for a, b, s in fresh]
            low, high = self.window(columns[-1], spots[0][0], spots[0][1])
            self.rule(number, _cut(cells, columns, low, high))
            row = ""
            for left, right, sign in spots:
                left, right = max(left, low), min(right, high)
                if right > left:
                    row = row.ljust(left - low + (1 if low else 0)) + sign * (right - left)
            if row:
                self.rule(None, self.paint(row, "1;32"))


def _gutter(diagnostic: Diagnostic) -> int:
    spans = [diagnostic.primary.span] if diagnostic.primary else []
    spans += [label.span for label in diagnostic.secondary]
    spans += [edit.span for fix in diagnostic.fixes for edit in fix.edits]
    return max((len(str(span.line)) for span in spans), default=1)


def _part(line: str, focus: int) -> tuple[str, int]:
    """A line of sane length around its character `focus`, and how many characters went before it."""
    if len(line) <= LONG:
        return line, 0
    start = max(0, focus - LONG // 4)
    end = start + LONG
    return ("…" if start else "") + line[start:end] + "…" * (end < len(line)), start - (start > 0)


def _columns(start: int, end: int, columns: list[int]) -> tuple[int, int]:
    """The columns of the characters `start` to `end`, within the line."""
    last = len(columns) - 1
    return columns[max(0, min(start, last))], columns[max(0, min(end, last))]


def _cover(span: Span, start: int, columns: list[int]) -> tuple[int, int]:
    """The columns that `span` covers on the line that begins at `start`; at least one."""
    left, right = _columns(span.start - start, span.end - start, columns)
    return left, max(right, left + 1)


def _cut(cells: list[str], columns: list[int], low: int, high: int) -> str:
    """The columns `low` to `high` of a line, `…` where something is cut off."""
    if low == 0 and high >= columns[-1]:
        return "".join(cells)
    inside = "".join(cell for cell, at in zip(cells, columns, strict=False) if low <= at < high)
    return ("…" if low else "") + inside + ("…" if high < columns[-1] else "")


def _by_line(edits: Iterable[Edit]) -> list[tuple[Source, int, list[Edit]]]:
    """Edits by the line they change; none when an edit spans or brings lines (its message must do)."""
    grouped: dict[tuple[Source, int], list[Edit]] = {}
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
        if "\n" in edit.text or "\n" in edit.span.text or "\r" in edit.span.text:
            return []
        grouped.setdefault((edit.span.source, edit.span.line), []).append(edit)
    return [(source, number, group) for (source, number), group in grouped.items()][:6]


def render_terminal(diagnostics: Iterable[Diagnostic], *, color: bool, width: int) -> str:
    """Every diagnostic with its lines of source, a blank line between two; sorted by place."""
    blocks: list[str] = []
    for diagnostic in _sorted(diagnostics):
        terminal = _Terminal(color=color, width=width)
        terminal.diagnostic(diagnostic)
        blocks.append("\n".join(terminal.out) + "\n")
    return "\n".join(blocks)


def _sorted(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(diagnostics, key=lambda d: d.sort_key)


# ------------------------------------------------------------------------------------ one line each
def _place(diagnostic: Diagnostic) -> str:
    return "" if diagnostic.primary is None else f"{_safe(str(diagnostic.primary.span))}: "


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """`path:line:col: E0302 message`, a line each."""
    return "".join(f"{_place(d)}{d.code} {_safe(d.message)}\n" for d in _sorted(diagnostics))


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands that GitHub shows as annotations on the changed lines."""
    kinds: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
    lines: list[str] = []
    for d in _sorted(diagnostics):
        properties: dict[str, Any] = {"title": f"dslc ({d.code})"}
        if d.primary is not None:
            at = _position(d.primary.span)
            properties |= {
                "file": at["path"],
                "line": at["line"],
                "endLine": at["end_line"],
                "col": at["column"],
                "endColumn": at["end_column"],
            }
        listed = ",".join(
            f"{key}={_command(str(value), True)}" for key, value in properties.items()
        )
        message = "\n".join([f"{_place(d)}{d.code} {d.message}", *(f.message for f in d.fixes)])
        lines.append(f"::{kinds[d.severity]} {listed}::{_command(message, False)}\n")
    return "".join(lines)


def _command(text: str, is_property: bool) -> str:
    """`text` as data of a workflow command; properties also guard `:` and `,`."""
    lines = "\n".join(map(_safe, text.splitlines()))
    text = lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


# --------------------------------------------------------------------------------------------- JSON
def _position(span: Span) -> dict[str, Any]:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(span.end)
    return {
        "path": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    }


NOWHERE: dict[str, Any] = dict.fromkeys(
    ("path", "line", "column", "end_line", "end_column", "start", "end")
)


def to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain data; lines and columns count from 1, offsets from 0, in characters."""
    primary = diagnostic.primary
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **(NOWHERE if primary is None else _position(primary.span)),
        "label": "" if primary is None else primary.text,
        "secondary": [{**_position(s.span), "label": s.text} for s in diagnostic.secondary],
        "notes": list(diagnostic.notes),
        "fixes": [
            {
                "message": fix.message,
                "safe": fix.safe,
                "edits": [{**_position(edit.span), "text": edit.text} for edit in fix.edits],
            }
            for fix in diagnostic.fixes
        ],
    }


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array, one object for each diagnostic."""
    return json.dumps([to_json(d) for d in _sorted(diagnostics)], indent=2) + "\n"


# ------------------------------------------------------------------------------------------ summary
def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`3 errors and 1 warning in 2 files`; `no problems`."""
    counts = [
        f"{n} {noun}{'s' * (n != 1)}"
        for severity, noun in (("error", "error"), ("warning", "warning"), ("info", "remark"))
        if (n := sum(d.severity == severity for d in diagnostics))
    ]
    if not counts:
        return "no problems"
    listed = counts[0] if len(counts) == 1 else f"{', '.join(counts[:-1])} and {counts[-1]}"
    files = len({d.primary.span.source.name for d in diagnostics if d.primary is not None})
    return f"{listed} in {files} files" if files > 1 else listed
