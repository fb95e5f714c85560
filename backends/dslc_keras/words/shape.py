"""Layers that only move values, in Keras."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Expr, TupleOf
from dslc.vocab.dims import Dim, is_generic
from dslc.vocab.layers import shape
from dslc.vocab.layers.window import per_axis
from dslc.vocab.tensor import Tensor
from dslc_keras.words.table import TABLE, layer


@TABLE.row(shape.Flatten)
def flatten(word: shape.Flatten, context: Context) -> Op:
    return layer(context, "Flatten")


@TABLE.row(shape.Reshape)
def reshape(word: shape.Reshape, context: Context) -> Op:
    sizes = per_axis(word.shape, 1)
    # A size that only the data tells is what the others leave.
    sizes = tuple(s if isinstance(s, int) or is_generic(s) else -1 for s in sizes)
    return layer(context, "Reshape", TupleOf(tuple(context.write(size) for size in sizes)))


def _one_unknown(word: shape.Reshape, inputs: tuple[Tensor, ...]) -> str | None:
    unknown = [s for s in per_axis(word.shape, 1) if s == -1 or not isinstance(s, int)]
    if len(unknown) < 2:
        return None
    return "Keras finds one unknown size only: give the input a fixed size, or write numbers for the others"


TABLE.limits[shape.Reshape] = _one_unknown


@TABLE.row(shape.Permute)
def permute(word: shape.Permute, context: Context) -> Op:
    order = per_axis(word.order, 1)
    return layer(context, "Permute", TupleOf(tuple(context.write(axis) for axis in order)))


@TABLE.row(shape.ZeroPad)
def zero_pad(word: shape.ZeroPad, context: Context) -> Op:
    return _sides(word, "ZeroPadding", context)


@TABLE.row(shape.Crop)
def crop(word: shape.Crop, context: Context) -> Op:
    return _sides(word, "Cropping", context)


def _sides(word: Any, name: str, context: Context) -> Op:
    (x,) = context.apply.inputs
    sides: tuple[tuple[Dim, Dim], ...] | None = word.sides(x)
    assert sides is not None
    if len({width for side in sides for width in side}) == 1:
        given: Expr = context.write(sides[0][0])
    elif len(sides) == 1:
        given = context.write(sides[0])
    elif all(before == after for before, after in sides):
        given = context.write(tuple(before for before, _ in sides))
    else:
        given = context.write(sides)
    return layer(context, f"{name}{x.rank - 1}D", given)


@TABLE.row(shape.Upsample)
def upsample(word: shape.Upsample, context: Context) -> Op:
    axes = context.apply.inputs[0].rank - 1
    factors = per_axis(word.factor, axes)
    factors = factors if len(factors) > 1 else factors * axes
    alike = len(set(factors)) == 1
    given = context.write(factors[0]) if alike else context.write(factors)
    method = None if word.method == "nearest" else word.method
    return layer(context, f"UpSampling{axes}D", given, interpolation=method)
