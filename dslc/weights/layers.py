"""The layers of a model that have weights, under the names of the spec.

A layer is named by the way to it: the blocks, values and labels, the turn of a `repeat`, and its word. What has no
name of its own among its like is numbered: `head/Dense`, `head/Dense_2`. Its arrays stand below it, as
`head/Dense/kernel`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dslc.codegen.origins import Shapes, Trail
from dslc.graph import Frame, Graph, Node
from dslc.spec import ir
from dslc.vocab.dims import Dim
from dslc.vocab.tensor import FlowWord, Tensor, Weight
from dslc.weights.problem import Problem


@dataclass(frozen=True)
class Layer:
    """A layer with weights: its name, its arrays by their own names, and the places in the spec on the way to it."""

    name: str
    word: FlowWord
    inputs: tuple[Tensor, ...]
    weights: dict[str, Weight]
    shapes: dict[str, tuple[int, ...]]
    trail: Trail

    def key(self, array: str) -> str:
        return f"{self.name}/{array}"


def layers_of(graph: Graph) -> list[Layer]:
    """The layers with weights, in the order in which the model computes.

    Raises:
        Problem: a layer has weights that the spec does not know one by one, or of an unknown size.
    """
    names = _Names()
    found: list[Layer] = []
    for node in graph.nodes():
        if node.word is None or node.shares is not None:
            continue
        weights = graph.weights(node)
        if not weights:
            _refuse_unknown(graph, node)
            continue
        inputs = graph.input_tensors(node)
        assert inputs is not None
        shapes = {name: _numbers(weight.shape, node) for name, weight in weights.items()}
        trail = (*trail_of(node.frame), node.span)
        found.append(Layer(names.node(node), node.word, inputs, weights, shapes, trail))
    return found


def canonical_names(graph: Graph) -> dict[int, str]:
    """The name of every layer that has weights of its own, the networks of libraries too, by its index."""
    names = _Names()
    return {
        node.index: names.node(node)
        for node in graph.nodes()
        if node.word is not None and node.shares is None and graph.counts(node) != (0, 0)
    }


def _refuse_unknown(graph: Graph, node: Node) -> None:
    if node.word is None or graph.counts(node) == (0, 0):
        return
    raise Problem(
        f"the weights of `{node.word.word}` are those of the network of a library, which only that library names",
        "they move with the files of one framework; write the network out to move them between two",
    )


def _numbers(shape: tuple[Dim, ...], node: Node) -> tuple[int, ...]:
    known = tuple(size for size in shape if isinstance(size, int))
    if len(known) != len(shape):
        word = node.word.word if node.word is not None else ""
        raise Problem(f"the weights of `{word}` depend on a size that only the data tells")
    return known


def trail_of(frame: Frame) -> Trail:
    """The uses of blocks on the way to `frame`."""
    calls = []
    at: Frame | None = frame
    while at is not None and at.call is not None:
        calls.append(at.call)
        at = at.parent
    return tuple(reversed(calls))


def shapes_of(graph: Graph) -> dict[Trail, list[Shapes]]:
    """The shapes of the inputs of every use of a block that a script writes out: a block with a name is written
    once, however often it is used."""
    own: set[int] = set()
    used: set[int] = set()
    for node in graph.nodes():
        at: Frame | None = node.frame
        while at is not None and id(at) not in (own if node.shares is None else used):
            (own if node.shares is None else used).add(id(at))
            at = at.parent
    found: dict[Trail, list[Shapes]] = {}
    for frame in graph.frames:
        if frame.call is None or (id(frame) in used and id(frame) not in own):
            continue
        tensors = [tensor for tensor in frame.inputs.values() if tensor is not None]
        shapes = tuple(
            tuple(size if isinstance(size, int) else None for size in tensor.shape)
            for tensor in tensors
        )
        found.setdefault(trail_of(frame), []).append(shapes)
    return found


class _Names:
    """Gives out names, each once."""

    def __init__(self) -> None:
        self.frames: dict[int, str] = {}
        self.taken: dict[str, int] = {}

    def node(self, node: Node) -> str:
        assert node.word is not None
        lead = self._frame(node.frame)
        inside = _own_way(node.path, node.frame)
        return self._once("/".join([*lead, *inside, node.word.word]))

    def _frame(self, frame: Frame) -> list[str]:
        if frame.parent is None:
            return []
        if id(frame) not in self.frames:
            inside = _own_way(frame.path, frame.parent)
            self.frames[id(frame)] = self._once("/".join([*self._frame(frame.parent), *inside]))
        return [self.frames[id(frame)]]

    def _once(self, name: str) -> str:
        number = self.taken[name] = self.taken.get(name, 0) + 1
        return name if number == 1 else self._once(f"{name}_{number}")


def _own_way(path: tuple[str, ...], frame: Frame) -> tuple[str, ...]:
    """The way from `frame` on. What has a name and is used under it begins there, wherever its first use stands."""
    inside = path[len(frame.path) :]
    shared = {s.name for s in frame.definition.body if isinstance(s, ir.LetLayer)}
    at = next((at for at, part in enumerate(inside) if part in shared), 0)
    return inside[at:]
