"""Runs many scripts of one backend in one process, since a framework takes seconds to import.

`python spec_runner.py BACKEND TASKS.json`: a task names a script and the arguments of its `main`, or the shape of its
input, on which it takes some steps with random examples or is just called. Prints one JSON object per task.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def count(backend: str, model: Any) -> dict[str, int]:
    """Numbers that are trained, and all that are kept, running statistics included."""
    if backend == "keras":
        trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        return {"trainable": trained, "weights": model.count_params()}
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    kept = sum(buffer.numel() for buffer in model.buffers() if buffer.is_floating_point())
    return {"trainable": trained, "weights": trained + kept}


def keras_steps(model: Any, shape: list[int], steps: int) -> list[float]:
    import keras

    # Two steps do not pay for a graph.
    model.compile(
        optimizer=keras.optimizers.SGD(1e-3),
        loss="sparse_categorical_crossentropy",
        run_eagerly=True,
    )
    rng = np.random.default_rng(0)
    x, y = rng.random((2, *shape), np.float32), np.array([1, 2])
    return [float(model.train_on_batch(x, y)) for _ in range(steps)]


def torch_steps(model: Any, shape: list[int], steps: int) -> list[float]:
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.random((2, *shape), np.float32)).movedim(-1, 1)
    y = torch.tensor([1, 2])
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.nll_loss(model(x).log(), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def perform(backend: str, task: dict[str, Any]) -> dict[str, Any]:
    module = load(Path(task["script"]))
    model = module.build_model()
    done: dict[str, Any] = count(backend, model)
    if "input" in task:
        steps = keras_steps if backend == "keras" else torch_steps
        done["losses"] = steps(model, task["input"], 2)
    elif "call" in task:
        x = np.zeros((2, *task["call"]), task["dtype"])
        if backend == "torch":
            import torch

            x = torch.from_numpy(x)
            x = x.movedim(-1, 1) if x.ndim > 2 else x
        model(x)
    else:
        module.main(task["args"])
    return done


def main(backend: str, tasks: str) -> None:
    for name, task in json.loads(Path(tasks).read_text(encoding="utf-8")).items():
        start = time.process_time()
        try:
            done = perform(backend, task)
        except (Exception, SystemExit):
            done = {"error": traceback.format_exc()}
        if "input" in task:  # gigabytes of weights
            gc.collect()
        seconds = round(time.process_time() - start, 1)
        print("=>", json.dumps({"name": name, "seconds": seconds, **done}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
