"""How Keras realises callbacks: its own where they decide, one of the script's where files must outlive a kill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dslc.codegen.callbacks import callback_facts, may_lack, saver, watching
from dslc.codegen.nodes import Expr, ListOf, Return, Statement, call, ref
from dslc.codegen.numbers import number
from dslc.plan.keepers import Keeper
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.vocab import callbacks
from dslc.vocab.experiment import Callback, Monitoring
from dslc_keras.numbers import given

CALLBACKS: dict[type[Callback], Callable[[Any, str], Expr]] = {
    callbacks.EarlyStopping: lambda w, mode: call(
        "keras.callbacks.EarlyStopping",
        monitor=w.monitor,
        mode=mode,
        patience=w.patience,
        **given(w, "min_delta", "baseline", "start_from_epoch"),
    ),
    callbacks.ReduceLROnPlateau: lambda w, mode: call(
        "keras.callbacks.ReduceLROnPlateau",
        monitor=w.monitor,
        mode=mode,
        factor=number(w.factor),
        patience=w.patience,
        **given(w, "min_delta", "cooldown", "min_lr"),
    ),
}
# Classes of the page do their work, so that a killed run goes on as if nothing had been.
IN_THE_PAGE: tuple[type[Callback], ...] = (
    callbacks.ModelCheckpoint,
    callbacks.CSVLogger,
    callbacks.TensorBoard,
)


def _file(keeper: Keeper) -> str:
    return keeper.file + (".weights.h5" if keeper.weights_only else ".keras")


def callback_setup(phase: PhasePlan, plan: TrainingPlan) -> Statement:
    """The body of a function that makes the callbacks of a phase: those that write weights come last."""
    savers = callback_facts(plan)["savers"]
    mixed = savers.weights and savers.whole
    found: list[Expr] = [
        CALLBACKS[type(word)](word, phase.mode(word))
        for word in phase.callbacks
        if isinstance(word, Monitoring) and not isinstance(word, IN_THE_PAGE)
    ]
    found += [saver(keeper, _file(keeper), mixed, ref("out")) for keeper in phase.savers]
    return Return(ListOf(tuple(found)))


def best_file(phase: PhasePlan) -> str | None:
    """The expression, beside `callbacks`, for the file with the weights that the report of a phase is made with;
    None where the name is known beforehand (or nothing is kept)."""
    if not phase.keepers:
        return None
    keeper = phase.keepers[0]
    if not keeper.is_template and not may_lack(keeper):
        return None
    place = len(phase.stoppers) + len(phase.plateaus) + phase.savers.index(keeper)
    return f"callbacks[{place}].file"


def callback_context(plan: TrainingPlan) -> Mapping[str, Any]:
    """What the templates need to know of the callbacks of all phases."""
    facts = callback_facts(plan)
    stoppers, plateaus, savers = facts["stoppers"], facts["plateaus"], facts["savers"]
    memories = {
        "best": stoppers or plateaus or savers.best,
        "wait": stoppers or plateaus,
        "cooldown_counter": plateaus,
        "file": savers.late,
    }
    last = plan.phases[-1]
    return {
        **facts,
        "watching": watching(savers),  # Keras' own compare by themselves
        "has_callbacks": bool(stoppers or plateaus or savers),
        "remembered": tuple(name for name, used in memories.items() if used),
        "make_callbacks": callback_setup(plan.phases[0], plan),
        "best_file": best_file(last),
        "kept_file": _file(last.keepers[0]) if last.keepers else None,
    }
