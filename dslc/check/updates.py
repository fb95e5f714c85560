"""Do schedule, batch and accumulation fit the length of the training and the model?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dslc.check.protocol import protocol_of
from dslc.check.tuning import SHARE, final
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.data import part_sizes, split_problem
from dslc.vocab.experiment import Optimizer, Source, Split
from dslc.vocab.layers.norm import BatchNorm
from dslc.vocab.selectors import Nothing, Strategy


def check_updates(
    data: ir.SectionSpec,
    train: ir.SectionSpec,
    finetune: ir.SectionSpec | None,
    graph: Graph,
    evaluate: ir.SectionSpec | None = None,
) -> list[Diagnostic]:
    """Everything about the updates of a training, whose phases are those of `finetune`."""
    phases = finetune.inner if finetune is not None else ()
    found = [d for stretch in _stretches(train, phases) for d in _rate(stretch)]
    batch = data.settings.get("batch")
    if batch is not None and batch.value == 1:
        found += _alone(batch, graph)
    return [*found, *_never(data, train, finetune, evaluate)]


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


def _never(
    data: ir.SectionSpec,
    train: ir.SectionSpec,
    finetune: ir.SectionSpec | None,
    evaluate: ir.SectionSpec | None,
) -> Iterator[Diagnostic]:
    """Whether a training, or a phase of it, ends before the first update: where the batches can be counted."""
    setting, batch = train.settings.get("accumulate"), data.settings.get("batch")
    batches = _batches(data, evaluate)
    if setting is None or not isinstance(setting.value, int) or batches is None or batch is None:
        return
    for count, epochs in _lengths(train, finetune):
        if setting.value <= batches * count:
            continue
        each = "one batch an epoch" if batches == 1 else f"{batches:,} batches an epoch"
        there = [Label(epochs.span, "so many epochs")]
        if batch.span.text != "data":  # its default
            there.insert(0, Label(batch.span, each))
        message = f"no update: gradients of {setting.value:,} batches are added up, there are {batches * count:,}"
        notes = [each] if len(there) == 1 else []
        if count != epochs.value:
            notes = [f"the strategy trains the head alone for {count} of {epochs.value} epochs"]
        fix = Fix(f"give it a number up to {batches * count:,}, or remove accumulate")
        if batch.value == "full":
            fix = Fix("remove accumulate: the whole training part is in each gradient already")
        yield error("E0420", message, setting.span, secondary=there, notes=notes, fixes=[fix])
        return


def _lengths(
    train: ir.SectionSpec, finetune: ir.SectionSpec | None
) -> Iterator[tuple[int, ir.Setting]]:
    """The epochs of everything that is trained from a first update on, and where they are written."""
    for stretch in _stretches(train, finetune.inner if finetune is not None else ()):
        epochs = stretch.settings.get("epochs")
        if epochs is None or not isinstance(epochs.value, int):
            continue
        yield _shortest(epochs.value, finetune), epochs


def _shortest(epochs: int, finetune: ir.SectionSpec | None) -> int:
    """The epochs of the first of the phases that a strategy makes."""
    setting = finetune.settings.get("strategy") if finetune is not None else None
    if finetune is None or finetune.inner or setting is None:
        return epochs
    if not isinstance(setting.value, Strategy) or final(setting.value) == (Nothing(),):
        return epochs
    return max(1, epochs // SHARE)


def _batches(data: ir.SectionSpec, evaluate: ir.SectionSpec | None) -> int | None:
    """How many batches the training part has; None where only the data tell."""
    values = [s.value for s in map(data.settings.get, ("source", "split", "batch")) if s]
    if values and values[-1] == "full":
        return 1
    if len(values) < 3:
        return None
    source, split, batch = values
    if not isinstance(source, Source) or not isinstance(split, Split) or type(batch) is not int:
        return None
    protocol = protocol_of(evaluate)
    if source.samples is None or split_problem(source, split, protocol):
        return None
    rows = source.samples
    if protocol is not None and not protocol.bootstraps:
        rows = protocol.untested(rows)
    return -(-part_sizes(rows, split)["training"] // batch)
