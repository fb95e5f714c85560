"""What the files of a run hold, beside a script of the backend that wrote them: the same for the same numbers."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

OWN = ("mlflow_run",)  # of the state, which no other run has


def contents(spec: ModuleType, folder: str) -> dict[str, str]:
    """A digest of every file of a run but the pictures and the events of TensorBoard."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.is_file() and path.suffix != ".png" and not path.name.startswith("unfinished."):
            digest = hashlib.sha256()
            for part in parts(spec, path):
                digest.update(part)
            found[path.name] = digest.hexdigest()
    return found


def parts(spec: ModuleType, path: Path) -> Iterator[bytes]:
    if path.suffix == ".pt":
        yield from flat(spec.torch.load(path, weights_only=True))
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            yield from flat({name: arrays[name] for name in arrays.files})
    elif path.suffix in (".keras", ".h5"):
        yield from h5(path)
    else:
        yield path.read_bytes()


def h5(path: Path) -> Iterator[bytes]:
    import h5py

    file: Any = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            file = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(file) as store:
        names: list[str] = []
        store.visit(names.append)
        for name in sorted(names):
            if isinstance(store[name], h5py.Dataset):
                yield name.encode()
                yield np.asarray(store[name]).tobytes()


def flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            if key not in OWN:
                yield str(key).encode()
                yield from flat(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "U":  # the state of a Keras run
        yield from flat(json.loads(str(value)))
    elif hasattr(value, "numpy") or isinstance(value, np.ndarray):
        yield np.asarray(value).tobytes()
    else:
        yield repr(value).encode()


def scalars(folder: str) -> dict[str, list[tuple[int, float]]]:
    """The steps and values that TensorBoard reads, by run and tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for part in ("train", "validation"):
        events = EventAccumulator(str(Path(folder, "tensorboard", part)))
        events.Reload()
        for tag in events.Tags()["scalars"]:
            found[f"{part}/{tag}"] = [(e.step, e.value) for e in events.Scalars(tag)]
    return found
