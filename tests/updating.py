"""Both scripts of a spec make the same updates of the same weights, in one process and in float64.

`follow(text)` runs the training code of both scripts for some epochs on the same batches and gives what the weights
were after each epoch, as the validation sees them.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from compiled import compiled
from paired import Pair, both, find, keras, torch

from dslc_torch.words.layouts import modules, moves

Weights = dict[str, np.ndarray]


@dataclass
class Followed:
    """The weights after each epoch, and the learning rate of each batch; in torch of each update."""

    pair: Pair
    scripts: dict[str, ModuleType]
    before: Weights = field(default_factory=dict)
    keras: list[Weights] = field(default_factory=list)
    torch: list[Weights] = field(default_factory=list)
    keras_rates: list[float] = field(default_factory=list)
    torch_rates: list[float] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """The largest difference between both backends, in any weight after any epoch."""
        return max(
            float(np.abs(mine[name] - other[name]).max())
            for mine, other in zip(self.keras, self.torch, strict=True)
            for name in mine
        )

    @property
    def moved(self) -> float:
        """How far the weight went that went farthest."""
        return max(float(np.abs(self.torch[-1][n] - self.before[n]).max()) for n in self.before)


def spec(model: str, train: str, data: str = "batch = 4") -> str:
    return f"""
model Net {{ {model} }}
data {{ source = npz("rows.npz")  split = random(60, 20, 20)  shuffle = false  {data} }}
train {{ loss = mse  {train} }}
"""


def script(text: str, backend: str) -> ModuleType:
    """The script of a spec as a module."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{abs(hash(text))}.dl"  # specs are remembered by their path
        path.write_text(text, encoding="utf-8")
        code = compiled(path, backend)
    module = ModuleType(f"spec_{backend}")
    sys.modules[module.__name__] = module
    exec(compile(code, f"<{backend} script>", "exec"), vars(module))
    return module


def rows(pair: Pair, outputs: tuple[int, ...], count: int, ids: int) -> tuple[Any, Any]:
    """Samples of the right shapes."""
    random = np.random.default_rng(3)
    (given,) = pair.inputs.values()
    shape = (count, *given.shape[1:])
    x = random.integers(0, ids, shape) if given.dtype.kind == "i" else random.normal(size=shape)
    return x, random.normal(size=(count, *outputs))


def follow(
    text: str, *, epochs: int = 3, count: int = 18, ids: int = 5, eager: bool = True
) -> Followed:
    """Train both models of a spec, in batches as its scripts make them."""
    pair = both(text, ids=ids)
    scripts = {backend: script(text, backend) for backend in ("keras", "torch")}
    outputs = tuple(pair.keras.output_shape[1:])
    part = rows(pair, outputs, count, ids)
    size = {"full": None, "1": 1, "4": 4}[text.partition("batch = ")[2].split()[0]]
    found = Followed(pair, scripts, torch_weights(pair))
    _keras(found, part, size, epochs, eager)
    _torch(found, part, size, epochs)
    return found


def _keras(found: Followed, part: Any, size: int | None, epochs: int, eager: bool) -> None:
    code, model = found.scripts["keras"], found.pair.keras
    code.compile_model(model)
    model.run_eagerly = eager  # a few small steps do not pay for a graph
    batches = code.Batches(part, size)

    class Note(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            found.keras_rates.append(float(self.model.optimizer.learning_rate))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found.keras.append(keras_weights(found.pair))

    own = [getattr(code, n)() for n in ("LearningRate", "Averages") if hasattr(code, n)]
    model.fit(
        batches,
        validation_data=batches,
        epochs=epochs,
        callbacks=[*own, Note()],
        shuffle=False,
        verbose=0,
    )


def _torch(found: Followed, part: Any, size: int | None, epochs: int) -> None:
    code, model = found.scripts["torch"], found.pair.torch
    run = code.Run(model, torch.device("cpu"), Path("nowhere"), 0, 16)
    run.epochs = epochs
    batches = code.DataLoader(code.Batches(part, size), batch_size=None)
    averages = getattr(run, "averages", None)
    run.optimizer.register_step_pre_hook(
        lambda o, *_: found.torch_rates.append(o.param_groups[0]["lr"])
    )
    for _ in range(epochs):
        if averages is not None:
            averages.swap()
        run.go_through(batches, training="training")
        if averages is not None:
            averages.swap()
        found.torch.append(torch_weights(found.pair))


def keras_weights(pair: Pair) -> Weights:
    """In torch's layout."""
    variables = iter([v for layer in pair.keras_layers for v in layer.weights])
    found: Weights = {}
    for number, (node, arrays) in enumerate(pair.arrays):
        assert node.word is not None
        values = {name: next(variables).numpy().reshape(arrays[name].shape) for name in arrays}
        for move in moves(node.word, list(arrays)):
            found[f"{number} {move.module} {move.parameter}"] = move.there(values[move.array])
    return found


def torch_weights(pair: Pair) -> Weights:
    found: Weights = {}
    at = 0
    for number, (node, arrays) in enumerate(pair.arrays):
        assert node.word is not None
        units = pair.torch_modules[at : at + modules(node.word)]
        at += len(units)
        for move in moves(node.word, list(arrays)):
            tensor = find(units[move.module], move.parameter)
            found[f"{number} {move.module} {move.parameter}"] = tensor.detach().numpy().copy()
    return found
