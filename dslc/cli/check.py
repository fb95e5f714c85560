"""`dslc check`: what is wrong with specs, and what their models are like."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.console import fail, reason, report, safe, say, style, width
from dslc.cli.formats import FORMATS

if TYPE_CHECKING:
    from dslc.diagnostics import Diagnostic
    from dslc.driver import Analysis, ModelAnalysis
    from dslc.plan.training import TrainingPlan


@click.command("check")
@click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="full",
    help="How to say it: with the lines of source, a line each, or for a machine.",
)
@click.option("-l", "--layers", is_flag=True, help="Show every layer, inside of blocks too.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong.")
@click.option("--phases", is_flag=True, help="Print what trains in each phase, as JSON.")
def check_command(
    specs: tuple[Path, ...], form: str, layers: bool, quiet: bool, phases: bool
) -> int:
    """Check SPECS, which are files or folders, and show the shapes of their models."""
    from dslc.cli.formats import rendered
    from dslc.diagnostics import has_errors
    from dslc.driver import analyse
    from dslc.render import summary

    found: dict[tuple[str, str, str], Diagnostic] = {}
    files = list(find(specs))
    if phases:
        return _phases(files)
    for path in files:
        analysis = analyse(path)
        fresh = {(d.code, _place(d), d.message): d for d in analysis.diagnostics}
        fresh = {key: d for key, d in fresh.items() if key not in found}
        found |= fresh
        if form == "full":
            report(list(fresh.values()))
            if fresh:
                say("\n")
            if not quiet and analysis.ok:
                say(_tables(analysis, layers, path))
    everything = list(found.values())
    if form != "full":
        say(rendered(everything, form))
    elif everything or (quiet and not everything):
        say("" if quiet and not everything else f"{summary(everything)}\n")
    elif len(files) > 1:
        say(f"{len(files)} specs, {summary(everything)}\n")
    return FINDINGS if has_errors(everything) else FINE


def _phases(files: list[Path]) -> int:
    """Only what trains when; mistakes go to stderr."""
    from dslc.cli.phases import phases_json
    from dslc.driver import analyse

    analyses = [analyse(path) for path in files]
    report([d for a in analyses for d in a.diagnostics], err=True)
    say(phases_json(analyses))
    return FINE if all(a.ok for a in analyses) else FINDINGS


def _place(diagnostic: Diagnostic) -> str:
    return "" if diagnostic.primary is None else str(diagnostic.primary.span)


def _tables(analysis: Analysis, layers: bool, path: Path) -> str:
    from dslc.cli.numerics import deviation_table
    from dslc.cli.phases import phase_table
    from dslc.cli.shapes import model_table

    batch = _batch(analysis)
    parts: list[str] = []
    for model in analysis.models:
        head = style(f"{safe(str(path))}: {model.definition.name}", bold=True)
        if model.summary is not None:
            body = model_table(model.summary, layers=layers, batch=batch, width=width())
            parts.append(f"{head}\n\n{body}{_decay(analysis, model)}{_protocol(analysis, model)}")
            parts.append(deviation_table(analysis, model, width=width()))
            parts.append(f"{phase_table(analysis) if model is analysis.models[-1] else ''}\n")
    if not analysis.models:
        parts.append(f"{style(safe(str(path)), bold=True)}: no problems, and no model\n\n")
    return "".join(parts)


def _decay(analysis: Analysis, model: ModelAnalysis) -> str:
    """Which weights an optimiser with weight decay makes smaller: `weight_decay 1e-4: 2 of 4 arrays …`."""
    from dslc.check.updates import decaying
    from dslc.spec.bind import show_value
    from dslc.vocab.experiment import Optimizer

    sections = analysis.spec.sections if analysis.spec is not None else {}
    train = sections.get("train") if "finetune" not in sections else None
    setting = train.settings.get("optimizer") if train is not None else None
    word = setting.value if setting is not None else None
    if not isinstance(word, Optimizer) or not word.weight_decay or model is not analysis.models[-1]:
        return ""
    found = decaying(word, model.graph)
    if found is None:
        return ""
    which = "kernels and embeddings" if word.decays == "kernels" else "all that is trained"
    count = f"{found[0]} of {found[1]} arrays decay"
    return f"  weight_decay {show_value(word.weight_decay)}: {count} ({which})\n"


def _protocol(analysis: Analysis, model: ModelAnalysis) -> str:
    """How much a protocol that trains several times means: `kfold(5): 5 trainings of 20 epochs`."""
    from dslc.plan.experiment import plan_training

    spec = analysis.spec
    if spec is None or "evaluate" not in spec.sections or model is not analysis.models[-1]:
        return ""
    plan = plan_training(spec, model.graph)
    if plan is None or plan.protocol is None:
        return ""
    epochs = sum(phase.epochs for phase in plan.phases)
    each = f"{epochs} epoch{'s' if epochs > 1 else ''}"
    count = plan.protocol.trainings(plan.source.samples)
    many = f"{count:,} trainings of {each}" if count else f"a training of {each} for each row"
    return f"  {plan.protocol.text}: {many}\n{_unreported(plan)}"


def _unreported(plan: TrainingPlan) -> str:
    """The metrics that a protocol leaves out of its report: `bootstrap632plus reports mae, and not rmse`."""
    assert plan.protocol is not None
    metrics = [metric for output in plan.outputs for metric in output.metrics]
    told = [m.label for m in metrics if plan.protocol.measures(m)]
    lost = [m.label for m in metrics if not plan.protocol.measures(m)]
    if not lost or not told:
        return ""
    one, other = (", ".join(dict.fromkeys(names)) for names in (told, lost))
    return f"  {plan.protocol.word} reports {one}, and not {other}\n"


def _batch(analysis: Analysis) -> int | None:
    data = analysis.spec.sections.get("data") if analysis.spec is not None else None
    setting = data.settings.get("batch") if data is not None else None
    return setting.value if setting is not None and isinstance(setting.value, int) else None


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """The specs among `paths`, each once; of a folder all `*.dl` below it, hidden folders apart."""
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            inside = sorted(_below(path))
            if not inside:
                fail(f"there is no spec in `{path}`", "specs have names that end in .dl")
        else:
            inside = [path]
        for spec in inside:
            if spec not in seen:
                seen.add(spec)
                yield spec


def _below(folder: Path) -> Iterator[Path]:
    def refuse(problem: OSError) -> None:
        fail(f"`{problem.filename}` cannot be read: {reason(problem)}")

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".dl"))
