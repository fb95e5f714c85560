"""`dslc lint -`: a spec from stdin, as editors and hooks give it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dslc.cli import WRONG
from dslc.cli.console import report, say
from dslc.cli.lint import How, show
from dslc.cli.lint_files import Call, Result, check_names
from dslc.lint.config import config_for
from dslc.lint.selection import select
from dslc.linter import fix, lint
from dslc.syntax.files import MAX_BYTES, decoded


def lint_stdin(filename: Path | None, call: Call, how: How) -> int:
    """Lint what stdin gives. With --fix the mended spec goes to stdout, what is left to stderr."""
    path = filename or Path("-")
    config, problems = config_for(filename or Path())
    if problems:
        report(problems, err=True)
        raise click.exceptions.Exit(WRONG)
    check_names(call, [config])
    source, found = decoded(path.as_posix(), sys.stdin.buffer.read(MAX_BYTES + 1))
    if source is None:
        return show([Result(path, list(found))], [], how)
    selection = select(config, call.options, filename)
    linted = lint(source, selection, filename)
    if not how.mends:
        return show([Result(path, linted.diagnostics)], [], how)
    done = fix(linted, selection, filename, unsafe=how.unsafe)
    if how.fix and not how.diff:
        say(done.after.source.text)
    result = Result(path, done.after.diagnostics)
    return show([result], [done] if done.changed else [], how, err=not how.diff)
