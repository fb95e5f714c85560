"""Weights of torchvision and keras.applications in a spec of the same architecture, found by structure.

Such files have names of their own, so their layers are put beside those of the spec in order, by kind and shape. The
orders differ in one thing: where two branches meet, some write the short one first, some last, and Keras stores its
layers by depth. Every order is tried on both sides; one assignment has to come out, or nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from dslc.graph import Graph, Node
from dslc.vocab.layers.core import Dense
from dslc.vocab.layers.norm import BatchNorm
from dslc.vocab.layers.shape import Flatten
from dslc.weights.layers import Layer
from dslc.weights.problem import Problem, shown
from dslc.weights.saved import Saved

Array = npt.NDArray[Any]
AUXILIARY = re.compile(
    r"(aux\d?|AuxLogits)\."
)  # heads of GoogLeNet and Inception, for training only
IGNORED = re.compile(r"num_batches_tracked$|^normalization/")
NORM = {
    "weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance",
    "moving_mean": "moving_mean", "moving_variance": "moving_variance", "gamma": "gamma", "beta": "beta",
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A layer of a file: its arrays in the canonical layout under canonical names, but for the rows of a Dense."""

    name: str
    arrays: dict[str, Array]

    @property
    def normalises(self) -> bool:
        return "moving_mean" in self.arrays

    def signature(self) -> tuple[int, ...]:
        return self.arrays["kernel"].shape if "kernel" in self.arrays else self._channels()

    def _channels(self) -> tuple[int, ...]:
        return next(iter(self.arrays.values())).shape


@dataclass(frozen=True)
class Fitted:
    """The arrays of a spec, and what a user must know of how they were found."""

    arrays: dict[str, Array]
    pairs: list[tuple[str, str]]  # name in the file, name in the spec
    notes: list[str]


def fit(saved: Saved, graph: Graph, layers: Sequence[Layer]) -> Fitted:
    """The weights of a file in the names of the spec.

    Raises:
        Problem: they do not fit, or fit in more than one way.
    """
    notes: list[str] = []
    units = list(_torch_units(saved) if saved.kind == "torch" else _keras_units(saved))
    left_out = [unit.name for unit in units if AUXILIARY.match(f"{unit.name}.")]
    if left_out:
        units = [unit for unit in units if unit.name not in left_out]
        notes.append(f"left out: the auxiliary classifiers ({left_out[0]} … {left_out[-1]})")
    for layer in layers:
        if not set(layer.weights) <= {
            "kernel",
            "bias",
            "gamma",
            "beta",
            "moving_mean",
            "moving_variance",
        }:
            raise Problem(f"`{layer.name}` is a layer that these libraries' networks do not have")
    assigned = _assign(saved, graph, layers, units)
    _same_strides(saved, layers, assigned)
    arrays = _filled(saved, graph, layers, assigned, notes)
    pairs = [(unit.name, layer.name) for layer, unit in zip(layers, assigned, strict=True)]
    return Fitted(arrays, pairs, notes)


# --------------------------------------------------------------------------- reading a file


def _torch_units(saved: Saved) -> Iterator[Unit]:
    for name, arrays in _grouped(saved.arrays, ".").items():
        if "running_mean" in arrays:
            yield Unit(name, {NORM[k]: v for k, v in arrays.items() if k in NORM})
        elif set(arrays) <= {"weight", "bias"} and arrays["weight"].ndim in (2, 4):
            weight = arrays["weight"]
            kernel = weight.T if weight.ndim == 2 else weight.transpose(2, 3, 1, 0)
            bias = {"bias": arrays["bias"]} if "bias" in arrays else {}
            yield Unit(name, {"kernel": kernel, **bias})
        else:
            raise Problem(f"`{saved.path}`: `{name}` is no convolution, dense layer or BatchNorm")


def _keras_units(saved: Saved) -> Iterator[Unit]:
    arrays = {k.replace("/vars/", "/"): v for k, v in saved.arrays.items()}
    groups = list(_grouped(arrays, "/").items())
    if saved.titles:  # else the file is an older one, in the order of its layers
        groups.sort(key=lambda item: _natural(item[0]))
    for group, found in groups:
        name = saved.titles.get(group, group.rpartition("/")[2])
        values = list(found.values())
        if len({v.shape for v in values}) == 1 and values[0].ndim == 1 and len(values) in (3, 4):
            names = ("gamma", "beta", "moving_mean", "moving_variance")[4 - len(values) :]
            yield Unit(name, dict(zip(names, values, strict=True)))
        elif len(values) in (1, 2) and values[0].ndim in (2, 4):
            yield Unit(name, dict(zip(("kernel", "bias"), values, strict=False)))
        else:
            raise Problem(f"`{saved.path}`: `{name}` is no convolution, dense layer or BatchNorm")


