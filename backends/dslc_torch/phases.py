"""Phases of a training in PyTorch: which weights are frozen, and a method of `Run` that begins each phase.

Weights are told apart by the beginnings of their names, `backbone.layer4.`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dslc.codegen.nodes import (
    Assign,
    BinOp,
    Call,
    DictOf,
    Expr,
    Expression,
    Index,
    Kw,
    Lambda,
    ListOf,
    Lit,
    Pair,
    Statement,
    call,
    lit,
    ref,
)
from dslc.codegen.numbers import number
from dslc.codegen.page import ModelSection
from dslc.codegen.schedules import takes_epochs
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.plan.tuning import Group, Trains, TuningPlan
from dslc.vocab.architecture import Unit
from dslc.vocab.optimizers import SGD, Adam
from dslc_torch.callbacks import callback_setup
from dslc_torch.optimizers import Updates


@dataclass(frozen=True)
class Names:
    """The beginnings of the names of weights in a script."""

    tuning: TuningPlan
    model: ModelSection

    def of_label(self, label: str) -> list[str]:
        return [f"{attribute}." for attribute in self.model.regions[label]]

    def of_group(self, group: Group) -> list[str]:
        """Those of the weights of the backbone in a group."""
        if group.whole:
            return self.of_label(self.tuning.label)
        (backbone,) = self.of_label(self.tuning.label)[:1]
        own = [
            f"{backbone}{attribute}."
            for segment in group.segments
            for attribute in self.model.regions.get(segment, ())
        ]
        return own + [f"{backbone}{name}." for name in self._units(group)]

    def _units(self, group: Group) -> list[str]:
        """Modules of torchvision: whole stages where all of them is there."""
        return shortest(group.units.get("torch", ()), self.tuning.units["torch"])

    def frozen(self, trains: Trains) -> list[str]:
        """Those of the weights that stay as they are."""
        heads = [name for label in trains.frozen_heads for name in self.of_label(label)]
        everything = trains.everything
        if everything.whole:
            return heads
        rest = tuple(s.name for s in self.tuning.segments if s.name not in everything.segments)
        mine = set(everything.units.get("torch", ()))
        units = tuple(u for u in self.tuning.units.get("torch", ()) if u not in mine)
        nothing = not everything.segments and not mine
        left = Group(segments=rest, units={"torch": units}, whole=nothing)
        return [*self.of_group(left), *heads]


def shortest(wanted: Iterable[Unit], every: Iterable[Unit]) -> list[str]:
    """The fewest beginnings of module names that hold `wanted` and nothing else of `every`."""
    names = [unit.name for unit in wanted]
    others = [unit.name for unit in every if unit.name not in set(names)]
    found: list[str] = []
    for name in names:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            start = ".".join(parts[:depth])
            if not any(f"{other}.".startswith(f"{start}.") for other in others):
                break
        if start not in found:
            found.append(start)
    return found


def phase_context(
    plan: TrainingPlan, model: ModelSection, updates: Updates, callbacks: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the templates need to know of phases; nothing of them where the training is one."""
    tuning = plan.tuning
    if tuning is None:
        return {"tuned": ()}
    names = Names(tuning, model)
    schedules = [phase.schedule for phase in plan.phases if phase.schedule is not None]
    kernels = {updates.kernels(p) for p in plan.phases if len(trains(p).groups) > 1}
    with_rates = any(len(trains(p).groups) > 1 for p in plan.phases)
    keepers = [phase.keepers[0] for phase in plan.phases if phase.keepers]
    kept = [phase.optimizer for phase in plan.phases if trains(phase).keep]
    every = [updates.context(phase) for phase in plan.phases]
    found: dict[str, Any] = {
        "tuned": [
            {
                "name": phase.name,
                "says": trains(phase).says,
                "body": _body(phase, plan, names, updates, callbacks, mixed=len(kernels) > 1),
            }
            for phase in plan.phases
        ],
        "norms": _norms(model, network=tuning.network) if tuning.norms == "frozen" else None,
        "head_norms": _norms(model, network=True) if tuning.head_norms == "frozen" else None,
        "with_rates": with_rates,
        "with_factors": with_rates and bool(schedules),
        "with_kernels": next((name for name in kernels if name is not None), None),
        "mixed_kernels": len(kernels) > 1,
        "with_keep": bool(kept),
        "keeps_kinds": len({type(word) for word in kept}) > 1,
        # What the hooks of Adam and of momentum count; torch's own classes have none.
        "keeps_count": any(isinstance(word, Adam) for word in kept) and not plan.stock,
        "keeps_velocity": any(isinstance(word, SGD) and word.momentum for word in kept)
        and not plan.stock,
        "keeps_best": bool(keepers),
        "own_update": any(context["own_update"] for context in every),
        "counts": any(context["counts"] for context in every),
        "rate": None,
    }
    if schedules:
        asks = any(takes_epochs(schedule) for schedule in schedules)
        found["rate"] = {"name": "self.learning_rate", "epochs": asks}
    if keepers:
        # A callback knows which file it wrote last, after `--resume` too.
        found["remembered"] = tuple(dict.fromkeys([*callbacks["remembered"], "file"]))
        whole = [not keeper.weights_only for keeper in keepers]
        found["kept"] = '["model"]' if all(whole) else "" if not any(whole) else None
    return found


