"""`dslc init`: a spec to start from."""

from __future__ import annotations

from pathlib import Path

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.compile import print_text
from dslc.cli.console import fail, reason, safe, say
from dslc.files import write_atomic


@click.command("init")
@click.argument("name", required=False)
@click.option(
    "--from-csv",
    "table",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Look at a CSV file and propose a model for it.",
)
@click.option("--target", metavar="COLUMN", help="The column to predict; else the last one.")
@click.option(
    "--from-images",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Look at a folder with one folder of pictures per class, and propose a model.",
)
@click.option("-o", "--output", metavar="FILE", help="Where to write; `-` prints.")
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE if it is there.")
def init_command(
    name: str | None,
    table: Path | None,
    target: str | None,
    folder: Path | None,
    output: str | None,
    force: bool,
) -> int:
    """Write a spec to start from, called NAME: digits, or what fits your data.

    The spec is written to NAME.dl in the current folder, and holds comments that say what was found.
    """
    from dslc import scaffold
    from dslc.driver import analyse_source
    from dslc.source import Source

    if table is not None and folder is not None:
        raise click.UsageError("either --from-csv or --from-images, not both")
    if target is not None and table is None:
        raise click.UsageError("--target goes with --from-csv")
    made: scaffold.Proposal | scaffold.Unsuitable
    if table is not None:
        made = scaffold.from_csv(table, target)
    elif folder is not None:
        made = scaffold.from_images(folder)
    else:
        made = scaffold.starter(Path(name or "digits").name.removesuffix(".dl"))
    if isinstance(made, scaffold.Unsuitable):
        fail(made.message, made.help, code=FINDINGS)
    analysis = analyse_source(Source("proposal.dl", made.text))
    assert analysis.ok, [d.message for d in analysis.diagnostics]
    if output == "-":
        print_text(made.text)
        return FINE
    place = Path(output or _file_name(name) or f"{made.stem}.dl")
    _write(place, made.text, force)
    for finding in made.findings:
        say(f"{safe(finding)}\n")
    shown = safe(str(place))
    say(f"{shown} is written; go on with: dslc check {shown}\n")
    return FINE


def _file_name(name: str | None) -> str | None:
    return None if name is None else name if name.endswith(".dl") else f"{name}.dl"


def _write(place: Path, text: str, force: bool) -> None:
    try:
        if place.is_dir():
            fail(f"`{place}` is a folder", f"name a file in it: {place / 'model.dl'}")
        if place.exists() and not force:
            fail(f"`{place}` is there already", "choose another name, or overwrite it with --force")
        if not place.parent.is_dir():
            fail(f"there is no folder `{place.parent}`", f"mkdir -p {place.parent}")
        write_atomic(place, text)
    except OSError as problem:
        fail(f"`{place}` cannot be written: {reason(problem)}")
