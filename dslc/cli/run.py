"""`dslc run`: compile, then train with this Python.

On POSIX the script takes the place of this process: signals, the terminal and the exit code are its own. The
script is kept in the folder of the run, beside the results that it made.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from dslc.cli import FINDINGS
from dslc.cli.backends import analyse_or_report, choose, find_backend, script_for, stem_of
from dslc.cli.compile import write_script
from dslc.cli.console import fail, reason, safe, say

# What a framework itself wants to find, by the variable that chooses it.
ENGINES = {"keras": ("KERAS_BACKEND", "tensorflow")}
# The extras of dslc with what some scripts need besides their framework.
EXTRAS = {"albumentations": "augment", "mlflow": "mlflow", "tensorboard": "tensorboard"}


class Run(click.Command):
    """Tells where the flags of the script belong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            hint = "flags of the script stand behind `--`: dslc run SPEC -b torch -- --epochs 1"
            raise click.UsageError(f"{problem.format_message()} ({hint})", ctx) from None


@click.command("run", cls=Run)
@click.argument("spec", type=click.Path(path_type=Path))
@click.argument("flags", nargs=-1, type=click.UNPROCESSED, metavar="[-- FLAGS...]")
@click.option("-b", "--backend", metavar="NAME", help="The framework: keras or torch.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to keep the script; by default in the folder of the run, runs/<spec>-<backend>.",
)
@click.option("-m", "--model", metavar="NAME", help="Which model, if the file has several.")
def run_command(
    spec: Path, flags: tuple[str, ...], backend: str | None, output: Path | None, model: str | None
) -> int:
    """Compile SPEC and train. FLAGS behind `--` go to the script, such as `-- --epochs 1 --resume`.

    Paths of data are relative to the current folder, and results go to runs/ in it.
    """
    if backend is None:
        fail("with which framework?", "add --backend keras or --backend torch")
    target = find_backend(backend)
    analysis = analyse_or_report(spec)
    chosen = None if analysis is None else choose(analysis, model)
    if analysis is None or chosen is None:
        return FINDINGS
    stem = stem_of(spec)
    text = script_for(analysis, chosen, target, stem)
    if text is None:
        return FINDINGS
    missing = [name for name in modules(text) if find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        extras = ",".join([target.name, *(EXTRAS[name] for name in missing if name in EXTRAS)])
        hint = f'{Path(sys.executable).name} -m pip install "dslc[{extras}]"'
        fail(f"{' and '.join(missing)} {verb} not installed, which the script needs", hint)
    folder = _out(flags) or Path("runs", f"{stem}-{target.name}")
    place = output or folder / f"{stem}_{target.name}.py"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        fail(f"the folder `{place.parent}` cannot be made: {reason(problem)}")
    write_script(place, text, spec=spec)
    say(f"running {safe(str(place))}\n", err=True)
    return execute([sys.executable, str(place), *flags])


def modules(text: str) -> list[str]:
    """The packages that a script imports and that do not come with Python."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found[node.module.partition(".")[0]] = None
    for name in list(found):
        if name in ENGINES and not (Path.home() / f".{name}" / f"{name}.json").exists():
            variable, default = ENGINES[name]
            found[os.environ.get(variable, default)] = None
    return [name for name in found if name not in sys.stdlib_module_names]


def _out(flags: tuple[str, ...]) -> Path | None:
    """The folder that the flags name with `--out`."""
    for at, flag in enumerate(flags):
        if flag == "--out" and at + 1 < len(flags):
            return Path(flags[at + 1])
        if flag.startswith("--out="):
            return Path(flag.removeprefix("--out="))
    return None


def execute(command: list[str]) -> int:
    """Run the script in place of this process; where that cannot be, wait for it and give back its code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the script got it too, and decides
            continue
