"""What is trained one after the other, with the places where it is written: for rules about training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dslc.lint.edits import Edits
from dslc.lint.facts import Facts, written
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.data import part_sizes


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase of `finetune`, or the whole training where there are none. `optimizer` is where its optimiser stands,
    `words` are its callbacks, `phase` is the section that it is written as."""

    plan: PhasePlan
    optimizer: ir.Setting
    words: tuple[ir.Bound, ...]
    phase: ir.SectionSpec | None = None


def stretches(facts: Facts) -> Iterator[Stretch]:
    """Everything that is trained, in order; nothing where nothing is."""
    plan, train, finetune = facts.training, facts.section("train"), facts.section("finetune")
    if plan is None or train is None:
        return
    phases = finetune.inner if finetune is not None else ()
    for number, stretch in enumerate(plan.phases):
        phase = phases[number] if phases else None
        own = written(phase, "optimizer")
        setting = own or train.settings["optimizer"]
        words = phase.words if phase is not None and phase.words else train.words
        yield Stretch(stretch, setting, words, phase)


def training_rows(plan: TrainingPlan) -> int | None:
    """How many samples the training part of each training has; None where only the data tell."""
    samples, protocol = plan.source.samples, plan.protocol
    if samples is None:
        return None
    if protocol is not None and not protocol.bootstraps:
        samples = protocol.untested(samples)
    return part_sizes(samples, plan.split)["training"]


def section_of(facts: Facts, spec: ir.SectionSpec) -> tree.Section | None:
    """A section as written, phases too."""
    sections = (node for node in facts.nodes() if isinstance(node, tree.Section))
    return next((node for node in sections if node.keyword.span == spec.span), None)


def shown(rate: float) -> str:
    """As specs write it: `1e-4`, `0.01`."""
    if rate >= 0.01:
        return f"{rate:.3g}"
    digits, _, power = f"{rate:.2e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def lower_rate(facts: Facts, setting: ir.Setting, rate: str) -> Edits:
    """Another learning rate for an optimiser that has a number; none for a schedule."""
    lr = facts.edit.written(setting, "lr")
    if lr is not None and not isinstance(lr, tree.Number):
        return ()
    return facts.edit.set_argument(setting, "lr", rate)
