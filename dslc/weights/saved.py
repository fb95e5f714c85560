"""A file of weights, whoever wrote it: canonical, of torch, or of Keras."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dslc import __version__
from dslc.weights import keras_file, safetensors, torch_file
from dslc.weights.problem import Problem

Array = npt.NDArray[Any]
Kind = Literal["canonical", "torch", "keras"]
FORMAT = "dslc"  # in the metadata of a canonical file
ENDINGS = (".safetensors", ".pt", ".pth", ".keras", ".h5")


@dataclass
class Saved:
    """The arrays of a file by its own names. `titles` are the names that Keras gave the layers."""

    path: Path
    kind: Kind
    arrays: dict[str, Array]
    metadata: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)


def load(path: Path) -> Saved:
    """Read a file of weights. What it is shows its content; its ending only helps where that is no answer.

    Raises:
        Problem: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
        return _load(path, head)
    except IsADirectoryError:
        raise Problem(f"`{path}` is a folder") from None
    except OSError as problem:
        raise Problem(f"`{path}` cannot be read: {problem.strerror or problem}") from None
    except MemoryError:
        raise Problem(f"`{path}` is larger than the memory") from None


def _load(path: Path, head: bytes) -> Saved:
    if head.startswith(b"\x89HDF\r\n"):
        arrays, titles = keras_file.read(path)
        return Saved(path, "keras", arrays, titles=titles)
    if head.startswith(b"PK"):
        if _holds(path, keras_file.INSIDE):
            arrays, titles = keras_file.read(path)
            return Saved(path, "keras", arrays, titles=titles)
        return Saved(path, "torch", _state(path, torch_file.read(path)))
    if path.name.endswith(".h5") or path.suffix == ".keras":
        raise Problem(f"`{path}` is no file of Keras with weights, or is damaged")
    if path.suffix in (".pt", ".pth"):
        torch_file.read(path)
    arrays, metadata = safetensors.read(path)
    kind: Kind = "canonical" if metadata.get("format") == FORMAT else "torch"
    return Saved(path, kind, arrays, metadata)


def _holds(path: Path, name: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return name in archive.namelist()
    except zipfile.BadZipFile:
        return path.suffix == ".keras"


def _state(path: Path, found: Any) -> dict[str, Array]:
    """The `state_dict` in what torch saved: alone, or as a part of a checkpoint."""
    for part in ("model", "state_dict", "model_state_dict"):
        if isinstance(found, dict) and isinstance(found.get(part), dict):
            found = found[part]
            break
    if isinstance(found, dict):
        arrays = {k: v for k, v in found.items() if isinstance(v, np.ndarray)}
        if arrays and all(isinstance(key, str) for key in arrays):
            return arrays
    raise Problem(
        f"`{path}` has no state_dict of a model", "save it with torch.save(model.state_dict(), …)"
    )


def kind_of_name(path: Path) -> Kind:
    """What a file is to become, by the end of its name.

    Raises:
        Problem: the end says nothing.
    """
    if path.suffix == ".safetensors":
        return "canonical"
    if path.suffix in (".pt", ".pth"):
        return "torch"
    if path.name.endswith(".weights.h5"):
        return "keras"
    if path.suffix in (".h5", ".keras"):
        raise Problem(
            f"`{path}` cannot be written: weights for Keras go into a file that ends in .weights.h5",
            f"name it {path.with_suffix('').name}.weights.h5",
        )
    raise Problem(
        f"`{path}` does not say what it is to become",
        "end its name in .safetensors (canonical), .pt (PyTorch) or .weights.h5 (Keras)",
    )


def encoded(kind: Kind, arrays: Mapping[str, Array], spec: str, model: str) -> bytes:
    """The bytes of a file of this kind."""
    if kind == "torch":
        return torch_file.encoded(arrays)
    if kind == "keras":
        return keras_file.encoded(arrays)
    about = {"format": FORMAT, "dslc": __version__, "spec": spec, "model": model}
    return safetensors.encoded(arrays, about)
