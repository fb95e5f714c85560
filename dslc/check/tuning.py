"""`finetune`: which weights train in which phase. Names and strategies are resolved against the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dslc.check.parts import Part, Tuned, tuned
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.experiment import Optimizer
from dslc.vocab.libraries import Library
from dslc.vocab.selectors import (
    All,
    Auto,
    Classifier,
    From,
    Full,
    Last,
    Nothing,
    Partial,
    Selector,
    Strategy,
    Until,
)
from dslc.vocab.word import Word

HEAD = "head"  # what `rates` calls everything outside the backbone
SHARE = 4  # of the epochs, for the head alone, in the phases that a strategy makes
SLOWER = 0.1  # than the head alone, so that what was learned is not lost

Chosen = frozenset[int]  # numbers of parts


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase as it is trained. `trains` are numbers of parts, by library; `heads` those of labelled steps outside
    the backbone that stay as they are. `rates` go from the name of a group to its rate."""

    name: str
    epochs: int
    optimizer: Optimizer
    callbacks: tuple[ir.Bound, ...]
    trains: Mapping[Library, Chosen]
    heads: Chosen
    keep: bool = False
    rates: Mapping[str, float] | None = None
    span: Span | None = None

    def trainable(self, model: Tuned, *, norms: bool) -> int:
        """How many numbers train."""
        mine = sum(model.parts[i].counted(norms=norms) for i in self.trains[model.library])
        return mine + model.head - sum(model.heads[i].trained for i in self.heads)

    def decaying(self, model: Tuned, *, norms: bool) -> tuple[int, int] | None:
        """How many arrays of weights decay, and how many are trained; None where only a library knows them."""
        mine = [model.parts[i].arrays for i in self.trains[model.library]]
        head = [p.arrays for i, p in enumerate(model.heads) if i not in self.heads]
        names: list[str] = []
        for arrays in mine:
            if arrays is None:
                return None
            names += [name for name, norm in arrays if norms or not norm]
        for arrays in [*head, model.rest_arrays]:
            if arrays is None:
                return None
            names += [name for name, _ in arrays]
        return sum(map(self.optimizer.decayed, names)), len(names)


# --------------------------------------------------------------------------- selectors


def choose(model: Tuned, items: tuple[Selector | str, ...]) -> tuple[Chosen, Chosen]:
    """The parts of the backbone, and the labelled steps outside, that selectors name."""
    parts: set[int] = set()
    heads: set[int] = set()
    for item in items:
        if isinstance(item, str):
            parts |= matching(model, item)
            heads |= {i for i, head in enumerate(model.heads) if _fits(head, item)}
        else:
            parts |= _selected(model, item)
    return frozenset(parts), frozenset(heads)


def _selected(model: Tuned, item: Selector) -> set[int]:
    count = len(model.parts)
    match item:
        case All():
            return set(range(count))
        case Nothing():
            return set()
        case Last():
            amount = item.amount
            many = amount if isinstance(amount, int) else max(1, round(count * amount))
            return set(range(max(0, count - many), count))
        case From():
            return set(range(min(matching(model, item.name), default=count), count))
        case Until():
            return set(range(max(matching(model, item.name), default=-1) + 1))
    raise AssertionError(item)


def matching(model: Tuned, name: str) -> set[int]:
    """The parts that a name or pattern is about. The stages of a network come before its layers."""
    if model.word is not None:
        stages = {n for part in model.parts for n in part.names[:-1] if fnmatchcase(n, name)}
        if stages:
            return {i for i, part in enumerate(model.parts) if stages & set(part.names[:-1])}
    return {i for i, part in enumerate(model.parts) if _fits(part, name)}


def _fits(part: Part, name: str) -> bool:
    return any(fnmatchcase(own, name) for own in part.names)


def names_of(items: tuple[Selector | str, ...]) -> Iterator[str]:
    """The names and patterns in selectors."""
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, (From, Until)):
            yield item.name


