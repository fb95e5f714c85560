"""Layers for tokens and sequences: embeddings and attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from dslc.vocab.constraints import MaybeConstraint
from dslc.vocab.dims import Dim, less
from dslc.vocab.initializers import (
    GlorotUniform,
    Initial,
    Orthogonal,
    Uniform,
    VectorInitial,
    Zeros,
)
from dslc.vocab.kinds import Boolean, Count, OrNone, Rate, Whole
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_channels, need_known, need_multiple, need_numbers, need_rank
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import Mismatch, Tensor, Weight
from dslc.vocab.word import Example, arg


class Embedding(Layer):
    """A learned vector for every token: row i of a table for the id i.

    `(T) -> (T, dim)` for whole numbers from 0 to vocabulary − 1; a single id, `() -> (dim)`, too.
    """

    positional: ClassVar[int] = 2
    takes_ids: ClassVar[bool] = True
    source: ClassVar[str] = "Bengio et al. 2003, https://jmlr.org/papers/v3/bengio03a.html"
    examples: ClassVar[tuple[str, ...]] = (
        Example("128", "x -> Embedding(20000, 64) -> GlobalAvgPool1D", "int"),
    )

    vocabulary: Count = arg("number of different ids")
    dim: Count = arg("size of the vector of one token")
    init: Initial = arg("law of the first table", Uniform())
    regularizer: MaybeRegularizer = arg("penalty on the table", None)
    constraint: MaybeConstraint = arg(
        "what the table may be: the weights of a unit are the vector of one token", None
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        if x.dtype != "int":
            return Mismatch(
                "E0313",
                f"`{self.word}` looks up token ids, got numbers of shape {x}",
                "needs token ids",
                help="let it be the first layer behind the input; `Dense` projects numbers",
            )
        return need_rank(self, x, (0, 1, 2, 3)) or Tensor((*x.shape, self.dim))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        table = Weight(
            (self.vocabulary, self.dim),
            self.init,
            regularizer=self.regularizer,
            constraint=self.constraint,
        )
        return {"embeddings": table}


class PositionEmbedding(Layer):
    """Adds a learned vector for every position: y[t] = x[t] + table[t].

    `(T, C) -> (T, C)`. The table has as many rows as the sequence has steps, or `length` rows where T is not
    known while compiling; longer sequences are refused.
    """

    aliases: ClassVar[tuple[str, ...]] = ("PositionalEmbedding", "PositionalEncoding")
    source: ClassVar[str] = "Gehring et al. 2017, https://arxiv.org/abs/1705.03122"
    examples: ClassVar[tuple[str, ...]] = (
        Example("128x64", "x -> PositionEmbedding -> MultiHeadAttention(4)"),
        Example("100x64", "x -> PositionEmbedding(length=512)"),
    )

    length: Annotated[int | None, OrNone(Whole(1))] = arg(
        "rows of the table; the steps of the input when left out", None, unit="steps"
    )
    init: Initial = arg("law of the first table", Uniform())

    def _length(self, x: Tensor) -> Dim:
        return x.shape[0] if self.length is None else self.length

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_channels(self, x, (2,))
        if refusal:
            return refusal
        length = self._length(x)
        if less(length, x.shape[0]):
            return Mismatch(
                "E0310",
                f"`{self.word}` has vectors for {length} positions, the sequence has {x.shape[0]}",
                f"gets {x.shape[0]} steps",
                help=f"write `length={x.shape[0]}`, or leave it out",
            )
        unknown = need_known(self, length, "the number of steps")
        if unknown:
            return Mismatch(
                unknown.code, unknown.message, unknown.label, help="write length=… for the longest"
            )
        return x

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        (x,) = xs
        return {"embeddings": Weight((self._length(x), x.channels), self.init)}


class MultiHeadAttention(Layer):
    """Scaled dot-product attention in several heads.

    `(T, C) -> (T, C)`, every step attends to all steps; with two inputs, `(query, value)`, the steps of the
    query attend to those of the value: `(T, C), (S, D) -> (T, C)`. For every head
    softmax(Q·Kᵀ / √key_dim)·V with Q, K, V projected from query, value and value; heads side by side are
    projected back to C. Kernels have the layout (in, heads, key_dim), the last one (heads, key_dim, C).
    """

    inputs: ClassVar[tuple[int, int | None]] = (1, 2)
    positional: ClassVar[int] = 2
    aliases: ClassVar[tuple[str, ...]] = ("MultiheadAttention", "SelfAttention", "Attention", "MHA")
    source: ClassVar[str] = "Vaswani et al. 2017, https://arxiv.org/abs/1706.03762"
    examples: ClassVar[tuple[str, ...]] = (
        Example("128x64", "x -> MultiHeadAttention(8)"),
        Example("128x64", "x -> MultiHeadAttention(4, key_dim=32, causal=true)"),
        Example("50x64", "(x, x -> Dense(32)) -> MultiHeadAttention(4)"),
    )

    heads: Count = arg("number of heads")
    key_dim: Annotated[int | None, OrNone(Whole(1))] = arg(
        "size of one head; C / heads when left out", None
    )
    causal: Boolean = arg("whether a step sees itself and earlier steps only", False)
    bias: Boolean = arg("whether the four projections add a bias", True)
    dropout: Rate = arg("share of the attention weights that is dropped in training", 0.0)
    init: Initial = arg("law of the first kernels", GlorotUniform())
    bias_init: VectorInitial = arg("law of the first biases", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the kernels", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on the biases", None)

    def problems(self) -> Iterator[str]:
        if isinstance(self.init, Orthogonal):
            yield "`init=orthogonal` is for one matrix, the kernels here are several, one for each head"

    def head_size(self, x: Tensor) -> Dim:
        return x.channels // self.heads if self.key_dim is None else self.key_dim

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        x = xs[0]
        for i, each in enumerate(xs):
            refusal = need_channels(self, each, (2,))
            if refusal:
                operand = None if len(xs) == 1 else i
                return need_numbers(self, each, operand) or refusal
        if self.key_dim is None:
            what = f"the {x.channels} channels of {x}"
            refusal = need_multiple(self, x.channels, self.heads, what, "heads")
            if refusal:
                return refusal
        return Tensor(x.shape)

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        query, value = xs[0], xs[-1]
        h, d = self.heads, self.head_size(query)
        found: dict[str, Weight] = {}
        for name, channels in (
            ("query", query.channels),
            ("key", value.channels),
            ("value", value.channels),
        ):
            found |= self._projection(name, (channels, h, d), (channels, h * d), (h, d))
        out = query.channels
        return found | self._projection("output", (h, d, out), (h * d, out), (out,))

    def _projection(
        self, name: str, shape: tuple[Dim, ...], fans: tuple[Dim, Dim], bias: tuple[Dim, ...]
    ) -> dict[str, Weight]:
        kernel = Weight(shape, self.init, regularizer=self.regularizer, fans=fans)
        found = {f"{name}_kernel": kernel}
        if self.bias:
            found[f"{name}_bias"] = Weight(bias, self.bias_init, regularizer=self.bias_regularizer)
        return found

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        query, value = xs[0], xs[-1]
        t, s = query.shape[0], value.shape[0]
        wide = self.heads * self.head_size(query)
        projections = 2 * t * query.channels * wide + 2 * s * value.channels * wide
        return projections + 2 * t * s * wide
