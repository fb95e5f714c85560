"""`dslc lint --watch`: lint again whenever a spec, what it imports or the configuration changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from dslc.cli import WRONG
from dslc.cli.check import find
from dslc.cli.console import say
from dslc.cli.lint import How, lint_once
from dslc.cli.lint_files import Call
from dslc.lint.config import FILES, forget

PAUSE = 0.3  # seconds between two looks at the files
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def watch_specs(paths: Sequence[Path], call: Call, how: How) -> int:
    """Lint until Ctrl-C. What is wrong with the call ends it at once; what goes wrong later, such as a folder that is
    empty for a while, is said and waited out."""
    code, needs, first = WRONG, set[Path](), True
    try:
        while True:
            if sys.stdout.isatty():
                say(CLEAR)
            forget()
            try:
                code, needs = lint_once(list(find(paths)), call, how)
            except click.exceptions.Exit:  # the configuration is wrong, and that is said
                code = WRONG
            except click.ClickException as problem:
                if first:
                    raise
                problem.show()
            first = False
            say("\nwatching; Ctrl-C ends it\n")
            sys.stdout.flush()
            _wait(paths, needs)
    except KeyboardInterrupt:
        say("\n")
        return code


def _wait(paths: Sequence[Path], needs: Iterable[Path]) -> None:
    """Return when one of the files is another than before, or there is one more or less."""
    needs = list(needs)
    before = _seen(paths, needs)
    while _seen(paths, needs) == before:
        time.sleep(PAUSE)


def _seen(paths: Sequence[Path], needs: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    """Time and size of every file that the result depends on; None where there is none."""
    files = set(needs) | {path for path in paths if not path.is_dir()}
    for path in paths:
        if path.is_dir():
            for place, folders, names in os.walk(path):
                folders[:] = [name for name in folders if not name.startswith(".")]
                files |= {Path(place, name) for name in names if name.endswith(".dl")}
    folders_above = {above for file in files for above in file.resolve().parents}
    files |= {folder / name for folder in folders_above for name in FILES}
    return {file: _stat(file) for file in files}


def _stat(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
