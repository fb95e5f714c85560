"""What commands share when they speak: colours, widths, terminals that know no Unicode, counted rows."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from dslc.diagnostics import Diagnostic

WIDTH = 100  # where no terminal says otherwise
ASCII = {
    "×": "x", "→": "->", "…": "...", "–": "-", "—": "-", "·": "*", "✓": "yes", "✗": "no", "≥": ">=", "≤": "<=",
    "²": "^2", "“": '"', "”": '"', "’": "'", "Σ": "sum", "√": "sqrt", "π": "pi", "−": "-",
}  # fmt: skip


def _spell(problem: UnicodeError) -> tuple[str | bytes, int]:
    """The characters that a terminal does not know, in those that every terminal does."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    lost = problem.object[problem.start : problem.end]
    known = "".join(ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lost)
    return known, problem.end


codecs.register_error("dslc-spell", _spell)


def lenient(*streams: Any) -> None:
    """Let `streams` spell out what their encoding lacks, rather than fail."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="dslc-spell")


def colored(stream: IO[str] | None = None) -> bool:
    """Whether to colour: never with NO_COLOR, always with FORCE_COLOR, else on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    return max(40, min(shutil.get_terminal_size((WIDTH, 24)).columns, 160))


def say(text: str, *, err: bool = False) -> None:
    """Write `text`, which ends its own lines."""
    stream = sys.stderr if err else sys.stdout
    click.echo(text, file=stream, nl=False, color=colored(stream))


def style(text: str, *, bold: bool = False, dim: bool = False, fg: str | None = None) -> str:
    """`text` in a style, where stdout shows it."""
    return click.style(text, bold=bold or None, dim=dim or None, fg=fg) if colored() else text


def safe(text: str) -> str:
    """`text` on one line, without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def report(diagnostics: Sequence[Diagnostic], *, err: bool = False) -> None:
    """Show diagnostics as on a terminal."""
    from dslc.render import render_terminal

    if diagnostics:
        stream = sys.stderr if err else sys.stdout
        say(render_terminal(diagnostics, color=colored(stream), width=width()), err=err)


class Stop(click.ClickException):
    """What is wrong with the call or with the machine, not with a spec."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: IO[Any] | None = None) -> None:
        say(f"{click.style('error', fg='red', bold=True)}: {self.message}\n", err=True)


def fail(message: str, *hints: str, code: int = 2) -> NoReturn:
    """Leave with a message and, below it, what helps."""
    lines = [safe(message), *(f"  = help: {safe(hint)}" for hint in hints if hint)]
    raise Stop("\n".join(lines), code)


def reason(problem: OSError) -> str:
    """Why something could not be read or written: `Permission denied`."""
    return problem.strerror or str(problem)


def table(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Rows of equal length in columns two blanks apart; the columns `right` stand flush right."""
    kept = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    return [
        "  ".join(
            cell.rjust(wide) if at in right else cell.ljust(wide)
            for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in kept
    ]
