"""How PyTorch realises optimisers, with Keras' formulas where the two differ, and what happens in an update.

`Updates(plan, model)` is made once for a script. Its `definitions` are the functions and classes that stand in front
of `Run`. For each phase of the training `setup(phase)` gives the statements that make `self.optimizer` anew (and
`self.averages`, with `ema`); they may stand in any method of `Run`. `weights` is the expression for what is
trained, by default `model.parameters()`: a list of weights will do too. Weights without a gradient never change,
neither by decay nor by clips, so frozen ones may be among them; when a phase freezes weights it must also call
`self.model.zero_grad()`, or clips would count what is left there. The learning rate of a schedule is set on every
group of parameters before each update; it spans the epochs from `self.state["batches"] == 0` to `self.epochs`, so a
phase sets both. `self.averages` belongs to its phase: a new phase goes on from the averages, which the model holds
between epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dslc.codegen.nodes import (
    Assign,
    Call,
    Commented,
    Expr,
    Expression,
    Kw,
    Statement,
    call,
    method,
    ref,
)
from dslc.codegen.numbers import number
from dslc.codegen.schedules import rate_function, takes_epochs
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.vocab import clips, optimizers
from dslc.vocab.experiment import Clip, Optimizer
from dslc_torch.stock import stock_call, stock_clip

# --- the call of each word -----------------------------------------------------------------------------------


def _sgd(word: optimizers.SGD) -> Call:
    return _torch("SGD", word, **_given(word, "momentum", "nesterov"))


def _adam(word: optimizers.Adam) -> Call:
    # torch's Adam adds decay to the gradient, its AdamW takes it from the weight as Keras' Adam does.
    decays = bool(word.weight_decay) or isinstance(word, optimizers.AdamW)
    named = _betas(word, 0.9, 0.999) | _given(word, "amsgrad")
    if decays:
        named["weight_decay"] = number(word.weight_decay)
    return _torch("AdamW" if decays else "Adam", word, **named)


def _adagrad(word: optimizers.Adagrad) -> Call:
    # sqrt(a + epsilon) of Keras is sqrt(a) of a sum that begins with epsilon more. (Decimals add up as they are read.)
    start = float(Decimal(repr(float(word.start))) + Decimal(repr(float(word.epsilon))))
    made = _torch("Adagrad", word, initial_accumulator_value=number(start), eps=0)
    return _explained(made, "initial_accumulator_value", "with epsilon, which is under the root")


def _rmsprop(word: optimizers.RMSprop) -> Call:
    named = _given(word, "rho", "epsilon", "momentum")
    return call("RMSprop", ref("weights"), lr=number(word.rate), **named, **_decay(word))


def _adamax(word: optimizers.Adamax) -> Call:
    made = _torch("Adamax", word, **_betas(word, 0.9, 0.999), eps=number(1e-20))
    return _explained(made, "eps", "only against 0 / 0")


def _nadam(word: optimizers.Nadam) -> Call:
    named: dict[str, Any] = _betas(word, 0.9, 0.999)
    named |= {"eps": number(word.epsilon), "momentum_decay": 1}
    if word.weight_decay:
        named |= {**_decay(word), "decoupled_weight_decay": True}
    return _explained(_torch("NAdam", word, **named), "momentum_decay", "0.96^t, as in Keras")


def _adadelta(word: optimizers.Adadelta) -> Call:
    return _torch("Adadelta", word, rho=number(word.rho), eps=number(word.epsilon))


def _lion(word: optimizers.Lion) -> Call:
    named = _betas(word, 0.9, 0.99)
    return call("Lion", ref("weights"), lr=number(word.rate), **named, **_decay(word))


def _torch(name: str, word: Optimizer, **named: Any) -> Call:
    return call(f"torch.optim.{name}", ref("weights"), lr=number(word.rate), **named)


def _explained(made: Call, name: str, comment: str) -> Call:
    """The call with a comment behind one of its arguments."""
    arguments = [
        Commented(kw, comment) if isinstance(kw, Kw) and kw.name == name else kw
        for kw in made.kwargs
    ]
    return Call(made.func, made.args, tuple(arguments))


def _given(word: Optimizer, *names: str) -> dict[str, Any]:
    """Those parameters that differ from their defaults."""
    fields = type(word).model_fields
    values = {name: getattr(word, name) for name in names}
    return {
        name: number(value) if isinstance(value, float) else value
        for name, value in values.items()
        if value != fields[name].default
    }


def _betas(word: Any, *usual: float) -> dict[str, Any]:
    if (word.beta1, word.beta2) == usual:
        return {}
    return {"betas": (number(word.beta1), number(word.beta2))}


def _decay(word: Optimizer) -> dict[str, Any]:
    return {"weight_decay": number(word.weight_decay)} if word.weight_decay else {}


OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Call]] = {
    optimizers.SGD: _sgd,
    optimizers.Adam: _adam,
    optimizers.AdamW: _adam,
    optimizers.Adagrad: _adagrad,
    optimizers.RMSprop: _rmsprop,
    optimizers.Adamax: _adamax,
    optimizers.Nadam: _nadam,
    optimizers.Adadelta: _adadelta,
    optimizers.Lion: _lion,
}
# They decay weights themselves, apart from the gradient; the others need a hook.
DECAYING = (optimizers.Adam, optimizers.Nadam, optimizers.RMSprop, optimizers.Lion)
# The functions that clip; `value` is one of torch.
CLIPS: dict[type[Clip], str | None] = {
    clips.GlobalNorm: "clip_gradients",
    clips.Norm: "clip_gradients",
    clips.ByValue: None,
}


# --- what stands in front of `Run` ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Definition:
    """A function or class of the script: what a template of `optimizers/` makes of `values`, under a name of
    its own."""

    stem: str
    values: tuple[tuple[str, Any], ...] = ()


def _hooks(phase: PhasePlan, stock: bool) -> list[Definition]:
    """What makes an optimiser of torch compute as Keras' does: functions that are called before each step."""
    word = phase.optimizer
    found: list[Definition] = []
    if stock:
        return found
    if word.weight_decay and not isinstance(word, DECAYING):
        values = (("decay", word.weight_decay), ("kernels", word.decays == "kernels"))
        found.append(Definition("decay_weights", values))
    if isinstance(word, optimizers.Adam):
        found.append(Definition("adam_epsilon", (("epsilon", word.epsilon),)))
    changes = phase.schedule is not None or bool(phase.plateaus)
    if isinstance(word, optimizers.SGD) and word.momentum and changes:
        found.append(Definition("keep_velocity"))
    return found


