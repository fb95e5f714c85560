"""`dslc graph`: a drawing of the model."""

from __future__ import annotations

from pathlib import Path

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import analyse_or_report, choose
from dslc.cli.compile import print_text
from dslc.cli.console import fail, reason, safe, say

ENDINGS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command("graph")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(("mermaid", "dot", "svg")),
    help="What to draw as; by default what FILE ends in, or Mermaid.",
)
@click.option("-o", "--output", metavar="FILE", help="Where to write; by default it is printed.")
@click.option("-m", "--model", metavar="NAME", help="Which model, if the file has several.")
@click.option("-l", "--layers", is_flag=True, help="Open the blocks and show every layer.")
def graph_command(
    spec: Path, form: str | None, output: str | None, model: str | None, layers: bool
) -> int:
    """Draw the model of SPEC, with the shapes on the arrows."""
    analysis = analyse_or_report(spec)
    chosen = None if analysis is None else choose(analysis, model)
    if chosen is None:
        return FINDINGS
    from dslc import draw
    from dslc.files import write_atomic

    if form is None:
        form = ENDINGS.get(Path(output).suffix.lower(), "mermaid") if output else "mermaid"
    made = draw.picture(chosen.graph, layers=layers)
    text = {"mermaid": draw.mermaid, "dot": draw.dot, "svg": draw.svg}[form](made)
    if output is None or output == "-":
        print_text(text)
        return FINE
    place = Path(output)
    if place.suffix == ".dl":
        fail(f"`{place}` is the name of a spec, not of a drawing")
    try:
        write_atomic(place, text)
    except OSError as problem:
        fail(f"`{place}` cannot be written: {reason(problem)}")
    say(f"{safe(str(place))}: {chosen.definition.name}, {len(made.boxes)} boxes\n")
    return FINE
