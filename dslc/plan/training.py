"""The training plan: all that a script says besides its model, resolved and checked.

The plan holds words with concrete values; which code realises them is the backends' matter. The properties
answer what the templates ask, so that they need no logic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dslc.plan.keepers import Keeper, keepers
from dslc.plan.tuning import Trains, TuningPlan
from dslc.vocab.callbacks import CSVLogger, EarlyStopping, ReduceLROnPlateau, TensorBoard
from dslc.vocab.experiment import (
    Callback,
    Clip,
    Loss,
    Metric,
    Monitoring,
    Optimizer,
    Protocol,
    Scale,
    Schedule,
    Source,
    Split,
)
from dslc.vocab.kinds import Bounds
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.transform import Mix, Transform

Activation = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class InputPlan:
    """An input of the model: its shape is channels last, without the batch; None where a size is free."""

    name: str
    shape: tuple[int | None, ...]
    dtype: Literal["float", "int"] = "float"
    vocabulary: int | None = None  # of the smallest table that looks up its ids
    stored: tuple[int | None, ...] | None = None  # the shape in the data, where crops come between


@dataclass(frozen=True)
class OutputPlan:
    """An output with its loss. `shape` is channels last; `activation` was taken off its end, so the model gives
    logits."""

    name: str
    shape: tuple[int | None, ...]
    loss: Loss
    metrics: tuple[Metric, ...] = ()
    activation: Activation | None = None
    weight: float = 1.0
    class_weight: tuple[float, ...] | Literal["balanced"] | None = None

    @property
    def task(self) -> str:
        return self.loss.task

    @property
    def has_classes(self) -> bool:
        """Is each prediction one class? (Not so where several labels may be true.)"""
        return self.task == "classes" or (self.task == "binary" and self.size == 1)

    @property
    def classes(self) -> int:
        """How many classes an example may have, where it has one."""
        return 2 if self.task == "binary" else self.size

    @property
    def size(self) -> int:
        """How many classes, or numbers, the last axis holds."""
        size = self.shape[-1]
        assert size is not None, "the last axis of an output is always known"
        return size


@dataclass(frozen=True)
class ImageScaling:
    """How images are scaled for a pretrained network: by its rule, those of these inputs."""

    network: type[Backbone]
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class PhasePlan:
    """A stretch of the training with its own optimiser and callbacks."""

    name: str
    epochs: int
    optimizer: Optimizer
    callbacks: tuple[Callback, ...]
    logged: Mapping[str, Literal["min", "max"]]
    clip: Clip | None = None
    accumulate: int = 1  # batches in an update
    ema: float | None = None  # share of the old mean in the mean of the weights
    trains: Trains | None = None  # of a backbone; None: everything

    @property
    def schedule(self) -> Schedule | None:
        return self.optimizer.schedule

    def mode(self, callback: Monitoring) -> Literal["min", "max"]:
        if callback.mode != "auto":
            return callback.mode
        return self.logged[callback.monitor.removeprefix("val_")]

    @cached_property
    def savers(self) -> tuple[Keeper, ...]:
        """The files with weights that are written on the way."""
        found = [(c, self.mode(c) == "max") for c in self.callbacks if isinstance(c, Monitoring)]
        return keepers(found, self.name)

    @property
    def keepers(self) -> tuple[Keeper, ...]:
        """Those that hold a best epoch; the first is what the report is made with."""
        return tuple(keeper for keeper in self.savers if keeper.best_only)

    @property
    def stoppers(self) -> tuple[EarlyStopping, ...]:
        return tuple(c for c in self.callbacks if isinstance(c, EarlyStopping))

    @property
    def plateaus(self) -> tuple[ReduceLROnPlateau, ...]:
        return tuple(c for c in self.callbacks if isinstance(c, ReduceLROnPlateau))


@dataclass(frozen=True)
class TrainingPlan:
    source: Source
    split: Split
    inputs: tuple[InputPlan, ...]
    outputs: tuple[OutputPlan, ...]
    optimizer: Optimizer
    epochs: int
    batch: int | None  # None: all examples in one
    scale: Bounds | Scale | None = None
    images: ImageScaling | None = None  # where `scale` is that of a pretrained network
    callbacks: tuple[Callback, ...] = ()
    shuffle: bool = True
    seed: int = 0
    workers: int = 4  # that decode pictures
    deterministic: bool = False  # refuse operations whose result may differ from run to run
    track: str | None = None  # where the run is recorded beside its folder
    clip: Clip | None = None
    accumulate: int = 1
    ema: float | None = None
    mixed: bool = False  # computes in bfloat16 where that is safe
    protocol: Protocol | None = None  # that resamples; None is the plain training and test
    confidence: float = 0.95
    tuning: TuningPlan | None = None  # a backbone that is trained in phases
    augment: tuple[Transform, ...] = ()
    stock: bool = False  # the framework's own classes, where they compute otherwise

    @cached_property
    def logged(self) -> dict[str, Literal["min", "max"]]:
        """The values that are logged for a part of the data, and which way each is better."""
        found: dict[str, Literal["min", "max"]] = {"loss": "min"}
        alone = len(self.outputs) == 1
        for output in self.outputs:
            prefix = "" if alone else f"{output.name}_"
            if not alone:
                found[f"{prefix}loss"] = "min"
            for metric in output.metrics:
                found[prefix + metric.label] = metric.better
        return found

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """What single pictures of the training part go through: these are held as bytes."""
        return tuple(word for word in self.augment if not word.mixes)

    @property
    def mixes(self) -> tuple[Mix, ...]:
        """What batches of the training part go through, one of them each."""
        return tuple(word for word in self.augment if isinstance(word, Mix))

    @property
    def varies(self) -> bool:
        """Whether the training part is another one in every epoch."""
        return self.shuffle or bool(self.augment)

    @property
    def monitored(self) -> tuple[str, ...]:
        """Every name that a callback may monitor."""
        return (*self.logged, *(f"val_{name}" for name in self.logged))

    @cached_property
    def phases(self) -> tuple[PhasePlan, ...]:
        """What is trained one after the other: a training without `finetune` is one phase without a name."""
        if self.tuning is not None:
            return tuple(
                PhasePlan(
                    s.name, s.epochs, s.optimizer, s.callbacks, self.logged,
                    self.clip, self.accumulate, self.ema, s.trains,
                )
                for s in self.tuning.stretches
            )  # fmt: skip
        return (
            PhasePlan(
                "", self.epochs, self.optimizer, self.callbacks, self.logged,
                self.clip, self.accumulate, self.ema,
            ),
        )  # fmt: skip

    @property
    def tables(self) -> tuple[str, ...]:
        """The files that hold a row for every epoch."""
        found = [c.file for p in self.phases for c in p.callbacks if isinstance(c, CSVLogger)]
        return tuple(dict.fromkeys(found))

    @property
    def draws_on_board(self) -> bool:
        """Whether TensorBoard gets the values of every epoch."""
        return any(isinstance(c, TensorBoard) for p in self.phases for c in p.callbacks)
