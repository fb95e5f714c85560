"""How Keras realises losses, metrics, optimisers and callbacks: one expression for each word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dslc.codegen.nodes import (
    Call,
    Expr,
    Expression,
    Import,
    Ref,
    Return,
    Statement,
    call,
    keywords,
    lit,
    ref,
)
from dslc.codegen.numbers import number
from dslc.codegen.page import ModelSection, Target
from dslc.codegen.pictures import prediction_doc
from dslc.plan.training import OutputPlan, TrainingPlan
from dslc.vocab import callbacks, losses, metrics, optimizers
from dslc.vocab.experiment import Callback, Loss, Metric, Optimizer
from dslc.vocab.word import Word

LOSSES: dict[type[Loss], Callable[[Any], Expr]] = {
    losses.BinaryCrossEntropy: lambda w: _loss(
        "BinaryCrossentropy", from_logits=True, **_given(w, "label_smoothing")
    ),
    losses.Mse: lambda w: _loss("MeanSquaredError"),
    losses.Mae: lambda w: _loss("MeanAbsoluteError"),
    losses.Huber: lambda w: _loss("Huber", **_given(w, "delta")),
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

OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Expr]] = {
    optimizers.SGD: lambda w: call(
        "keras.optimizers.SGD",
        learning_rate=number(w.lr),
        **_given(w, "momentum", "nesterov"),
    ),
    optimizers.Adam: lambda w: call(
        "keras.optimizers.Adam", learning_rate=number(w.lr), **_adam(w)
    ),
    optimizers.AdamW: lambda w: call(
        "keras.optimizers.AdamW",
        learning_rate=number(w.lr),
        weight_decay=number(w.weight_decay),
        **_adam(w),
    ),
}


def _adam(word: optimizers.Adam | optimizers.AdamW) -> dict[str, Any]:
    names = {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon"}
    return {names[name]: value for name, value in _given(word, *names).items()}


CALLBACKS: dict[type[Callback], Callable[[Any, str], Expr]] = {
    callbacks.EarlyStopping: lambda w, mode: call(
        "keras.callbacks.EarlyStopping",
        monitor=w.monitor,
        mode=mode,
        patience=w.patience,
        **_given(w, "min_delta"),
    ),
    callbacks.ReduceLROnPlateau: lambda w, mode: call(
        "keras.callbacks.ReduceLROnPlateau",
        monitor=w.monitor,
        mode=mode,
        factor=number(w.factor),
        patience=w.patience,
        **_given(w, "min_delta", "cooldown", "min_lr"),
    ),
}
# The callback `Checkpoint` of the page does its work, atomically.
IN_THE_PAGE: tuple[type[Callback], ...] = (callbacks.ModelCheckpoint,)


def _given(word: Word, *names: str) -> dict[str, Any]:
    """Those parameters that differ from their defaults, which are Keras' own."""
    fields = type(word).model_fields
    values = {name: getattr(word, name) for name in names}
    return {
        name: number(value) if isinstance(value, float) else value
        for name, value in values.items()
        if value != fields[name].default
    }


def emit(plan: TrainingPlan, model: ModelSection) -> Mapping[str, Any]:
    """What the templates of this backend use besides the facts of the data."""
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    scores = {
        (metric.word, output.task == "binary")
        for output in plan.outputs
        for metric in output.metrics
        if isinstance(metric, CONFUSION)
    }
    kept = [w for w in plan.callbacks if not isinstance(w, IN_THE_PAGE)]
    calls: list[Expr] = [CALLBACKS[type(w)](w, plan.mode(w)) for w in kept]
    return {
        "size": "self.size" if several else "len(self.y)",
        "compile": _compile(plan),
        "make_callbacks": Return(lit(calls)),  # type: ignore[arg-type]
        "has_callbacks": bool(kept),
        "remembered": _remembered(kept),
        "scores": sorted(scores),
        "confusion_tasks": sorted({"binary" if binary else "classes" for _, binary in scores}),
        "smoothed": any(
            isinstance(o.loss, losses.CrossEntropy) and o.loss.label_smoothing for o in plan.outputs
        ),
        "prediction_doc": prediction_doc(plan),
        "device_help": "such as cpu, gpu or gpu:1",
        "dataset": plan.source.word,
    }


def _remembered(kept: list[Callback]) -> tuple[str, ...]:
    plateau = any(isinstance(w, callbacks.ReduceLROnPlateau) for w in kept)
    return ("best", "wait", "cooldown_counter") if plateau else ("best", "wait")


def _mean_loss(loss: Call) -> Call:
    """The metric that is the mean of a loss over all examples: Keras' own for an output is that over the batches."""
    if isinstance(loss.func, Ref) and loss.func.name.startswith("keras."):
        loss = replace(loss, kwargs=(*loss.kwargs, *keywords([("reduction", "none")])))
    return call("keras.metrics.MeanMetricWrapper", loss, name="mean_loss")


def _compile(plan: TrainingPlan) -> Statement:
    outputs = plan.outputs
    loss: Any = {o.name: LOSSES[type(o.loss)](o.loss) for o in outputs}
    measures: Any = {o.name: [METRICS[type(m)](m, o) for m in o.metrics] for o in outputs}
    if len(outputs) > 1:
        for name, found in loss.items():
            measures[name].append(_mean_loss(found))
    values: dict[str, Any] = {
        "optimizer": OPTIMIZERS[type(plan.optimizer)](plan.optimizer),
        "loss": loss if len(outputs) > 1 else loss[outputs[0].name],
    }
    if any(o.weight != 1 for o in outputs) and len(outputs) > 1:
        values["loss_weights"] = {o.name: number(o.weight) for o in outputs}
    if any(measures.values()):
        values["metrics"] = measures if len(outputs) > 1 else measures[outputs[0].name]
    return Expression(call("model.compile", **values))


TARGET = Target(
    name="keras",
    title="Keras 3",
    templates=Path(__file__).parent / "templates",
    imports={
        "keras": Import("keras"),
        "layers": Import("keras", "layers"),
        "nullcontext": Import("contextlib", "nullcontext"),
        "tf": Import("tensorflow", alias="tf"),
    },
    emit=emit,
    count_weights="sum(math.prod(weight.shape) for weight in model.trainable_weights)",
    test_targets="test.y",
)
