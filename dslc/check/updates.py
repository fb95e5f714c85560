"""Do schedule, batch and accumulation fit the length of the training and the model?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.experiment import Optimizer
from dslc.vocab.layers.norm import BatchNorm


def check_updates(
    data: ir.SectionSpec, train: ir.SectionSpec, finetune: ir.SectionSpec | None, graph: Graph
) -> list[Diagnostic]:
    """Everything about the updates of a training, whose phases are those of `finetune`."""
    phases = finetune.inner if finetune is not None else ()
    found = [d for stretch in _stretches(train, phases) for d in _rate(stretch)]
    batch, epochs = data.settings.get("batch"), train.settings.get("epochs")
    if batch is not None and batch.value == 1:
        found += _alone(batch, graph)
    if batch is not None and batch.value == "full" and epochs is not None:
        found += _never(train, batch, epochs)
    return found


def decaying(optimizer: Optimizer, graph: Graph) -> tuple[int, int] | None:
    """How many arrays of weights decay, and how many are trained; None for a network that only its library knows
    in all parts."""
    decayed = trained = 0
    for node in graph.nodes():
        arrays = graph.weights(node)
        if not arrays and node.shares is None and graph.counts(node)[0] != 0:
            return None
        names = [name for name, array in arrays.items() if array.trainable]
        trained += len(names)
        decayed += sum(map(optimizer.decayed, names))
    return decayed, trained


def _stretches(
    train: ir.SectionSpec, phases: tuple[ir.SectionSpec, ...]
) -> Iterator[ir.SectionSpec]:
    """What is trained one after the other: `train`, or each phase with what it leaves to `train`."""
    for phase in phases:
        own = {name: s for name, s in phase.settings.items() if s.value is not None}
        yield replace(train, settings={**train.settings, **own})
    if not phases:
        yield train


def _rate(section: ir.SectionSpec) -> Iterator[Diagnostic]:
    """Whether the schedule of a stretch ends before its epochs do."""
    optimizer, epochs = section.settings.get("optimizer"), section.settings.get("epochs")
    if optimizer is None or epochs is None:
        return
    word, count = optimizer.value, epochs.value
    if not isinstance(word, Optimizer) or word.schedule is None or not isinstance(count, int):
        return
    for parameter, message in word.schedule.too_long(count):
        there = [Label(epochs.span, "the epochs of the training")]
        message = f"{message}, but the training has {count}"
        fix = Fix(f"give it less than {count}, or train longer")
        place = _argument(optimizer.span, parameter)
        yield error("E0418", message, place, secondary=there, fixes=[fix])


def _argument(span: Span, name: str) -> Span:
    """Where an argument of a schedule is given by its name; else the whole setting."""
    found = re.search(rf"\b{name}\s*=\s*(\[[^\]]*\]|[\w.+-]+)", span.text)
    if found is None:
        return span
    return span.source.span(span.start + found.start(), span.start + found.end())


def _alone(batch: ir.Setting, graph: Graph) -> Iterator[Diagnostic]:
    for node in graph.nodes():
        if isinstance(node.word, BatchNorm) and node.output is not None and node.output.rank == 1:
            there = [Label(batch.span, "one sample in a batch")]
            message = "`BatchNorm` of a single number for each channel is always its offset"
            fixes = [
                Fix("write LayerNorm, which needs no batch", (Edit(node.span, "LayerNorm"),)),
                Fix("or make the batch larger"),
            ]
            yield error("E0419", message, node.span, secondary=there, fixes=fixes)
            return


def _never(train: ir.SectionSpec, batch: ir.Setting, epochs: ir.Setting) -> Iterator[Diagnostic]:
    setting = train.settings.get("accumulate")
    if setting is None or not isinstance(setting.value, int) or not isinstance(epochs.value, int):
        return
    if setting.value > epochs.value:
        there = [Label(batch.span, "one batch an epoch"), Label(epochs.span, "so many epochs")]
        message = f"no update: gradients of {setting.value} batches are added up, there are {epochs.value}"
        fix = Fix("remove accumulate: the whole training part is in each gradient already")
        yield error("E0420", message, setting.span, secondary=there, fixes=[fix])
