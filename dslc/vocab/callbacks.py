"""Callbacks: what is decided after an epoch, from the value that is monitored. The rules are those of Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from dslc.vocab.experiment import Callback
from dslc.vocab.kinds import Boolean, Natural, NonNegative, Real
from dslc.vocab.word import arg

Factor = Annotated[float, Real(0, 1, "()")]


class EarlyStopping(Callback):
    """Stops when the value has not improved by more than `min_delta` for `patience` epochs; with `restore_best` the
    weights of the best epoch come back at the end, even if training was not stopped."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = ("EarlyStopping(monitor=val_loss, patience=4)",)

    patience: Natural = arg("epochs without improvement that are forgiven", 0, unit="epochs")
    min_delta: NonNegative = arg("the least change that counts as an improvement", 0.0)
    restore_best: Boolean = arg("end with the weights of the best epoch", False)


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when the value has not improved by more than `min_delta` for
    `patience` epochs, then waits `cooldown` epochs."""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "ReduceLROnPlateau(monitor=val_loss, factor=0.5, patience=2)",
    )

    factor: Factor = arg("what the learning rate is multiplied by", 0.1)
    patience: Natural = arg("epochs without improvement that are forgiven", 10, unit="epochs")
    min_delta: NonNegative = arg("the least change that counts as an improvement", 1e-4)
    cooldown: Natural = arg("epochs to wait after a reduction", 0, unit="epochs")
    min_lr: NonNegative = arg("the learning rate never falls below", 0.0)


class ModelCheckpoint(Callback):
    """Writes the weights of the best epoch to the folder of the run; with `save_best_only=false` those of every
    epoch. The report is made with the best weights. (The state to resume from is always written.)"""

    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "ModelCheckpoint(monitor=val_loss, save_best_only=true)",
    )

    save_best_only: Boolean = arg("keep the best epoch only", True)

    def problems(self) -> Iterator[str]:
        if not self.save_best_only and "monitor" in self.model_fields_set:
            yield "with `save_best_only=false` every epoch is written and `monitor` decides nothing: leave it out"
