"""`dslc verify`: are both scripts of a spec the same model?"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import choose, find_backend, script_for
from dslc.cli.console import fail, reason, report, safe, say, style, table

if TYPE_CHECKING:
    from dslc.driver import Analysis, ModelAnalysis
    from dslc.verify.pair import Pair, Wishes
    from dslc.verify.result import Check, Figures, Verdict
    from dslc.verify.runner import Probe

BACKENDS = ("keras", "torch")
FRAMEWORKS = ("keras", "tensorflow", "torch")
HEAD = ("largest", "relative", "allowed")


@click.command("verify")
@click.argument(
    "specs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="SPEC..."
)
@click.option("-m", "--model", metavar="NAME", help="Which model, if the file has several.")
@click.option(
    "--steps",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="How many updates to follow.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Other weights and batches."
)
@click.option(
    "--batch", type=click.IntRange(1, 4096), help="Samples in a batch; 8 at most by default."
)
@click.option(
    "--precision",
    type=click.Choice(["both", "float64", "float32"]),
    default="both",
    help="What to compute in: float64 judges meaning, float32 rounding.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SIZE",
    help="Compare with a smaller input: 64x64, or photo=64x64.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value of a parameter of the model, such as a smaller width.",
)
@click.option("--layers", "all_layers", is_flag=True, help="Show every layer and array.")
@click.option("--json", "as_json", is_flag=True, help="Write the result as JSON.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the scripts and arrays that were compared.",
)
def verify_command(
    specs: tuple[Path, ...],
    model: str | None,
    steps: int,
    seed: int,
    batch: int | None,
    precision: str,
    inputs: tuple[str, ...],
    sets: tuple[str, ...],
    all_layers: bool,
    as_json: bool,
    keep: Path | None,
) -> int:
    """Run both scripts of SPEC on the same weights and batches, and compare them number by number.

    Compared are the laws of the first weights, the output of every layer, running statistics, predictions, loss,
    gradients, and weights and losses after some steps of the spec's own training. The exit code is 1 when they
    differ, and the first layer that does is named.
    """
    try:
        from dslc.verify import runner
        from dslc.verify.pair import Wishes
    except ImportError as problem:
        fail(f"`dslc verify` needs {problem.name}", 'pip install "dslc[keras-cpu,torch]"')
    if keep is not None and len(specs) > 1:
        fail("--keep is for one spec", "verify the specs one by one")
    wishes = Wishes(steps, seed, batch, precision)
    changes = Changes(model, inputs, sets)
    found: list[dict[str, Any]] = []
    codes = []
    with runner.probes() as probes:
        for number, spec in enumerate(specs):
            with _progress() as progress:
                both = _compared(spec, changes, wishes, keep, probes, progress)
            if both is None:
                codes.append(FINDINGS)
                continue
            pair, verdict = both
            codes.append(FINE if verdict.ok or verdict.expected else FINDINGS)
            if as_json:
                found.append(_as_json(pair, verdict, spec))
            else:
                say("\n" if number else "")
                _show(pair, verdict, spec, [*inputs, *sets], all_layers)
    if as_json:
        say(json.dumps(found[0] if len(specs) == 1 and found else found, indent=2) + "\n")
    return max(codes)


@dataclass(frozen=True)
class Changes:
    """Which model, and with which sizes in place of its own."""

    model: str | None
    inputs: tuple[str, ...]
    sets: tuple[str, ...]


def _compared(
    spec: Path,
    changes: Changes,
    wishes: Wishes,
    keep: Path | None,
    probes: dict[str, Probe],
    progress: Any,
) -> tuple[Pair, Verdict] | None:
    """Both scripts of a spec and what became of them; None after its mistakes were shown."""
    from dslc.verify.judge import judge
    from dslc.verify.pair import prepare
    from dslc.verify.runner import run
    from dslc.verify.variant import analysed
    from dslc.weights.problem import Problem

    try:
        analysis = analysed(spec, changes.model, changes.inputs, changes.sets)
        report(analysis.diagnostics, err=True)
        chosen = choose(analysis, changes.model) if analysis.ok else None
        if chosen is None or not _installed(analysis, chosen):
            return None
        with _folder(keep) as folder:
            backends = [find_backend(name) for name in BACKENDS]
            pair = prepare(analysis, chosen, backends, wishes, folder)
            run(pair, probes, progress)
            progress("", "comparing")
            return pair, judge(pair)
    except Problem as problem:
        fail(problem.message, problem.help)


def _installed(analysis: Analysis, chosen: ModelAnalysis) -> bool:
    """Whether both scripts could run; what they lack ends the command."""
    from dslc.cli.run import EXTRAS, modules

    missing = dict.fromkeys(name for name in FRAMEWORKS if find_spec(name) is None)
    for name in BACKENDS:
        text = script_for(analysis, chosen, find_backend(name), "spec")
        if text is None:
            return False
        missing |= dict.fromkeys(m for m in modules(text) if find_spec(m) is None)
    if missing:
        extras = ",".join(["keras-cpu", "torch", *(EXTRAS[m] for m in missing if m in EXTRAS)])
        verb = "is" if len(missing) == 1 else "are"
        fail(
            f"{' and '.join(missing)} {verb} not installed: `dslc verify` runs both scripts",
            f'{Path(sys.executable).name} -m pip install "dslc[{extras}]"',
        )
    return True


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where scripts and arrays go: a place that vanishes, or the one that is asked for."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="dslc-verify-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        for backend in BACKENDS:
            shutil.rmtree(keep / backend, ignore_errors=True)
    except OSError as problem:
        fail(f"`{keep}` cannot be made: {reason(problem)}", "name another folder")
    yield keep


@contextmanager
def _progress() -> Iterator[Any]:
    """A line on a terminal that says how far both scripts are; nothing elsewhere."""
    shown = sys.stderr.isatty()
    now: dict[str, str] = dict.fromkeys(BACKENDS, "starting")

    def progress(name: str, stage: str) -> None:
        if name in now:
            now[name] = stage
        if shown:
            parts = [f"{n}: {s}" for n, s in now.items()] if name else [stage]
            say(f"\r\x1b[K{'  '.join(parts)}", err=True)

    if shown:
        progress("keras", "starting")
    try:
        yield progress
    finally:
        if shown:
            say("\r\x1b[K", err=True)


# --------------------------------------------------------------------------- as text


def _show(pair: Pair, verdict: Verdict, spec: Path, changed: list[str], all_layers: bool) -> None:
    name = pair.chosen.definition.name
    sizes = f", with {', '.join(changed)}" if changed else ""
    say(f"{safe(str(spec))}: {name} in Keras and PyTorch{safe(sizes)}\n\n")
    for line in _checks(pair, verdict):
        say(f"  {line}\n")
    if all_layers or any(not row.ok for row in verdict.layers):
        say("\n")
        for line in _layers(pair, verdict, all_layers):
            say(f"  {line}\n")
    if all_layers and verdict.arrays:
        say("\n")
        for line in _arrays(verdict):
            say(f"  {line}\n")
    say("\n")
    for note in verdict.notes:
        say(f"  {safe(note)}\n")
    if verdict.notes:
        say("\n")
    if verdict.finding is None:
        say(style("the same model in both scripts", fg="green") + "\n")
        return
    if verdict.expected:
        where = verdict.finding.where
        say(
            f"they differ from {where} on, as `numerics = stock` says: what comes behind is not judged\n"
        )
        return
    report([_diagnostic(verdict)])


def _diagnostic(verdict: Verdict) -> Any:
    from dslc.diagnostics import error

    found = verdict.finding
    assert found is not None
    message = f"the scripts are not the same model: {found.where}"
    notes = [*found.notes] if found.span is not None else [found.message, *found.notes]
    return error("E0470", message, found.span, found.message, notes=notes)


def _checks(pair: Pair, verdict: Verdict) -> list[str]:
    """The table: what was compared, and for each precision the largest difference and what is allowed."""
    columns = [f"{d} {h}" if h == HEAD[0] else h for d in pair.dtypes for h in HEAD]
    rows = [("", *(c.removesuffix(" largest") for c in columns), "")]
    for check in verdict.checks:
        cells = [cell for d in pair.dtypes for cell in _cells(check.figures.get(d))]
        rows.append((check.what, *cells, _mark(check)))
    lines = table(rows, right=range(1, len(columns) + 1))
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _mark(check: Check) -> str:
    mark = "ok" if check.ok else "DIFFERS"
    return f"{mark}, {check.note}" if check.note else mark


def _cells(figures: Figures | None) -> tuple[str, str, str]:
    if figures is None:
        return "", "", ""
    share = "" if figures.share != figures.share else _number(figures.share)
    return _number(figures.gap), share, _number(figures.allowed)


def _number(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.3g}" if 0.01 <= value < 1000 else f"{value:.1e}"


def _layers(pair: Pair, verdict: Verdict, every: bool) -> list[str]:
    """Layer by layer: those up to the first that differs, or all of them."""
    rows = verdict.layers
    first = next((at for at, row in enumerate(rows) if not row.ok), len(rows))
    chosen = rows if every else rows[max(0, first - 3) : first + 3]
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    body = [
        (
            row.where,
            row.shape,
            *(_number(row.figures[n].gap) if n in row.figures else "" for n in names),
            "" if row.ok else "DIFFERS",
        )
        for row in chosen
    ]
    return table([("layer", "output", *names, ""), *body], right=range(2, 2 + len(names)))


def _arrays(verdict: Verdict) -> list[str]:
    """Array by array: gradients, and weights after steps; a phase has columns of its own."""
    names = list(dict.fromkeys(name for row in verdict.arrays.values() for name in row))
    body = [
        (
            key,
            *(_number(row[n].gap) if n in row else "" for n in names),
            "" if all(figures.ok for figures in row.values()) else "DIFFERS",
        )
        for key, row in verdict.arrays.items()
    ]
    return table([("array", *names, ""), *body], right=range(1, 1 + len(names)))


# --------------------------------------------------------------------------- as JSON


def _as_json(pair: Pair, verdict: Verdict, spec: Path) -> dict[str, Any]:
    found = verdict.finding
    span = found.span if found is not None else None
    return {
        "spec": str(spec),
        "model": pair.chosen.definition.name,
        "same": verdict.ok,
        "expected": verdict.expected,
        "steps": pair.wishes.steps,
        "seed": pair.wishes.seed,
        "batch": pair.batch,
        "first_difference": None
        if found is None
        else {
            "where": found.where,
            "message": found.message,
            "file": span.source.name if span is not None else None,
            "line": span.line if span is not None else None,
            "notes": list(found.notes),
        },
        "checks": [
            {"what": c.what, "ok": c.ok, "note": c.note, **_all_figures(c.figures)}
            for c in verdict.checks
        ],
        "layers": [
            {"where": r.where, "output": r.shape, "ok": r.ok, **_all_figures(r.figures)}
            for r in verdict.layers
        ],
        "arrays": [{"array": key, **_all_figures(row)} for key, row in verdict.arrays.items()],
        "notes": verdict.notes,
    }


def _all_figures(figures: dict[str, Figures]) -> dict[str, Any]:
    return {name: _plain(f) for name, f in figures.items()}


def _plain(figures: Figures) -> dict[str, Any]:
    """Numbers that JSON has: what is none, or endless, is null."""
    names = ("gap", "share", "allowed")
    values = {name: getattr(figures, name) for name in names}
    return {name: v if abs(v) < float("inf") else None for name, v in values.items()}
