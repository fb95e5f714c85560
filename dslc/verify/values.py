"""The arrays that the probes left, in the names and layouts of the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dslc.graph import Graph, Node
from dslc.source import Span
from dslc.verify.pair import Pair, Side
from dslc.verify.samples import Array, shape_of
from dslc.weights.convert import from_framework
from dslc.weights.layers import trail_of
from dslc.weights.saved import load

Trail = tuple[Span, ...]


@dataclass(frozen=True)
class Both:
    """What both scripts have for the same thing."""

    keras: Array
    torch: Array


def weights(pair: Pair, name: str) -> dict[str, Both]:
    """Arrays of all weights that were kept under a name, such as gradients."""
    mine, other = (_weights(side, name) for side in (pair.sides["keras"], pair.sides["torch"]))
    return {key: Both(mine[key], other[key]) for key in mine}


def of_side(side: Side, name: str) -> dict[str, Array]:
    return _weights(side, name)


def _weights(side: Side, name: str) -> dict[str, Array]:
    if side.backend.name == "keras":
        arrays = load(side.folder / f"{name}.weights.h5").arrays
    else:
        with np.load(side.folder / f"{name}.npz") as found:
            arrays = dict(found)
    return from_framework(arrays, side.kept, side.backend.title)


def outputs(pair: Pair, name: str) -> dict[str, Both]:
    """What `predict` gives, by output."""
    found = []
    for side in (pair.sides["keras"], pair.sides["torch"]):
        with np.load(side.folder / f"{name}.npz") as arrays:
            found.append(dict(arrays))
    return {key: Both(found[0][key], found[1][key]) for key in found[0]}


# --------------------------------------------------------------------------- layer by layer


def nodes(graph: Graph) -> Iterator[tuple[Node, Trail]]:
    """Every application of a word, and the way to the layer that it uses."""
    for node in graph.nodes():
        if node.word is not None:
            own = graph.node(node.shares) if node.shares is not None else node
            yield node, (*trail_of(own.frame), own.span)


def layers(pair: Pair, name: str, other_name: str = "") -> dict[int, Both]:
    """What every layer gave, channels last, by the number of its node. What neither script computes is left out: a
    last activation that the loss takes over, a layer that passes its input on.

    With `other_name` it is what PyTorch gave in two runs, as it stands.
    """
    groups: dict[Trail, list[Node]] = {}
    for node, trail in nodes(pair.chosen.graph):
        groups.setdefault(trail, []).append(node)
    torch = pair.sides["torch"]
    mine = _events(torch if other_name else pair.sides["keras"], name)
    other = _events(torch, other_name or name)
    found: dict[int, Both] = {}
    for trail, members in groups.items():
        a, b = mine.get(trail, []), other.get(trail, [])
        if len(a) != len(members) or len(b) != len(members):
            continue
        if any(node.shares is not None for node in members):
            a = _in_order_of(a, b)
        for node, x, y in zip(members, a, b, strict=True):
            tensor = node.output
            assert tensor is not None
            shape = (x.shape[0], *shape_of(tensor, pair.sizes))
            if not other_name:
                y = _last(y, shape, x)
            found[node.index] = Both(x, y)
    return found


def _events(side: Side, name: str) -> dict[Trail, list[Array]]:
    """Values by the way to them: of several operations the last, and its result rather than what its layer gave."""
    ways: dict[Trail, list[tuple[int, bool, str]]] = {}
    for number, trail in enumerate(side.answers[name]):
        mark = trail[-1]
        about = (side.marks.parts[mark], side.marks.results[mark], str(number))
        ways.setdefault(side.marks.way(trail), []).append(about)
    found: dict[Trail, list[Array]] = {}
    with np.load(side.folder / f"{name}.npz") as arrays:
        for way, events in ways.items():
            last = max((part, result) for part, result, _ in events)
            found[way] = [arrays[key] for part, result, key in events if (part, result) == last]
    return found


def _in_order_of(mine: list[Array], other: list[Array]) -> list[Array]:
    """The values of a layer that is used several times, each beside the one that it is nearest to: Keras computes by
    depth, not in the order of the script."""
    left, found = list(mine), []
    for array in other:
        gaps = [
            float(np.abs(one - array).max()) if one.shape == array.shape else np.inf for one in left
        ]
        found.append(left.pop(int(np.argmin(gaps))))
    return found


def _last(array: Array, shape: tuple[int, ...], like: Array) -> Array:
    """A value of PyTorch with its channels last, where it has them behind the batch. A cube fits both ways: then it
    stands as it is nearer to that of Keras."""
    if array.ndim < 3 or array.ndim != len(shape):
        return array
    turned = np.moveaxis(array, 1, -1)
    if turned.shape != shape:
        return array
    if array.shape != shape or like.shape != shape:
        return turned
    return array if np.abs(array - like).max() <= np.abs(turned - like).max() else turned
