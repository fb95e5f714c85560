"""Losses and metrics where a label may be shares of classes, as `MixUp` and `CutMix` make it: one-hot targets."""

from __future__ import annotations

from typing import Any

from dslc.codegen.nodes import Call, Expr, call
from dslc.codegen.numbers import number
from dslc.plan.training import OutputPlan
from dslc.vocab import losses, metrics
from dslc.vocab.experiment import Loss, Metric
from dslc_keras.losses import METRICS


def soft_loss(word: Loss) -> Call:
    assert isinstance(word, losses.CrossEntropy)
    named: dict[str, Any] = {"from_logits": True}
    if word.label_smoothing:
        named["label_smoothing"] = number(word.label_smoothing)
    return call("keras.losses.CategoricalCrossentropy", **named)


def soft_metric(word: Metric, output: OutputPlan) -> Expr:
    """Of the class with the largest share; `Confusion` is written to take shares."""
    if isinstance(word, metrics.Accuracy):
        return call("keras.metrics.CategoricalAccuracy", name=word.label)
    if isinstance(word, metrics.TopK):
        return call("keras.metrics.TopKCategoricalAccuracy", k=word.k, name=word.label)
    return METRICS[type(word)](word, output)