def _groups(phase: PhasePlan, stock: bool) -> Definition | None:
    word = phase.optimizer
    by_itself = stock or isinstance(word, DECAYING)
    if word.decays == "all" or not word.weight_decay or not by_itself:
        return None
    return Definition("decay_groups")


def _class(phase: PhasePlan, stock: bool) -> Definition | None:
    word = phase.optimizer
    if isinstance(word, optimizers.RMSprop) and not stock:
        values = {"momentum": bool(word.momentum), "centered": word.centered}
    elif isinstance(word, optimizers.Lion):
        values = {}
    else:
        return None
    values["decay"] = bool(word.weight_decay)
    return Definition(word.word, tuple(values.items()))


class Updates:
    """What the script of a plan says about updates. `split_biases`: the model has layers whose bias is two arrays in
    torch and one in Keras."""

    def __init__(self, plan: TrainingPlan, *, split_biases: bool = False) -> None:
        self.split_biases = split_biases
        self.stock = plan.stock
        self.names: dict[Definition, str] = {}
        self.rates: dict[tuple[Any, int], str] = {}
        for phase in plan.phases:
            for wanted in self._definitions(phase):
                known = [d.stem for d in self.names]
                self.names.setdefault(wanted, _named(wanted.stem, phase, wanted.stem in known))
            if phase.schedule is not None:
                key = (phase.schedule, phase.accumulate)
                self.rates.setdefault(key, _named("learning_rate", phase, bool(self.rates)))

    def _definitions(self, phase: PhasePlan) -> list[Definition]:
        stock = self.stock
        found = [_groups(phase, stock), *_hooks(phase, stock), _class(phase, stock)]
        found.append(self._clip(phase))
        if phase.ema is not None:
            found.append(Definition("Averages", (("ema", phase.ema),)))
        return [d for d in found if d is not None]

    def _clip(self, phase: PhasePlan) -> Definition | None:
        stem = CLIPS[type(phase.clip)] if phase.clip is not None else None
        if phase.clip is None or stem is None or self.stock:
            return None
        split = self.split_biases and isinstance(phase.clip, clips.Norm)
        return Definition(stem, (("clip", phase.clip), ("split_biases", split)))

    @property
    def definitions(self) -> list[dict[str, Any]]:
        """Each once: its name, its template and what that makes it of."""
        return [
            {"name": name, "template": f"optimizers/{d.stem}.py.jinja", **dict(d.values)}
            for d, name in self.names.items()
        ]

    @property
    def rate_functions(self) -> list[str]:
        return [
            rate_function(schedule, accumulate, name)
            for (schedule, accumulate), name in self.rates.items()
        ]

    def setup(
        self, phase: PhasePlan, weights: Expr | None = None, *, grouped: bool = False
    ) -> list[Statement]:
        """The statements that make the optimiser of a phase; `weights` is what it trains, perhaps `grouped` by
        learning rates."""
        trained: Expr = method(ref("model"), "parameters") if weights is None else weights
        groups = _groups(phase, self.stock)
        if groups is not None and not grouped:
            trained = call(self.names[groups], trained)
        made = OPTIMIZERS[type(phase.optimizer)](phase.optimizer)
        if self.stock:
            made = stock_call(phase.optimizer, made)
        own = _class(phase, self.stock)
        func = ref(self.names[own]) if own is not None else made.func
        optimizer = ref("self.optimizer")
        body: list[Statement] = [
            Assign((optimizer,), Call(func, (trained,), made.kwargs)),
        ]
        for hook in _hooks(phase, self.stock):
            body.append(
                Expression(method(optimizer, "register_step_pre_hook", ref(self.names[hook])))
            )
        if phase.ema is not None:
            averages = Definition("Averages", (("ema", phase.ema),))
            body.append(
                Assign((ref("self.averages"),), call(self.names[averages], ref("self.model")))
            )
        return body

    def kernels(self, phase: PhasePlan) -> str | None:
        """The function that groups weights by whether they decay, where they do not all."""
        groups = _groups(phase, self.stock)
        return None if groups is None else self.names[groups]

    def context(self, phase: PhasePlan) -> Mapping[str, Any]:
        """What the templates need to know of the updates of a phase."""
        schedule = phase.schedule
        rate = None
        if schedule is not None:
            rate = {
                "name": self.rates[(schedule, phase.accumulate)],
                "epochs": takes_epochs(schedule),
            }
        return {
            "definitions": self.definitions,
            "rate_functions": self.rate_functions,
            "own_update": bool(schedule or phase.clip or phase.ema or phase.accumulate > 1),
            "rate": rate,
            "counts": schedule is not None or phase.accumulate > 1,
            "clip_call": self._clip_call(phase),
        }

    def _clip_call(self, phase: PhasePlan) -> Statement | None:
        if phase.clip is None:
            return None
        if self.stock:
            return stock_clip(phase.clip)
        weights = method(ref("self.model"), "parameters")
        clip = self._clip(phase)
        if clip is None:
            limit = number(phase.clip.limit)
            return Expression(call("nn.utils.clip_grad_value_", weights, limit))
        if dict(clip.values)["split_biases"]:
            weights = method(ref("self.model"), "named_parameters")
        return Expression(call(self.names[clip], weights))


def _named(stem: str, phase: PhasePlan, taken: bool) -> str:
    """A name for what a phase needs; where phases need different ones, with that of the phase."""
    if not taken:
        return stem
    return f"{stem}_{phase.name}" if stem.islower() else f"{stem}{phase.name.capitalize()}"
