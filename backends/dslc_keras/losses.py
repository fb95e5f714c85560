"""How Keras realises losses and metrics: one expression for each word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dslc.codegen.nodes import Call, Expr, Ref, call, keywords, ref
from dslc.codegen.numbers import number
from dslc.plan.training import OutputPlan
from dslc.vocab import losses, metrics
from dslc.vocab.experiment import Loss, Metric
from dslc_keras.numbers import given

LOSSES: dict[type[Loss], Callable[[Any], Expr]] = {
    losses.BinaryCrossEntropy: lambda w: _loss(
        "BinaryCrossentropy", from_logits=True, **given(w, "label_smoothing")
    ),
    losses.Mse: lambda w: _loss("MeanSquaredError"),
    losses.Mae: lambda w: _loss("MeanAbsoluteError"),
    losses.Huber: lambda w: _loss("Huber", **given(w, "delta")),
}


def _loss(name: str, **values: Any) -> Call:
    return call(f"keras.losses.{name}", **values)


def _cross_entropy(word: losses.CrossEntropy) -> Expr:
    if word.label_smoothing:
        return call("smoothed_cross_entropy", number(word.label_smoothing))
    return _loss("SparseCategoricalCrossentropy", from_logits=True)


LOSSES[losses.CrossEntropy] = _cross_entropy


def _metric(name: str, label: str, *args: Any, **values: Any) -> Call:
    return call(f"keras.metrics.{name}", *args, **values, name=label)


def _accuracy(word: metrics.Accuracy, output: OutputPlan) -> Expr:
    if output.task == "classes":
        return _metric("SparseCategoricalAccuracy", word.label)
    # On logits: 0 is the probability 1/2.
    return _metric("BinaryAccuracy", word.label, threshold=0.0)


def _confusion(word: Metric, output: OutputPlan) -> Expr:
    if output.task == "classes":
        return call("Confusion", ref(word.word), output.size, name=word.label)
    return call("BinaryConfusion", ref(f"binary_{word.word}"), 2, name=word.label)


METRICS: dict[type[Metric], Callable[[Any, OutputPlan], Expr]] = {
    metrics.Accuracy: _accuracy,
    metrics.TopK: lambda w, _: _metric("SparseTopKCategoricalAccuracy", w.label, k=w.k),
    metrics.Precision: _confusion,
    metrics.Recall: _confusion,
    metrics.F1: _confusion,
    metrics.Auc: lambda w, _: _metric("AUC", w.label, from_logits=True),
    metrics.MeanAbsoluteError: lambda w, _: _metric("MeanAbsoluteError", w.label),
    metrics.RootMeanSquaredError: lambda w, _: _metric("RootMeanSquaredError", w.label),
}
CONFUSION = (metrics.Precision, metrics.Recall, metrics.F1)


def mean_loss(loss: Call, metric: str = "keras.metrics.MeanMetricWrapper") -> Call:
    """The metric that is the mean of a loss over all examples: Keras' own for an output is that over the batches."""
    if isinstance(loss.func, Ref) and loss.func.name.startswith("keras."):
        loss = replace(loss, kwargs=(*loss.kwargs, *keywords([("reduction", "none")])))
    return call(metric, loss, name="mean_loss")