# --------------------------------------------------------------------------- strategies


def final(strategy: Strategy) -> tuple[Selector | str, ...]:
    """What of the backbone trains in the end."""
    if isinstance(strategy, Auto):
        strategy = strategy.choice()
    if isinstance(strategy, Partial):
        return strategy.start
    return (All(),) if isinstance(strategy, Full) else (Nothing(),)


def made_phases(strategy: Strategy, models: list[Tuned], train: ir.SectionSpec) -> Iterator[Phase]:
    """The phases of a strategy that are not written: the head alone for a quarter of the epochs, then what the
    strategy says at a tenth of the rate."""
    epochs: Any = train.settings["epochs"].value
    optimizer: Any = train.settings["optimizer"].value
    none: dict[Library, Chosen] = {m.library: frozenset() for m in models}
    alone = Phase("head", epochs, optimizer, train.words, none, frozenset())
    wanted = final(strategy)
    if wanted == (Nothing(),):
        yield alone
        return
    first = max(1, epochs // SHARE)
    trains = {m.library: choose(m, wanted)[0] for m in models}
    if epochs > 1:
        yield Phase("head", first, optimizer, train.words, none, frozenset())
    slow = slower(optimizer, SLOWER)
    rest = max(1, epochs - first)
    yield Phase("tune", rest, slow, train.words, trains, frozenset())


def slower(optimizer: Optimizer, factor: float) -> Optimizer:
    """The optimiser with its learning rate, or every rate of its schedule, times `factor`."""

    def times(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(times, value))
        return float(f"{value * factor:.6g}")

    rate: Any = optimizer.lr
    if isinstance(rate, Word):
        rates = {n: times(v) for n, v in rate if n in ("lr", "end", "rates")}
        return optimizer.model_copy(update={"lr": rate.model_copy(update=rates)})
    return optimizer.model_copy(update={"lr": times(rate)})


def at_rate(optimizer: Optimizer, rate: float) -> Optimizer:
    """The optimiser with another learning rate; a schedule reaches that one behind its warm-up."""
    if isinstance(optimizer.lr, Word):
        return slower(optimizer, rate / optimizer.rate)
    return optimizer.model_copy(update={"lr": rate})


def phases(spec: ir.Spec, graph: Graph) -> tuple[list[Tuned], list[Phase]]:
    """The model by library, and the phases, of a spec whose `finetune` is right; nothing where it has none."""
    section, train = spec.sections.get("finetune"), spec.sections.get("train")
    if section is None or train is None or section.label is None:
        return [], []
    models = tuned(graph, section.label.text)
    if not section.inner:
        setting = section.settings["strategy"].value
        strategy = setting if isinstance(setting, Strategy) else Classifier()
        return models, list(made_phases(strategy, models, train))
    return models, [written_phase(phase, models, train) for phase in section.inner]


def written_phase(phase: ir.SectionSpec, models: list[Tuned], train: ir.SectionSpec) -> Phase:
    def of(key: str) -> Any:
        value = phase.settings[key].value
        return train.settings[key].value if value is None else value

    freeze: Any = phase.settings["freeze"].value
    unfreeze: Any = phase.settings["unfreeze"].value
    trains: dict[Library, Chosen] = {}
    heads: Chosen = frozenset()
    for model in models:
        everything = frozenset(range(len(model.parts)))
        named, heads = choose(model, freeze)
        if unfreeze:
            trains[model.library] = choose(model, unfreeze)[0]
        else:
            trains[model.library] = everything - named
    assert phase.label is not None
    part = phase.parts.get("rates")
    rates = {n: s.value for n, s in part.settings.items()} if part is not None else None
    return Phase(
        phase.label.text,
        of("epochs"),
        of("optimizer"),
        phase.words or train.words,
        trains,
        heads,
        phase.settings["optimizer_state"].value == "keep",
        rates,  # type: ignore[arg-type]
        phase.label.span,
    )
