"""The table of `dslc check`: shapes, weights and work, layer by layer and block by block."""

from __future__ import annotations

from dataclasses import dataclass

from dslc.graph import Frame, Graph, Node
from dslc.vocab.dims import Dim
from dslc.vocab.libraries import spelled
from dslc.vocab.tensor import Tensor

SHARED = " (shared)"  # behind what has the weights of something before it
BYTES = 4  # of a float32 or int32
KIB = 2**10
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a layer, or a block with everything in it (`depth` then tells its lines apart)."""

    name: str
    what: str
    output: Tensor | None
    weights: Dim
    trainable: Dim
    multiply_adds: Dim
    depth: int
    line: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All rows of a model and their totals. `activations` counts the numbers that one sample leaves behind in a
    forward pass, which training keeps."""

    model: str
    rows: tuple[Row, ...]
    weights: Dim
    trainable: Dim
    multiply_adds: Dim
    activations: Dim

    @property
    def weight_bytes(self) -> Dim:
        return self.weights * BYTES

    @property
    def activation_bytes(self) -> Dim:
        """Of one sample."""
        return self.activations * BYTES


def summarise(graph: Graph) -> Summary:
    """Count everything, each node once."""
    leaves = [_leaf(graph, node) for node in graph.nodes()]
    totals = _total(leaves)
    activations: Dim = 0
    for node in graph.nodes():
        activations = activations + graph.activations(node)
    rows = _with_blocks(graph, leaves)
    return Summary(graph.root.definition.name, tuple(rows), *totals, activations)


def _leaf(graph: Graph, node: Node) -> Row:
    trainable, kept = graph.counts(node)
    what = "input" if node.word is None else node.word.word
    if node.shares is not None and graph.used_counts(node) != (0, 0):
        what += SHARED
    names = [p for p in node.path if not p.isdigit()]
    name = names[-1] if names else ""
    if node.frame.parent is not None and name == node.frame.definition.name:
        name = ""
    line = node.span.line
    return Row(
        name,
        what,
        node.output,
        trainable + kept,
        trainable,
        graph.multiply_adds(node),
        node.frame.depth,
        line,
    )


def _total(rows: list[Row]) -> tuple[Dim, Dim, Dim]:
    weights: Dim = 0
    trainable: Dim = 0
    work: Dim = 0
    for row in rows:
        weights, trainable, work = (
            weights + row.weights,
            trainable + row.trainable,
            work + row.multiply_adds,
        )
    return weights, trainable, work


def _with_blocks(graph: Graph, leaves: list[Row]) -> list[Row]:
    """The rows in order, a block's own row in front of the rows of its layers."""
    nodes = list(graph.nodes())
    inside: dict[Frame, list[Row]] = {}
    for node, row in zip(nodes, leaves, strict=True):
        frame: Frame | None = node.frame
        while frame is not None:
            inside.setdefault(frame, []).append(row)
            frame = frame.parent
    rows: list[Row] = []
    opened: set[Frame] = {graph.root}
    for node, row in zip(nodes, leaves, strict=True):
        chain: list[Frame] = []
        frame = node.frame
        while frame is not None and frame not in opened:
            chain.append(frame)
            frame = frame.parent
        for new in reversed(chain):
            opened.add(new)
            rows.append(_block(graph, new, inside[new]))
        rows.append(row)
    return rows


def _block(graph: Graph, frame: Frame, rows: list[Row]) -> Row:
    output = next(iter(frame.outputs.values()), None)
    line = frame.call.line if frame.call is not None else 0
    name = frame.definition.name
    if any(row.what.endswith(SHARED) for row in rows) and _total(rows)[0] == 0:
        name += SHARED
    return Row("", name, graph.tensor(output), *_total(rows), frame.depth - 1, line)


def size(count: Dim) -> str:
    """A number of bytes in KiB or MiB, or as a formula in bytes."""
    return spelled(count, _size)


def _size(count: Dim) -> str:
    if not isinstance(count, int):
        return f"{count} bytes"
    return f"{count / MIB:,.2f} MiB" if count >= MIB / 10 else f"{count / KIB:,.2f} KiB"
