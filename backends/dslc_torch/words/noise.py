"""Noise that only training sees."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import noise
from dslc_torch.words.table import TABLE, module


@TABLE.row(noise.Dropout)
def dropout(word: noise.Dropout, context: Context) -> Op:
    return module(context, "nn.Dropout", context.write(word.rate), stem="dropout")


@TABLE.row(noise.SpatialDropout)
def spatial_dropout(word: noise.SpatialDropout, context: Context) -> Op:
    axes = context.apply.inputs[0].rank - 1
    rate = context.write(word.rate)
    return module(context, f"nn.Dropout{axes}d", rate, stem="dropout", layout="first")


@TABLE.row(noise.GaussianNoise)
def gaussian_noise(word: noise.GaussianNoise, context: Context) -> Op:
    context.need_helper("GaussianNoise")
    return module(context, "GaussianNoise", context.write(word.std), stem="noise")


@TABLE.row(noise.GaussianDropout)
def gaussian_dropout(word: noise.GaussianDropout, context: Context) -> Op:
    context.need_helper("GaussianDropout")
    return module(context, "GaussianDropout", context.write(word.rate), stem="dropout")


@TABLE.row(noise.AlphaDropout)
def alpha_dropout(word: noise.AlphaDropout, context: Context) -> Op:
    return module(context, "nn.AlphaDropout", context.write(word.rate), stem="dropout")
