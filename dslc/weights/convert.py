"""From the canonical layout to that of a framework and back: for every array of the spec, and nothing else.

A file has to fit the spec: what is missing, superfluous or of another shape is named, and nothing is converted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.diagnostics import did_you_mean
from dslc.weights.layers import Layer
from dslc.weights.places import Kept
from dslc.weights.problem import Problem, shown

Array = npt.NDArray[Any]
MOST_NAMED = 3


def check(arrays: Mapping[str, Array], layers: Sequence[Layer], what: str) -> dict[str, Array]:
    """Canonical arrays that fit the spec, in its order.

    Raises:
        Problem: they do not.
    """
    wanted = {layer.key(name): shape for layer in layers for name, shape in layer.shapes.items()}
    _same_names(arrays, wanted, what)
    for key, shape in wanted.items():
        _same_shape(key, arrays[key].shape, shape, what)
    return {key: _numbers(key, arrays[key], what) for key in wanted}


def to_framework(arrays: Mapping[str, Array], kept: Sequence[Kept]) -> dict[str, Array]:
    """Canonical arrays that fit the spec, as a framework keeps them."""
    found: dict[str, Array] = {}
    for each in kept:
        for entry in each.entries:
            array = arrays[each.layer.key(entry.array)]
            found[entry.key] = np.ascontiguousarray(
                entry.there(array if entry.part is None else array[entry.part])
            )
        for extra in each.extras:
            if extra.like is None:
                found[extra.key] = np.zeros((), np.int64)
            else:
                found[extra.key] = np.zeros_like(found[extra.like])
    return found


def from_framework(
    arrays: Mapping[str, Array], kept: Sequence[Kept], what: str
) -> dict[str, Array]:
    """Canonical arrays from those of a framework.

    Raises:
        Problem: they are not those of this spec.
    """
    wanted = _wanted(kept)
    extras = {extra.key: extra for each in kept for extra in each.extras}
    _same_names({k: v for k, v in arrays.items() if k not in extras}, wanted, what)
    given = {key: _numbers(key, arrays[key], what) for key in wanted}
    for key, shape in wanted.items():
        _same_shape(key, given[key].shape, shape, what)
    for extra in extras.values():
        if extra.like is not None and extra.key in arrays:
            _same_shape(extra.key, arrays[extra.key].shape, wanted[extra.like], what)
            given[extra.like] = given[extra.like] + _numbers(extra.key, arrays[extra.key], what)
    found: dict[str, Array] = {}
    for each in kept:
        parts: dict[str, list[Array]] = {}
        for entry in each.entries:
            shape = each.layer.shapes[entry.array]
            shape = shape if entry.part is None else shape[1:]
            parts.setdefault(entry.array, []).append(entry.back(given[entry.key], shape))
        for name in each.layer.shapes:
            several = len(parts[name]) > 1
            array = np.stack(parts[name]) if several else parts[name][0]
            found[each.layer.key(name)] = np.ascontiguousarray(array)
    return found


def _wanted(kept: Sequence[Kept]) -> dict[str, tuple[int, ...]]:
    """The shapes that a framework has, by their keys: an empty array of every shape is turned."""
    found: dict[str, tuple[int, ...]] = {}
    for each in kept:
        for entry in each.entries:
            shape = each.layer.shapes[entry.array]
            probe = np.broadcast_to(np.float32(0), shape)
            turned = entry.there(probe if entry.part is None else probe[entry.part])
            found[entry.key] = turned.shape
    return found


def _numbers(key: str, array: Array, what: str) -> Array:
    """`array` as float32, or float64 where it is that."""
    if array.dtype.kind not in "fiu":
        raise Problem(f"{what}: `{key}` holds {array.dtype}, which are no weights")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _same_names(have: Mapping[str, Any], want: Mapping[str, Any], what: str) -> None:
    missing = [key for key in want if key not in have]
    other = [key for key in have if key not in want]
    if not missing and not other:
        return
    parts = []
    if missing:
        parts.append(f"lacks {_listed(missing)}")
    if other:
        parts.append(f"{'and ' if missing else ''}has {_listed(other)}, which the spec has not")
    close = did_you_mean(missing[0], other) if missing else None
    help = f"`{close}` looks like it: were layers renamed since?" if close else ""
    if have and not set(have) & set(want):
        help = "it knows none of the spec's layers; a network of a library needs `--from`"
    raise Problem(f"{what} does not fit the spec: it {' '.join(parts)}", help)


def _listed(keys: Sequence[str]) -> str:
    text = ", ".join(f"`{key}`" for key in keys[:MOST_NAMED])
    more = len(keys) - MOST_NAMED
    return f"{text} and {more} more" if more > 0 else text


def _same_shape(key: str, have: tuple[int, ...], want: tuple[int, ...], what: str) -> None:
    if have != want:
        raise Problem(
            f"{what} does not fit the spec: `{key}` is {shown(have)}, the spec needs {shown(want)}"
        )
