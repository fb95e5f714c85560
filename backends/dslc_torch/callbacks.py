"""How PyTorch realises callbacks, with Keras' decisions: the classes of templates/callbacks.py.jinja."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.codegen.callbacks import callback_facts, may_lack, saver, watching
from dslc.codegen.nodes import Assign, Call, Expr, ListOf, Statement, call, ref
from dslc.codegen.numbers import number
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.vocab.callbacks import EarlyStopping, ReduceLROnPlateau


def _early_stopping(word: EarlyStopping, larger: bool) -> Call:
    named: dict[str, Any] = {"patience": word.patience}
    if word.min_delta:
        named["min_delta"] = number(word.min_delta)
    if larger:
        named["larger"] = True
    if word.baseline is not None:
        named["baseline"] = number(word.baseline)
    if word.start_from_epoch:
        named["start"] = word.start_from_epoch
    return call("EarlyStopping", word.monitor, **named)


def _plateau(word: ReduceLROnPlateau, larger: bool) -> Call:
    named: dict[str, Any] = {"factor": number(word.factor), "patience": word.patience}
    if word.min_delta:
        named["min_delta"] = number(word.min_delta)
    if larger:
        named["larger"] = True
    if word.cooldown:
        named["cooldown"] = word.cooldown
    if word.min_lr:
        named["min_lr"] = number(word.min_lr)
    return call("ReduceLROnPlateau", word.monitor, **named)


def _calls(phase: PhasePlan, mixed: bool) -> list[Expr]:
    """The callbacks of a phase in the order of the spec; those that write weights come last."""
    found: list[Expr] = []
    for word in phase.callbacks:
        if isinstance(word, EarlyStopping):
            found.append(_early_stopping(word, phase.mode(word) == "max"))
        elif isinstance(word, ReduceLROnPlateau):
            found.append(_plateau(word, phase.mode(word) == "max"))
    return [*found, *(saver(keeper, f"{keeper.file}.pt", mixed) for keeper in phase.savers)]


def callback_setup(phase: PhasePlan, plan: TrainingPlan) -> list[Statement]:
    """The statements that give a `Run` the callbacks of a phase."""
    savers = callback_facts(plan)["savers"]
    calls = _calls(phase, mixed=savers.weights and savers.whole)
    return [Assign((ref("self.callbacks"),), ListOf(tuple(calls)))] if calls else []


def best_file(phase: PhasePlan) -> str | None:
    """The expression, beside a `run`, for the file with the weights that the report of a phase is made with."""
    if not phase.keepers:
        return None
    keeper = phase.keepers[0]
    if not keeper.is_template and not may_lack(keeper):
        return None
    place = len(phase.stoppers) + len(phase.plateaus) + phase.savers.index(keeper)
    return f"run.callbacks[{place}].file"


def callback_context(plan: TrainingPlan) -> Mapping[str, Any]:
    """What the templates need to know of the callbacks of all phases."""
    facts = callback_facts(plan)
    stoppers, plateaus, savers = facts["stoppers"], facts["plateaus"], facts["savers"]
    watch = watching(stoppers, plateaus, savers)
    memories = {
        "best": watch.any,
        "wait": stoppers or plateaus,
        "cooling": plateaus.cooldown,
        "file": savers.late,
    }
    return {
        **facts,
        "watching": watch,
        "has_callbacks": bool(stoppers or plateaus or savers),
        "remembered": tuple(name for name, used in memories.items() if used),
        "best_file": best_file(plan.phases[-1]),
    }
