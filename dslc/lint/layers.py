"""The layers of a model as a rule sees them: neighbours, role, shapes, and what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from dslc.graph import Frame, Graph, Node
from dslc.graph.roles import roles
from dslc.source import Span
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.dims import Dim
from dslc.vocab.tensor import FlowWord, Tensor

Role = Literal["hidden", "output"]


@dataclass(slots=True, eq=False)
class Layer:
    """One application of a layer, activation or merge, or an input of the model (`word` is None).

    A word in a block or under a repeat stands in one place and is several layers: `twins` are all of them, this one
    included. `use` is the word as bound, None for inputs and for activations that a parameter holds.
    `role` is `output` when no other kernel follows on the way to a result, else `hidden`.
    """

    node: Node
    graph: Graph
    use: ir.WordUse | None
    role: Role
    inputs: tuple[Layer, ...] = ()
    outputs: tuple[Layer, ...] = ()
    twins: tuple[Layer, ...] = field(default=(), repr=False)

    @property
    def word(self) -> FlowWord | None:
        return self.node.word

    @property
    def span(self) -> Span:
        """Where the word stands: `Conv2D(32, 3x3)`, without its arrow."""
        return self.node.span

    @property
    def output(self) -> Tensor | None:
        return self.node.output

    @property
    def block(self) -> Frame:
        """The use of a block or model that it is part of; `.definition.name` says which."""
        return self.node.frame

    @property
    def input(self) -> Layer | None:
        """What it is applied to, where that is one tensor."""
        return self.inputs[0] if len(self.inputs) == 1 else None

    @property
    def next(self) -> Layer | None:
        """What takes its result, where that is one layer and the result is none of the model's."""
        return self.outputs[0] if len(self.outputs) == 1 and not self.is_result else None

    @property
    def is_result(self) -> bool:
        """Whether what it gives is an output of the model as it is."""
        return self.node.index in self.graph.outputs.values()

    @property
    def weights(self) -> Dim:
        """How many numbers it holds; 0 where it shares those of another layer."""
        trainable, kept = self.graph.counts(self.node)
        return trainable + kept

    @property
    def has_kernel(self) -> bool:
        """Whether it multiplies by a matrix or a filter: not an activation, pooling, norm."""
        return any(len(a.shape) > 1 for a in self.graph.used_weights(self.node).values())

    def before(self) -> Iterator[Layer]:
        """Those in front of it, one after the other, as far as each has one input."""
        layer = self.input
        while layer is not None:
            yield layer
            layer = layer.input

    def after(self) -> Iterator[Layer]:
        """Those behind it, one after the other, as far as each result goes one way."""
        layer = self.next
        while layer is not None:
            yield layer
            layer = layer.next

    def written(self, argument: str) -> tree.Expr | None:
        """The value of an argument as the spec gives it; None where a default holds."""
        return None if self.use is None else self.use.arguments.get(argument)


def layers_of(graph: Graph) -> tuple[Layer, ...]:
    """Every layer of a model in the order in which it computes, inputs too."""
    uses = {
        node.index: use
        for frame in graph.frames
        for use, nodes in frame.applied.items()
        for node in nodes
    }
    last = _near_results(graph)
    layers: dict[int, Layer] = {}
    for node in graph.nodes():
        role: Role = "output" if node.index in last else "hidden"
        layer = Layer(node, graph, uses.get(node.index), role)
        layer.inputs = tuple(layers[index] for index in node.inputs)
        layers[node.index] = layer
    consumers: dict[Layer, list[Layer]] = {}
    places: dict[Span, list[Layer]] = {}
    for layer in layers.values():
        places.setdefault(layer.span, []).append(layer)
        for source in dict.fromkeys(layer.inputs):
            consumers.setdefault(source, []).append(layer)
    for layer in layers.values():
        layer.outputs = tuple(consumers.get(layer, ()))
        layer.twins = tuple(places[layer.span])
    return tuple(layers.values())


def _near_results(graph: Graph) -> set[int]:
    """The nodes that reach a result with no other kernel in between."""
    known = roles(graph)
    todo = [index for index in graph.outputs.values() if index is not None]
    seen: set[int] = set()
    while todo:
        index = todo.pop()
        if index in seen or known.get(index) == "hidden":
            continue
        seen.add(index)
        node = graph.node(index)
        arrays = graph.used_weights(node).values()
        if index not in known or (arrays and all(len(array.shape) == 1 for array in arrays)):
            todo += node.inputs
    return seen | {index for index, role in known.items() if role == "output"}
