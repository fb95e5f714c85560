"""Callbacks: what is decided and written after an epoch. The rules are those of Keras.

A value is better than the best one before when it is smaller (or larger, see `mode`) by more than `min_delta`; the
two are compared as 32-bit numbers. The first value is the best one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from dslc.vocab.experiment import Callback, Monitoring
from dslc.vocab.kinds import Boolean, Count, Natural, NonNegative, OrNone, Real, String, Text
from dslc.vocab.word import arg

Factor = Annotated[float, Real(0, 1, "()")]
Threshold = Annotated[float | None, OrNone(Real())]
FileName = Annotated[str | None, OrNone(Text())]

# `{epoch:03d}` or `{val_loss:.4f}`: a name, and how its number is written. No attributes, no items, no nesting.
FIELD = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
WHOLE = re.compile(r"(0[1-9]\d?)?d?")
DECIMAL = re.compile(r"(0[1-9]\d?)?(\.\d\d?)?[efg]?")
PLAIN = re.compile(r"[\w+=,@-](?:[\w .+=,@-]*[\w+=,@-])?")


class EarlyStopping(Monitoring):
    """Stops when the value has not improved for `patience` epochs; with `restore_best` the weights of the best epoch
    come back at the end, even if training was not stopped. With a `baseline`, only a value that is better than it
    as well as the best one starts the counting anew."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "EarlyStopping(monitor=val_loss, patience=4)",
        "EarlyStopping(monitor=val_accuracy, patience=3, baseline=0.9, start_from_epoch=5)",
    )

    patience: Natural = arg("epochs without improvement that are forgiven", 0, unit="epochs")
    min_delta: NonNegative = arg("the least change that counts as an improvement", 0.0)
    restore_best: Boolean = arg("end with the weights of the best epoch", False)
    baseline: Threshold = arg("the value that has to be reached", None)
    start_from_epoch: Natural = arg("epochs at the beginning that do not count", 0, unit="epochs")


class ReduceLROnPlateau(Monitoring):
    """Multiplies the learning rate by `factor` when the value has not improved by more than `min_delta` for
    `patience` epochs, then waits `cooldown` epochs."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "ReduceLROnPlateau(monitor=val_loss, factor=0.5, patience=2)",
        "ReduceLROnPlateau(factor=0.3, patience=2, cooldown=1, min_lr=1e-5)",
    )

    factor: Factor = arg("what the learning rate is multiplied by", 0.1)
    patience: Natural = arg("epochs without improvement that are forgiven", 10, unit="epochs")
    min_delta: NonNegative = arg("the least change that counts as an improvement", 1e-4)
    cooldown: Natural = arg("epochs to wait after a reduction", 0, unit="epochs")
    min_lr: NonNegative = arg("the learning rate never falls below", 0.0)


class ModelCheckpoint(Monitoring):
    """Writes the model when the value is the best so far; with `save_best_only=false`, after every epoch. The report
    is made with the best weights. (The state to resume from is always written.)

    `file` is a name without ending, in the folder of the run; in it `{epoch}`, counted from 1, and logged values
    stand for their numbers: `"{epoch:03d}-{val_loss:.4f}"`. Its default is `"best"`, or `"epoch_{epoch:03d}"` when
    every epoch is written. Keras writes the whole model as `.keras`, or its weights as `.weights.h5`; PyTorch a `.pt`
    with the weights and the state of the optimizer, or the weights alone."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "ModelCheckpoint(monitor=val_loss, save_best_only=true)",
        'ModelCheckpoint(monitor=val_accuracy, file="{epoch:03d}-{val_accuracy:.4f}")',
        "ModelCheckpoint(save_best_only=false, every=5, save_weights_only=true)",
    )

    save_best_only: Boolean = arg("keep the best epochs only", True)
    save_weights_only: Boolean = arg("leave out the architecture and the optimizer", False)
    file: FileName = arg("the name of the file, which may hold {epoch} and logged values", None)
    every: Count = arg("look at every n-th epoch only", 1, unit="epochs")

    def problems(self) -> Iterator[str]:
        given = [name for name in ("monitor", "mode") if name in self.model_fields_set]
        if not self.save_best_only and given:
            yield (
                f"with `save_best_only=false` every epoch is written and `{given[0]}` decides nothing: leave it out"
            )


class CSVLogger(Callback):
    """Writes a table with a row for every epoch, counted from 0, and a column for every logged value. A resumed
    run has each epoch once."""

    examples: ClassVar[tuple[str, ...]] = ("CSVLogger", 'CSVLogger("training.csv")')

    file: String = arg("the name of the file in the folder of the run", "log.csv")


class TensorBoard(Callback):
    """Writes the logged values of every epoch, counted from 0, to the folder `tensorboard` of the run, those of the
    training and of the validation part as two runs: `tensorboard --logdir runs` draws them. A resumed run has
    each epoch once. Needs the package tensorboard."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = ("TensorBoard",)


def template_fields(file: str) -> list[tuple[str, str]]:
    """The names in the braces of a file name, each with how it is written."""
    return [(match[1], match[2] or "") for match in FIELD.finditer(file)]
