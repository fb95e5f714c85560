"""What `dslc weights show` and `diff` say of arrays: rows of text, and whether there is something to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.weights.problem import shown

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Summary:
    """An array in numbers. Those that are not finite are counted, and left out of the rest."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    smallest: float
    mean: float
    largest: float
    norm: float
    lost: int  # how many are NaN or infinite


def summarise(name: str, array: Array) -> Summary:
    numbers = array.astype(np.float64).reshape(-1)
    finite = numbers[np.isfinite(numbers)]
    lost = numbers.size - finite.size
    if not finite.size:
        finite = np.full(1, np.nan)
    low, mean, high = float(finite.min()), float(finite.mean()), float(finite.max())
    norm = float(np.linalg.norm(finite))
    return Summary(name, array.shape, array.dtype.name, low, mean, high, norm, lost)


HEAD = ("array", "shape", "type", "min", "mean", "max", "norm", "")


def rows(arrays: Mapping[str, Array]) -> tuple[list[tuple[str, ...]], int]:
    """The table of `show`, and how many numbers are not finite."""
    found: list[tuple[str, ...]] = [HEAD]
    lost = 0
    for name, array in arrays.items():
        s = summarise(name, array)
        lost += s.lost
        values = ("-" if v != v else f"{v:.4g}" for v in (s.smallest, s.mean, s.largest, s.norm))
        flag = f"{s.lost:,} not finite" if s.lost else ""
        found.append((name, shown(s.shape), s.dtype, *values, flag))
    return found, lost


@dataclass(frozen=True)
class Difference:
    """How an array differs between two files: `gap` is the largest difference, `share` that over the largest value."""

    name: str
    why: str = ""
    gap: float = 0.0
    share: float = 0.0


def differences(a: Mapping[str, Array], b: Mapping[str, Array]) -> list[Difference]:
    """Every array that is not the same, bit by bit, in both files."""
    found = []
    for name in [*a, *(name for name in b if name not in a)]:
        if name not in b:
            found.append(Difference(name, "only in the first"))
        elif name not in a:
            found.append(Difference(name, "only in the second"))
        elif a[name].shape != b[name].shape:
            why = f"{shown(a[name].shape)} against {shown(b[name].shape)}"
            found.append(Difference(name, why))
        elif not np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f"):
            found.append(_gap(name, a[name].astype(np.float64), b[name].astype(np.float64)))
    return found


def _gap(name: str, mine: Array, other: Array) -> Difference:
    finite = np.isfinite(mine) & np.isfinite(other)
    if not finite.all() and not np.array_equal(mine[~finite], other[~finite], equal_nan=True):
        return Difference(name, "not finite in one of them")
    gap = float(np.abs(mine[finite] - other[finite]).max())
    largest = float(max(np.abs(mine[finite]).max(), np.abs(other[finite]).max()))
    return Difference(name, "", gap, gap / largest)


def difference_rows(found: list[Difference]) -> list[tuple[str, ...]]:
    head = ("array", "largest difference", "of the largest value", "")
    return [
        head,
        *(
            (d.name, "", "", d.why) if d.why else (d.name, f"{d.gap:.3g}", f"{d.share:.2%}", "")
            for d in found
        ),
    ]
