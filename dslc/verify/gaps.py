"""How far two arrays are apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dslc.verify.result import Figures
from dslc.verify.values import Both
from dslc.weights.problem import shown


@dataclass
class Gap:
    """The largest difference, and the largest value of either array."""

    gap: float
    largest: float


def gap_of(both: Both) -> Gap:
    """Endless where shapes differ, or one has a number where the other has none."""
    if both.keras.shape != both.torch.shape:
        return Gap(float("inf"), 1.0)
    if not both.keras.size:
        return Gap(0.0, 0.0)
    mine, other = (array.astype("float64") for array in (both.keras, both.torch))
    largest = float(max(np.abs(mine).max(), np.abs(other).max()))
    with np.errstate(invalid="ignore"):
        gap = np.abs(mine - other)
    same = (mine == other) | (np.isnan(mine) & np.isnan(other))
    gap = np.where(same, 0.0, np.where(np.isfinite(gap), gap, np.inf))
    return Gap(float(gap.max()), largest if np.isfinite(largest) else 1.0)


def example(both: Both) -> str:
    """Where two arrays are farthest apart, and what stands there."""
    mine, other = both.keras, both.torch
    if mine.shape != other.shape:
        return f"Keras gives {shown(mine.shape)}, PyTorch {shown(other.shape)}, samples first"
    with np.errstate(invalid="ignore"):
        gap = np.abs(mine.astype("float64") - other)
    place = np.unravel_index(int(np.argmax(np.where(np.isnan(gap), np.inf, gap))), gap.shape)
    sample, *rest = (int(axis) for axis in place)
    at = f" at {', '.join(map(str, rest))}" if rest else ""
    return f"sample {sample}{at}: Keras gives {mine[place]:.6g}, PyTorch {other[place]:.6g}"


def entry(found: Gap, allowed: float, of: str, largest: float | None = None) -> Figures:
    """`largest` is that of all that is compared together."""
    whole = found.largest if largest is None else largest
    return Figures(found.gap, found.gap / whole if whole else 0.0, allowed, of)


def worst(rows: Iterable[Figures]) -> Figures:
    """The first that is not well, else the one that is nearest to it."""
    every = list(rows)
    wrong = next((row for row in every if not row.ok), None)
    if wrong is not None:
        return wrong
    none = Figures(0.0, 0.0, 0.0)
    return max(every, key=lambda row: row.gap / row.allowed if row.allowed else 0.0, default=none)
