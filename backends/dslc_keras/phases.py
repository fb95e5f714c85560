"""Phases of a training in Keras: which layers are frozen, and a function that begins each phase.

Layers of a backbone of one's own are told apart by the scope of names that they were made in, those of a network by
their place in its `layers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from dslc.codegen.nodes import (
    Assign,
    Attr,
    BinOp,
    Call,
    Expr,
    Expression,
    Index,
    Item,
    Kw,
    ListOf,
    Lit,
    Ref,
    Return,
    Slice,
    Star,
    Statement,
    TupleOf,
    call,
    ref,
)
from dslc.codegen.numbers import number
from dslc.codegen.page import ModelSection
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.plan.tuning import Group, Trains, TuningPlan
from dslc.vocab.architecture import Unit
from dslc.vocab.optimizers import Nadam
from dslc_keras.callbacks import callback_setup
from dslc_keras.optimizers import Updates

LAYERS = "layers_of_backbone"  # what a phase calls the layers of a network


def phase_context(
    plan: TrainingPlan, model: ModelSection, updates: Updates, callbacks: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the templates need to know of phases; nothing of them where the training is one."""
    tuning = plan.tuning
    if tuning is None:
        return {"tuned": ()}
    keepers = [phase.keepers[0] for phase in plan.phases if phase.keepers]
    decays = {p.optimizer.decays for p in plan.phases if p.optimizer.weight_decay}
    found: dict[str, Any] = {
        "tuned": [
            {
                "name": phase.name,
                "epochs": phase.epochs,
                "says": trains(phase).says,
                "keeper": _keeper(phase, updates),
                "body": _body(phase, plan, tuning, updates, mixed=len(decays) > 1),
            }
            for phase in plan.phases
        ],
        "norms": tuning.norms,
        "head_norms": tuning.head_norms,
        "network": tuning.network,
        "nested": tuning.network or model.text.count("keras.Model(") > 1,
        "finds_names": not tuning.network or bool(tuning.heads),
        "by_group": [
            {"name": name, "base": base, "decays": True in decays, "mixed": len(decays) > 1}
            for base, (name, decays) in _grouped(plan, updates).items()
        ],
        "with_start": any(_waits(phase) for phase in plan.phases),
        "with_keep": any(trains(p).keep for p in plan.phases),
        "keeps_product": any(
            trains(p).keep and isinstance(p.optimizer, Nadam) for p in plan.phases
        ),
        "keeps_best": bool(keepers),
        "logs_rate": bool(callbacks["plateaus"]) or any(p.schedule for p in plan.phases),
        "only_kernels_decay": "kernels" in decays,
        "asks_what_decays": len(decays) > 1,
        "update_callbacks": (),
    }
    if keepers:
        # A callback knows which file it wrote last, after `--resume` too.
        found["remembered"] = tuple(dict.fromkeys([*callbacks["remembered"], "file"]))
    return found


def trains(phase: PhasePlan) -> Trains:
    assert phase.trains is not None
    return phase.trains


def _grouped(plan: TrainingPlan, updates: Updates) -> dict[str, tuple[str, set[bool]]]:
    """The optimisers that know rates of groups: their classes by that of Keras, and whether weights decay in their
    phases."""
    found: dict[str, tuple[str, set[bool]]] = {}
    for phase in plan.phases:
        if len(trains(phase).groups) > 1:
            made = updates.optimizer(phase)
            assert isinstance(made, Call) and isinstance(made.func, Ref)
            base = made.func.name
            name = f"{base.rpartition('.')[2]}ByGroup"
            found.setdefault(base, (name, set()))[1].add(bool(phase.optimizer.weight_decay))
    return found


# --- what begins a phase -----------------------------------------------------------------------------------


def _body(
    phase: PhasePlan, plan: TrainingPlan, tuning: TuningPlan, updates: Updates, *, mixed: bool
) -> list[Statement]:
    """The statements of its function, which returns its callbacks."""
    what = trains(phase)
    grouped = len(what.groups) > 1
    body: list[Statement] = []
    if what.keep:
        body.append(Assign((ref("before"),), ref("model.optimizer")))
    frozen = _frozen(what, tuning)
    shares = _shares(what, tuning) if grouped else None
    if tuning.network and (_uses_layers(frozen) or _uses_layers(shares)):
        layers = Attr(call("model.get_layer", tuning.label), "layers")
        body.append(Assign((ref(LAYERS),), layers))
    body.append(Expression(call("freeze", ref("model"), frozen)))
    optimizer = updates.optimizer(phase)
    assert isinstance(optimizer, Call) and isinstance(optimizer.func, Ref)
    if grouped:
        name, _ = _grouped(plan, updates)[optimizer.func.name]
        optimizer = replace(optimizer, func=ref(name))
    more: dict[str, Any] = {}
    if mixed and phase.optimizer.decays == "kernels":
        more["only_kernels"] = True
    body.append(Expression(call("compile_model", ref("model"), optimizer, **more)))
    if shares is not None:
        body.append(Expression(call("set_shares", ref("model"), shares)))
    if what.keep:
        body.append(Expression(call("keep_state", ref("before"), ref("model.optimizer"))))
    body.append(_callbacks(phase, plan, updates))
    return body


