"""Normalisations: values brought to mean 0 and variance 1, then scaled and shifted by learned numbers."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.initializers import Ones, Zeros
from dslc.vocab.kinds import Boolean, Count, Positive, Rate
from dslc.vocab.layers.core import Layer
from dslc.vocab.refusals import need_channels, need_multiple
from dslc.vocab.tensor import Mismatch, Tensor, Weight, same_shape
from dslc.vocab.word import Example, arg

_EPSILON = "added to the variance, against division by zero"


class BatchNorm(Layer):
    """Batch normalisation: γ·(x − μ) / √(σ² + epsilon) + β, channel by channel.

    `(…, C) -> (…, C)`. In training μ and σ² are the mean and the (biased) variance of the channel over the
    batch and all other axes; in prediction they are running values, new = momentum·old + (1 − momentum)·batch,
    of the biased variance as in Keras. Running values are counted as weights that do not train.
    """

    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = (
        "BatchNormalization", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNorm2D", "BN",
    )  # fmt: skip
    reference: ClassVar[str] = "Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x3", "x -> Conv2D(16, 3x3, bias=false) -> BatchNorm -> relu"),
        Example("64", "x -> BatchNorm(momentum=0.99, epsilon=1e-3)"),
    )

    epsilon: Positive = arg(_EPSILON, 1e-5)
    momentum: Rate = arg(
        "share of the old running value that is kept (torch counts the share of the new)", 0.9
    )
    scale: Boolean = arg("whether to multiply by a learned γ", True)
    center: Boolean = arg("whether to add a learned β", True)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_channels(self, x, (1, 2, 3, 4)) or same_shape(x)

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        shape = (xs[0].channels,)
        found: dict[str, Weight] = {}
        if self.scale:
            found["gamma"] = Weight(shape, Ones())
        if self.center:
            found["beta"] = Weight(shape, Zeros())
        found["moving_mean"] = Weight(shape, Zeros(), trainable=False)
        found["moving_variance"] = Weight(shape, Ones(), trainable=False)
        return found


class LayerNorm(Layer):
    """Layer normalisation: γ·(x − μ) / √(σ² + epsilon) + β over the last axis of every place.

    `(…, C) -> (…, C)`; μ and σ² are the mean and the biased variance of the C values of one place.
    """

    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("LayerNormalization",)
    reference: ClassVar[str] = "Ba et al. 2016, https://arxiv.org/abs/1607.06450"
    examples: ClassVar[tuple[str, ...]] = (Example("20x64", "x -> LayerNorm -> Dense(64)"),)

    epsilon: Positive = arg(_EPSILON, 1e-5)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_channels(self, x, (1, 2, 3, 4)) or same_shape(x)

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        shape = (xs[0].channels,)
        return {"gamma": Weight(shape, Ones()), "beta": Weight(shape, Zeros())}


class GroupNorm(Layer):
    """Group normalisation: as `LayerNorm`, but over all places of a group of channels.

    `(…, C) -> (…, C)`, C a multiple of `groups`; γ and β are per channel.
    """

    aliases: ClassVar[tuple[str, ...]] = ("GroupNormalization",)
    reference: ClassVar[str] = "Wu and He 2018, https://arxiv.org/abs/1803.08494"
    examples: ClassVar[tuple[str, ...]] = (Example("32x32x64", "x -> GroupNorm(8) -> relu"),)

    groups: Count = arg("number of groups that the channels are split into")
    epsilon: Positive = arg(_EPSILON, 1e-5)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return (
            need_channels(self, x, (1, 2, 3, 4))
            or need_multiple(
                self, x.channels, self.groups, f"the {x.channels} channels of {x}", "groups"
            )
            or same_shape(x)
        )

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        shape = (xs[0].channels,)
        return {"gamma": Weight(shape, Ones()), "beta": Weight(shape, Zeros())}


class RMSNorm(Layer):
    """Root mean square normalisation: γ·x / √(mean(x²) + epsilon) over the last axis; no mean, no shift.

    `(…, C) -> (…, C)`.
    """

    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("RMSNormalization",)
    reference: ClassVar[str] = "Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467"
    examples: ClassVar[tuple[str, ...]] = (Example("20x64", "x -> RMSNorm -> Dense(64)"),)

    epsilon: Positive = arg("added to the mean square, against division by zero", 1e-6)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_channels(self, x, (1, 2, 3, 4)) or same_shape(x)

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        return {"gamma": Weight((xs[0].channels,), Ones())}
