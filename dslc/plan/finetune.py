"""`finetune`, resolved, becomes the part of a plan that says what trains when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from dslc.check.parts import Tuned
from dslc.check.tuning import HEAD, Phase, at_rate, matching, phases
from dslc.graph import Graph
from dslc.plan.tuning import Group, Segment, Stretch, Trains, TuningPlan
from dslc.spec import ir
from dslc.vocab.architecture import Unit
from dslc.vocab.callbacks import ModelCheckpoint, template_fields
from dslc.vocab.experiment import Callback
from dslc.vocab.libraries import Library

Rates = dict[Library, list[float | None]]  # of every part; None is that of the optimiser


def plan_tuning(spec: ir.Spec, graph: Graph) -> TuningPlan | None:
    """The plan of a `finetune` without mistakes; None where there is none."""
    models, made = phases(spec, graph)
    if not models:
        return None
    section = spec.sections["finetune"]
    said: Any = section.settings["bn"].value
    norms: Any = said if models[0].has_norm else "none"
    frozen = [models[0].heads[i] for phase in made for i in phase.heads]
    head_norms: Any = said if any(part.has_norm for part in frozen) else "none"
    rates = [_rates(phase, models) for phase in made]
    model = models[0]
    segments = _segments(model, made, rates) if model.word is None else ()
    stretches = tuple(
        _stretch(phase, models, segments, of_parts, trains_norms=norms == "train")
        for phase, of_parts in zip(made, rates, strict=True)
    )
    if len(made) > 1:
        shared = spec.sections["train"].words
        stretches = tuple(
            _with_own_files(stretch) if phase.callbacks is shared else stretch
            for stretch, phase in zip(stretches, made, strict=True)
        )
    heads = dict.fromkeys(name for s in stretches for name in s.trains.frozen_heads)
    named = tuple(segment for segment, _ in segments)
    totals: dict[str, int] = {m.library: m.total for m in models}
    network = model.word is not None
    units: dict[str, tuple[Unit, ...]] = {
        m.library: tuple(_units(m, range(len(m.parts)))) for m in models
    }
    return TuningPlan(
        model.label, network, named, tuple(heads), norms, head_norms, stretches, totals, units
    )


def _rates(phase: Phase, models: list[Tuned]) -> Rates:
    """The rate of every part: that of its own name before that of the whole backbone."""
    given = phase.rates or {}
    found: Rates = {}
    for model in models:
        found[model.library] = [given.get(model.label) for _ in model.parts]
        for name, rate in [*given.items()][::-1]:
            if name not in (HEAD, model.label):
                for i in matching(model, name):
                    found[model.library][i] = rate
    return found


def _segments(
    model: Tuned, made: list[Phase], rates: list[Rates]
) -> tuple[tuple[Segment, tuple[int, ...]], ...]:
    """Neighbours that all phases treat alike, with the numbers of their parts; nothing where that is the whole."""
    key = model.library
    runs: list[tuple[object, list[int]]] = []
    for i in range(len(model.parts)):
        way = tuple((i in p.trains[key], r[key][i]) for p, r in zip(made, rates, strict=True))
        if runs and runs[-1][0] == way:
            runs[-1][1].append(i)
        else:
            runs.append((way, [i]))
    if len(runs) < 2:
        return ()
    taken: set[str] = set()
    found = []
    for number, (_, run) in enumerate(runs, 1):
        part = model.parts[run[0]]
        assert part.span is not None
        name = part.names[0] if part.names else f"part{number}"
        while name in taken:
            name = f"{name}_{number}"
        taken.add(name)
        found.append((Segment(name, part.span), tuple(run)))
    return tuple(found)


def _stretch(
    phase: Phase,
    models: list[Tuned],
    segments: tuple[tuple[Segment, tuple[int, ...]], ...],
    rates: Rates,
    *,
    trains_norms: bool,
) -> Stretch:
    given = phase.rates or {}
    of_head = given.get(HEAD)
    every = phase.trains
    key = models[0].library
    whole = len(every[key]) == len(models[0].parts)

    used = list(dict.fromkeys([*(rates[key][i] for i in sorted(every[key])), of_head]))
    # The rate of the optimiser is that of what has none of its own, else that of the head.
    base = None if None in used else of_head
    optimizer = phase.optimizer if base is None else at_rate(phase.optimizer, base)
    used.sort(key=lambda rate: rate != base)

    def group(parts: dict[Library, list[int]], rate: float | None, *, head: bool) -> Group:
        own = optimizer.rate if rate is None else rate
        mine = set(parts[key])
        return Group(
            tuple(s.name for s, run in segments if mine & set(run)),
            {m.library: tuple(u for u in _units(m, parts[m.library])) for m in models},
            len(mine) == len(models[0].parts),
            head,
            own,
            own / optimizer.rate,
        )

    groups = []
    for rate in used:
        parts = {
            m.library: [i for i in sorted(every[m.library]) if rates[m.library][i] == rate]
            for m in models
        }
        groups.append(group(parts, rate, head=rate == of_head))
    everything = group({m.library: sorted(every[m.library]) for m in models}, base, head=True)
    heads = tuple(models[0].heads[i].names[0] for i in sorted(phase.heads))
    counts: dict[str, int] = {m.library: phase.trainable(m, norms=trains_norms) for m in models}
    says = _says(models[0], every[key], whole=whole)
    trains = Trains(everything, tuple(groups), heads, counts, phase.keep, says)
    callbacks = tuple(cast(Callback, bound.word) for bound in phase.callbacks)
    return Stretch(phase.name, phase.epochs, optimizer, callbacks, trains)


def _with_own_files(stretch: Stretch) -> Stretch:
    """A phase with the callbacks of `train`: files whose names do not hold the epoch begin with the name of the phase,
    or the next phase would overwrite them."""

    def own(callback: Callback) -> Callback:
        if not isinstance(callback, ModelCheckpoint) or callback.file is None:
            return callback
        if "epoch" in [name for name, _ in template_fields(callback.file)]:
            return callback
        return callback.model_copy(update={"file": f"{stretch.name}_{callback.file}"})

    return replace(stretch, callbacks=tuple(map(own, stretch.callbacks)))


def _units(model: Tuned, parts: Iterable[int]) -> Iterable[Unit]:
    return (unit for i in parts if (unit := model.parts[i].unit) is not None)


def _says(model: Tuned, parts: frozenset[int], *, whole: bool) -> str:
    """Which part of the backbone trains, in words."""
    if not parts:
        return f"{model.label} stays as it is"
    if whole:
        return f"all of {model.label} trains"
    at = min(parts)
    first, before = model.parts[at], model.parts[at - 1] if at else None
    suffix = parts == frozenset(range(at, len(model.parts)))
    begins = before is None or before.names[:1] != first.names[:1]
    if suffix and begins and first.names:
        return f"{model.label} trains from {first.names[0]} on"
    if suffix:
        return f"the last {len(parts)} of {len(model.parts)} layers of {model.label} train"
    return f"{len(parts)} of {len(model.parts)} parts of {model.label} train"
