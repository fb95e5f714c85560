"""Convolutions in torch.

torch pads both ends alike. Where `same` needs an odd number of zeros, a pad stands in front; where the number
depends on the size of the image, `Conv2dSame` pads by what it gets.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Expr, Lit, call
from dslc.codegen.windows import Sides, same_sides
from dslc.vocab import initializers
from dslc.vocab.dims import Dim
from dslc.vocab.layers import conv
from dslc.vocab.layers.window import per_axis
from dslc.vocab.word import Word
from dslc_torch.weights import Law
from dslc_torch.words.core import kernel_laws
from dslc_torch.words.table import TABLE, law, module, unless


@TABLE.row(conv.Conv1D, conv.Conv2D, conv.Conv3D)
def convolution(word: Any, context: Context) -> tuple[Op, ...]:
    (x,) = context.apply.inputs
    return _convolution(
        word,
        context,
        word.axes,
        context.write(x.channels),
        context.write(word.filters),
        groups=unless(word.groups, 1),
        bias=unless(word.bias, True),
        weights=kernel_laws(word, context),
    )


@TABLE.row(conv.DepthwiseConv2D)
def depthwise(word: conv.DepthwiseConv2D, context: Context) -> tuple[Op, ...]:
    (x,) = context.apply.inputs
    present = word.bias if context.known(word.bias) else None
    bias = law(context, "bias", word.bias_init, present=present, penalty=word.bias_regularizer)
    return _convolution(
        word,
        context,
        2,
        context.write(x.channels),
        context.write(x.channels * word.multiplier),
        groups=context.write(x.channels),
        bias=unless(word.bias, True),
        weights=(_depthwise_law(word, context), bias),
    )


@TABLE.row(conv.SeparableConv2D)
def separable(word: conv.SeparableConv2D, context: Context) -> tuple[Op, ...]:
    (x,) = context.apply.inputs
    wide = x.channels * word.multiplier
    first = _convolution(
        word,
        context,
        2,
        context.write(x.channels),
        context.write(wide),
        groups=context.write(x.channels),
        bias=False,
        weights=(_depthwise_law(word, context), _absent_bias(context)),
    )
    second = module(
        context,
        "nn.Conv2d",
        context.write(wide),
        context.write(word.filters),
        Lit(1),
        bias=unless(word.bias, True),
        stem="pointwise",
        layout="first",
        weights=kernel_laws(word, context),
    )
    return (*first, second)


def _absent_bias(context: Context) -> Law:
    return law(context, "bias", initializers.Zeros(), present=False)


def _convolution(
    word: Any, context: Context, axes: int, inputs: Expr, filters: Expr, **options: Any
) -> tuple[Op, ...]:
    """The convolution, with a pad in front where it needs one."""
    kernel, stride = per_axis(word.kernel, axes), per_axis(word.stride, axes)
    dilation = per_axis(word.dilation, axes)
    name, front, padding = _padding(word.padding, context, kernel, stride, dilation)
    made = module(
        context,
        name,
        inputs,
        filters,
        context.size(kernel),
        stride=None if all(s == 1 for s in stride) else context.size(stride),
        padding=padding,
        dilation=None if all(d == 1 for d in dilation) else context.size(dilation),
        stem="conv",
        layout="first",
        **options,
    )
    return (*front, made)


def _padding(
    padding: Any,
    context: Context,
    kernel: tuple[Dim, ...],
    stride: tuple[Dim, ...],
    dilation: tuple[Dim, ...],
) -> tuple[str, tuple[Op, ...], Expr | None]:
    """The class of the convolution, what stands in front of it, and its argument `padding`."""
    axes = len(kernel)
    name = f"nn.Conv{axes}d"
    if padding == "valid":
        return name, (), None
    if padding == "causal":
        before = (kernel[0] - 1) * dilation[0]
        return name, (pad(context, ((before, 0),)),) if before != 0 else (), None
    if padding != "same":
        widths = per_axis(padding, axes)
        return name, (), None if all(p == 0 for p in widths) else context.size(widths)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = context.apply.inputs[0].spatial
    sides = [same_sides(n, k, s) for n, k, s in zip(sizes, spans, stride, strict=True)]
    if all(side == (0, 0) for side in sides):
        return name, (), None
    if all(s == 1 for s in stride) and all(side is None or side[0] == side[1] for side in sides):
        return name, (), Lit("same")  # an even window is padded in front: torch warns of it
    if any(side is None for side in sides):
        context.need_helper("same_pads")
        context.need_helper(f"Conv{axes}dSame")
        return f"Conv{axes}dSame", (), None
    known = tuple(side for side in sides if side is not None)
    if all(before == after for before, after in known):
        return name, (), context.size(tuple(before for before, _ in known))
    return name, (pad(context, known, "same padding, as TensorFlow counts it"),), None


def pad(
    context: Context, sides: tuple[tuple[Dim, Dim], ...] | tuple[Sides, ...], comment: str = ""
) -> Op:
    """Zeros around the spatial axes; torch takes the last axis first."""
    flat = tuple(width for side in reversed(sides) for width in side)
    given = context.write(flat[0]) if len(set(flat)) == 1 else context.write(flat)
    made = call(f"nn.ZeroPad{len(sides)}d", given)
    return Op(made, stem="pad", layout="first", comment=comment)


def _depthwise_law(word: Any, context: Context) -> Law:
    """The law of windows that each see one channel: torch counts every channel as an output of each."""
    init: Word = word.init
    both: Any = {"penalty": word.regularizer, "constraint": word.constraint}
    if not isinstance(init, initializers._Scaled) or init.over == "fan_in":
        return law(context, "weight", init, **both)
    multiple = int(context.number(word.multiplier))
    if multiple == 1:  # glorot with fan_in = fan_out
        same = initializers.LecunNormal() if init.truncated_normal else initializers.LecunUniform()
        return law(context, "weight", same, **both)
    if not init.truncated_normal:
        slope = Lit(sqrt(multiple)) if multiple**0.5 % 1 else Lit(int(sqrt(multiple)))
        return Law(
            "weight",
            lambda w: call("nn.init.kaiming_uniform_", w, a=slope),
            ("glorot_uniform of windows", multiple),
            **both,
        )
    window = context.numbers(per_axis(word.kernel, 2))
    std = init.spread(window[0] * window[1], window[0] * window[1] * multiple)
    std = round(std / initializers.TRUNCATED_SPREAD, 9)
    return Law(
        "weight",
        lambda w: call("nn.init.trunc_normal_", w, 0.0, std, round(-2 * std, 9), round(2 * std, 9)),
        ("glorot_normal of windows", std),
        **both,
    )


@TABLE.row(conv.Conv2DTranspose)
def transposed(word: conv.Conv2DTranspose, context: Context) -> tuple[Op, ...]:
    (x,) = context.apply.inputs
    kernel, stride = per_axis(word.kernel, 2), per_axis(word.stride, 2)
    padding, extra, cut = _transposed_sides(word, context, kernel, stride)
    made = module(
        context,
        "nn.ConvTranspose2d",
        context.write(x.channels),
        context.write(word.filters),
        context.size(kernel),
        stride=None if all(s == 1 for s in stride) else context.size(stride),
        padding=None if all(p == 0 for p in padding) else context.size(padding),
        output_padding=None if all(e == 0 for e in extra) else context.size(extra),
        bias=unless(word.bias, True),
        stem="conv",
        layout="first",
        weights=kernel_laws(word, context, units=1),
    )
    if not any(cut):
        return (made,)
    sides = tuple((0, -width) for width in cut)
    return made, pad(context, sides, "same padding cuts off the end, as in TensorFlow")


def _transposed_sides(
    word: conv.Conv2DTranspose, context: Context, kernel: tuple[Dim, ...], stride: tuple[Dim, ...]
) -> tuple[tuple[Dim, ...], tuple[Dim, ...], tuple[int, ...]]:
    """For every axis: what is cut off both ends, what is added at the end, what is cut off the end besides."""
    if not isinstance(word.padding, str):
        return per_axis(word.padding, 2), per_axis(word.output_padding, 2), (0, 0)
    over = [k - s for k, s in zip(kernel, stride, strict=True)]
    if word.padding == "valid":
        return (0, 0), tuple(max(-o, 0) for o in context.numbers(tuple(over))), (0, 0)
    known = context.numbers(tuple(over))
    padding = tuple(max(o, 0) // 2 for o in known)
    extra = tuple(max(-o, 0) for o in known)
    return padding, extra, tuple(max(o, 0) % 2 for o in known)
