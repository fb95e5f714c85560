"""Layers that only move values: Flatten, Reshape and their like."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.dims import product
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_rank
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.word import Example


class Flatten(Layer):
    """All values in one row, the last axis fastest: `(H, W, C) -> (H·W·C)`."""

    positional: ClassVar[int] = 0
    examples: ClassVar[tuple[str, ...]] = (Example("7x7x64", "x -> Flatten -> Dense(10)"),)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_rank(self, x, (1, 2, 3, 4)) or Tensor((product(x.shape),), x.dtype)
