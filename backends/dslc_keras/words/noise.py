"""Noise that only training sees."""

from __future__ import annotations

from dataclasses import replace

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import call
from dslc.vocab.layers import noise
from dslc_keras.words.table import TABLE, layer


@TABLE.row(noise.Dropout)
def dropout(word: noise.Dropout, context: Context) -> Op:
    return layer(context, "Dropout", context.write(word.rate))


@TABLE.row(noise.SpatialDropout)
def spatial_dropout(word: noise.SpatialDropout, context: Context) -> Op:
    axes = context.apply.inputs[0].rank - 1
    return layer(context, f"SpatialDropout{axes}D", context.write(word.rate))


@TABLE.row(noise.GaussianDropout, noise.AlphaDropout)
def other_dropout(word: noise.GaussianDropout | noise.AlphaDropout, context: Context) -> Op:
    return layer(context, word.word, context.write(word.rate))


@TABLE.row(noise.GaussianNoise)
def gaussian_noise(word: noise.GaussianNoise, context: Context) -> Op:
    made = layer(context, "GaussianNoise", context.write(word.std))
    if context.number(word.std) <= 1:
        return made
    context.need_helper("WideNoise")
    return replace(made, make=call("WideNoise", context.write(word.std)))
