"""What the callbacks of a script decide on given values, epoch by epoch: whether to stop, the learning rate, which
weights to keep. Evaluated beside a script."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

NAMES = ("loss", "accuracy", "val_loss", "val_accuracy")
Logs = dict[str, float]
Decision = tuple[bool, float, list[str]]


def epochs(seed: int) -> list[Logs]:
    """Values that rise, fall and repeat."""
    rng = random.Random(seed)
    return [
        {name: rng.randrange(6) / 4 + rng.choice((0, rng.random() / 9)) for name in NAMES}
        for _ in range(16)
    ]


def decide(spec: ModuleType, seeds: int) -> list[list[Decision]]:
    run = torch_run if hasattr(spec, "torch") else keras_run
    return [run(spec, epochs(seed)) for seed in range(seeds)]


def torch_run(spec: ModuleType, values: list[Logs]) -> list[Decision]:
    run = spec.Run(spec.build_model(), "cpu", Path(), 0)
    group = run.optimizer.param_groups[0]
    group["lr"] = 1.0
    kept: list[str] = []
    run.save = lambda value, name: kept.append(Path(name).stem)
    trace: list[Decision] = []
    for logs in values:
        kept.clear()
        run.end_epoch(dict(logs))
        stopped = bool(run.state.get("stopped"))
        trace.append((stopped, round(group["lr"], 9), sorted({*kept} - {"last"})))
        if stopped:
            break
    return trace


def keras_run(spec: ModuleType, values: list[Logs]) -> list[Decision]:
    import numpy as np

    optimizer = SimpleNamespace(learning_rate=np.float64(1.0))
    model: Any = SimpleNamespace(optimizer=optimizer, stop_training=False, metrics=[], save=None)
    kept: list[str] = []
    spec.replace_file = lambda path, write: kept.append(path.stem)  # type: ignore[attr-defined]
    callbacks = spec.make_callbacks() if hasattr(spec, "make_callbacks") else []
    checkpoint = spec.Checkpoint(Path(), 0, *([callbacks] if callbacks else []))
    for callback in (*callbacks, checkpoint):
        callback.set_model(model)
        callback.on_train_begin()
    trace: list[Decision] = []
    for epoch, logs in zip(itertools.count(), values):
        kept.clear()
        for callback in callbacks:
            callback.on_epoch_end(epoch, dict(logs))
        checkpoint.on_epoch_end(epoch, dict(logs))
        rate = round(float(optimizer.learning_rate), 9)
        trace.append((bool(model.stop_training), rate, sorted({*kept} - {"last"})))
        if model.stop_training:
            break
    return trace
