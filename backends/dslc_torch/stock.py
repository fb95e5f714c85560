"""Optimisers and clips of PyTorch as they are, for `numerics = stock`, and how they depart from the language's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dslc.codegen.departures import Changed, Departure
from dslc.codegen.nodes import Call, Expr, Expression, For, Statement, call, keywords, method, ref
from dslc.codegen.numbers import number
from dslc.plan.training import PhasePlan
from dslc.vocab import clips, optimizers
from dslc.vocab.experiment import Clip, Optimizer

EPSILON = Departure(
    "adam_epsilon",
    "epsilon is added to the root behind the correction of its bias, not before it",
    "`Adam`, `AdamW`",
    updates=True,
)
ROOT = Departure(
    "rmsprop_epsilon",
    "epsilon is added to the root, not under it",
    "`RMSprop`",
    updates=True,
)
VELOCITY = Departure(
    "velocity",
    "momentum holds gradients, not steps: a new rate changes those that are under way",
    "`SGD`, `RMSprop` with momentum, where the rate changes",
    updates=True,
)
COUPLED = Departure(
    "coupled_decay",
    "decay is a part of the gradient, and goes into the momentum",
    "`SGD` with momentum and `weight_decay`",
    updates=True,
)
SCALED = Departure(
    "scaled_decay",
    "decay is a part of the gradient, and is divided with it: large gradients decay less",
    "`Adagrad`, `RMSprop`, `Adamax`, `Adadelta` with `weight_decay`",
    updates=True,
)
NORM = Departure(
    "clip_norm",
    "torch adds 1e-6 to the norm that it divides by",
    "`clip = global_norm`, `clip = norm`",
    updates=True,
)
SPLIT = Departure(
    "clip_biases",
    "each of the two biases of a GRU is clipped by itself; in the language they are one",
    "`clip = norm` with a `GRU`",
    updates=True,
)
DEPARTURES = (EPSILON, ROOT, VELOCITY, COUPLED, SCALED, NORM, SPLIT)
# They decay weights apart from the gradient in torch, too.
DECOUPLED = (optimizers.Adam, optimizers.Nadam, optimizers.Lion)


def stock_call(word: Optimizer, made: Call) -> Call:
    """torch's own class for `word`; `made` is the call of it that the hooks of `exact` complete."""
    if isinstance(word, optimizers.RMSprop):
        options = {"alpha": number(word.rho), "eps": number(word.epsilon)}
        options |= {"momentum": number(word.momentum)} if word.momentum else {}
        made = call("torch.optim.RMSprop", *made.args, lr=number(word.rate), **options)
        if word.centered:
            made = _with(made, centered=True)
    elif isinstance(word, optimizers.Adam) and word.epsilon != 1e-8:
        made = _with(made, eps=number(word.epsilon))
    if word.weight_decay and not isinstance(word, DECOUPLED):
        made = _with(made, weight_decay=number(word.weight_decay))
    return made


def _with(made: Call, **options: Any) -> Call:
    return replace(made, kwargs=(*made.kwargs, *keywords([*options.items()])))


def stock_clip(clip: Clip) -> Statement:
    """torch's own function on the gradients of the model."""
    weights: Expr = method(ref("self.model"), "parameters")
    limit = number(clip.limit)
    if isinstance(clip, clips.ByValue):
        return Expression(call("nn.utils.clip_grad_value_", weights, limit))
    if isinstance(clip, clips.GlobalNorm):
        return Expression(call("nn.utils.clip_grad_norm_", weights, limit))
    each = Expression(call("nn.utils.clip_grad_norm_", ref("weight"), limit))
    return For(ref("weight"), weights, (each,))


def departures(phase: PhasePlan, *, split_biases: bool) -> Iterator[Changed]:
    """How the updates of a phase depart. `split_biases`: a bias of the model is two arrays in torch."""
    word, clip = phase.optimizer, phase.clip
    for each in _of_optimizer(word, _changes(phase)):
        yield Changed(each, word.word, "optimizer", phase.name)
    if clip is not None and not isinstance(clip, clips.ByValue):
        yield Changed(NORM, clip.word, "clip", phase.name)
        if split_biases and isinstance(clip, clips.Norm):
            yield Changed(SPLIT, clip.word, "clip", phase.name)


def _changes(phase: PhasePlan) -> bool:
    """Whether momentum lives through a change of the rate."""
    kept = phase.trains is not None and phase.trains.keep
    return phase.schedule is not None or bool(phase.plateaus) or kept


def _of_optimizer(word: Optimizer, changes: bool) -> Iterator[Departure]:
    momentum = isinstance(word, optimizers.SGD | optimizers.RMSprop) and word.momentum
    if isinstance(word, optimizers.Adam):
        yield EPSILON
    if isinstance(word, optimizers.RMSprop):
        yield ROOT
    if momentum and changes:
        yield VELOCITY
    if not word.weight_decay or isinstance(word, DECOUPLED):
        return
    if not isinstance(word, optimizers.SGD):
        yield SCALED
    elif momentum:
        yield COUPLED
