"""Recurrent layers: a state that is carried along the steps of a sequence."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.dims import Dim
from dslc.vocab.initializers import GlorotUniform, Initial, Initializer, Orthogonal, Zeros
from dslc.vocab.kinds import Boolean, Count
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_channels
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import Mismatch, Tensor, Weight
from dslc.vocab.word import Example, arg


class Recurrent(Layer):
    """What recurrent layers share: `gates` blocks of weights, one after the other in the last axis."""

    abstract: ClassVar[bool] = True
    gates: ClassVar[int]

    units: Count = arg("size of the state")
    sequences: Boolean = arg("whether every step is an output, not only the last", False)
    init: Initial = arg("law of the first weights of the input", GlorotUniform())
    recurrent_init: Initial = arg("law of the first weights of the state", Orthogonal())
    bias_init: Initial = arg("law of the first bias", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the weights of the input", None)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_channels(self, x, (2,))
        if refusal:
            return refusal
        return Tensor((x.shape[0], self.units) if self.sequences is True else (self.units,))

    def weights(self, *xs: Tensor) -> dict[str, Weight]:
        width = self.gates * self.units
        kernel = Weight((xs[0].channels, width), self.init, regularizer=self.regularizer)
        return {
            "kernel": kernel,
            "recurrent_kernel": Weight((self.units, width), self.recurrent_init),
            "bias": Weight(self.bias_shape, self.bias_law),
        }

    @property
    def bias_shape(self) -> tuple[Dim, ...]:
        return (self.gates * self.units,)

    @property
    def bias_law(self) -> Initializer:
        law: Initializer = self.bias_init  # type: ignore[assignment]
        return law

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        (x,) = xs
        return x.shape[0] * self.gates * self.units * (x.channels + self.units)


class ForgetBias(Initializer):
    """What `bias_init` says, but ones for the forget gate: the second of four blocks. Not written in specs."""

    abstract: ClassVar[bool] = True
    word: ClassVar[str] = "forget_bias"

    others: Initial = arg("law of the other gates", Zeros())


class LSTM(Recurrent):
    """Long short-term memory.

    `(T, C) -> (units)`, the last state, or `(T, units)` with `sequences=true`. With gates i, f, g, o from
    x·W + h·U + b (one bias): c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c). The layout of the blocks is i, f, g, o;
    the bias of the forget gate starts at 1.
    """

    gates: ClassVar[int] = 4
    source: ClassVar[str] = (
        "Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; "
        "forget gate: Gers et al. 2000, https://doi.org/10.1162/089976600300015015"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("20x8", "x -> LSTM(64) -> Dense(1)"),
        Example("20x8", "x -> LSTM(64, sequences=true) -> LSTM(32)"),
    )

    @property
    def bias_law(self) -> Initializer:
        return ForgetBias(others=self.bias_init)
