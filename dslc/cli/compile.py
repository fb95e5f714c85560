"""`dslc compile`: a spec in, a script out."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import (
    analyse_or_report,
    choose,
    find_backend,
    parameters,
    script_for,
    stem_of,
)
from dslc.cli.console import fail, reason, safe, say
from dslc.cli.stamp import split, stamped
from dslc.files import write_atomic

STAGES = ("tree", "spec", "graph", "plan", "script")
HEAD = 4096  # how much of a file is read to see who wrote it
MARK = re.compile(
    r'"""[^"]+ in [^"]+, made from .+?\.\n\nUsage:\n    python ', re.S
)  # every script begins so


@click.command("compile")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC", type=click.Path(path_type=Path))
@click.option("-b", "--backend", metavar="NAME", help="What to write for: keras or torch.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write; `-` prints. By default <spec>_<backend>.py beside the spec.",
)
@click.option("-m", "--model", metavar="NAME", help="Which model, if the file has several.")
@click.option(
    "--emit",
    type=click.Choice(STAGES),
    default="script",
    help="Print an earlier stage of the compiler instead.",
)
@click.option(
    "-f",
    "--force",
    is_flag=True,
    help="Overwrite a file that dslc did not write, or that was edited.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; fail when a script is not what its spec says. SPEC may be several, and folders.",
)
def compile_command(
    specs: tuple[Path, ...],
    backend: str | None,
    output: str | None,
    model: str | None,
    emit: str,
    force: bool,
    check: bool,
) -> int:
    """Write the training script for SPEC.

    The script needs the framework, not dslc. A file that dslc did not write, or that was edited since, is left alone.

    With --check the scripts that are there are compared with what would be written: those of one backend, which must
    then be there, or of all. The exit code is 1 when one is missing, stale, edited or of another dslc.
    """
    if check:
        from dslc.cli.stale import check_scripts

        return check_scripts(specs, backend, output, model)
    if len(specs) > 1:
        fail("a script is written for one spec at a time", "several are compared with --check")
    (spec,) = specs
    if emit != "script":
        return _emit(spec, model, output, emit, force)
    if backend is None:
        fail("for which framework?", "add --backend keras or --backend torch")
    target = find_backend(backend)
    analysis = analyse_or_report(spec)
    chosen = None if analysis is None else choose(analysis, model)
    if analysis is None or chosen is None:
        return FINDINGS
    stem = stem_of(spec)
    text = script_for(analysis, chosen, target, stem)
    if text is None:
        return FINDINGS
    text = stamped(text)
    if output == "-":
        print_text(text)
        return FINE
    place = Path(output) if output else spec.with_name(f"{stem}_{target.name}.py")
    if place.is_dir():
        place = place / f"{stem}_{target.name}.py"
    write_script(place, text, spec=spec, force=force)
    about = parameters(chosen, target)
    name = chosen.definition.name
    say(f"{safe(str(place))}: {name} in {target.title}, {about}\n".replace(", \n", "\n"))
    return FINE


def _emit(spec: Path, model: str | None, output: str | None, emit: str, force: bool) -> int:
    from dslc.cli.stages import show_stage
    from dslc.driver import analyse

    text, code = show_stage(analyse(spec), emit, model)
    if text is not None and output is not None and output != "-":
        write_script(Path(output), text, spec=spec, force=force)
    elif text is not None:
        print_text(text)
    return code


def print_text(text: str) -> None:
    """Print a file: as UTF-8 into pipes and files, whatever the terminal speaks."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        say(text)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def write_script(place: Path, text: str, *, spec: Path, force: bool = False) -> None:
    """Write a script, whole or not at all; refuse to overwrite what someone else wrote."""
    try:
        if place.exists() and os.path.samefile(place, spec):
            fail(f"`{place}` is the spec itself", "name another file with -o")
        if not force and place.is_file() and place.stat().st_size and not is_ours(place):
            fail(
                f"`{place}` was not written by dslc: it is left as it is",
                "overwrite it with --force, or name another file with -o",
            )
        if not force and place.is_file() and was_edited(place):
            fail(
                f"`{place}` was edited since dslc wrote it: it is left as it is",
                "overwrite it with --force, or name another file with -o",
            )
        if not place.parent.is_dir():
            fail(f"there is no folder `{place.parent}`", f"mkdir -p {place.parent}")
        write_atomic(place, text)
    except OSError as problem:
        fail(f"`{place}` cannot be written: {reason(problem)}", "name another file with -o")


def is_ours(place: Path) -> bool:
    """Whether the file begins as every script of dslc does."""
    with place.open("rb") as stream:
        head = stream.read(HEAD).decode("utf-8", "replace").replace("\r\n", "\n")
    return MARK.match(head) is not None


def was_edited(place: Path) -> bool:
    """Whether a script says that it was written otherwise. One that says nothing was written by an older dslc."""
    _, stamp = split(place.read_bytes().decode("utf-8", "replace"))
    return stamp is not None and not stamp.whole
