"""The graph of layers that a functional Keras model is, and the order in which Keras keeps them.

A weights file names the layers of a model by their class and their number among those of that class, in the order
of `model.layers`: by depth, the number of operations up to an output, and then as a search from the outputs meets
them (`keras.src.ops.function.map_graph`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dslc.codegen.origins import Holder


@dataclass(eq=False)
class Layer:
    """An operation of a model. Only what has a class name stands among `model.layers`; `holder` says what a layer
    was made for, and `inner` is the model that it is."""

    made_by: str = ""
    holder: Holder | None = None
    inner: Network | None = None


@dataclass(eq=False)
class Node:
    """A call of a layer, and its result. `shape` has the batch axis, None where a size is free."""

    layer: Layer
    inputs: tuple[Node, ...] = ()
    shape: tuple[int | None, ...] | None = None


@dataclass(eq=False)
class Network:
    """`keras.Model(inputs, outputs)`."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    order: list[Layer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = _order(self.inputs, self.outputs)

    def places(self, prefix: str = "") -> Iterator[tuple[Layer, str]]:
        """Every layer with its group in a weights file, those of inner models too."""
        used: dict[str, int] = {}
        for layer in self.order:
            if not layer.made_by:
                continue
            name = snake_case(layer.made_by)
            number = used[name] = used.get(name, -1) + 1
            path = f"{prefix}layers/{name}" + (f"_{number}" if number else "")
            yield layer, path
            if layer.inner is not None:
                yield from layer.inner.places(f"{path}/")


def _order(inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Layer]:
    met, finished = _search(outputs, frozenset(inputs))
    depth_of: dict[Node, int] = {}
    depths: dict[Layer, int] = {}
    for node in reversed(finished):
        depth = max(depth_of.get(node, 0), depths.get(node.layer, 0))
        depths[node.layer] = depth_of[node] = depth
        for before in node.inputs:
            depth_of[before] = max(depth + 1, depth_of.get(before, 0))
    for node in inputs:  # one that no output needs
        if node.layer not in depths:
            depths[node.layer], met[node.layer] = 0, -1
    return sorted(depths, key=lambda layer: (-depths[layer], met[layer]))


def _search(
    outputs: Sequence[Node], inputs: frozenset[Node]
) -> tuple[dict[Layer, int], list[Node]]:
    """When each layer was first met in a search from the outputs, and the nodes from inputs to outputs."""
    met: dict[Layer, int] = {}
    done: set[Node] = set()
    finished: list[Node] = []
    for output in outputs:
        todo: list[tuple[Node, Iterator[Node]]] = []
        _enter(output, met, done, todo, inputs)
        while todo:
            node, rest = todo[-1]
            following = next(rest, None)
            if following is None:
                todo.pop()
                finished.append(node)
            else:
                _enter(following, met, done, todo, inputs)
    return met, finished


def _enter(
    node: Node,
    met: dict[Layer, int],
    done: set[Node],
    todo: list[tuple[Node, Iterator[Node]]],
    inputs: frozenset[Node],
) -> None:
    if node in done:
        return
    done.add(node)
    met.setdefault(node.layer, len(met))
    todo.append((node, iter(() if node in inputs else node.inputs)))


def snake_case(name: str) -> str:
    """The name of a class in a weights file: `Conv2DTranspose` is conv2d_transpose, `PReLU` p_re_lu."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
