"""How Keras realises optimisers, and what happens in an update.

`Updates(plan)` is made once for a script. Its `definitions` and `rate_functions` stand in front of `compile_model`.
For each phase `optimizer(phase)` is the expression for `model.compile(optimizer=…)`, `exclude(phase)` the statements
that must stand between `compile` and `optimizer.build` (what does not decay), and `callbacks(phase)` the callbacks
that `fit` needs in front of all others: the learning rate of a schedule, and the averages of `ema`. Both know the
epochs of the phase from `fit`: `LearningRate(first)` takes the number of epochs before the phase. With `ema` the
model holds the averages between epochs and behind `fit`, and `Checkpoint` saves it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dslc.codegen.departures import Changed, Departure
from dslc.codegen.nodes import Call, Commented, Expr, Kw, call, lit
from dslc.codegen.numbers import number
from dslc.codegen.schedules import rate_function, takes_epochs
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.vocab import clips, optimizers
from dslc.vocab.experiment import Clip, Optimizer
from dslc_keras.numbers import given

ADAM = {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon", "amsgrad": "amsgrad"}


def _renamed(word: Optimizer, names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in given(word, *names).items()}


def _keras(word: Optimizer, **named: Any) -> Call:
    name = f"keras.optimizers.{type(word).word}"
    if word.weight_decay or isinstance(word, optimizers.AdamW):
        named = {"weight_decay": number(word.weight_decay), **named}
    return call(name, learning_rate=number(word.rate), **named)


def _adagrad(word: optimizers.Adagrad) -> Call:
    names = {"start": "initial_accumulator_value", "epsilon": "epsilon"}
    return _keras(word, **_renamed(word, names))


def _adamax(word: optimizers.Adamax) -> Call:
    made = _keras(word, **_renamed(word, {"beta1": "beta_1", "beta2": "beta_2"}))
    epsilon = Commented(Kw("epsilon", number(1e-20)), "only against 0 / 0")
    return Call(made.func, made.args, (*made.kwargs, epsilon))


OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Call]] = {
    optimizers.SGD: lambda w: _keras(w, **given(w, "momentum", "nesterov")),
    optimizers.Adam: lambda w: _keras(w, **_renamed(w, ADAM)),
    optimizers.AdamW: lambda w: _keras(w, **_renamed(w, ADAM)),
    optimizers.Adagrad: _adagrad,
    optimizers.RMSprop: lambda w: _keras(w, **given(w, "rho", "momentum", "epsilon", "centered")),
    optimizers.Adamax: _adamax,
    optimizers.Nadam: lambda w: _keras(
        w, **_renamed(w, {k: v for k, v in ADAM.items() if k != "amsgrad"})
    ),
    optimizers.Adadelta: lambda w: _keras(w, **given(w, "rho", "epsilon")),
    optimizers.Lion: lambda w: _keras(w, **_renamed(w, {"beta1": "beta_1", "beta2": "beta_2"})),
}
CLIPS: dict[type[Clip], str] = {
    clips.GlobalNorm: "global_clipnorm",
    clips.Norm: "clipnorm",
    clips.ByValue: "clipvalue",
}


@dataclass(frozen=True)
class Definition:
    """A class of the script: what a template of `optimizers/` makes of `values`, under a name of its own."""

    stem: str
    values: tuple[tuple[str, Any], ...]


EVERY_BATCH = Departure(
    "ema_batches",
    "the mean of the weights goes on after every batch, also after those without an update",
    "`ema` with `accumulate`",
    updates=True,
)


def departures(phase: PhasePlan) -> list[Changed]:
    """How the updates of Keras' own classes depart, with `numerics = stock`."""
    if phase.ema is None or phase.accumulate == 1:
        return []
    return [Changed(EVERY_BATCH, "ema", "ema", phase.name)]


class Updates:
    """What the script of a plan says about updates."""

    def __init__(self, plan: TrainingPlan) -> None:
        self.stock = plan.stock
        self.names: dict[Definition, str] = {}
        self.rates: dict[tuple[Any, int], str] = {}
        for phase in plan.phases:
            if phase.schedule is not None:
                key = (phase.schedule, phase.accumulate)
                self.rates.setdefault(key, _named("learning_rate", phase, bool(self.rates)))
            for wanted in self._definitions(phase):
                known = [d.stem for d in self.names]
                stem = type(phase.optimizer).word if wanted.stem == "Averaged" else wanted.stem
                self.names.setdefault(wanted, _named(stem, phase, wanted.stem in known))

    def _definitions(self, phase: PhasePlan) -> list[Definition]:
        found = [self._own(phase), self._rate(phase)]
        if phase.ema is not None:
            found.append(Definition("Averages", ()))
        return [d for d in found if d is not None]

    def _own(self, phase: PhasePlan) -> Definition | None:
        """Keras takes the mean of the weights after each batch, though only some change them."""
        if phase.ema is None or phase.accumulate == 1 or self.stock:
            return None
        return Definition("Averaged", (("optimizer", type(phase.optimizer).word),))

    def _rate(self, phase: PhasePlan) -> Definition | None:
        if phase.schedule is None:
            return None
        values = {
            "rate": self.rates[(phase.schedule, phase.accumulate)],
            "epochs": takes_epochs(phase.schedule),
            "accumulate": phase.accumulate,
        }
        return Definition("LearningRate", tuple(values.items()))

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

    def optimizer(self, phase: PhasePlan) -> Expr:
        """The optimiser of a phase, not built yet."""
        made = OPTIMIZERS[type(phase.optimizer)](phase.optimizer)
        named: dict[str, Any] = {}
        if phase.clip is not None:
            named[CLIPS[type(phase.clip)]] = number(phase.clip.limit)
        if phase.accumulate > 1:
            named["gradient_accumulation_steps"] = phase.accumulate
        if phase.ema is not None:
            named |= {"use_ema": True, "ema_momentum": number(phase.ema)}
        more = tuple(Kw(name, lit(value)) for name, value in named.items())
        own = self._own(phase)
        func = call(self.names[own]).func if own is not None else made.func
        return Call(func, made.args, (*made.kwargs, *more))

    def callbacks(self, phase: PhasePlan) -> list[Expr]:
        """What `fit` must call in front of all other callbacks."""
        found = [d for d in self._definitions(phase) if d.stem != "Averaged"]
        return [call(self.names[d]) for d in found]

    def context(self, phase: PhasePlan) -> Mapping[str, Any]:
        """What the templates need to know of the updates of a phase."""
        return {
            "definitions": self.definitions,
            "rate_functions": self.rate_functions,
            "only_kernels_decay": bool(phase.optimizer.weight_decay)
            and phase.optimizer.decays == "kernels",
            "update_callbacks": self.callbacks(phase),
        }


def _named(stem: str, phase: PhasePlan, taken: bool) -> str:
    """A name for what a phase needs; where phases need different ones, with that of the phase."""
    if not taken:
        return stem
    return f"{stem}_{phase.name}" if stem.islower() else f"{stem}{phase.name.capitalize()}"
