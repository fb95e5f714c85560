"""Reading and writing of what `torch.save` writes: a zip with a pickle that names tensors, and their numbers.

The pickle is not trusted: only what a tensor is made of may be named in it, and all of that is ours. Whatever else it
asks for ends the reading with its name. The machine that reads it is the one written in Python: what a few bytes can
make the other one allocate or hash is not bounded.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dslc.weights.problem import Problem

Array = npt.NDArray[Any]
STORAGES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "<u2",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}  # fmt: skip
NAMES = {np.dtype(text): name for name, text in STORAGES.items() if name != "BFloat16Storage"}
LARGEST_PICKLE = 100_000_000


def read(path: Path) -> Any:
    """What was saved, its tensors as arrays.

    Raises:
        Problem: the file is not what it should be, or its pickle asks for more than tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(path, archive).load()
    except zipfile.BadZipFile:
        with path.open("rb") as stream:
            old = stream.read(2).startswith(b"\x80")
        raise Problem(
            f"`{path}` is in the format that torch wrote before 1.6"
            if old
            else f"`{path}` is no file of torch, or only a part of one",
            "load it with torch and save it again" if old else "",
        ) from None


class _Refused(Exception):
    pass


class _Reader:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self.archive = archive
        self.storages: dict[str, bytes] = {}
        self.left = path.stat().st_size  # storages do not overlap

    def load(self) -> Any:
        found = [name for name in self.archive.namelist() if name.endswith("data.pkl")]
        if len(found) != 1:
            raise Problem(f"`{self.path}` is a zip that torch did not write")
        self.root = found[0].removesuffix("data.pkl")
        try:
            order = f"{self.root}byteorder"
            if order in self.archive.namelist() and self._bytes(order) != b"little":
                raise Problem(f"`{self.path}` was written on a machine with another order of bytes")
            return _Unpickler(self).load()
        except _Refused as problem:
            raise Problem(
                f"`{self.path}` holds more than tensors: it asks for `{problem}`, which is not executed",
                "save the state_dict of the model alone",
            ) from None
        except Problem:
            raise
        except Exception:  # of whatever the bytes make the unpickler do
            raise Problem(f"`{self.path}` is damaged: its tensors cannot be read") from None

    def _bytes(self, name: str, most: int | None = None) -> bytes:
        about = self.archive.getinfo(name)
        if about.compress_type != zipfile.ZIP_STORED or (
            most is not None and about.file_size > most
        ):
            raise ValueError(name)
        return self.archive.read(name)

    def pickle(self) -> bytes:
        return self._bytes(f"{self.root}data.pkl", LARGEST_PICKLE)

    def storage(self, key: str) -> bytes:
        if key not in self.storages:
            self.storages[key] = self._bytes(f"{self.root}data/{key}", self.left)
            self.left -= len(self.storages[key])
        return self.storages[key]


class _Unpickler(pickle._Unpickler):
    """Reads nested dicts, lists and tuples of numbers, strings and tensors; knows no sets and no objects."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, reader: _Reader) -> None:
        super().__init__(io.BytesIO(reader.pickle()), encoding="utf-8")
        self.reader = reader

    def _set_items(self) -> None:
        items: list[Any] = self.pop_mark()  # type: ignore[attr-defined]
        self._fill(zip(items[::2], items[1::2], strict=True))

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()  # type: ignore[attr-defined]
        self._fill([(key, value)])

    def _fill(self, items: Iterable[tuple[Any, Any]]) -> None:
        """Keys are what is quick to hash."""
        into = self.stack[-1]  # type: ignore[attr-defined]
        for key, value in items:
            if not isinstance(into, dict) or not isinstance(key, (str, int)):
                raise ValueError(type(key))
            into[key] = value

    def _build(self) -> None:
        """Attributes of a dict, such as the versions of modules: nobody needs them."""
        self.stack.pop()  # type: ignore[attr-defined]

    dispatch[pickle.SETITEM[0]] = _set_item
    dispatch[pickle.SETITEMS[0]] = _set_items
    dispatch[pickle.BUILD[0]] = _build
    for _opcode in (pickle.DICT, pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET):
        del dispatch[_opcode[0]]

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): _new_dict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
            ("torch", "Size"): _size,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in STORAGES:
            return name
        raise _Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, Array]:
        kind, name, key, _, count = pid
        if kind != "storage" or name not in STORAGES:
            raise _Refused(str(name))
        found = np.frombuffer(self.reader.storage(key), STORAGES[name])
        if len(found) != count:
            raise ValueError(key)
        return name, found


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Array:
    """The array that a tensor is: strides count elements, as none reaches beyond the storage."""
    name, numbers = storage
    if not all(type(n) is int and n >= 0 for n in (offset, *shape, *strides)):
        raise ValueError
    if len(shape) != len(strides):
        raise ValueError
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if prod(shape) > len(numbers) or (prod(shape) and last >= len(numbers)):
        raise ValueError
    steps = tuple(step * numbers.itemsize for step in strides)
    if not prod(shape):
        found = np.empty(shape, numbers.dtype)
    else:
        found = np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False)
    if name == "BFloat16Storage":  # the upper half of a float32
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _new_dict() -> dict[Any, Any]:
    return {}


def _size(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    return sizes


# --------------------------------------------------------------------------- writing


def encoded(arrays: Mapping[str, Array]) -> bytes:
    """A file that `torch.load(path, weights_only=True)` reads as the `state_dict` of a model."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0)), data)

        put("data.pkl", _pickled(arrays))
        put("byteorder", b"little")
        for index, array in enumerate(arrays.values()):
            put(
                f"data/{index}",
                np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes(),
            )
        put("version", b"3\n")
    return out.getvalue()


def _pickled(arrays: Mapping[str, Array]) -> bytes:
    """An OrderedDict of tensors, opcode by opcode: the real pickler would need torch itself."""
    new_dict = b"ccollections\nOrderedDict\n)R"
    parts = [b"\x80\x02", new_dict, b"("]
    for index, (key, array) in enumerate(arrays.items()):
        kind = NAMES[array.dtype.newbyteorder("<")]
        parts += [
            _text(key),
            b"ctorch._utils\n_rebuild_tensor_v2\n(",
            b"(" + _text("storage") + f"ctorch\n{kind}\n".encode(),
            _text(str(index)) + _text("cpu") + _number(array.size) + b"tQ",
            _number(0),
            _numbers(array.shape),
            _numbers(_strides(array.shape)),
            b"\x89" + new_dict + b"tR",
        ]
    return b"".join([*parts, b"u."])


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _number(number: int) -> bytes:
    if number < 2**31:
        return b"J" + struct.pack("<i", number)
    data = number.to_bytes(9, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _numbers(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"
