"""Activations: functions of single values, and softmax."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dslc.vocab.initializers import Constant, VectorInitial
from dslc.vocab.kinds import Choice, NonNegative, Positive
from dslc.vocab.refusals import need_channels, need_numbers, need_rank
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor, Weight, same_shape
from dslc.vocab.word import Example, arg


class Activation(FlowWord):
    """A function of every value: `(…) -> (…)`."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "activation"
    positional: ClassVar[int] = 0

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)


class ReLU(Activation):
    """max(x, 0): `(…) -> (…)`."""

    word: ClassVar[str] = "relu"
    aliases: ClassVar[tuple[str, ...]] = ("ReLU", "Relu")
    source: ClassVar[str] = "Nair and Hinton 2010, https://icml.cc/Conferences/2010/papers/432.pdf"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> relu"),)


class ReLU6(Activation):
    """min(max(x, 0), 6): `(…) -> (…)`."""

    word: ClassVar[str] = "relu6"
    aliases: ClassVar[tuple[str, ...]] = ("ReLU6",)
    source: ClassVar[str] = "Howard et al. 2017, https://arxiv.org/abs/1704.04861"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "x -> DepthwiseConv2D(3x3) -> BatchNorm -> relu6"),
    )


class LeakyReLU(Activation):
    """x for x ≥ 0, slope·x below: `(…) -> (…)`.

    The default slope is that of the paper and of torch; the Keras layer has 0.3, the Keras function 0.2.
    """

    word: ClassVar[str] = "leaky_relu"
    positional: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("LeakyReLU", "LeakyRelu", "lrelu")
    source: ClassVar[str] = (
        "Maas et al. 2013, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf"
    )
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> leaky_relu(0.2)"),)

    slope: NonNegative = arg("factor of negative values", 0.01)


class PReLU(Activation):
    """x for x ≥ 0, aᶜ·x below, with a learned slope aᶜ for every channel c: `(…, C) -> (…, C)`."""

    word: ClassVar[str] = "prelu"
    aliases: ClassVar[tuple[str, ...]] = ("PReLU",)
    source: ClassVar[str] = "He et al. 2015, https://arxiv.org/abs/1502.01852"
    examples: ClassVar[tuple[str, ...]] = (Example("32x32x3", "x -> Conv2D(16, 3x3) -> prelu"),)

    init: VectorInitial = arg("law of the first slopes (0.25 in the paper)", Constant(value=0.25))

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_channels(self, x, (1, 2, 3, 4)) or same_shape(x)

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        return {"alpha": Weight((xs[0].channels,), self.init)}


class ELU(Activation):
    """x for x ≥ 0, alpha·(exp(x) − 1) below: `(…) -> (…)`."""

    word: ClassVar[str] = "elu"
    positional: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("ELU",)
    source: ClassVar[str] = "Clevert et al. 2016, https://arxiv.org/abs/1511.07289"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> elu"),)

    alpha: Positive = arg("minus the value far below zero", 1.0)


class SELU(Activation):
    """1.0507·x for x ≥ 0, 1.0507·1.67326·(exp(x) − 1) below: `(…) -> (…)`.

    With `lecun_normal` weights, layers keep mean 0 and variance 1.
    """

    word: ClassVar[str] = "selu"
    aliases: ClassVar[tuple[str, ...]] = ("SELU",)
    source: ClassVar[str] = "Klambauer et al. 2017, https://arxiv.org/abs/1706.02515"
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(32, init=lecun_normal) -> selu"),
    )


class GELU(Activation):
    """x·Φ(x) with the normal distribution function Φ: `(…) -> (…)`.

    `approximate=tanh` is ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), at most 5e-4 away.
    """

    word: ClassVar[str] = "gelu"
    aliases: ClassVar[tuple[str, ...]] = ("GELU",)
    source: ClassVar[str] = "Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415"
    examples: ClassVar[tuple[str, ...]] = (
        Example("20x64", "x -> Dense(256) -> gelu -> Dense(64)"),
        Example("20x64", "x -> Dense(256) -> gelu(approximate=tanh)"),
    )

    approximate: Annotated[str, Choice(("none", "tanh"))] = arg("formula for Φ", "none")


