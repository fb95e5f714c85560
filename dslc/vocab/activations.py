"""Activations: functions of single values, and softmax."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.refusals import need_numbers, need_rank
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor, same_shape
from dslc.vocab.word import Example


class Activation(FlowWord):
    """A function of every value: `(…) -> (…)`."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "activation"

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or same_shape(x)


class ReLU(Activation):
    """max(x, 0)."""

    word: ClassVar[str] = "relu"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("ReLU", "Relu")
    source: ClassVar[str] = "Nair and Hinton 2010, https://icml.cc/Conferences/2010/papers/432.pdf"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> relu"),)


class Sigmoid(Activation):
    """1 / (1 + exp(−x)): a number between 0 and 1."""

    word: ClassVar[str] = "sigmoid"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("Sigmoid", "logistic", "expit")
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(1) -> sigmoid"),)


class Tanh(Activation):
    """(exp(x) − exp(−x)) / (exp(x) + exp(−x)): a number between −1 and 1."""

    word: ClassVar[str] = "tanh"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("Tanh",)
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32) -> tanh"),)


class Softmax(Activation):
    """exp(xᵢ) / Σⱼ exp(xⱼ) over the last axis: shares that sum to 1."""

    word: ClassVar[str] = "softmax"
    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("Softmax",)
    source: ClassVar[str] = "Bridle 1990, https://doi.org/10.1007/978-3-642-76153-9_28"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10) -> softmax"),)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_numbers(self, x) or need_rank(self, x, (1, 2, 3, 4)) or same_shape(x)
