"""Losses: the mean over the batch (and over the places of a sequence or an image). Those of classes take the
model's last `softmax` or `sigmoid` into themselves and work on logits, where nothing overflows."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.experiment import Loss
from dslc.vocab.kinds import Positive, Rate
from dslc.vocab.word import arg


class CrossEntropy(Loss):
    """-log p[y], the output being a `softmax` over classes and y the index of the true one. `label_smoothing` s
    mixes the target with the uniform distribution: 1 - s + s / classes for the true class."""

    word = "cross_entropy"
    aliases = (
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "crossentropy",
        "CrossEntropyLoss",
        "CrossEntropy",
    )
    task = "classes"
    activation = "softmax"
    positional = 0
    examples: ClassVar[tuple[str, ...]] = ("cross_entropy", "cross_entropy(label_smoothing=0.1)")

    label_smoothing: Rate = arg("share of the target that is spread over all classes", 0.0)


class BinaryCrossEntropy(Loss):
    """-y log p - (1 - y) log(1 - p), the output being one `sigmoid` (two classes) or several (labels that may
    all be true). `label_smoothing` s turns targets into y (1 - s) + s / 2."""

    word = "binary_cross_entropy"
    aliases = ("binary_crossentropy", "bce", "BCELoss", "BCEWithLogitsLoss", "BinaryCrossEntropy")
    task = "binary"
    activation = "sigmoid"
    positional = 0
    examples: ClassVar[tuple[str, ...]] = ("binary_cross_entropy",)

    label_smoothing: Rate = arg("how far targets move towards 1/2", 0.0)


class Mse(Loss):
    """(p - y)², the mean squared error."""

    word = "mse"
    aliases = ("mean_squared_error", "MSELoss", "MSE")
    task = "numbers"
    examples: ClassVar[tuple[str, ...]] = ("mse",)


class Mae(Loss):
    """|p - y|, the mean absolute error."""

    word = "mae"
    aliases = ("mean_absolute_error", "L1Loss", "MAE")
    task = "numbers"
    examples: ClassVar[tuple[str, ...]] = ("mae",)


class Huber(Loss):
    """e² / 2 while |e| ≤ delta, else delta (|e| - delta / 2), with e = p - y."""

    word = "huber"
    aliases = ("HuberLoss", "Huber", "smooth_l1")
    task = "numbers"
    examples: ClassVar[tuple[str, ...]] = ("huber", "huber(delta=0.5)")
    reference = "Huber, Robust estimation of a location parameter, 1964"

    delta: Positive = arg("where the square becomes a line", 1.0)
