"""How PyTorch realises callbacks, with Keras' decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dslc.codegen.nodes import Assign, Call, Commented, Kw, Statement, call, ref
from dslc.codegen.numbers import number
from dslc.plan.training import PhasePlan
from dslc.vocab.callbacks import EarlyStopping, ReduceLROnPlateau


def _plateau(word: ReduceLROnPlateau, mode: str) -> Call:
    """torch counts one bad epoch more before it acts, and one of its cooldown less, than Keras."""
    named: dict[str, Any] = {"mode": mode} if mode != "min" else {}
    named |= {"factor": number(word.factor), "patience": max(word.patience, 1) - 1}
    if word.cooldown > 1:
        named["cooldown"] = word.cooldown - 1
    named |= {"threshold": number(word.min_delta), "threshold_mode": "abs"}
    if word.min_lr:
        named["min_lr"] = number(word.min_lr)
    named["eps"] = 0
    made = call("torch.optim.lr_scheduler.ReduceLROnPlateau", ref("self.optimizer"), **named)
    said = {"patience": "the spec's, less one: torch waits one epoch longer"}
    if "cooldown" in named:
        said["cooldown"] = "likewise: torch cools down one epoch longer"
    return replace(made, kwargs=tuple(_said(kw, said) for kw in made.kwargs))


def _said(kw: Kw | Commented, comments: Mapping[str, str]) -> Kw | Commented:
    """An argument with the comment that its name asks for."""
    if isinstance(kw, Kw) and kw.name is not None and kw.name in comments:
        return Commented(kw, comments[kw.name])
    return kw


def _early_stopping(word: EarlyStopping, mode: str) -> Call:
    named: dict[str, Any] = {"patience": max(word.patience, 1)}
    if word.min_delta:
        named["min_delta"] = number(word.min_delta)
    if mode == "max":
        named["sign"] = -1
    return call("EarlyStopping", **named)


def _numbered(stem: str, count: int) -> list[str]:
    return [stem if i == 0 else f"{stem}_{i + 1}" for i in range(count)]


def callback_setup(phase: PhasePlan) -> list[Statement]:
    """The statements that give a `Run` its callbacks."""
    plateaus = _numbered("plateau", len(phase.plateaus))
    stoppers = _numbered("early_stopping", len(phase.stoppers))
    body: list[Statement] = []
    for name, plateau in zip(plateaus, phase.plateaus, strict=True):
        body.append(Assign((ref(f"self.{name}"),), _plateau(plateau, phase.mode(plateau))))
    for name, stopper in zip(stoppers, phase.stoppers, strict=True):
        body.append(Assign((ref(f"self.{name}"),), _early_stopping(stopper, phase.mode(stopper))))
    return body


def callback_context(phase: PhasePlan) -> Mapping[str, Any]:
    """What the templates need to know of the callbacks."""
    plateaus = _numbered("plateau", len(phase.plateaus))
    stoppers = _numbered("early_stopping", len(phase.stoppers))
    return {
        "any_delta": any(w.min_delta for w in phase.stoppers),
        "any_larger": any(phase.mode(w) == "max" for w in phase.stoppers),
        "plateau_steps": [(n, w.monitor) for n, w in zip(plateaus, phase.plateaus, strict=True)],
        "stopper_steps": [(n, w.monitor) for n, w in zip(stoppers, phase.stoppers, strict=True)],
    }
