"""Recurrent layers: a state that is carried along the steps of a sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from dslc.vocab.constraints import MaybeConstraint
from dslc.vocab.dims import Dim
from dslc.vocab.initializers import (
    GlorotUniform,
    Initial,
    Initializer,
    Orthogonal,
    VectorInitial,
    Zeros,
)
from dslc.vocab.kinds import Boolean, Count, WordOf
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_channels
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import Mismatch, Tensor, Weight
from dslc.vocab.word import Example, Word, arg


class Recurrent(Layer):
    """What recurrent layers share: `gates` blocks of weights, one after the other in the last axis."""

    abstract: ClassVar[bool] = True
    gates: ClassVar[int]

    units: Count = arg("size of the state")
    sequences: Boolean = arg("whether every step is an output, not only the last", False)
    init: Initial = arg("law of the first weights of the input", GlorotUniform())
    recurrent_init: Initial = arg("law of the first weights of the state", Orthogonal())
    bias_init: VectorInitial = arg("law of the first bias", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the weights of the input", None)
    recurrent_regularizer: MaybeRegularizer = arg("penalty on the weights of the state", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on the bias", None)
    constraint: MaybeConstraint = arg(
        "what the weights of the input may be: those of a unit are one gate's column", None
    )
    recurrent_constraint: MaybeConstraint = arg("what the weights of the state may be", None)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_channels(self, x, (2,))
        if refusal:
            return refusal
        return Tensor((x.shape[0], self.units) if self.sequences is True else (self.units,))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        width = self.gates * self.units
        kernel = Weight(
            (xs[0].channels, width),
            self.init,
            regularizer=self.regularizer,
            constraint=self.constraint,
        )
        recurrent = Weight(
            (self.units, width),
            self.recurrent_init,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        bias = Weight(self._bias_shape(), self._bias_law(), regularizer=self.bias_regularizer)
        return {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}

    def _bias_shape(self) -> tuple[Dim, ...]:
        return (self.gates * self.units,)

    def _bias_law(self) -> Word:
        return self.bias_init

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        (x,) = xs
        return x.shape[0] * self.gates * self.units * (x.channels + self.units)


class SimpleRNN(Recurrent):
    """The plain recurrent layer: h = tanh(x·W + h·U + b) for every step x.

    `(T, C) -> (units)`, the last state, or `(T, units)` with `sequences=true`.
    """

    gates: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("RNN", "Elman")
    source: ClassVar[str] = "Elman 1990, https://doi.org/10.1207/s15516709cog1402_1"
    examples: ClassVar[tuple[str, ...]] = (Example("20x8", "x -> SimpleRNN(32) -> Dense(1)"),)


class ForgetBias(Initializer):
    """What `others` says, but ones for the second of four gates. Part of `LSTM`, never written in a spec."""

    abstract: ClassVar[bool] = True
    word: ClassVar[str] = "forget_bias"

    others: Initial = arg("law of the other gates", Zeros())


class LSTM(Recurrent):
    """Long short-term memory.

    `(T, C) -> (units)`, the last state, or `(T, units)` with `sequences=true`. With gates i, f, g, o from
    x·W + h·U + b (one bias): c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c). The blocks of the weights lie in the
    order i, f, g, o; the bias of the forget gate f starts at 1.
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

    def _bias_law(self) -> Word:
        return ForgetBias(others=self.bias_init)


class GRU(Recurrent):
    """The gated recurrent unit.

    `(T, C) -> (units)`, the last state, or `(T, units)` with `sequences=true`. z = σ(x·Wz + bz + h·Uz + dz),
    r = σ(x·Wr + br + h·Ur + dr), n = tanh(x·Wn + bn + r·(h·Un + dn)), h = (1 − z)·n + z·h: the reset gate acts
    after the product with U, as cuDNN, torch and Keras do (the paper resets before). The blocks lie in the order
    z, r, n; the bias has two rows, b and d.
    """

    gates: ClassVar[int] = 3
    source: ClassVar[str] = "Cho et al. 2014, https://arxiv.org/abs/1406.1078v1"
    examples: ClassVar[tuple[str, ...]] = (Example("20x8", "x -> GRU(64) -> Dense(1)"),)

    def _bias_shape(self) -> tuple[Dim, ...]:
        return (2, 3 * self.units)


@dataclass(frozen=True)
class RecurrentWord(WordOf):
    """A recurrent layer as a value: `LSTM(64)`."""

    word_kinds: tuple[str, ...] = ("layer",)
    phrase: str = "a recurrent layer such as LSTM(64)"

    def parse(self, value: Any) -> Word:
        if not isinstance(value, Recurrent):
            raise ValueError
        return value


class Bidirectional(Layer):
    """A recurrent layer run along the sequence and a second one run backwards, side by side.

    `(T, C) -> (2·units)`: the last state forwards, then the last state backwards (the one that saw the whole
    sequence), or `(T, 2·units)` with `sequences=true` in the layer, both aligned with the steps.
    """

    source: ClassVar[str] = "Schuster and Paliwal 1997, https://doi.org/10.1109/78.650093"
    examples: ClassVar[tuple[str, ...]] = (
        Example("20x8", "x -> Bidirectional(LSTM(64)) -> Dense(1)"),
        Example("20x8", "x -> Bidirectional(GRU(32, sequences=true)) -> GlobalMaxPool1D"),
    )

    layer: Annotated[Recurrent, RecurrentWord()] = arg("the layer that runs both ways")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        y = self.layer.infer(*xs)
        if isinstance(y, Mismatch):
            return replace(y, message=y.message.replace(f"`{self.layer.word}`", f"`{self.word}`"))
        return Tensor((*y.spatial, 2 * y.channels))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        one_way = self.layer.arrays(*xs)
        return {f"{way}_{n}": w for way in ("forward", "backward") for n, w in one_way.items()}

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        return 2 * self.layer.multiply_adds(y, *xs)