def _grouped(arrays: Mapping[str, Array], mark: str) -> dict[str, dict[str, Array]]:
    found: dict[str, dict[str, Array]] = {}
    for key, array in arrays.items():
        if not IGNORED.search(key):
            group, _, name = key.rpartition(mark)
            found.setdefault(group, {})[name] = array
    return found


# --------------------------------------------------------------------------- finding the pairs


def _assign(
    saved: Saved, graph: Graph, layers: Sequence[Layer], units: Sequence[Unit]
) -> list[Unit]:
    """The unit of every layer."""
    _same_counts(saved, layers, units)
    found: list[list[Unit]] = []
    best: tuple[int, str] = (-1, "")
    for order in _orders(graph, layers):
        for given in (list(units), sorted(units, key=lambda unit: _natural(unit.name))):
            pairs, reached, why = _side_by_side(order, given)
            if pairs is None:
                best = max(best, (reached, why))
                continue
            by_layer = [pairs[layer.name] for layer in layers]
            if not any(all(a is b for a, b in zip(by_layer, f, strict=True)) for f in found):
                found.append(by_layer)
    if not found:
        raise Problem(f"`{saved.path}` does not fit the spec: {best[1]}")
    if len(found) > 1:
        pair = next(
            (layer.name, a.name, b.name)
            for layer, a, b in zip(layers, found[0], found[1], strict=True)
            if a is not b
        )
        raise Problem(
            f"`{saved.path}` fits the spec in {len(found)} ways: `{pair[0]}` may be {pair[1]} or {pair[2]}"
        )
    return found[0]


def _same_counts(saved: Saved, layers: Sequence[Layer], units: Sequence[Unit]) -> None:
    for what, mine, theirs in (
        ("BatchNorm layers", sum(_normalises(x) for x in layers), sum(u.normalises for u in units)),
        (
            "convolutions and dense layers",
            sum(not _normalises(x) for x in layers),
            sum(not u.normalises for u in units),
        ),
    ):
        if mine != theirs:
            raise Problem(
                f"`{saved.path}` does not fit the spec: it has {theirs} {what}, the spec {mine}"
            )


def _normalises(layer: Layer) -> bool:
    return isinstance(layer.word, BatchNorm)


def _side_by_side(
    layers: Sequence[Layer], units: Sequence[Unit]
) -> tuple[dict[str, Unit] | None, int, str]:
    """The units of the layers in these orders; else how far they go together, and where they part."""
    pairs: dict[str, Unit] = {}
    for norms in (False, True):
        mine = [layer for layer in layers if _normalises(layer) == norms]
        theirs = [unit for unit in units if unit.normalises == norms]
        for layer, unit in zip(mine, theirs, strict=True):
            want = layer.shapes["kernel"] if "kernel" in layer.shapes else _any_shape(layer)
            if unit.signature() != want:
                why = f"`{unit.name}` is {shown(unit.signature())} where `{layer.name}` is {shown(want)}"
                return None, len(pairs), why
            pairs[layer.name] = unit
    return pairs, len(pairs), ""


def _same_strides(saved: Saved, layers: Sequence[Layer], units: Sequence[Unit]) -> None:
    """The one known case of equal shapes and another meaning: the first ResNets, which keras.applications has."""
    for layer, unit in zip(layers, units, strict=True):
        stride = getattr(layer.word, "stride", (2, 2))
        if unit.name == "conv3_block1_1_conv" and set(stride) == {1}:
            raise Problem(
                f"`{saved.path}` fits the spec in its shapes only: keras.applications' ResNets stride in the first "
                f"convolution of a stage (`{unit.name}`), the spec does not (`{layer.name}`)",
                "give the stride to the first 1x1 convolution of the block",
            )


def _any_shape(layer: Layer) -> tuple[int, ...]:
    return next(iter(layer.shapes.values()))


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)
    ]


