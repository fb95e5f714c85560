"""Rows for the words of a plain convolutional network."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Lit, call, method
from dslc.vocab.layers import conv, core, noise, norm, pool, shape
from dslc_torch.weights import Law
from dslc_torch.words.table import TABLE, law, module, unless


def kernel_laws(word: Any, context: Context) -> tuple[Law, ...]:
    """Kernel and bias of a Dense or convolution."""
    kernel = law(context, "weight", word.init, penalty=word.regularizer)
    present = word.bias if context.known(word.bias) else None
    bias = law(context, "bias", word.bias_init, present=present, penalty=word.bias_regularizer)
    return kernel, bias


@TABLE.row(core.Dense)
def dense(word: core.Dense, context: Context) -> Op:
    (x,) = context.apply.inputs
    return module(
        context,
        "nn.Linear",
        context.write(x.channels),
        context.write(word.units),
        bias=unless(word.bias, True),
        stem="dense",
        layout="last" if x.rank > 1 else "any",
        weights=kernel_laws(word, context),
    )


@TABLE.row(conv.Conv2D)
def conv2d(word: conv.Conv2D, context: Context) -> Op:
    (x,) = context.apply.inputs
    kernel = word.kernel if isinstance(word.kernel, tuple) else (word.kernel,) * 2
    stride = word.stride if isinstance(word.stride, tuple) else (word.stride,) * 2
    padding = word.padding if isinstance(word.padding, (str, tuple)) else (word.padding,) * 2
    pad = (
        None if padding == "valid" else Lit("same") if padding == "same" else context.size(padding)
    )  # type: ignore[arg-type]
    return module(
        context,
        "nn.Conv2d",
        context.write(x.channels),
        context.write(word.filters),
        context.size(kernel),
        stride=None if all(s == 1 for s in stride) else context.size(stride),
        padding=pad,
        groups=unless(word.groups, 1),
        bias=unless(word.bias, True),
        stem="conv",
        layout="first",
        weights=kernel_laws(word, context),
    )


@TABLE.row(norm.BatchNorm)
def batch_norm(word: norm.BatchNorm, context: Context) -> Op:
    (x,) = context.apply.inputs
    context.need_helper("BatchNorm2d")
    return module(context, "BatchNorm2d", context.write(x.channels), stem="norm", layout="first")


@TABLE.row(pool.MaxPool2D)
def max_pool(word: pool.MaxPool2D, context: Context) -> Op:
    return module(
        context,
        "nn.MaxPool2d",
        context.size(word.size),
        stride=None
        if word.stride is None or word.stride == word.size
        else context.size(word.stride),
        padding=None if isinstance(word.padding, str) else context.size(word.padding),
        stem="pool",
        layout="first",
    )


@TABLE.row(pool.GlobalAvgPool2D)
def global_average(word: pool.GlobalAvgPool2D, context: Context) -> Op:
    return Op(inline=lambda x: method(x, "mean", (2, 3)), layout="first")


@TABLE.row(shape.Flatten)
def flatten(word: shape.Flatten, context: Context) -> Op:
    (x,) = context.apply.inputs
    if x.rank == 3:
        return Op(
            inline=lambda x: method(method(x, "permute", 0, 2, 3, 1), "flatten", 1),
            layout="first",
            comment="channels last, as the spec counts them",
        )
    return Op(
        make=call("nn.Flatten"),
        inline=lambda x: method(x, "flatten", 1),
        stem="flatten",
    )


@TABLE.row(noise.Dropout)
def dropout(word: noise.Dropout, context: Context) -> Op:
    return module(context, "nn.Dropout", context.write(word.rate), stem="dropout")
