"""How Keras realises optimisers: one expression for each word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslc.codegen.nodes import Expr, call
from dslc.codegen.numbers import number
from dslc.vocab import optimizers
from dslc.vocab.experiment import Optimizer
from dslc_keras.numbers import given

OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Expr]] = {
    optimizers.SGD: lambda w: call(
        "keras.optimizers.SGD",
        learning_rate=number(w.lr),
        **given(w, "momentum", "nesterov"),
    ),
    optimizers.Adam: lambda w: call(
        "keras.optimizers.Adam", learning_rate=number(w.lr), **_adam(w)
    ),
    optimizers.AdamW: lambda w: call(
        "keras.optimizers.AdamW",
        learning_rate=number(w.lr),
        weight_decay=number(w.weight_decay),
        **_adam(w),
    ),
}


def _adam(word: optimizers.Adam | optimizers.AdamW) -> dict[str, Any]:
    names = {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon"}
    return {names[name]: value for name, value in given(word, *names).items()}
