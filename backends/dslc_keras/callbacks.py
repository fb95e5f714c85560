"""How Keras realises callbacks: one expression for each word, and what `Checkpoint` remembers of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dslc.codegen.nodes import Expr, Return, call, lit
from dslc.codegen.numbers import number
from dslc.plan.training import PhasePlan
from dslc.vocab import callbacks
from dslc.vocab.experiment import Callback
from dslc_keras.numbers import given

CALLBACKS: dict[type[Callback], Callable[[Any, str], Expr]] = {
    callbacks.EarlyStopping: lambda w, mode: call(
        "keras.callbacks.EarlyStopping",
        monitor=w.monitor,
        mode=mode,
        patience=w.patience,
        **given(w, "min_delta"),
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
# The callback `Checkpoint` of the page does its work, atomically.
IN_THE_PAGE: tuple[type[Callback], ...] = (
    callbacks.ModelCheckpoint,
    callbacks.CSVLogger,
    callbacks.TensorBoard,
)


def callback_context(phase: PhasePlan) -> Mapping[str, Any]:
    """What the templates need to know of the callbacks."""
    kept = [w for w in phase.callbacks if not isinstance(w, IN_THE_PAGE)]
    calls: list[Expr] = [CALLBACKS[type(w)](w, phase.mode(w)) for w in kept]
    return {
        "make_callbacks": Return(lit(calls)),  # type: ignore[arg-type]
        "has_callbacks": bool(kept),
        "remembered": _remembered(kept),
    }


def _remembered(kept: list[Callback]) -> tuple[str, ...]:
    plateau = any(isinstance(w, callbacks.ReduceLROnPlateau) for w in kept)
    return ("best", "wait", "cooldown_counter") if plateau else ("best", "wait")
