"""What trains when: the phases of `finetune` under a good spec, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dslc.check.tuning import phases
from dslc.check.updates import decaying
from dslc.cli.console import style, table
from dslc.spec.bind import show_value
from dslc.vocab.word import Word

if TYPE_CHECKING:
    from dslc.driver import Analysis
    from dslc.plan.training import PhasePlan, TrainingPlan
    from dslc.plan.tuning import TuningPlan

HEAD = ("phase", "epochs", "optimizer", "", "trainable", "frozen")


def phase_table(analysis: Analysis) -> str:
    """The table of a spec with `finetune`; nothing for another."""
    plan = _plan(analysis)
    if plan is None or plan.tuning is None:
        return ""
    rows = [HEAD, *(_row(phase, plan) for phase in plan.phases)]
    lines = table(rows, right=(1, 4, 5))
    found = [style(lines[0], dim=True), *lines[1:], "", *_notes(analysis, plan)]
    return "\n" + "".join(f"  {line}".rstrip() + "\n" for line in found)


def _row(phase: PhasePlan, plan: TrainingPlan) -> tuple[str, ...]:
    assert phase.trains is not None and plan.tuning is not None
    trainable = phase.trains.counts
    frozen = {key: plan.tuning.totals[key] - count for key, count in trainable.items()}
    epochs = str(phase.epochs)
    return (
        phase.name,
        epochs,
        _optimizer(phase),
        phase.trains.says,
        _numbers(trainable),
        _numbers(frozen),
    )


def _numbers(counts: Any) -> str:
    """`1,234`, or with the names of the libraries where they differ."""
    from dslc.vocab.libraries import TITLES

    if len(set(counts.values())) == 1:
        return f"{next(iter(counts.values())):,}"
    return " / ".join(f"{count:,} ({TITLES[key]})" for key, count in counts.items())


def _optimizer(phase: PhasePlan) -> str:
    """`Adam(lr=1e-3)`, with the rates of the groups where these differ."""
    assert phase.trains is not None
    word = phase.optimizer
    rate: Any = word.lr
    shown = f"{rate.word}({word.rate:g})" if isinstance(rate, Word) else f"{word.rate:g}"
    rates = [shown, *(f"{group.rate:g}" for group in phase.trains.groups[1:])]
    return f"{word.word}(lr={' and '.join(rates)})"


def _notes(analysis: Analysis, plan: TrainingPlan) -> list[str]:
    """The choice of `auto`, what BatchNorm layers do, and what decays."""
    from dslc.vocab.selectors import Auto, Partial, shown

    assert analysis.spec is not None and plan.tuning is not None
    strategy = analysis.spec.sections["finetune"].settings["strategy"].value
    found = []
    if isinstance(strategy, Auto):
        choice = strategy.choice()
        text = choice.word
        if isinstance(choice, Partial):
            text = f"partial(from={shown(choice.start)})"
        asked = f"auto(similarity={strategy.similarity}, data={strategy.data})"
        found.append(f"{asked} is {text}: {strategy.reason}")
    return [*found, *_norms(plan.tuning), *_decay(analysis, plan)]


def _norms(tuning: TuningPlan) -> Iterator[str]:
    """What `bn` means for the backbone, and for the parts outside of it that a phase freezes."""
    whose = f"BatchNorm layers of {tuning.label}"
    if tuning.norms == "frozen":
        yield f"bn = frozen: {whose} use the statistics that they have"
    elif tuning.norms == "train":
        yield f"bn = train: {whose} use those of the batch, in every phase"
    if tuning.head_norms == "frozen":
        yield "bn = frozen: BatchNorm layers of the head do so in the phases that freeze their step"
    elif tuning.head_norms == "train":
        yield "bn = train: BatchNorm layers of frozen steps of the head use those of the batch, too"


def _decay(analysis: Analysis, plan: TrainingPlan) -> Iterator[str]:
    """Which weights decay in each phase: `tune: weight_decay 1e-4: 2 of 4 arrays decay …`."""
    for phase, arrays in zip(plan.phases, _arrays(analysis), strict=True):
        word = phase.optimizer
        if word.weight_decay:
            which = "kernels and embeddings" if word.decays == "kernels" else "all that is trained"
            count = f"{arrays[0]} of {arrays[1]} arrays decay ({which})" if arrays else which
            yield f"{phase.name}: weight_decay {show_value(word.weight_decay)}: {count}"


def _arrays(analysis: Analysis) -> list[tuple[int, int] | None]:
    """How many arrays decay in each phase of a good spec, and how many are trained."""
    assert analysis.spec is not None
    models, made = phases(analysis.spec, analysis.models[-1].graph)
    norms = analysis.spec.sections["finetune"].settings["bn"].value == "train"
    return [phase.decaying(models[0], norms=norms) for phase in made]


def phases_json(analyses: list[Analysis]) -> str:
    """The same as a JSON array with an object for each phase of each spec; a training without `finetune` is one phase
    without a name. `arrays` says how many decay, where they are known."""
    found = []
    for analysis in analyses:
        plan = _plan(analysis)
        if plan is None or analysis.source is None:
            continue
        tuned = _arrays(analysis) if plan.tuning is not None else []
        for number, phase in enumerate(plan.phases):
            said: dict[str, Any] = {
                "spec": analysis.source.name,
                "phase": phase.name,
                "epochs": phase.epochs,
                "optimizer": phase.optimizer.word,
                "lr": phase.optimizer.rate,
                "weight_decay": float(phase.optimizer.weight_decay),
                "decays": phase.optimizer.decays,
            }
            if phase.trains is not None and plan.tuning is not None:
                counts = phase.trains.counts
                said["rates"] = [group.rate for group in phase.trains.groups]
                said["trainable"] = dict(counts)
                said["frozen"] = {k: plan.tuning.totals[k] - n for k, n in counts.items()}
            graph = analysis.models[-1].graph
            arrays = tuned[number] if tuned else decaying(phase.optimizer, graph)
            if arrays is not None:
                said["arrays"] = {"decaying": arrays[0], "trainable": arrays[1]}
            found.append(said)
    return json.dumps(found, indent=2) + "\n"


def _plan(analysis: Analysis) -> TrainingPlan | None:
    from dslc.plan.experiment import plan_training

    if not analysis.ok or analysis.spec is None or not analysis.models:
        return None
    return plan_training(analysis.spec, analysis.models[-1].graph)
