"""Reading and writing of what Keras saves: `.weights.h5`, the same inside a `.keras` zip, and older `.h5` files.

Nothing of a file is followed that leads out of it: no links, no external or virtual data.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.weights.problem import Problem

Array = npt.NDArray[Any]
INSIDE = "model.weights.h5"
LARGEST_RATIO = 1000  # of what numbers take in memory to what they take in the file


def read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of a file by their datasets, and the names that Keras gave the layers of their groups. An older
    file gives them in the order of its layers.

    Raises:
        Problem: the file is not what it should be.
    """
    import h5py

    place: Any = path
    if zipfile.is_zipfile(path):
        place = io.BytesIO(_unzipped(path))
    try:
        with h5py.File(place, "r") as file:
            if "layer_names" in file.attrs:
                return dict(_older(file)), {}
            return _datasets(file)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, UnicodeError):
        raise Problem(f"`{path}` is no file of Keras with weights, or is damaged") from None


def _unzipped(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            about = archive.getinfo(INSIDE)
            if about.file_size > LARGEST_RATIO * max(about.compress_size, 1):
                raise ValueError
            return archive.read(INSIDE)
    except KeyError:
        raise Problem(f"`{path}` is a zip without `{INSIDE}`: Keras did not write it") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError):
        raise Problem(f"`{path}` is no file of Keras with weights, or is damaged") from None


def _datasets(file: Any) -> tuple[dict[str, Array], dict[str, str]]:
    import h5py

    arrays: dict[str, Array] = {}
    names: dict[str, str] = {}

    def visit(name: str, item: Any) -> None:
        if name.startswith("optimizer"):
            return
        if isinstance(item, h5py.Dataset):
            arrays[name] = _numbers(item)
        elif name.endswith("/vars") and isinstance(item.attrs.get("name"), str):
            names[name.removesuffix("/vars")] = item.attrs["name"]

    file.visititems(visit)
    return arrays, names


def _older(file: Any) -> Iterator[tuple[str, Array]]:
    """The arrays in the order that the file itself gives."""
    import h5py

    for layer in map(_decoded, file.attrs["layer_names"]):
        group = _inside(file, layer)
        for weight in map(_decoded, group.attrs["weight_names"]):
            item = _inside(group, weight)
            if not isinstance(item, h5py.Dataset):
                raise ValueError(weight)
            yield f"{layer}/{weight.rpartition('/')[2].partition(':')[0]}", _numbers(item)


def _inside(group: Any, path: str) -> Any:
    """What lies at `path`, reached without a link."""
    import h5py

    for part in path.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ValueError(path)
        group = group[part]
    return group


def _decoded(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _numbers(item: Any) -> Array:
    if item.external or item.is_virtual or item.dtype.kind not in "biuf":
        raise ValueError(item.name)
    if item.size * item.dtype.itemsize > LARGEST_RATIO * max(item.id.get_storage_size(), 1):
        raise ValueError(item.name)
    return np.asarray(item[()])


def encoded(arrays: Mapping[str, Array]) -> bytes:
    """A file that `model.load_weights` reads, when its name ends in `.weights.h5`."""
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, track_times=False)
    return out.getvalue()