class SiLU(Activation):
    """x·sigmoid(x), also called swish: `(…) -> (…)`."""

    word: ClassVar[str] = "silu"
    aliases: ClassVar[tuple[str, ...]] = ("SiLU", "swish", "Swish")
    source: ClassVar[str] = (
        "Elfwing et al. 2018, https://arxiv.org/abs/1702.03118; "
        "Ramachandran et al. 2017, https://arxiv.org/abs/1710.05941"
    )
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> silu"),)


class Mish(Activation):
    """x·tanh(softplus(x)): `(…) -> (…)`."""

    word: ClassVar[str] = "mish"
    aliases: ClassVar[tuple[str, ...]] = ("Mish",)
    source: ClassVar[str] = "Misra 2020, https://arxiv.org/abs/1908.08681"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> mish"),)


class Sigmoid(Activation):
    """1 / (1 + exp(−x)), a number between 0 and 1: `(…) -> (…)`."""

    word: ClassVar[str] = "sigmoid"
    aliases: ClassVar[tuple[str, ...]] = ("Sigmoid", "logistic", "expit")
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(1) -> sigmoid"),)


class HardSigmoid(Activation):
    """min(max(x + 3, 0), 6) / 6, a sigmoid of straight lines: `(…) -> (…)`."""

    word: ClassVar[str] = "hard_sigmoid"
    aliases: ClassVar[tuple[str, ...]] = ("Hardsigmoid", "HardSigmoid", "hardsigmoid")
    source: ClassVar[str] = "Howard et al. 2019, https://arxiv.org/abs/1905.02244"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> hard_sigmoid"),)


class HardSwish(Activation):
    """x·min(max(x + 3, 0), 6) / 6: `(…) -> (…)`."""

    word: ClassVar[str] = "hard_swish"
    aliases: ClassVar[tuple[str, ...]] = ("Hardswish", "HardSwish", "hardswish", "hard_silu")
    source: ClassVar[str] = "Howard et al. 2019, https://arxiv.org/abs/1905.02244"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x3", "x -> Conv2D(16, 3x3) -> BatchNorm -> hard_swish"),
    )


class Tanh(Activation):
    """(exp(x) − exp(−x)) / (exp(x) + exp(−x)), a number between −1 and 1: `(…) -> (…)`."""

    word: ClassVar[str] = "tanh"
    aliases: ClassVar[tuple[str, ...]] = ("Tanh",)
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> tanh"),)


class Softplus(Activation):
    """log(1 + exp(x)), a smooth relu: `(…) -> (…)`."""

    word: ClassVar[str] = "softplus"
    aliases: ClassVar[tuple[str, ...]] = ("Softplus",)
    source: ClassVar[str] = "Dugas et al. 2001, Incorporating second-order functional knowledge"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(1) -> softplus"),)


class Softmax(Activation):
    """exp(xᵢ) / Σⱼ exp(xⱼ) over the last axis: `(…, C) -> (…, C)`, shares that sum to 1.

    As the last step in front of `cross_entropy` it says what the model predicts; the loss is computed from the
    values before it, which is the same and does not overflow.
    """

    word: ClassVar[str] = "softmax"
    aliases: ClassVar[tuple[str, ...]] = ("Softmax", "Softmax2d")
    source: ClassVar[str] = "Bridle 1990, https://doi.org/10.1007/978-3-642-76153-9_28"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10) -> softmax"),)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or need_rank(self, x, (1, 2, 3, 4)) or same_shape(x)


class Identity(Activation):
    """Nothing: y = x, `(…) -> (…)`; for an arm of `match` that leaves its input alone."""

    word: ClassVar[str] = "identity"
    aliases: ClassVar[tuple[str, ...]] = ("Identity", "linear")
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(1) -> identity"),)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        return xs[0]
