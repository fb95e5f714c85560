"""`dslc fmt`: specs in their canonical layout."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import FINDINGS, FINE, WRONG
from dslc.cli.check import find
from dslc.cli.console import fail, reason, report, safe, say, style

if TYPE_CHECKING:
    from dslc.source import Source

MARK = "\ufeff"  # some editors begin a file with it; the reader passes over it, and it stays


@click.command("fmt")
@click.argument("specs", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="As --check, and show what would change.")
@click.option(
    "--stdin-filename", metavar="PATH", help="What to call the spec on stdin (-) in messages."
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong.")
def fmt_command(
    specs: tuple[Path, ...], check: bool, diff: bool, stdin_filename: str | None, quiet: bool
) -> int:
    """Format SPECS, which are files or folders (by default this one), or - for stdin.

    Only blanks and line breaks change, brackets that say nothing, and the comma behind a last item. A file with
    mistakes in its syntax is left as it is. Exits with 0 when all is well, with 1 when --check or --diff find
    something to change, with 2 when a file cannot be formatted.
    """
    paths = specs or (Path(),)
    if Path("-") in paths:
        if len(paths) > 1:
            fail("`-` stands alone: a spec on stdin is not one of several")
        return _stdin(stdin_filename or "-", check, diff)
    if stdin_filename is not None:
        fail("`--stdin-filename` is for a spec on stdin", "write - in place of the path")
    counts: Counter[str] = Counter()
    for path in find(paths):
        counts[_file(path, check, diff, quiet)] += 1
    if not quiet:
        say(summary(counts, dry=check or diff), err=diff)
    if counts["faulty"] or counts["lost"]:
        return WRONG
    return FINDINGS if counts["changed"] and (check or diff) else FINE


def _file(path: Path, check: bool, diff: bool, quiet: bool) -> str:
    """Format one file: `changed`, `unchanged`, `faulty`, or `lost` when it cannot be read or written."""
    from dslc.fmt import format_source
    from dslc.syntax import read

    source, found = read(path)
    text = None
    if source is not None:
        text, found = format_source(source)
    if source is None or text is None:
        report(found, err=True)
        say("\n", err=True)
        return "lost" if source is None else "faulty"
    if text == source.text:
        return "unchanged"
    if diff:
        _show(source, text)
    elif check and not quiet:
        say(f"Would reformat: {style(safe(str(path)), bold=True)}\n")
    return "changed" if check or diff or _write(path, text) else "lost"


def _write(path: Path, text: str) -> bool:
    """Write a formatted spec, whole or not at all; says so when it cannot."""
    from dslc.files import write_atomic

    try:
        with path.open("rb") as stream:
            mark = MARK if stream.read(3) == MARK.encode() else ""
        write_atomic(path, mark + text)
    except OSError as problem:
        title = click.style("error", fg="red", bold=True)
        say(f"{title}: `{safe(str(path))}` cannot be written: {reason(problem)}\n\n", err=True)
        return False
    return True


def _stdin(name: str, check: bool, diff: bool) -> int:
    """Format what stdin gives, for editors and pipes."""
    from dslc.fmt import format_source
    from dslc.syntax.files import MAX_BYTES, decoded

    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    source, found = decoded(name, data)
    text = None
    if source is not None:
        text, found = format_source(source)
    if source is None or text is None:
        report(found, err=True)
        return WRONG
    if diff and text != source.text:
        _show(source, text)
    if not (check or diff):
        mark = MARK if data.startswith(MARK.encode()) else ""
        sys.stdout.flush()
        sys.stdout.buffer.write((mark + text).encode("utf-8"))
        sys.stdout.buffer.flush()
    return FINDINGS if (check or diff) and text != source.text else FINE


# ------------------------------------------------------------------------------------------- words
def _show(source: Source, text: str) -> None:
    """What would change: as a patch that can be applied, or in colours on a terminal."""
    from dslc.cli.console import colored

    lines = difference(source, text)
    if not colored():
        say("".join(lines))
        return
    colors = {"---": None, "+++": None, "@@ ": "cyan"} | dict.fromkeys("+", "green") | {"-": "red"}
    for line in lines:
        color = colors.get(line[:3], colors.get(line[0]))
        head = line[:3] in ("---", "+++")
        say(style(safe(line.removesuffix("\n")), fg=color, bold=head) + "\n")


def difference(source: Source, text: str) -> Iterator[str]:
    """The lines of a unified diff from `source` to `text`."""
    old, new = (t.split("\n") for t in (source.text, text))
    for line in difflib.unified_diff(
        [f"{line}\n" for line in old[:-1]] + [line for line in old[-1:] if line],
        [f"{line}\n" for line in new[:-1]],
        source.name,
        source.name,
    ):
        if line.endswith("\n"):
            yield line
        else:
            yield from (f"{line}\n", "\\ No newline at end of file\n")


def summary(counts: Counter[str], *, dry: bool) -> str:
    """`1 file reformatted, 3 files left unchanged`."""
    outcomes = {
        "changed": "would be reformatted" if dry else "reformatted",
        "unchanged": "already formatted" if dry else "left unchanged",
        "faulty": "with mistakes left untouched",
        "lost": "could not be read or written",
    }
    said = [
        f"{n} file{'s' if n > 1 else ''} {outcomes[kind]}"
        for kind in outcomes
        if (n := counts[kind])
    ]
    return f"{', '.join(said)}\n"
