"""Layers that came or went together: a block as a whole is one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dslc.diff.layers import named
from dslc.diff.written import written
from dslc.graph import Frame, Graph, Node
from dslc.source import Span


@dataclass(frozen=True, slots=True)
class Part:
    """A layer, or a block with all its `layers`, as it is written at `span`. `trains_only` means that prediction passes
    its input on as it is."""

    first: int
    text: str
    where: str
    layers: int
    span: Span
    trains_only: bool


def whole_parts(graph: Graph, chosen: frozenset[int]) -> Iterator[Part]:
    """The `chosen` layers in order; those that make up a block are one part."""
    inside: dict[Frame, list[Node]] = {}
    for node in graph.nodes():
        for frame in _frames(node):
            inside.setdefault(frame, []).append(node)
    whole = {f for f, nodes in inside.items() if all(node.index in chosen for node in nodes)}
    told: set[Frame] = set()
    for node in graph.nodes():
        if node.index not in chosen:
            continue
        frames = [frame for frame in _frames(node) if frame in whole]
        if not frames:
            yield _layer(node)
        elif frames[-1] not in told:
            frame = frames[-1]
            told.add(frame)
            assert frame.call is not None
            text = " ".join(frame.call.text.split())
            nodes = inside[frame]
            noise = all(_trains_only(node) for node in nodes)
            yield Part(node.index, text, named(frame.path[:-1]), len(nodes), frame.call, noise)


def _layer(node: Node) -> Part:
    where = named(node.path)
    if node.word is None:
        return Part(node.index, f"input {where}: {node.output}", "", 1, node.span, False)
    return Part(node.index, written(node.word), where, 1, node.span, _trains_only(node))


def _trains_only(node: Node) -> bool:
    return node.word is not None and node.word.trains_only


def _frames(node: Node) -> Iterator[Frame]:
    """The uses of blocks around a layer, from the inside out."""
    frame: Frame | None = node.frame
    while frame is not None and frame.parent is not None:
        yield frame
        frame = frame.parent
