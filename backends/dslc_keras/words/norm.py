"""Normalisations in Keras."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import norm
from dslc_keras.words.table import TABLE, layer, unless


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


@TABLE.row(norm.LayerNorm)
def layer_norm(word: norm.LayerNorm, context: Context) -> Op:
    return layer(context, "LayerNormalization", epsilon=unless(word.epsilon, 1e-3))


@TABLE.row(norm.RMSNorm)
def rms_norm(word: norm.RMSNorm, context: Context) -> Op:
    return layer(context, "RMSNormalization", epsilon=unless(word.epsilon, 1e-6))


@TABLE.row(norm.GroupNorm)
def group_norm(word: norm.GroupNorm, context: Context) -> Op:
    return layer(
        context,
        "GroupNormalization",
        context.write(word.groups),
        epsilon=unless(word.epsilon, 1e-3),
    )
