"""One row a word: how Keras realises it. The rows register in `TABLE` when their module is imported."""

from dslc_keras.words import (
    activations,
    backbones,
    conv,
    core,
    merges,
    noise,
    norm,
    pool,
    recurrent,
    sequence,
    shape,
)
from dslc_keras.words.table import TABLE

__all__ = [
    "TABLE",
    "activations",
    "backbones",
    "conv",
    "core",
    "merges",
    "noise",
    "norm",
    "pool",
    "recurrent",
    "sequence",
    "shape",
]