def _uses_layers(expr: Any) -> bool:
    """Whether an expression speaks of the layers of a network."""
    todo = [expr]
    while todo:
        item = todo.pop()
        if item == ref(LAYERS):
            return True
        if isinstance(item, tuple):
            todo += item
        elif is_dataclass(item):
            todo += [getattr(item, field.name) for field in fields(item)]
    return False


# --- layers ------------------------------------------------------------------------------------------------


def _frozen(what: Trains, tuning: TuningPlan) -> Expr:
    """The layers that stay as they are, as a list."""
    everything = what.everything
    segments = tuple(s.name for s in tuning.segments if s.name not in everything.segments)
    mine = set(everything.units.get("keras", ()))
    units = tuple(u for u in tuning.units.get("keras", ()) if u not in mine)
    nothing = not everything.whole and not everything.segments and not mine
    rest = Group(segments=segments, units={"keras": units}, whole=nothing)
    names = [f"{label}/" for label in what.frozen_heads]
    if tuning.network:
        found = [] if everything.whole else [*_of_network(rest, tuning)]
        if names:
            found.append(call("named", ref("model"), *names))
    else:
        if not everything.whole:
            names = [*_scopes(rest, tuning), *names]
        found = [call("named", ref("model"), *names)] if names else []
    if len(found) == 1:
        return found[0]
    return ListOf(tuple(Star(layers) for layers in found))


def _of_group(group: Group, tuning: TuningPlan) -> Expr:
    """The layers of the backbone in a group, as a list."""
    if not tuning.network:
        return call("named", ref("model"), *_scopes(group, tuning))
    found = [*_of_network(group, tuning)]
    return found[0] if len(found) == 1 else ListOf(tuple(Star(layers) for layers in found))


def _scopes(group: Group, tuning: TuningPlan) -> list[str]:
    """The scopes of names of the parts of a backbone of one's own."""
    if group.whole:
        return [f"{tuning.label}/"]
    return [f"{tuning.label}/{name}/" for name in group.segments]


def _of_network(group: Group, tuning: TuningPlan) -> Iterable[Expr]:
    """The layers of a network, in slices."""
    every = sorted(tuning.units["keras"], key=lambda unit: unit.at)
    wanted = set(every if group.whole else group.units["keras"])
    if wanted == set(every):
        yield ref(LAYERS)
        return
    for first, end in runs(every, wanted):
        start = None if first is every[0] else Lit(first.at)
        yield Index(ref(LAYERS), (Slice(start, None if end is None else Lit(end.at)),))


def runs(every: Iterable[Unit], wanted: set[Unit]) -> Iterable[tuple[Unit, Unit | None]]:
    """Neighbours among the wanted layers: the first of them, and the first behind them."""
    first: Unit | None = None
    for unit in every:
        if unit in wanted:
            first = first or unit
        elif first is not None:
            yield first, unit
            first = None
    if first is not None:
        yield first, None


def _shares(what: Trains, tuning: TuningPlan) -> Expr:
    """`[(layers, 0.1)]`: those that learn at a share of the rate, later ones before earlier ones."""
    base, *others = what.groups
    found: list[tuple[Expr, float]] = []
    for group in others:
        if group.head:
            found.append((ref("model.layers"), group.factor))
            found.append((_of_group(base, tuning), 1.0))
    found += [(_of_group(g, tuning), g.factor) for g in others if not g.head]
    return ListOf(tuple(TupleOf((layers, number(_plain(share)))) for layers, share in found))


def _plain(value: float) -> float:
    """Without the dust of a division: 0.1, not 0.09999999999999999."""
    return float(f"{value:.12g}")


# --- callbacks ---------------------------------------------------------------------------------------------


def _callbacks(phase: PhasePlan, plan: TrainingPlan, updates: Updates) -> Statement:
    """What `fit` calls: those that belong to the updates go first. They count epochs from the start of the phase."""
    made = callback_setup(phase, plan)
    assert isinstance(made, Return) and isinstance(made.value, ListOf)
    first = [_from_start(item) for item in updates.callbacks(phase)]
    return Return(ListOf((*first, *(_from_start(item) for item in made.value.items))))


def _waits(phase: PhasePlan) -> bool:
    """Whether something in a phase counts its epochs."""
    starts = [w.start_from_epoch for w in phase.stoppers]
    return phase.schedule is not None or any(starts) or any(k.start for k in phase.savers)


def _keeper(phase: PhasePlan, updates: Updates) -> int | None:
    """The place of the callback that knows the file of the best epoch."""
    if not phase.keepers:
        return None
    before = len(updates.callbacks(phase)) + len(phase.stoppers) + len(phase.plateaus)
    return before + phase.savers.index(phase.keepers[0])


def _from_start(item: Item) -> Item:
    """A callback that waits for an epoch, counted from the start of the phase."""
    if not isinstance(item, Call):
        return item
    if isinstance(item.func, Ref) and item.func.name.startswith("LearningRate"):
        return replace(item, args=(ref("start"),))
    return replace(item, kwargs=tuple(_later(kw) for kw in item.kwargs))


def _later(kw: Any) -> Any:
    if isinstance(kw, Kw) and kw.name in ("start", "start_from_epoch"):
        return replace(kw, value=BinOp("+", ref("start"), kw.value))
    return kw
