"""Sections of one line each, below each other, read as a table: braces stand in a column, and so do equal entries.

loss    { digit = cross_entropy  ink = mse }
metrics { digit = [accuracy]     ink = [mae] }
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from dslc.fmt.document import DEDENT, INDENT, INDENT_SIZE, WIDTH, Blank, Command, Line, Space, taken


@dataclass(slots=True, eq=False)
class Row:
    """An entry of a list: a section that may be a row of a table, or anything else. As an entry of a section it is a
    cell of its row."""

    blank: bool  # a blank line stands above it
    section: bool = False
    header: int = 0
    pad: Space = field(default_factory=lambda: Space(0, "broken"))  # in front of the brace
    line: Line | None = None  # in front of it, in a file
    open: int = -1
    close: int = -1
    cells: list[Row] = field(default_factory=list)
    key: str = ""  # of a cell: the name of the setting
    begin: int = -1
    end: int = -1
    cell: Space = field(default_factory=lambda: Space(0, "flat"))  # behind it
    flat: bool = False
    joins: bool = False  # it is part of a table

    def opens(self, at: int) -> None:
        self.open = at

    def closes(self, at: int) -> None:
        self.close = at

    def begins(self, at: int) -> None:
        self.begin = at

    def ends(self, at: int) -> None:
        self.end = at


Table = tuple[list[Row], "Row | None"]


def align(tables: Sequence[Table], commands: list[Command], broken: set[int]) -> None:
    """Set the blanks that make tables, and the lines between sections of a file."""
    depth = _depths(commands)
    widths = _widths(commands)
    for rows, parent in tables:  # outer ones come first
        if parent is not None and parent.flat:
            continue
        for row in rows:
            row.flat = row.section and row.open not in broken and _fits(row, depth, widths)
            row.joins = row.flat
        while not _settled(rows, depth, widths):
            pass
        for above, row in itertools.pairwise(rows):
            if row.line is not None and above.flat and row.flat:
                row.line.blank = Blank.KEPT


def _settled(rows: list[Row], depth: list[int], widths: list[int]) -> bool:
    """Lay out the rows that are flat. One that is too long for its table stands alone: then it is to be done anew."""
    run: list[Row] = []
    runs = [run]
    for row in rows:
        if not row.joins or row.blank:
            runs.append(run := [])
        if row.joins:
            run.append(row)
    for run in runs:
        _lay(run, widths)
    settled = True
    for row in rows:
        if row.joins and not _fits(row, depth, widths):
            row.joins = settled = False
            _lay([row], widths)
    return settled


def _fits(row: Row, depth: list[int], widths: list[int]) -> bool:
    inside = widths[row.close] - widths[row.open] + sum(cell.cell.size for cell in row.cells)
    return INDENT_SIZE * depth[row.open] + row.header + row.pad.size + 1 + inside <= WIDTH


def _lay(run: list[Row], widths: list[int]) -> None:
    """Align the braces of neighbours, and the entries of those that have the same ones."""
    if not run:
        return
    header = max(row.header for row in run)
    for row in run:
        row.pad.size = header - row.header
    for keys, group in itertools.groupby(run, lambda row: [cell.key for cell in row.cells]):
        table = list(group)
        for column in zip(*(row.cells[:-1] for row in table), strict=True):
            sizes = [widths[cell.end] - widths[cell.begin] for cell in column]
            for cell, size in zip(column, sizes, strict=True):
                cell.cell.size = max(sizes) - size if all(keys) else 0


def _depths(commands: list[Command]) -> list[int]:
    found, depth = [], 0
    for command in commands:
        found.append(depth)
        depth += (command is INDENT) - (command is DEDENT)
    return found


def _widths(commands: list[Command]) -> list[int]:
    """The flat width of everything in front of each command, tables apart."""
    found = [0]
    for command in commands:
        found.append(
            found[-1] + (0 if isinstance(command, Space) and command.when else taken(command))
        )
    return found
