"""Rows for the words of a plain convolutional network."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import conv, core, noise, norm, pool, shape
from dslc_keras.words.table import TABLE, initializer, layer, regularizer, unless


@TABLE.row(core.Dense)
def dense(word: core.Dense, context: Context) -> Op:
    return layer(context, "Dense", context.write(word.units), **_weights(word, context))


def _weights(word: Any, context: Context) -> dict[str, Any]:
    return {
        "use_bias": unless(word.bias, True),
        "kernel_initializer": initializer(word.init, context, "glorot_uniform"),
        "bias_initializer": initializer(word.bias_init, context, "zeros"),
        "kernel_regularizer": regularizer(word.regularizer, context),
        "bias_regularizer": regularizer(word.bias_regularizer, context),
    }


@TABLE.row(conv.Conv2D)
def conv2d(word: conv.Conv2D, context: Context) -> Op | tuple[Op, ...]:
    kernel = word.kernel if isinstance(word.kernel, tuple) else (word.kernel,) * 2
    stride = word.stride if isinstance(word.stride, tuple) else (word.stride,) * 2
    padding = word.padding if isinstance(word.padding, (str, tuple)) else (word.padding,) * 2
    padded = not isinstance(padding, str) and any(p != 0 for p in padding)
    made = layer(
        context,
        "Conv2D",
        context.write(word.filters),
        context.size(kernel),
        strides=None if all(s == 1 for s in stride) else context.size(stride),
        padding="same" if padding == "same" else None,
        groups=unless(word.groups, 1),
        **_weights(word, context),
    )
    if not padded:
        return made
    return layer(context, "ZeroPadding2D", context.size(padding)), made  # type: ignore[arg-type]


@TABLE.row(norm.BatchNorm)
def batch_norm(word: norm.BatchNorm, context: Context) -> Op:
    return layer(
        context,
        "BatchNormalization",
        momentum=unless(word.momentum, 0.99),
        epsilon=unless(word.epsilon, 1e-3),
        center=unless(word.center, True),
        scale=unless(word.scale, True),
    )


@TABLE.row(pool.MaxPool2D)
def max_pool(word: pool.MaxPool2D, context: Context) -> Op | tuple[Op, ...]:
    made = layer(
        context,
        "MaxPooling2D",
        context.size(word.size),
        strides=None
        if word.stride is None or word.stride == word.size
        else context.size(word.stride),
        padding="same" if word.padding == "same" else None,
    )
    return made


@TABLE.row(pool.GlobalAvgPool2D)
def global_average(word: pool.GlobalAvgPool2D, context: Context) -> Op:
    return layer(context, "GlobalAveragePooling2D")


@TABLE.row(shape.Flatten)
def flatten(word: shape.Flatten, context: Context) -> Op:
    return layer(context, "Flatten")


@TABLE.row(noise.Dropout)
def dropout(word: noise.Dropout, context: Context) -> Op:
    return layer(context, "Dropout", context.write(word.rate))
