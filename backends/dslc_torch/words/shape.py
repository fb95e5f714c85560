"""Layers that only move values, in torch. The spec counts channels last; torch has them behind the batch."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, NeedsNumbers, Op
from dslc.codegen.nodes import Attr, Expr, Index, Lit, Slice, call, method
from dslc.vocab.dims import Dim
from dslc.vocab.kinds import Symbolic
from dslc.vocab.layers import shape
from dslc.vocab.layers.window import per_axis
from dslc_torch.words.conv import pad
from dslc_torch.words.table import TABLE, module

CHANNELS_LAST = "channels last, as in the spec"


@TABLE.row(shape.Flatten)
def flatten(word: shape.Flatten, context: Context) -> Op:
    (x,) = context.apply.inputs
    if x.rank == 1 or all(size == 1 for size in x.spatial):
        return Op(call("nn.Flatten"), inline=lambda x: method(x, "flatten", 1), stem="flatten")
    order = (0, *range(2, x.rank + 1), 1)
    return Op(
        inline=lambda x: method(x, "flatten", 1),
        first=lambda x: method(_permuted(x, order), "flatten", 1),
        comment=CHANNELS_LAST if x.rank > 2 else "",
    )


def _permuted(x: Expr, order: tuple[int, ...]) -> Expr:
    if order == tuple(range(len(order))):
        return x
    return method(x, "transpose", 1, 2) if order == (0, 2, 1) else method(x, "permute", *order)


@TABLE.row(shape.Reshape)
def reshape(word: shape.Reshape, context: Context) -> Op:
    (x,) = context.apply.inputs
    output = context.apply.output
    # Where channels stand makes no difference to a single one.
    direct = output.rank > 2 and output.channels == 1 and x.rank != output.rank
    sizes: tuple[Dim, ...] = per_axis(word.shape, 1)
    if all(isinstance(size, int) for size in output.shape):
        sizes = output.shape
    if direct:
        sizes = (sizes[-1], *sizes[:-1])

    # A size that is nowhere in the input is what the others leave.
    sizes = tuple(s if isinstance(s, int) or s in x.shape else -1 for s in sizes)
    if sizes.count(-1) > 1:
        raise NeedsNumbers

    def written(value: Expr) -> Expr:
        known = [_size(size, value, x.shape) for size in sizes]
        batch: Expr = Lit(-1) if -1 not in sizes else call("len", value)
        result: Expr = method(value, "reshape", batch, *known)
        turned = output.rank > 2 and not direct and x.rank != output.rank
        return method(result, "movedim", -1, 1) if turned else result

    return Op(inline=written, layout="last" if x.rank > 1 else "any")


def _size(size: Dim, value: Expr, known: tuple[Dim, ...]) -> Expr:
    """A size as `forward` can know it."""
    if isinstance(size, int):
        return Lit(size)
    return Index(Attr(value, "shape"), (Lit(known.index(size) + 1),))


@TABLE.row(shape.Permute)
def permute(word: shape.Permute, context: Context) -> Op:
    rank = context.apply.output.rank
    order = context.numbers(per_axis(word.order, 1))
    last = (0, *order)
    # With channels behind the batch, axis i of the spec is axis i + 1, and the last one is axis 1.
    places = {0: 0, **{axis: axis + 1 for axis in range(1, rank)}, rank: 1}
    first = tuple(places[axis] for axis in (0, last[-1], *last[1:-1]))
    if rank < 3:
        return Op(inline=lambda x: _permuted(x, last), layout="last" if rank > 1 else "any")
    return Op(inline=lambda x: _permuted(x, first), layout="first")


def _sides(word: Any, context: Context) -> tuple[tuple[Dim, Dim], ...]:
    sides: tuple[tuple[Dim, Dim], ...] | None = word.sides(context.apply.inputs[0])
    assert sides is not None
    return sides


@TABLE.row(shape.ZeroPad)
def zero_pad(word: shape.ZeroPad, context: Context) -> Op:
    return pad(context, _sides(word, context))


@TABLE.row(shape.Crop)
def crop(word: shape.Crop, context: Context) -> Op:
    sides = _sides(word, context)
    if any(isinstance(width, Symbolic) for side in sides for width in side):
        negative = tuple((-before, -after) for before, after in sides)
        return pad(context, negative, "widths below zero cut off")
    inner = tuple(_inner(*side) for side in sides)

    def cut(x: Expr, skipped: int) -> Expr:
        slices = [Slice()] * skipped + list(inner)
        while slices[-1] == Slice():
            slices.pop()
        return Index(x, tuple(slices)) if slices else x

    if all(side == Slice() for side in inner):
        return Op(call("nn.Identity"), inline=lambda x: x, stem="crop")
    return Op(inline=lambda x: cut(x, 1), first=lambda x: cut(x, 2))


def _inner(before: Dim, after: Dim) -> Slice:
    assert isinstance(before, int) and isinstance(after, int)
    return Slice(Lit(before) if before else None, Lit(-after) if after else None)


@TABLE.row(shape.Upsample)
def upsample(word: shape.Upsample, context: Context) -> Op:
    axes = context.apply.inputs[0].rank - 1
    factors = per_axis(word.factor, axes)
    return module(
        context,
        "nn.Upsample",
        scale_factor=context.size(factors if len(factors) > 1 else factors * axes),
        mode=None if word.method == "nearest" else word.method,
        stem="upsample",
        layout="first",
    )
