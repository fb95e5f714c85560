"""`dslc preview`: a sheet of augmented pictures, made by the lines that the scripts train with.

The program runs in a process of its own: dslc itself needs neither NumPy nor albumentations.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import analyse_or_report, choose, find_backend, stem_of
from dslc.cli.console import fail, reason, safe, say
from dslc.files import write_atomic

if TYPE_CHECKING:
    from dslc.codegen.page import Target

LOADERS = {"torchvision": "torch", "keras": "keras"}  # what fetches the known data sets


@click.command("preview")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The PNG to write; by default <spec>_preview.png beside the spec.",
)
@click.option(
    "--samples", type=click.IntRange(1, 64), default=6, show_default=True, help="Rows of the sheet."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="The --seed of the run; by default the spec's.",
)
@click.option(
    "--epoch", type=click.IntRange(1), default=1, show_default=True, help="The first epoch shown."
)
@click.option("--data", metavar="PATH", help="Where the data is, as in --data of a script.")
def preview_command(
    spec: Path, output: Path | None, samples: int, seed: int | None, epoch: int, data: str | None
) -> int:
    """Show what `augment` of SPEC makes of pictures of the training part, one of each class first: each row holds a
    picture and what the scripts train on in its place, epoch by epoch, pixel by pixel."""
    analysis = analyse_or_report(spec)
    chosen = None if analysis is None else choose(analysis, None)
    if analysis is None or chosen is None or analysis.spec is None:
        return FINDINGS
    from dslc.cli.run import modules
    from dslc.codegen.page import Script
    from dslc.codegen.preview import needs_backend, render_preview
    from dslc.plan.experiment import plan_training

    plan = plan_training(analysis.spec, chosen.graph)
    if plan is None or not plan.augment:
        fail("there is nothing to preview: the spec has no transforms", "add augment { … }")
    target = _loader(plan.source.word) if needs_backend(plan) else None
    stem = stem_of(spec)
    text = render_preview(Script(stem, chosen.definition.name, spec.name), plan, target)
    missing = [name for name in modules(text) if find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        hint = f'{Path(sys.executable).name} -m pip install "dslc[augment]"'
        fail(f"{' and '.join(missing)} {verb} not installed, which a preview needs", hint)
    place = output or spec.with_name(f"{stem}_preview.png")
    given = {"--seed": seed, "--data": data}
    flags = [f"{flag}={value}" for flag, value in given.items() if value is not None]
    picture = _run(text, [*flags, f"--samples={samples}", f"--epoch={epoch}"])
    if picture is None:
        return FINDINGS
    try:
        write_atomic(place, picture)
    except OSError as problem:
        fail(f"`{place}` cannot be written: {reason(problem)}", "name another file with -o")
    say(f"{safe(str(place))}: {samples} pictures from epoch {epoch} on\n")
    return FINE


def _loader(source: str) -> Target:
    """The backend that loads a known data set: the first whose library is here."""
    for library, backend in LOADERS.items():
        if find_spec(library) is not None:
            return find_backend(backend).target
    python = Path(sys.executable).name
    fail(
        f"`{source}` is loaded by torchvision or Keras: neither is installed",
        f"{python} -m pip install keras",
    )


def _run(text: str, flags: list[str]) -> bytes | None:
    """The picture that the program draws; without one it has said why."""
    with tempfile.TemporaryDirectory(prefix="dslc-preview-") as folder:
        program, picture = Path(folder, "preview.py"), Path(folder, "preview.png")
        program.write_text(text, encoding="utf-8")
        command = [sys.executable, str(program), f"--out={picture}", *flags]
        done = subprocess.run(command, check=False)
        return picture.read_bytes() if done.returncode == 0 and picture.exists() else None
