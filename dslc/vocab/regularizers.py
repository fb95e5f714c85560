"""Regularisers: a penalty on the size of weights, added to the loss."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dslc.vocab.kinds import NonNegative, OrNone, WordOf
from dslc.vocab.word import Example, Word, arg


class Regularizer(Word):
    """A penalty on one array of weights, added to the loss once per step (never divided by the batch)."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "regularizer"


class L1(Regularizer):
    """The lasso penalty λ·Σ|w|: drives small weights to zero.

    λ multiplies the plain sum over the array, as in Keras.
    """

    word: ClassVar[str] = "l1"
    aliases: ClassVar[tuple[str, ...]] = ("L1",)
    reference: ClassVar[str] = "Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32, regularizer=l1(1e-5))"),)

    strength: NonNegative = arg("λ, the factor of Σ|w|")


class L2(Regularizer):
    """The ridge penalty λ·Σw²: keeps weights small.

    No factor ½: λ multiplies the plain sum of squares, as in Keras. For plain SGD this is the `weight_decay`
    2λ of torch; for Adam it is not the decay of AdamW.
    """

    word: ClassVar[str] = "l2"
    aliases: ClassVar[tuple[str, ...]] = ("L2",)
    reference: ClassVar[str] = (
        "Krogh and Hertz 1991, A simple weight decay can improve generalization"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x3", "x -> Conv2D(16, 3x3, regularizer=l2(1e-4))"),
    )

    strength: NonNegative = arg("λ, the factor of Σw²")


class L1L2(Regularizer):
    """The elastic net λ₁·Σ|w| + λ₂·Σw²."""

    word: ClassVar[str] = "l1_l2"
    aliases: ClassVar[tuple[str, ...]] = ("L1L2", "elastic_net")
    positional: ClassVar[int] = 0
    reference: ClassVar[str] = (
        "Zou and Hastie 2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(32, regularizer=l1_l2(l1=1e-5, l2=1e-4))"),
    )

    l1: NonNegative = arg("λ₁, the factor of Σ|w|")
    l2: NonNegative = arg("λ₂, the factor of Σw²")


MaybeRegularizer = Annotated[
    Word | None, OrNone(WordOf(("regularizer",), "a regulariser such as l2(1e-4)"))
]
