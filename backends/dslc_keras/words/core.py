"""Dense, and what it shares with convolutions."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import core
from dslc_keras.words.table import TABLE, constraint, initializer, layer, regularizer, unless


@TABLE.row(core.Dense)
def dense(word: core.Dense, context: Context) -> Op:
    return layer(context, "Dense", context.write(word.units), **kernel_and_bias(word, context, 0))


def kernel_and_bias(word: Any, context: Context, *axes: int) -> dict[str, Any]:
    """The arguments for kernel and bias; `axes` of the kernel hold the weights of one unit."""
    return {
        "use_bias": unless(word.bias, True),
        "kernel_initializer": initializer(word.init, context, "glorot_uniform"),
        "bias_initializer": initializer(word.bias_init, context, "zeros"),
        "kernel_regularizer": regularizer(word.regularizer, context),
        "bias_regularizer": regularizer(word.bias_regularizer, context),
        "kernel_constraint": constraint(word.constraint, context, *axes),
    }
