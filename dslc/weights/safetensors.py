"""Reading and writing of safetensors: a header of names, types, shapes and places, and the numbers behind it.

https://github.com/huggingface/safetensors. Every claim of a header is held against the file before it is believed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.weights.problem import Problem

Array = npt.NDArray[Any]
LARGEST_HEADER = 100_000_000
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


def read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of a file in the order of their places, and its metadata.

    Raises:
        Problem: the file is not what it should be.
    """
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else LARGEST_HEADER + 1
    if size > LARGEST_HEADER or size > len(data) - 8:
        raise Problem(f"`{path}` is no safetensors file, or only a part of one")
    try:
        header = json.loads(data[8 : 8 + size].decode("utf-8"))
        metadata = header.pop("__metadata__", {})
        body = memoryview(data)[8 + size :]
        placed = sorted(header.items(), key=lambda item: item[1]["data_offsets"][0])
        arrays = {name: _array(body, about) for name, about in placed}
        if not all(isinstance(v, str) for v in metadata.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise Problem(
            f"`{path}` is a damaged safetensors file: its header does not fit its numbers"
        ) from None
    return arrays, metadata


def _array(body: memoryview, about: Any) -> Array:
    start, end = about["data_offsets"]
    shape = tuple(about["shape"])
    dtype = np.dtype(DTYPES[about["dtype"]])
    if not all(type(n) is int and n >= 0 for n in (start, end, *shape)) or end > len(body):
        raise ValueError
    if prod(shape) * dtype.itemsize != end - start:
        raise ValueError
    found = np.frombuffer(body[start:end], dtype).reshape(shape)
    if about["dtype"] == "BF16":  # the upper half of a float32
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found


def encoded(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a file with `arrays`, the same for the same arrays."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    kinds = {np.dtype(text): name for name, text in DTYPES.items() if name != "BF16"}
    at = 0
    for name, array in arrays.items():
        end = at + array.nbytes
        kind = kinds[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, end]}
        at = end
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    numbers = (
        np.ascontiguousarray(a, a.dtype.newbyteorder("<")).tobytes() for a in arrays.values()
    )
    return b"".join((struct.pack("<Q", len(head)), head, *numbers))
