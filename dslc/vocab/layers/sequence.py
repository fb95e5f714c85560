"""Layers for tokens and sequences: embeddings and attention."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.initializers import Initial, Uniform
from dslc.vocab.kinds import Count
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_rank
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import Mismatch, Tensor, Weight
from dslc.vocab.word import Example, arg


class Embedding(Layer):
    """A learned vector for every token: row i of a table for the id i.

    `(T) -> (T, dim)` for whole numbers from 0 to vocabulary − 1; a single id, `() -> (dim)`, too.
    """

    positional: ClassVar[int] = 2
    source: ClassVar[str] = "Bengio et al. 2003, https://jmlr.org/papers/v3/bengio03a.html"
    examples: ClassVar[tuple[str, ...]] = (
        Example("128", "x -> Embedding(20000, 64) -> GlobalAvgPool1D", "int"),
    )

    vocabulary: Count = arg("number of different ids")
    dim: Count = arg("size of the vector of one token")
    init: Initial = arg("law of the first table", Uniform())
    regularizer: MaybeRegularizer = arg("penalty on the table", None)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        if x.dtype != "int":
            return Mismatch(
                "E0307",
                f"`{self.word}` looks up token ids, got numbers of shape {x}",
                "needs token ids",
                help="declare the input as ids; for numbers `Dense` is the layer that projects",
            )
        return need_rank(self, x, (0, 1, 2, 3)) or Tensor((*x.shape, self.dim))

    def weights(self, *xs: Tensor) -> dict[str, Weight]:
        shape = (self.vocabulary, self.dim)
        return {"embeddings": Weight(shape, self.init, regularizer=self.regularizer)}
