"""Metrics: what is reported for the training, validation and test parts, over all examples of the part."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.experiment import Metric
from dslc.vocab.kinds import Count
from dslc.vocab.word import arg


class Accuracy(Metric):
    """The share of right predictions: the class of the largest probability, or p > 0.5 for a `sigmoid`."""

    word = "accuracy"
    aliases = ("acc", "Accuracy", "CategoricalAccuracy", "BinaryAccuracy")
    tasks = ("classes", "binary")
    examples: ClassVar[tuple[str, ...]] = ("[accuracy]",)


class TopK(Metric):
    """The share of examples whose true class is among the `k` most probable ones."""

    word = "top_k"
    aliases = ("TopKCategoricalAccuracy", "top_k_categorical_accuracy")
    tasks = ("classes",)
    examples: ClassVar[tuple[str, ...]] = ("[accuracy, top_k(5)]",)

    k: Count = arg("how many classes count as a hit", 5)

    @property
    def label(self) -> str:
        return f"top_{self.k}"

    def certain(self, classes: int) -> bool:
        return self.k >= classes


class Precision(Metric):
    """Hits over predictions of a class, the mean over the classes (macro); for a `sigmoid` that of the positive
    class. A class that is never predicted counts 0."""

    word = "precision"
    of_rows = False
    aliases = ("Precision",)
    tasks = ("classes", "binary")
    examples: ClassVar[tuple[str, ...]] = ("[precision, recall]",)


class Recall(Metric):
    """Hits over examples of a class, the mean over the classes (macro); for a `sigmoid` that of the positive
    class. A class without examples counts 0."""

    word = "recall"
    of_rows = False
    aliases = ("Recall", "sensitivity")
    tasks = ("classes", "binary")
    examples: ClassVar[tuple[str, ...]] = ("[precision, recall]",)


class F1(Metric):
    """2 hits / (examples + predictions) of a class, the mean over the classes (macro); for a `sigmoid` that of the
    positive class."""

    word = "f1"
    of_rows = False
    aliases = ("F1Score", "f1_score", "F1")
    tasks = ("classes", "binary")
    examples: ClassVar[tuple[str, ...]] = ("[accuracy, f1]",)


class Auc(Metric):
    """The area under the ROC curve: trapezoids between 200 thresholds that are evenly spaced from 0 to 1."""

    word = "auc"
    of_rows = False
    aliases = ("AUC", "roc_auc")
    tasks = ("binary",)
    examples: ClassVar[tuple[str, ...]] = ("[accuracy, auc]",)


class MeanAbsoluteError(Metric):
    """The mean of |p - y|."""

    word = "mae"
    aliases = ("mean_absolute_error", "MAE")
    tasks = ("numbers",)
    better = "min"
    examples: ClassVar[tuple[str, ...]] = ("[mae]",)


class RootMeanSquaredError(Metric):
    """The root of the mean of (p - y)²."""

    word = "rmse"
    of_rows = False
    aliases = ("root_mean_squared_error", "RMSE")
    tasks = ("numbers",)
    better = "min"
    examples: ClassVar[tuple[str, ...]] = ("[mae, rmse]",)
