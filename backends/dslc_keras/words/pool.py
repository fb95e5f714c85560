"""Poolings in Keras, which has `same` but no width of its own and no `ceil`.

Where a number or `ceil` finds the windows that `same` finds, `same` it is. Elsewhere the maximum is taken over a
tensor padded with −∞, and a helper takes means of what lies inside. The largest values of volumes are a helper's too,
that gives the gradient to one of those that tie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Call, Expr, Ref, call, lit
from dslc.codegen.windows import Sides, hanging, same_sides
from dslc.vocab.dims import Dim, ceil_div
from dslc.vocab.layers import pool
from dslc.vocab.layers.window import count_places, per_axis
from dslc_keras.words.table import TABLE, layer
from dslc_keras.words.volumes import known_volume, same_volume


@TABLE.row(pool.MaxPool1D, pool.MaxPool2D, pool.MaxPool3D)
@TABLE.row(pool.AvgPool1D, pool.AvgPool2D, pool.AvgPool3D)
def pooling(word: Any, context: Context) -> Op | tuple[Op, ...]:
    average = word.word.startswith("Avg")
    size = per_axis(word.size, word.axes)
    stride = size if word.stride is None else per_axis(word.stride, word.axes)
    padding, sides = _padding(word, size, stride, context)
    if sides is not None and average:
        return _inner_mean(size, stride, sides, context)
    made = layer(
        context,
        f"{'Average' if average else 'Max'}Pooling{word.axes}D",
        context.size(size),
        strides=None if stride == size else context.size(stride),
        padding=padding,
    )
    if word.axes == 3 and not average:
        context.need_helper("MaxPool3D")
        assert isinstance(made.make, Call)
        made = replace(made, make=replace(made.make, func=Ref("MaxPool3D")))
    if sides is None:
        return made
    widths = lit([(0, 0), *sides, (0, 0)])
    infinity = call("float", "-inf")
    padded = Op(inline=lambda x: call("keras.ops.pad", x, widths, constant_values=infinity))
    return padded, made


def _padding(
    word: Any, size: tuple[Dim, ...], stride: tuple[Dim, ...], context: Context
) -> tuple[str | None, tuple[Sides, ...] | None]:
    """The argument `padding`, or what must be put around the input."""
    if word.padding == "same":
        return same_volume(size, stride, context) if word.axes == 3 else ("same", None)
    pads = (0,) * word.axes if word.padding == "valid" else per_axis(word.padding, word.axes)
    ceil = context.number(word.ceil)
    if not ceil and all(p == 0 for p in pads):
        return None, None
    sizes = context.apply.inputs[0].spatial
    axes = list(zip(sizes, size, stride, pads, strict=True))
    if all(_is_same(*axis, ceil=ceil) for axis in axes):
        return same_volume(size, stride, context) if word.axes == 3 else ("same", None)
    sides: list[Sides] = []
    for n, k, s, p in axes:
        (width, window, step) = context.numbers((p, k, s))
        over = hanging(window, step, width) if ceil else 0
        if isinstance(n, int) and ceil:
            places = int(str(count_places(n, window, step, width, ceil=True)))
            over = max((places - 1) * step + window - n - 2 * width, 0)
        sides.append((width, width + over))
    if all(side == (0, 0) for side in sides):
        return None, None
    return None, tuple(sides)


TABLE.limits[pool.MaxPool3D] = TABLE.limits[pool.AvgPool3D] = known_volume


def _is_same(n: Dim, size: Dim, stride: Dim, pad: Dim, *, ceil: bool) -> bool:
    """Whether `same` finds the same windows: as many, the first of them at the same place."""
    if size == stride == 2 and pad == 0 and ceil:
        return True
    side = same_sides(n, size, stride)
    if side is None or side[0] != pad:
        return False
    return count_places(n, size, stride, pad, ceil=ceil) == ceil_div(n, stride)


def _inner_mean(
    size: tuple[Dim, ...], stride: tuple[Dim, ...], sides: tuple[Sides, ...], context: Context
) -> Op:
    context.need_helper("inner_mean")
    given: tuple[Expr, ...] = (context.size(size), context.size(stride), lit(list(sides)))
    return Op(inline=lambda x: call("inner_mean", x, *given))


@TABLE.row(pool.GlobalAvgPool1D, pool.GlobalAvgPool2D, pool.GlobalAvgPool3D)
@TABLE.row(pool.GlobalMaxPool1D, pool.GlobalMaxPool2D, pool.GlobalMaxPool3D)
def global_pooling(word: Any, context: Context) -> Op:
    kind = "Average" if word.word.startswith("GlobalAvg") else "Max"
    return layer(context, f"Global{kind}Pooling{word.axes}D")
