"""The words of an experiment and the plan made of them: ranges, defaults, names in the log, what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from test_page import several
from training_plans import DIGITS, TARGETS

import dslc_keras.callbacks as keras_callbacks
import dslc_keras.losses as keras_losses
import dslc_keras.optimizers as keras
import dslc_torch.measures as torch_measures
import dslc_torch.optimizers as torch
from dslc.codegen.data import TEMPLATES
from dslc.codegen.layout import render
from dslc.codegen.numbers import number
from dslc.plan.keepers import Keeper
from dslc.vocab import callbacks, clips, data, losses, metrics, optimizers, schedules
from dslc.vocab.word import Word, aliases, words

KINDS = (
    "source", "split", "scale", "loss", "metric", "optimizer", "schedule", "clip", "callback",
)  # fmt: skip
REALISED: dict[str, list[Any]] = {
    "source": [TEMPLATES],
    "loss": [keras_losses.LOSSES, torch_measures.LOSSES],
    "metric": [keras_losses.METRICS, torch_measures.METRICS],
    "optimizer": [keras.OPTIMIZERS, torch.OPTIMIZERS],
    "clip": [keras.CLIPS, torch.CLIPS],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_says_what_it_is(kind: str) -> None:
    for name, word in words(kind).items():
        assert word.__doc__ and word.examples, name
        for field, info in word.model_fields.items():
            assert info.description, (name, field)


@pytest.mark.parametrize("backend", [keras, torch])
def test_whole_numbers_for_rates_are_written_as_floats(backend: Any) -> None:
    """Keras refuses `learning_rate=1`."""
    given: list[tuple[Any, str]] = [
        (optimizers.SGD(lr=1), "=1.0"),
        (optimizers.Adam(lr=10), "=10.0"),
        (optimizers.AdamW(weight_decay=0), "weight_decay=0.0"),
    ]
    for word, said in given:
        assert said in render(backend.OPTIMIZERS[type(word)](word))
    assert type(callbacks.EarlyStopping(min_delta=1).min_delta) is float


@pytest.mark.parametrize("kind", REALISED)
def test_every_word_is_realised_by_every_backend(kind: str) -> None:
    for table in REALISED[kind]:
        assert set(table) == set(words(kind).values())


def test_every_callback_is_realised() -> None:
    everything = set(words("callback").values())
    assert set(keras_callbacks.CALLBACKS) | set(keras_callbacks.IN_THE_PAGE) == everything
    assert everything == {
        callbacks.EarlyStopping, callbacks.ReduceLROnPlateau, callbacks.ModelCheckpoint,
        callbacks.CSVLogger, callbacks.TensorBoard,
    }  # fmt: skip


def test_names_of_the_frameworks_lead_to_the_word() -> None:
    assert aliases("loss")["sparse_categorical_crossentropy"] == "cross_entropy"
    assert aliases("loss")["BCEWithLogitsLoss"] == "binary_cross_entropy"
    assert aliases("metric")["F1Score"] == "f1"
    assert aliases("split")["holdout"] == "random"
    assert aliases("optimizer")["NAdam"] == "Nadam"
    assert aliases("schedule")["OneCycleLR"] == "one_cycle"
    assert aliases("clip")["clip_grad_norm_"] == "global_norm"


@pytest.mark.parametrize(
    ("word", "values"),
    [
        (optimizers.Adam, {"lr": 0}),
        (optimizers.Adam, {"beta1": 1}),
        (optimizers.Lion, {"beta1": 0}),
        (optimizers.AdamW, {"decays": "biases"}),
        (schedules.Step, {"lr": 0.1, "every": 0}),
        (schedules.CosineRestarts, {"lr": 0.1, "first": 5, "growth": 0.5}),
        (clips.Norm, {"limit": 0}),
        (optimizers.SGD, {"momentum": 1}),
        (losses.CrossEntropy, {"label_smoothing": 1}),
        (losses.Huber, {"delta": 0}),
        (metrics.TopK, {"k": 0}),
        (callbacks.EarlyStopping, {"patience": -1}),
        (callbacks.ReduceLROnPlateau, {"factor": 1}),
        (callbacks.EarlyStopping, {"mode": "down"}),
        (data.Stratified, {"train": 0, "val": 1}),
        (data.Csv, {"path": "t.csv", "target": "y", "missing": "guess"}),
    ],
)
def test_values_out_of_range_are_refused(word: type[Word], values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        word(**values)


def test_parameters_that_do_not_go_together() -> None:
    assert list(optimizers.SGD(nesterov=True).problems()) == [
        "`nesterov` needs a `momentum` above 0"
    ]
    assert not list(optimizers.SGD(nesterov=True, momentum=0.9).problems())
    assert list(callbacks.ModelCheckpoint(save_best_only=False, monitor="loss").problems())
    two, three = data.Stratified(train=85, val=15), data.Random(train=70, val=15, test=15)
    assert data.split_problem(data.Digits(), three) is None
    assert data.split_problem(data.Mnist(), two) is None
    assert "brings its own test part" in str(data.split_problem(data.Mnist(), three))
    assert "needs three shares" in str(data.split_problem(data.Iris(), two))


def test_what_is_logged_and_may_be_monitored() -> None:
    assert DIGITS.monitored == ("loss", "accuracy", "val_loss", "val_accuracy")
    assert several().logged == {
        "loss": "min", "kind_loss": "min", "kind_f1": "max", "age_loss": "min", "age_mae": "min",
    }  # fmt: skip
    assert DIGITS.phases[0].mode(callbacks.EarlyStopping(monitor="val_accuracy")) == "max"
    assert (
        DIGITS.phases[0].mode(callbacks.EarlyStopping(monitor="val_accuracy", mode="min")) == "min"
    )


def test_the_best_weights_are_kept_once_for_each_rule() -> None:
    assert DIGITS.phases[0].keepers == (Keeper("best", "val_loss", larger=False, min_delta=0.0),)
    plan = replace(
        DIGITS,
        callbacks=(
            callbacks.ModelCheckpoint(monitor="val_loss"),
            callbacks.EarlyStopping(monitor="val_accuracy", min_delta=0.1, restore_best=True),
        ),
    )
    assert plan.phases[0].keepers == (
        Keeper("best", "val_accuracy", larger=True, min_delta=0.1),  # restored, so reported
        Keeper("best_val_loss", "val_loss", larger=False, min_delta=0.0),
    )
    assert replace(DIGITS, callbacks=()).phases[0].keepers == ()


class Spelled(float):
    text = "3e-4"


def test_numbers_are_spelled_short_or_as_in_the_spec() -> None:
    values = [1e-3, 1e-7, 0.01, 0.5, 0.00025, 1.0, 100, Spelled(3e-4)]
    assert [render(number(v)) for v in values] == [
        "1e-3", "1e-7", "0.01", "0.5", "0.00025", "1.0", "100", "3e-4",
    ]  # fmt: skip


def test_backends_are_told_apart() -> None:
    assert {name: target.title for name, target in TARGETS.items()} == {
        "keras": "Keras 3",
        "torch": "PyTorch",
    }
