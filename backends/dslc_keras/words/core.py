"""Dense, and what it shares with convolutions."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import core
from dslc_keras.words.table import TABLE, initializer, layer, regularizer, unless


@TABLE.row(core.Dense)
def dense(word: core.Dense, context: Context) -> Op:
    return layer(context, "Dense", context.write(word.units), **kernel_and_bias(word, context))


def kernel_and_bias(word: Any, context: Context) -> dict[str, Any]:
    return {
        "use_bias": unless(word.bias, True),
        "kernel_initializer": initializer(word.init, context, "glorot_uniform"),
        "bias_initializer": initializer(word.bias_init, context, "zeros"),
        "kernel_regularizer": regularizer(word.regularizer, context),
        "bias_regularizer": regularizer(word.bias_regularizer, context),
    }
