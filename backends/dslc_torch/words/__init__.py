"""One row a word: how PyTorch realises it. The rows register in `TABLE` when their module is imported."""

from dslc_torch.words import (
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
from dslc_torch.words.table import TABLE

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
