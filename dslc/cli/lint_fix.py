"""`dslc lint --fix` and `--diff`: what is found becomes what is mended."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dslc.cli.console import fail, reason
from dslc.cli.lint_files import Call, Result
from dslc.files import write_atomic
from dslc.lint.config import config_for
from dslc.lint.patch import fix_of
from dslc.lint.selection import Selection, select
from dslc.linter import Fixed, fix, lint
from dslc.source import Source
from dslc.syntax import read
from dslc.syntax.files import Disk, Read


class Overlay(Disk):
    """The disk as it will be when `texts` are written."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def read(self, path: Path) -> Read:
        text = self.texts.get(os.path.realpath(path))
        return super().read(path) if text is None else (Source(path.as_posix(), text), ())


def mend(
    results: Sequence[Result], call: Call, *, unsafe: bool, write: bool
) -> tuple[list[Result], list[Fixed]]:
    """Apply the fixes to every spec that has some, and write it. What is left is in the results."""
    after: list[Result] = []
    fixed: list[Fixed] = []
    for result in results:
        done = _mended(result, results, call, unsafe=unsafe)
        after.append(
            result if done is None else replace(result, diagnostics=done.after.diagnostics)
        )
        if done is not None:
            fixed.append(done)
            if write:
                _write(result.path, done.after.source.text)
    return after, fixed


def _mended(result: Result, results: Sequence[Result], call: Call, *, unsafe: bool) -> Fixed | None:
    """The spec after its fixes; None where there are none, or where one that imports it would not check."""
    if not any(fix_of(d, unsafe=unsafe) for d in result.diagnostics):
        return None
    source, _ = read(result.path)
    if source is None:
        return None
    selection = select(config_for(result.path)[0], call.options, result.path)
    done = fix(lint(source, selection, result.path), selection, result.path, unsafe=unsafe)
    if not done.changed or _breaks(done, result.path, results):
        return None
    return done


def _breaks(done: Fixed, path: Path, results: Sequence[Result]) -> bool:
    """Whether a spec that imports the one at `path` would no longer check."""
    place = os.path.realpath(path)
    disk = Overlay({place: done.after.source.text})
    nothing = Selection((), {}, {})
    for other in results:
        if place in map(os.path.realpath, other.imports) and other.checks:
            source, _ = read(other.path)
            if source is not None and not lint(source, nothing, other.path, disk).checks:
                return True
    return False


def _write(path: Path, text: str) -> None:
    mark = "\ufeff" if path.read_bytes().startswith(b"\xef\xbb\xbf") else ""
    try:
        write_atomic(path, mark + text)
    except OSError as problem:
        fail(f"`{path}` cannot be written: {reason(problem)}")
