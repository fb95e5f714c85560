"""Dense, and what it shares with convolutions."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.vocab.layers import core
from dslc_torch.weights import Law
from dslc_torch.words.table import TABLE, law, module, unless


def kernel_laws(word: Any, context: Context, units: int = 0) -> tuple[Law, ...]:
    """Kernel and bias of a Dense or convolution; `units` is the axis of the outputs of the kernel."""
    kernel = law(
        context,
        "weight",
        word.init,
        penalty=word.regularizer,
        constraint=word.constraint,
        units=units,
    )
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
