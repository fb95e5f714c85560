"""Normalisations in torch."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from dslc.codegen.departures import Departure
from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import BinOp, Expr, Lit, call
from dslc.plan.training import TrainingPlan
from dslc.vocab.data import part_sizes
from dslc.vocab.kinds import Symbolic
from dslc.vocab.layers import norm
from dslc.vocab.tensor import Tensor
from dslc_torch.words.table import TABLE, module, unless


def _too_large(inputs: tuple[Tensor, ...], plan: TrainingPlan) -> tuple[float, str] | None:
    """By how much a running variance is, and the values that a channel has in a batch."""
    (x,) = inputs
    if plan.batch is None or not all(isinstance(size, int) for size in x.spatial):
        return None
    values = plan.batch * prod(size for size in x.spatial if isinstance(size, int))
    return (1 / (values - 1), f"n = {values:,}") if values > 1 else None


UNBIASED = Departure(
    "running_variance",
    "the running variance takes n / (n - 1) of the variance of a batch, which has n values a channel",
    "`BatchNorm`",
    sized=_too_large,
)


def _leaves_one(plan: TrainingPlan | None) -> bool:
    """Whether the last batch of an epoch may be a single example: unless its size is known."""
    if plan is None or plan.source.samples is None or plan.protocol is not None:
        return True
    rows = part_sizes(plan.source.samples, plan.split)["training"]
    return plan.batch is not None and rows % plan.batch == 1


REFUSES_ONE = Departure(
    "one_value",
    "torch refuses to train on a batch of one example, as the last of an epoch may be",
    "`BatchNorm` with one place a channel, as behind `Dense`",
    _leaves_one,
)
DEPARTURES = (UNBIASED, REFUSES_ONE)


@TABLE.row(norm.BatchNorm)
def batch_norm(word: norm.BatchNorm, context: Context) -> Op:
    (x,) = context.apply.inputs
    name = f"BatchNorm{max(x.rank - 1, 1)}d"
    alone = x.rank == 1 or all(size == 1 for size in x.spatial)
    if context.own(UNBIASED, *([REFUSES_ONE] if alone else [])):
        name = f"nn.{name}"
    else:
        context.need_helper(name)
    scale, center = context.number(word.scale), context.number(word.center)
    made = module(
        context,
        name,
        context.write(x.channels),
        eps=unless(word.epsilon, 1e-5),
        momentum=_share_of_new(word.momentum, context),
        affine=None if scale or center else False,
        stem="norm",
        layout="first" if x.rank > 1 else "any",
    )
    if scale is center:
        return made
    context.need_helper("without")
    assert made.make is not None
    return replace(made, make=call("without", made.make, "bias" if scale else "weight"))


def _share_of_new(momentum: Any, context: Context) -> Expr | None:
    """torch's `momentum` is the share of the new value, the spec's that of the old."""
    if isinstance(momentum, Symbolic):
        return BinOp("-", Lit(1), context.write(momentum))
    return None if momentum == 0.9 else context.write(round(1 - momentum, 12))


@TABLE.row(norm.LayerNorm)
def layer_norm(word: norm.LayerNorm, context: Context) -> Op:
    return _over_last_axis("nn.LayerNorm", unless(word.epsilon, 1e-5), context)


@TABLE.row(norm.RMSNorm)
def rms_norm(word: norm.RMSNorm, context: Context) -> Op:
    return _over_last_axis("nn.RMSNorm", word.epsilon, context)


def _over_last_axis(name: str, epsilon: Any, context: Context) -> Op:
    (x,) = context.apply.inputs
    layout: Any = "last" if x.rank > 1 else "any"
    channels = context.write(x.channels)
    return module(context, name, channels, eps=epsilon, stem="norm", layout=layout)


@TABLE.row(norm.GroupNorm)
def group_norm(word: norm.GroupNorm, context: Context) -> Op:
    (x,) = context.apply.inputs
    name = "GroupNorm" if x.rank > 2 else "nn.GroupNorm"
    if x.rank > 2:
        context.need_helper(name)
    return module(
        context,
        name,
        context.write(word.groups),
        context.write(x.channels),
        eps=unless(word.epsilon, 1e-5),
        stem="norm",
        layout="first" if x.rank > 1 else "any",
    )
