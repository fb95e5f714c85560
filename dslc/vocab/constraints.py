"""Constraints: what weights may be. After every update of training they are brought back to it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dslc.vocab.kinds import OrNone, Positive, WordOf
from dslc.vocab.word import Example, Word, arg


class Constraint(Word):
    """What one array of weights may be, made true again after every update.

    A norm is that of the weights of one unit: of a column of a `Dense`, of one whole filter of a convolution,
    of the vector of one token of an `Embedding`, of one unit of one gate of a recurrent layer.
    """

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "constraint"


class MaxNorm(Constraint):
    """‖w‖ ≤ limit for the weights w of every unit: longer ones are scaled to that length.

    w·min(‖w‖, limit) / (‖w‖ + 1e-7) after every update, as in Keras. Beside dropout it allows large learning
    rates.
    """

    word: ClassVar[str] = "max_norm"
    aliases: ClassVar[tuple[str, ...]] = ("MaxNorm", "maxnorm")
    reference: ClassVar[str] = (
        "Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dropout(0.5) -> Dense(32, constraint=max_norm(3)) -> relu"),
        Example("32x32x3", "x -> Conv2D(16, 3x3, constraint=max_norm(3))"),
    )

    limit: Positive = arg("the largest norm of the weights of one unit")


class UnitNorm(Constraint):
    """‖w‖ = 1 for the weights w of every unit: w / (‖w‖ + 1e-7) after every update, as in Keras."""

    word: ClassVar[str] = "unit_norm"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("UnitNorm",)
    reference: ClassVar[str] = (
        "Salimans and Kingma 2016 (norm and direction apart), https://arxiv.org/abs/1602.07868"
    )
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32, constraint=unit_norm)"),)


class NonNegative(Constraint):
    """w ≥ 0: negative weights are 0 after every update."""

    word: ClassVar[str] = "non_negative"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("NonNeg", "non_neg", "NonNegative")
    reference: ClassVar[str] = (
        "Chorowski and Zurada 2015, https://doi.org/10.1109/TNNLS.2014.2310059"
    )
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(32, constraint=non_negative) -> relu"),
    )


MaybeConstraint = Annotated[
    Word | None, OrNone(WordOf(("constraint",), "a constraint such as max_norm(3)"))
]
