"""How PyTorch realises losses and metrics: what the training loop computes for a batch, and at the end of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dslc.codegen.nodes import (
    Assign,
    Attr,
    BinOp,
    Compare,
    Expr,
    Index,
    Lit,
    Statement,
    call,
    lit,
    method,
    ref,
)
from dslc.codegen.numbers import number
from dslc.plan.training import OutputPlan
from dslc.vocab import losses, metrics
from dslc.vocab.experiment import Loss, Metric


@dataclass(frozen=True)
class Place:
    """An output in the loop: what the model gave, the targets, and where the classes are."""

    output: OutputPlan
    result: Expr
    true: Expr
    channels_first: bool
    prefix: str = ""  # of its names in the log, where there are several outputs

    @property
    def class_axis(self) -> int:
        return 1 if self.channels_first or len(self.output.shape) == 1 else -1


def _cross_entropy(word: losses.CrossEntropy, place: Place) -> Expr:
    logits = place.result
    if place.class_axis == -1:
        logits = method(logits, "movedim", -1, 1)
    named = {"label_smoothing": number(word.label_smoothing)} if word.label_smoothing else {}
    return call("F.cross_entropy", logits, place.true, **named)


def _binary_cross_entropy(word: losses.BinaryCrossEntropy, place: Place) -> Expr:
    true, smoothing = place.true, number(word.label_smoothing)
    if word.label_smoothing:
        kept = BinOp("*", true, BinOp("-", lit(1), smoothing))
        true = BinOp("+", kept, BinOp("/", smoothing, lit(2)))
    return call("F.binary_cross_entropy_with_logits", place.result, true)


def _huber(word: losses.Huber, place: Place) -> Expr:
    named = {"delta": number(word.delta)} if word.delta != 1 else {}
    return call("F.huber_loss", place.result, place.true, **named)


LOSSES: dict[type[Loss], Callable[[Any, Place], Expr]] = {
    losses.CrossEntropy: _cross_entropy,
    losses.BinaryCrossEntropy: _binary_cross_entropy,
    losses.Mse: lambda _, place: call("F.mse_loss", place.result, place.true),
    losses.Mae: lambda _, place: call("F.l1_loss", place.result, place.true),
    losses.Huber: _huber,
}


@dataclass
class Measures:
    """What the loop does for its metrics: values to start with, updates by batch, results at the end.

    `sums` are means over examples; anything else starts, is updated and ends by statements of its own.
    """

    length: Expr
    sums: dict[str, float] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    updates: list[Statement] = field(default_factory=list)
    ends: list[Statement] = field(default_factory=list)
    scores: set[tuple[str, bool]] = field(default_factory=set)

    def add_sum(self, name: str, value: Expr) -> None:
        self.sums[name] = 0.0
        self.updates.append(Assign((Index(ref("sums"), (Lit(name),)),), value, op="+"))

    def add_mean(self, name: str, value: Expr) -> None:
        """`value` is the mean over a batch."""
        self.add_sum(name, BinOp("*", value, self.length))

    def add_table(self, variable: str, update: Expr) -> None:
        if variable not in self.starts:
            self.starts[variable] = f"{variable} = 0"
            self.updates.append(Assign((ref(variable),), update, op="+"))

    def end(self, name: str, value: Expr) -> None:
        self.ends.append(Assign((Index(ref("means"), (Lit(name),)),), value))


def _predicted(place: Place) -> Expr:
    if place.output.task == "binary":
        return Compare(place.result, ((">", lit(0)),))
    return method(place.result, "argmax", place.class_axis)


def _accuracy(word: metrics.Accuracy, place: Place, into: Measures) -> None:
    true = place.true
    if place.output.task == "binary":
        true = Compare(true, ((">", lit(0.5)),))
    right = Compare(_predicted(place), (("==", true),))
    name = place.prefix + word.label
    if len(place.output.shape) == 1 and place.output.task == "classes":
        into.add_sum(name, method(right, "sum"))
    else:
        into.add_mean(name, method(method(right, "float"), "mean"))


def _top_k(word: metrics.TopK, place: Place, into: Measures) -> None:
    axis = place.class_axis
    best = Attr(method(place.result, "topk", word.k, dim=axis), "indices")
    hits = Compare(best, (("==", method(place.true, "unsqueeze", axis)),))
    found = method(method(method(hits, "any", axis), "float"), "mean")
    into.add_mean(place.prefix + word.label, found)


def _confusion(word: Metric, place: Place, into: Measures) -> None:
    binary = place.output.task == "binary"
    classes = 2 if binary else place.output.size
    variable = f"{place.prefix}matrix"
    into.add_table(variable, call("confusion", _predicted(place), place.true, classes))
    name = f"binary_{word.word}" if binary else word.word
    into.scores.add((word.word, binary))
    into.end(place.prefix + word.label, call(name, ref(variable)))


def _auc(word: metrics.Auc, place: Place, into: Measures) -> None:
    variable = f"{place.prefix}counts"
    probabilities = method(place.result, "sigmoid")
    into.add_table(variable, call("above_thresholds", probabilities, place.true))
    into.end(place.prefix + word.label, call("auc", ref(variable)))


def _error(function: str, place: Place) -> Expr:
    """Of numbers: without `detach` a sum over batches would hold the graph of each."""
    return call(function, method(place.result, "detach"), place.true)


def _mae(word: metrics.MeanAbsoluteError, place: Place, into: Measures) -> None:
    into.add_mean(place.prefix + word.label, _error("F.l1_loss", place))


def _rmse(word: metrics.RootMeanSquaredError, place: Place, into: Measures) -> None:
    name = place.prefix + word.label
    into.add_mean(name, _error("F.mse_loss", place))
    into.end(name, call("math.sqrt", Index(ref("means"), (Lit(name),))))


METRICS: dict[type[Metric], Callable[[Any, Place, Measures], None]] = {
    metrics.Accuracy: _accuracy,
    metrics.TopK: _top_k,
    metrics.Precision: _confusion,
    metrics.Recall: _confusion,
    metrics.F1: _confusion,
    metrics.Auc: _auc,
    metrics.MeanAbsoluteError: _mae,
    metrics.RootMeanSquaredError: _rmse,
}