def _orders(graph: Graph, layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """The layers as the spec has them, as its merges name their branches, and with the longer branch of two first."""
    yield list(layers)
    nodes = _nodes(graph, layers)
    index = {node.index: at for at, node in enumerate(nodes)}
    yield [layers[index[i]] for i in _as_merged(graph) if i in index]
    order = list(range(len(layers)))
    for node in graph.nodes():
        if len(node.inputs) != 2:
            continue
        a, b = (nx.ancestors(graph.graph, i) | {i} for i in node.inputs)
        sides = [sorted(index[i] for i in x - y if i in index) for x, y in ((a, b), (b, a))]
        short, long = sorted(sides, key=len)
        if not short or len(short) == len(long):
            continue
        places = sorted(order.index(i) for i in (*short, *long))
        ranked = sorted(long, key=order.index) + sorted(short, key=order.index)
        for place, item in zip(places, ranked, strict=True):
            order[place] = item
    yield [layers[i] for i in order]


def _as_merged(graph: Graph) -> list[int]:
    """The nodes, each behind all that it needs, in the order in which its inputs are written."""
    found: dict[int, None] = {}
    todo = [(index, False) for index in reversed(graph.outputs.values()) if index is not None]
    while todo:
        index, ready = todo.pop()
        if ready:
            found.setdefault(index)
        elif index not in found:
            todo.append((index, True))
            todo += [(i, False) for i in reversed(graph.node(index).inputs)]
    return list(found)


def _nodes(graph: Graph, layers: Sequence[Layer]) -> list[Node]:
    found = [node for node in graph.nodes() if graph.weights(node)]
    assert len(found) == len(layers)
    return found


# --------------------------------------------------------------------------- what the pairs give


def _filled(
    saved: Saved, graph: Graph, layers: Sequence[Layer], units: Sequence[Unit], notes: list[str]
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    shift: Array | None = None  # of the mean of the BatchNorm that follows
    folded = 0
    for node, layer, unit in zip(_nodes(graph, layers), layers, units, strict=True):
        arrays = dict(unit.arrays)
        bias = arrays.get("bias")
        if bias is not None and "bias" not in layer.weights:
            if not _before_norm(graph, node):
                raise Problem(
                    f"`{saved.path}` does not fit the spec: `{unit.name}` has a bias, `{layer.name}` has none"
                )
            shift, folded = bias, folded + 1
            del arrays["bias"]
        elif shift is not None and _normalises(layer):
            arrays["moving_mean"] = arrays["moving_mean"] - shift
            shift = None
        if saved.kind == "torch" and isinstance(layer.word, Dense):
            arrays["kernel"] = _flattened(graph, node, arrays["kernel"])
        _defaults(layer, arrays)
        if set(arrays) != set(layer.weights):
            mine, theirs = ", ".join(layer.weights), ", ".join(arrays)
            raise Problem(
                f"`{saved.path}` does not fit the spec: `{unit.name}` has {theirs}, `{layer.name}` {mine}"
            )
        found |= {
            layer.key(name): np.ascontiguousarray(arrays[name], np.float32)
            for name in layer.weights
        }
    if folded:
        many = "1 bias" if folded == 1 else f"{folded} biases"
        notes.append(
            f"{many} in front of BatchNorm, which the spec has not, taken off the moving mean there"
        )
    return found


def _defaults(layer: Layer, arrays: dict[str, Array]) -> None:
    """A scale or shift that the file does not have is 1 or 0."""
    for name, value in (("gamma", 1.0), ("beta", 0.0)):
        if name in layer.weights and name not in arrays and _normalises(layer):
            arrays[name] = np.full(layer.shapes[name], value, np.float32)


def _before_norm(graph: Graph, node: Node) -> bool:
    after = list(graph.graph.successors(node.index))
    return len(after) == 1 and isinstance(graph.node(after[0]).word, BatchNorm)


def _flattened(graph: Graph, node: Node, kernel: Array) -> Array:
    """The rows of a Dense behind a flattened image in the order of channels last; torch flattens channels first."""
    at = node
    while len(at.inputs) == 1:
        at = graph.node(at.inputs[0])
        if isinstance(at.word, Flatten):
            shape = graph.input_tensors(at)
            assert shape is not None
            sizes = tuple(int(str(size)) for size in shape[0].shape)
            if len(sizes) != 3:
                return kernel
            height, width, channels = sizes
            turned = kernel.reshape(channels, height, width, -1).transpose(1, 2, 0, 3)
            return turned.reshape(kernel.shape)
        if graph.weights(at):
            break
    return kernel
