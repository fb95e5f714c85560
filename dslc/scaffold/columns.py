"""Looking at a table: which columns there are, what they hold, what is missing.

The table is read as the generated scripts read it (UTF-8, commas, a header), line by line and once.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dslc.scaffold.proposal import Unsuitable, listed, quoted

MISSING = frozenset({"", "na", "nan", "?"})
MANY = 5000  # different values that are told apart in a column


@dataclass(slots=True)
class Column:
    """What was seen in a column. `counts` holds its values while there are not too many."""

    name: str
    numbers: bool = True
    whole: bool = True
    missing: int = 0
    filled: int = 0
    words: int = 0
    total: float = 0.0
    squares: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def see(self, cell: str) -> None:
        if cell.lower() in MISSING:
            self.missing += 1
            return
        self.filled += 1
        if len(self.counts) < MANY or cell in self.counts:
            self.counts[cell] += 1
        if self.numbers:
            number = _number(cell)
            self.numbers = number is not None
            if number is not None:
                self.whole = self.whole and number == int(number)
                self.total += number
                self.squares += number * number
        if not self.numbers:
            self.words += cell.count(" ") + 1

    @property
    def different(self) -> int:
        return len(self.counts)

    @property
    def mean(self) -> float:
        return self.total / max(1, self.filled)

    @property
    def deviation(self) -> float:
        return math.sqrt(max(0.0, self.squares / max(1, self.filled) - self.mean**2))

    @property
    def is_text(self) -> bool:
        """Sentences rather than categories."""
        return not self.numbers and self.words / max(1, self.filled) >= 3 and self.different > 10


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_columns(path: Path) -> tuple[list[Column], int] | Unsuitable:
    """The columns and the number of rows of a table."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            header = [name.strip() for name in next(lines, [])]
            problem = _header_problem(path, header)
            if problem is not None:
                return problem
            columns = [Column(name) for name in header]
            rows = 0
            for row in lines:
                if not row:
                    continue
                if len(row) != len(header):
                    line = (
                        f"line {lines.line_num} has {len(row)} cells under {len(header)} headings"
                    )
                    return Unsuitable(f"`{path}`: {line}", "cells with commas stand in quotes")
                rows += 1
                for column, cell in zip(columns, row, strict=True):
                    column.see(cell.strip())
    except UnicodeDecodeError:
        hint = "save it as UTF-8, for example: iconv -f latin1 -t utf-8 old.csv > new.csv"
        return Unsuitable(f"`{path}` is not UTF-8", hint)
    except csv.Error as error:
        return Unsuitable(f"`{path}` cannot be read as CSV: {error}")
    except OSError as error:
        return Unsuitable(f"`{path}` cannot be read: {error.strerror or error}")
    if not rows:
        return Unsuitable(f"`{path}` has headings, but no rows")
    return columns, rows


def _header_problem(path: Path, header: list[str]) -> Unsuitable | None:
    if not header or header == [""]:
        return Unsuitable(f"`{path}` is empty", "the first line names the columns")
    if len(header) == 1:
        for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if sign in header[0]:
                hint = "save it with commas between the cells"
                return Unsuitable(f"`{path}` has {name} between its cells", hint)
        message = (
            f"`{path}` has one column, {quoted(header[0])}: there is nothing to predict it from"
        )
        return Unsuitable(message)
    if all(_number(name) is not None for name in header):
        hint = "put a line with the names of the columns in front"
        return Unsuitable(f"the first line of `{path}` holds numbers, not names of columns", hint)
    if "" in header:
        return Unsuitable(f"column {header.index('') + 1} of `{path}` has no name", "name it")
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        names = listed([quoted(n) for n in twice])
        return Unsuitable(f"`{path}` has several columns called {names}", "give each its own name")
    return None
