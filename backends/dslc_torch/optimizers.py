"""How PyTorch realises optimisers, with Keras' formulas where the two differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslc.codegen.nodes import Assign, Call, Expression, Statement, call, method, ref
from dslc.codegen.numbers import number
from dslc.plan.training import PhasePlan
from dslc.vocab import optimizers
from dslc.vocab.experiment import Optimizer


def _sgd(word: optimizers.SGD) -> Call:
    named: dict[str, Any] = {"lr": number(word.lr)}
    if word.momentum:
        named["momentum"] = number(word.momentum)
    if word.nesterov:
        named["nesterov"] = True
    return _optimizer("SGD", named)


def _adam(word: optimizers.Adam | optimizers.AdamW) -> Call:
    named: dict[str, Any] = {"lr": number(word.lr)}
    if (word.beta1, word.beta2) != (0.9, 0.999):
        named["betas"] = (number(word.beta1), number(word.beta2))
    if isinstance(word, optimizers.AdamW):
        named["weight_decay"] = number(word.weight_decay)
    return _optimizer(type(word).word, named)


def _optimizer(name: str, named: dict[str, Any]) -> Call:
    return call(f"torch.optim.{name}", method(ref("model"), "parameters"), **named)


OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Call]] = {
    optimizers.SGD: _sgd,
    optimizers.Adam: _adam,
    optimizers.AdamW: _adam,
}


def optimizer_hook(phase: PhasePlan) -> str | None:
    """What makes the optimiser compute as Keras' does: a function to call before each step."""
    word = phase.optimizer
    if isinstance(word, optimizers.Adam | optimizers.AdamW):
        return "adam_epsilon"
    if isinstance(word, optimizers.SGD) and word.momentum and phase.plateaus:
        return "keep_velocity"
    return None


def optimizer_setup(phase: PhasePlan) -> list[Statement]:
    """The statements that give a `Run` its optimiser."""
    made = OPTIMIZERS[type(phase.optimizer)](phase.optimizer)
    body: list[Statement] = [Assign((ref("self.optimizer"),), made)]
    hook = optimizer_hook(phase)
    if hook:
        body.append(Expression(method(ref("self.optimizer"), "register_step_pre_hook", ref(hook))))
    return body
