"""What the graph holds: nodes in order of creation, and for what asks about ways a networkx graph of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dslc.graph.recall import Facts, facts
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.dims import Dim
from dslc.vocab.tensor import FlowWord, Tensor, Weight

if TYPE_CHECKING:
    import networkx as nx


@dataclass(slots=True, eq=False)
class Node:
    """One application of a layer, or an input of the model (`word` is None).

    `shares` is the node whose weights this one uses, if any. `path` names the way from the model to here: labels,
    blocks, values. `reader` is the place that decided what an input holds, numbers or token ids. A node that is
    not `sound` stands for a layer with a wrong value that its result does not depend on. `role` is `hidden` or
    `output` where the rules of `defaults` make a difference between the two, and `hidden` where they say the same.
    `known` is what was found out when the layer was applied.
    """

    index: int
    word: FlowWord | None
    inputs: tuple[int, ...]
    output: Tensor | None
    span: Span
    frame: Frame
    path: tuple[str, ...]
    shares: int | None = None
    reader: Span | None = None
    sound: bool = True
    role: str = ""
    known: Facts | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """One use of a block or model: the values of its parameters, its inputs, what was decided in it.

    `applied` holds, for every use of a word, the nodes it became here (several under `repeat`), and `called`
    the frames that a use of a block became. `chosen` is the arm taken by every `match` that was reached. `sizes`
    are the names in the shapes of its inputs, such as `H`. `path` names the way to it, as that of a node.
    """

    definition: ir.Definition
    scalars: dict[str, Any]
    inputs: dict[str, Tensor | None]
    parent: Frame | None
    call: Span | None
    depth: int
    path: tuple[str, ...] = ()
    sizes: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, int | None] = field(default_factory=dict)
    values: dict[str, Tensor | None] = field(default_factory=dict)
    applied: dict[ir.WordUse, list[Node]] = field(default_factory=dict)
    called: dict[ir.BlockUse, list[Frame]] = field(default_factory=dict)
    chosen: dict[ir.MatchSteps | ir.MatchOperand, int] = field(default_factory=dict)
    operands: dict[ir.MatchOperand | ir.MatchSteps, Tensor | None] = field(default_factory=dict)
    repeats: dict[ir.Step, int] = field(default_factory=dict)


@dataclass(eq=False)
class Graph:
    """A whole model. `order` holds its nodes in order of creation: the index of a node is its place there."""

    root: Frame
    frames: list[Frame]
    inputs: dict[str, int]
    outputs: dict[str, int | None]
    order: list[Node] = field(default_factory=list)

    @cached_property
    def graph(self) -> nx.DiGraph[int]:
        """The indices of the nodes, and which of them feed which. Made when it is asked for: to load networkx takes
        longer than to check most specs."""
        import networkx as nx

        made: nx.DiGraph[int] = nx.DiGraph()
        made.add_nodes_from((node.index, {"node": node}) for node in self.order)
        made.add_edges_from((source, node.index) for node in self.order for source in node.inputs)
        return made

    def node(self, index: int) -> Node:
        return self.order[index]

    def nodes(self) -> Iterator[Node]:
        """Every node, in the order in which the model computes."""
        return iter(self.order)

    @property
    def complete(self) -> bool:
        """Whether every value of the model is known, so that it can be counted and written."""
        if not self.outputs or any(frame.definition.torn for frame in self.frames):
            return False
        return all(
            value is not None
            for frame in self.frames
            for value in (*frame.outputs.values(), *frame.values.values(), *frame.inputs.values())
        )

    def tensor(self, index: int | None) -> Tensor | None:
        return None if index is None else self.node(index).output

    def input_tensors(self, node: Node) -> tuple[Tensor, ...] | None:
        """The tensors that enter `node`; None when one of them is unknown."""
        found = []
        for index in node.inputs:
            tensor = self.order[index].output
            if tensor is None:
                return None
            found.append(tensor)
        return tuple(found)

    def facts(self, node: Node) -> Facts | None:
        """What the layer of `node` makes of its inputs; None where it has none, or one of them is unknown."""
        if node.known is not None and node.known.word is node.word:
            return node.known
        inputs = self.input_tensors(node)
        if node.word is None or inputs is None or node.output is None:
            return None
        node.known = facts(node.word, inputs)
        return node.known

    def weights(self, node: Node) -> dict[str, Weight]:
        """The arrays that `node` brings; empty where it shares those of another node."""
        return {} if node.shares is not None else self.used_weights(node)

    def used_weights(self, node: Node) -> dict[str, Weight]:
        """The arrays that `node` computes with, its own or shared ones."""
        xs = self.input_tensors(node)
        if node.word is None or xs is None or node.output is None or not node.sound:
            return {}
        return node.word.arrays(*xs)

    def counts(self, node: Node) -> tuple[Dim, Dim]:
        """How many numbers `node` brings that training changes, and how many besides."""
        return (0, 0) if node.shares is not None else self.used_counts(node)

    def used_counts(self, node: Node) -> tuple[Dim, Dim]:
        """As `counts`, of those that `node` computes with, its own or shared ones."""
        known = self.facts(node) if node.sound else None
        return known.counts if known is not None else (0, 0)

    def activations(self, node: Node) -> Dim:
        known = self.facts(node)
        return 0 if known is None or node.output is None else known.work(node.output)[0]

    def multiply_adds(self, node: Node) -> Dim:
        known = self.facts(node) if node.sound else None
        return 0 if known is None or node.output is None else known.work(node.output)[1]
