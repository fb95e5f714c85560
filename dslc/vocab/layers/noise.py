"""Noise that only training sees."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.kinds import NonNegative, Rate
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_numbers, need_rank
from dslc.vocab.tensor import Mismatch, Tensor, same_shape
from dslc.vocab.word import Example, arg


class Dropout(Layer):
    """Sets values to zero at random in training, and divides the others by 1 − rate.

    `(…) -> (…)`; nothing happens in prediction.
    """

    trains_only: ClassVar[bool] = True
    reference: ClassVar[str] = (
        "Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html"
    )
    examples: ClassVar[tuple[str, ...]] = (Example("128", "x -> Dropout(0.5) -> Dense(10)"),)

    rate: Rate = arg("share of the values that are dropped")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)


class SpatialDropout(Layer):
    """Drops whole channels: a channel of a sample is zero everywhere, or divided by 1 − rate.

    `(…, C) -> (…, C)` for sequences, images and volumes; nothing happens in prediction.
    """

    aliases: ClassVar[tuple[str, ...]] = (
        "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
        "Dropout1d", "Dropout2d", "Dropout3d",
    )  # fmt: skip
    trains_only: ClassVar[bool] = True
    reference: ClassVar[str] = "Tompson et al. 2015, https://arxiv.org/abs/1411.4280"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "x -> SpatialDropout(0.2) -> Conv2D(32, 3x3)"),
    )

    rate: Rate = arg("share of the channels that are dropped")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or need_rank(self, x, (2, 3, 4)) or same_shape(x)


class GaussianNoise(Layer):
    """Adds normal noise with mean 0 in training.

    `(…) -> (…)`; nothing happens in prediction.
    """

    trains_only: ClassVar[bool] = True
    reference: ClassVar[str] = "Bishop 1995, https://doi.org/10.1162/neco.1995.7.1.108"
    examples: ClassVar[tuple[str, ...]] = (Example("30", "x -> GaussianNoise(0.1) -> Dense(16)"),)

    std: NonNegative = arg("standard deviation of the noise")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)


class GaussianDropout(Layer):
    """Multiplies values by normal noise with mean 1 and variance rate / (1 − rate), as much as `Dropout` adds.

    `(…) -> (…)`; nothing happens in prediction.
    """

    trains_only: ClassVar[bool] = True
    reference: ClassVar[str] = (
        "Srivastava et al. 2014, section 10, https://jmlr.org/papers/v15/srivastava14a.html"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("128", "x -> GaussianDropout(0.3) -> Dense(10)"),
    )

    rate: Rate = arg("the rate of the `Dropout` with the same variance")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)


class AlphaDropout(Layer):
    """Dropout for networks of `selu`, which keeps mean 0 and variance 1.

    `(…) -> (…)`: dropped values become α = −1.7581, what `selu` is far below zero; then a·x + b with
    a = ((1 − rate)·(1 + rate·α²))^−½ and b = −a·α·rate. Nothing happens in prediction.
    """

    trains_only: ClassVar[bool] = True
    reference: ClassVar[str] = "Klambauer et al. 2017, https://arxiv.org/abs/1706.02515"
    examples: ClassVar[tuple[str, ...]] = (
        Example("128", "x -> Dense(64, init=lecun_normal) -> selu -> AlphaDropout(0.1)"),
    )

    rate: Rate = arg("share of the values that are dropped")

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)
