"""What the callbacks of a script decide on given values, epoch by epoch: whether to stop, the learning rate, which
files with weights to write. Evaluated beside a script, whose classes and whose backend it uses.

A case holds the text of a list of callbacks, what is logged in each epoch, and after which epoch the process is
taken to be killed: fresh callbacks go on with what the others remember.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

Logs = dict[str, float]
Decision = tuple[bool, float, list[str]]


def decide(spec: ModuleType, cases: str) -> list[list[Decision]]:
    """The decisions in each case of a JSON file."""
    run = Torch if hasattr(spec, "torch") else Keras
    return [
        trace(run(spec, case["callbacks"]), case) for case in json.loads(Path(cases).read_text())
    ]


def trace(run: Torch | Keras, case: dict[str, Any]) -> list[Decision]:
    found: list[Decision] = []
    for epoch, logs in enumerate(case["values"]):
        run.written.clear()
        run.end_epoch(epoch, dict(logs))
        # The endings differ, as they should.
        names = sorted(name.rpartition(".")[0].removesuffix(".weights") for name in run.written)
        found.append((run.stopped, round(run.rate, 9), names))
        if run.stopped:
            break
        if epoch == case["killed"]:
            run.resume()
    return found


class Side:
    """The callbacks of one side; `remembered` are the names that the script of the side remembers."""

    remembered: tuple[str, ...] = ()

    def __init__(self, spec: ModuleType, text: str) -> None:
        self.spec, self.text = spec, text
        self.written: list[str] = []
        self.begin()

    def made(self) -> list[Any]:
        found: list[Any] = eval(self.text, vars(self.spec) | {"out": Path()})
        return found

    def begin(self) -> None:
        raise NotImplementedError

    def resume(self) -> None:
        memories = [
            {name: value for name, value in vars(callback).items() if name in self.remembered}
            for callback in self.callbacks
        ]
        kept = json.loads(json.dumps(memories))
        self.begin()
        for callback, memory in zip(self.callbacks, kept, strict=True):
            vars(callback).update(memory)

    callbacks: list[Any]


class Torch(Side):
    remembered = ("best", "wait", "cooling", "file")

    def __init__(self, spec: ModuleType, text: str) -> None:
        self.state: dict[str, Any] = {}
        empty = SimpleNamespace(state_dict=dict)
        self.optimizer = SimpleNamespace(param_groups=[{"lr": 1.0}], state_dict=dict)
        self.model = empty
        super().__init__(spec, text)

    def begin(self) -> None:
        self.callbacks = self.made()

    def end_epoch(self, epoch: int, logs: Logs) -> None:
        for callback in self.callbacks:
            callback.end_epoch(self, epoch, logs)

    def save(self, value: object, name: str) -> None:
        self.written.append(name)

    @property
    def stopped(self) -> bool:
        return bool(self.state.get("stopped"))

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])


class Keras(Side):
    remembered = ("best", "wait", "cooldown_counter", "file")

    def __init__(self, spec: ModuleType, text: str) -> None:
        import numpy as np

        self.optimizer = SimpleNamespace(learning_rate=np.float64(1.0))
        self.model: Any = SimpleNamespace(
            optimizer=self.optimizer,
            stop_training=False,
            metrics=[],
            save=self.save,
            save_weights=self.save,
            get_weights=list,
        )
        spec.replace_file = lambda path, write: self.written.append(path.name)  # type: ignore[attr-defined]
        super().__init__(spec, text)

    def begin(self) -> None:
        self.callbacks = self.made()
        for callback in self.callbacks:
            callback.set_model(self.model)
            callback.on_train_begin()

    def end_epoch(self, epoch: int, logs: Logs) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def save(self, path: str, overwrite: bool = True) -> None:
        """What Keras' own ModelCheckpoint calls."""
        self.written.append(Path(path).name)

    @property
    def stopped(self) -> bool:
        return bool(self.model.stop_training)

    @property
    def rate(self) -> float:
        return float(self.optimizer.learning_rate)


def restored(spec: ModuleType, cases: str) -> list[int]:
    """The epoch whose weights come back by Keras' own EarlyStopping, or -1."""
    epochs = []
    for case in json.loads(Path(cases).read_text()):
        run = Keras(spec, case["callbacks"])
        trace(run, case | {"killed": -1})
        (callback,) = run.callbacks
        epochs.append(callback.best_epoch if callback.best_weights is not None else -1)
    return epochs
