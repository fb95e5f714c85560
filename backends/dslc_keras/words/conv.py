"""Convolutions in Keras, which has `same` itself; zeros at both ends are a layer in front."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Call, Expr, Kw, Lit, Ref, lit
from dslc.vocab import initializers
from dslc.vocab.dims import Dim
from dslc.vocab.layers import conv
from dslc.vocab.layers.window import per_axis
from dslc_keras.words.core import kernel_and_bias
from dslc_keras.words.table import TABLE, constraint, initializer, layer, regularizer, unless
from dslc_keras.words.volumes import known_volume, same_volume


def _with_padding(padding: Any, axes: int, context: Context, made: Op) -> Op | tuple[Op, ...]:
    """`made` behind the zeros that it needs at both ends."""
    widths = (0,) if isinstance(padding, str) else per_axis(padding, axes)
    if all(width == 0 for width in widths):
        return made
    return layer(context, f"ZeroPadding{axes}D", context.size(widths)), made


def _window(word: Any, axes: int, context: Context) -> dict[str, Any]:
    stride, dilation = per_axis(word.stride, axes), per_axis(word.dilation, axes)
    named = isinstance(word.padding, str) and word.padding != "valid"
    return {
        "strides": None if all(s == 1 for s in stride) else context.size(stride),
        "padding": word.padding if named else None,
        "dilation_rate": None if all(d == 1 for d in dilation) else context.size(dilation),
    }


@TABLE.row(conv.Conv1D, conv.Conv2D, conv.Conv3D)
def convolution(word: Any, context: Context) -> Op | tuple[Op, ...]:
    kernel, window = per_axis(word.kernel, word.axes), _window(word, word.axes, context)
    stride, sides = per_axis(word.stride, word.axes), None
    if word.axes == 3 and word.padding == "same" and any(s != 1 for s in stride):
        window["padding"], sides = same_volume(kernel, stride, context)
    made = layer(
        context,
        word.word,
        context.write(word.filters),
        context.size(kernel),
        **window,
        groups=unless(word.groups, 1),
        **kernel_and_bias(word, context, *range(word.axes + 1)),
    )
    if sides is not None:
        return layer(context, "ZeroPadding3D", lit(list(sides))), made
    return _with_padding(word.padding, word.axes, context, made)


TABLE.limits[conv.Conv3D] = known_volume


@TABLE.row(conv.DepthwiseConv2D)
def depthwise(word: conv.DepthwiseConv2D, context: Context) -> Op | tuple[Op, ...]:
    made = layer(
        context,
        "DepthwiseConv2D",
        context.size(per_axis(word.kernel, 2)),
        **_window(word, 2, context),
        depth_multiplier=unless(word.multiplier, 1),
        use_bias=unless(word.bias, True),
        depthwise_initializer=_window_law(word, context),
        bias_initializer=initializer(word.bias_init, context, "zeros"),
        depthwise_regularizer=regularizer(word.regularizer, context),
        bias_regularizer=regularizer(word.bias_regularizer, context),
        depthwise_constraint=constraint(word.constraint, context, 0, 1),
    )
    return _with_padding(word.padding, 2, context, _noted(made, word))


@TABLE.row(conv.SeparableConv2D)
def separable(word: conv.SeparableConv2D, context: Context) -> Op | tuple[Op, ...]:
    made = layer(
        context,
        "SeparableConv2D",
        context.write(word.filters),
        context.size(per_axis(word.kernel, 2)),
        **_window(word, 2, context),
        depth_multiplier=unless(word.multiplier, 1),
        use_bias=unless(word.bias, True),
        depthwise_initializer=_window_law(word, context),
        pointwise_initializer=initializer(word.init, context, "glorot_uniform"),
        bias_initializer=initializer(word.bias_init, context, "zeros"),
        depthwise_regularizer=regularizer(word.regularizer, context),
        pointwise_regularizer=regularizer(word.regularizer, context),
        bias_regularizer=regularizer(word.bias_regularizer, context),
        depthwise_constraint=constraint(word.constraint, context, 0, 1),
        pointwise_constraint=constraint(word.constraint, context, 0, 1, 2),
    )
    return _with_padding(word.padding, 2, context, _noted(made, word))


def _noted(made: Op, word: Any) -> Op:
    """Why the law is spelt out, where it is."""
    if not isinstance(word.init, initializers._Scaled):
        return made
    return replace(
        made, note=f"{word.init.word} of a window on one channel; Keras' own counts them all"
    )


def _window_law(word: Any, context: Context) -> Expr | None:
    """The law of windows that each see one channel. Keras counts all channels as inputs of each; what it calls
    `fan_out`, window · multiplier, does not depend on them."""
    init = word.init
    if not isinstance(init, initializers._Scaled):
        return initializer(init, context, "glorot_uniform")
    multiple = context.number(word.multiplier)
    scale = init.gain * (2 * multiple / (1 + multiple) if init.over == "fan_avg" else multiple)
    options = (
        () if scale == 1 else (Kw("scale", context.write(scale)),),
        (Kw("mode", Lit("fan_out")),),
        () if init.truncated_normal else (Kw("distribution", Lit("uniform")),),
    )
    return Call(Ref("keras.initializers.VarianceScaling"), (), sum(options, ()))


@TABLE.row(conv.Conv2DTranspose)
def transposed(word: conv.Conv2DTranspose, context: Context) -> Op | tuple[Op, ...]:
    kernel, stride = per_axis(word.kernel, 2), per_axis(word.stride, 2)
    numbers = not isinstance(word.padding, str)
    extra = per_axis(word.output_padding, 2)
    # Without `output_padding` Keras fills up to the stride where the kernel is smaller.
    plain = all(_at_least(k, s) for k, s in zip(kernel, stride, strict=True))
    given = numbers and (any(e != 0 for e in extra) or not plain)
    made = layer(
        context,
        "Conv2DTranspose",
        context.write(word.filters),
        context.size(kernel),
        strides=None if all(s == 1 for s in stride) else context.size(stride),
        padding="same" if word.padding == "same" else None,
        output_padding=context.size(extra) if given else None,
        **kernel_and_bias(word, context, 0, 1, 3),
    )
    if not numbers:
        return made
    widths = per_axis(word.padding, 2)
    if all(width == 0 for width in widths):
        return made
    return made, layer(context, "Cropping2D", context.size(widths))


def _at_least(kernel: Dim, stride: Dim) -> bool:
    return isinstance(kernel, int) and isinstance(stride, int) and kernel >= stride