def trains(phase: PhasePlan) -> Trains:
    assert phase.trains is not None
    return phase.trains


def _body(
    phase: PhasePlan,
    plan: TrainingPlan,
    names: Names,
    updates: Updates,
    callbacks: Mapping[str, Any],
    *,
    mixed: bool,
) -> list[Statement]:
    """The statements that begin a phase. `mixed`: kernels alone decay in some phases that have rates."""
    what = trains(phase)
    body: list[Statement] = [Assign((ref("self.epochs"),), Lit(phase.epochs))]
    weights: Expr = call("self.freeze", *names.frozen(what))
    grouped = len(what.groups) > 1
    if grouped:
        body.append(Expression(weights))
        kernels = updates.kernels(phase)
        more = [ref(kernels)] if kernels is not None and mixed else []
        weights = call("self.by_rate", _rates(what, names), *more)
    if what.keep:
        body.append(Assign((ref("before"),), ref("self.optimizer")))
    body += updates.setup(phase, weights, grouped=grouped)
    if what.keep:
        body.append(Expression(call("self.keep_state", ref("before"))))
    schedules = [p.schedule for p in plan.phases if p.schedule is not None]
    if schedules:
        asks = any(takes_epochs(schedule) for schedule in schedules)
        body.append(Assign((ref("self.learning_rate"),), _rate(phase, updates, asks)))
    made = callback_setup(phase, plan)
    if callbacks["has_callbacks"]:
        body += [_from_start(s) for s in made] or [Assign((ref("self.callbacks"),), ListOf(()))]
    if any(p.keepers for p in plan.phases):
        body.append(Assign((ref("self.keeper"),), _keeper(phase)))
    return body


def _from_start(statement: Statement) -> Statement:
    """Callbacks that wait for an epoch count from the start of the phase."""
    assert isinstance(statement, Assign) and isinstance(statement.value, ListOf)
    start = Index(ref("self.state"), (Lit("start"),))
    calls = [
        replace(
            item,
            kwargs=tuple(
                replace(kw, value=BinOp("+", start, kw.value))
                if isinstance(kw, Kw) and kw.name == "start"
                else kw
                for kw in item.kwargs
            ),
        )
        if isinstance(item, Call)
        else item
        for item in statement.value.items
    ]
    return replace(statement, value=ListOf(tuple(calls)))


def _keeper(phase: PhasePlan) -> Expr:
    """The callback that knows the file of the best epoch."""
    if not phase.keepers:
        return lit(None)
    place = len(phase.stoppers) + len(phase.plateaus) + phase.savers.index(phase.keepers[0])
    return Index(ref("self.callbacks"), (Lit(place),))


def _rates(what: Trains, names: Names) -> DictOf:
    """`{"": 1e-3, "backbone.": 1e-5, "backbone.layer4.": 1e-4}`: the longest name decides, the empty one is that of
    everything else."""
    found = [[""] if group.head else names.of_group(group) for group in what.groups]
    head = next(group for group in what.groups if group.head)
    if not (head.segments or head.units.get("torch")):
        # One group of the backbone may have the name of all of it: the others have longer ones.
        widest = max(
            (i for i, g in enumerate(what.groups) if not g.head), key=lambda i: len(found[i])
        )
        found[widest] = names.of_label(names.tuning.label)
    return DictOf(
        tuple(
            Pair(Lit(name), number(group.rate))
            for group, those in zip(what.groups, found, strict=True)
            for name in those
        )
    )


def _rate(phase: PhasePlan, updates: Updates, takes: bool) -> Expr:
    """The function of the schedule of a phase; those that do not ask for the epochs are told them all the same where
    that of another phase asks."""
    schedule = phase.schedule
    if schedule is None:
        return lit(None)
    name = updates.rates[(schedule, phase.accumulate)]
    if not takes or takes_epochs(schedule):
        return ref(name)
    return Lambda(("update", "batches", "epochs"), call(name, ref("update"), ref("batches")))


def _norms(model: ModelSection, *, network: bool) -> str:
    """The classes of the BatchNorm layers of a model, with those of a `network` of torchvision."""
    kinds = [f"nn.BatchNorm{n}d" for n in (1, 2, 3) if f"BatchNorm{n}d(" in model.text]
    if network and "nn.BatchNorm2d" not in kinds:
        kinds.append("nn.BatchNorm2d")
    return kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
