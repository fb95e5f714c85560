"""`dslc compare`: several runs side by side, as a table and as one picture of their curves."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dslc.cli import FINE
from dslc.cli.console import fail, reason, safe, say, table

MAX_RUNS = 20  # more lines than colours and eyes can tell apart


@dataclass(frozen=True)
class Finished:
    """A run: its name among the others, its curves, and its results on the test part."""

    name: str
    history: dict[str, list[float]]
    metrics: dict[str, float]


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to draw the curves, such as compare.png; without it only the table is printed.",
)
def compare_command(runs: tuple[Path, ...], output: Path | None) -> int:
    """Compare the results in the folders RUN..., which scripts wrote (runs/<spec>-<backend>).

    The table has one row a run: epochs, the best value of the validation part and its epoch, the results on the
    test part. The picture overlays the curves of everything that all runs logged.
    """
    if len(runs) > MAX_RUNS:
        fail(f"{len(runs)} runs are too many for one picture", f"compare at most {MAX_RUNS}")
    found = [_read(path, name) for path, name in zip(runs, _names(runs), strict=True)]
    for line in _rows(found):
        say(f"{line}\n")
    if output is not None:
        _draw(found, output)
        say(f"\ncurves: {safe(str(output))}\n")
    return FINE


def _names(runs: tuple[Path, ...]) -> list[str]:
    """What tells the folders apart: their names without what all of them begin or end with."""
    names = [path.resolve().name for path in runs]
    if len(set(names)) < len(names):
        return [str(path) for path in runs]
    if len(names) == 1:
        return names
    parts = [re.split("([-_])", name) for name in names]
    start, end = _shared(parts), _shared([part[::-1] for part in parts])
    return ["".join(p[start : len(p) - end]) or n for p, n in zip(parts, names, strict=True)]


def _shared(parts: list[list[str]]) -> int:
    """How many of their first items all lists share; an odd item is a `-` or `_`."""
    count = 0
    for items in zip(*parts, strict=False):
        if len(set(items)) > 1:
            break
        count += 1
    return count - count % 2


def _read(path: Path, name: str) -> Finished:
    if not path.is_dir():
        fail(f"there is no folder `{path}`", "a run's results are in runs/<spec>-<backend>")
    if (path / "report.json").exists():
        hint = f"compare trainings of it, such as {path / 'fold_01'}"
        fail(f"`{path}` holds the trainings of a protocol, each in a folder", hint)
    history, metrics = _numbers(path / "history.json"), _numbers(path / "metrics.json")
    curves = {key: value for key, value in history.items() if isinstance(value, list) and value}
    scores = {key: value for key, value in metrics.items() if isinstance(value, int | float)}
    if not curves:
        fail(f"`{path / 'history.json'}` holds no curves")
    return Finished(name, curves, scores)


def _numbers(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        hint = "did the run end? Its script writes the results last; --resume goes on with it"
        fail(f"cannot read `{path}`: {reason(problem)}", hint)
    except ValueError:
        fail(f"`{path}` is not a file of results: it holds no JSON")
    if not isinstance(found, dict):
        fail(f"`{path}` is not a file of results")
    return found


def _rows(found: list[Finished]) -> list[str]:
    scores = list(dict.fromkeys(name for run in found for name in run.metrics))
    rows = [["run", "epochs", "best val_loss", "at epoch", *scores]]
    for run in found:
        values = run.history.get("val_loss", [])
        best = min(values, default=math.nan)
        shown = [f"{best:.4f}", str(values.index(best) + 1)] if values else ["", ""]
        epochs = str(max(map(len, run.history.values())))
        results = [f"{run.metrics[s]:.4f}" if s in run.metrics else "" for s in scores]
        rows.append([safe(run.name), epochs, *shown, *results])
    return table(rows, right=range(1, len(rows[0])))


def _draw(found: list[Finished], output: Path) -> None:
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        fail("the picture needs matplotlib", "python -m pip install matplotlib")
    shared = [name for name in found[0].history if all(name in run.history for run in found)]
    names = [name for name in shared if not name.startswith("val_")]
    names = [name for name in names if name != "learning_rate"] or shared
    figure = Figure(figsize=(6 * len(names), 4.5), layout="constrained")
    colors = colormaps["tab10" if len(found) <= 10 else "tab20"]
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), place)
        for at, run in enumerate(found):
            for series, style in ((name, ":"), (f"val_{name}", "-")):
                values = run.history.get(series, [])
                label = run.name if style == "-" or f"val_{name}" not in run.history else None
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, style, color=colors(at), label=label)
        axes.set(title=f"{name}: validation (lines), training (dots)", xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(output)
    except (OSError, ValueError) as problem:
        fail(f"`{output}` cannot be written: {problem}")
