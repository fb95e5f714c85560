"""Where the boxes of a picture stand: in layers from top to bottom, few crossings, straight main lines.

Sugiyama's method, kept small: layers by longest path, long arrows through bends in every layer between, order by
the mean place of the neighbours, then places that pull towards them without overlap. The same picture gives the
same drawing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

from dslc.draw.picture import Arrow, Picture

SWEEPS = 12
ROOM = 26.0  # between two boxes of a layer
LANE = 18.0  # what a passing arrow takes


@dataclass(slots=True)
class Layout:
    """The centre of every box and the points that every arrow passes, from the top left corner."""

    width: float = 0.0
    height: float = 0.0
    centre: dict[str, tuple[float, float]] = field(default_factory=dict)
    bends: dict[Arrow, list[tuple[float, float, float]]] = field(
        default_factory=dict
    )  # of an arrow through other layers: x, top and bottom in each


def lay_out(picture: Picture, sizes: Mapping[str, tuple[float, float]], gap: float) -> Layout:
    """Place the boxes, whose `sizes` are (width, height), with `gap` between layers."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(picture.boxes)
    graph.add_edges_from((a.source, a.target) for a in picture.arrows)
    rank = _ranks(graph)
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in graph:
        layers[rank[name]].append(name)
    chains: dict[tuple[str, str], list[str]] = {}
    width = {name: sizes[name][0] for name in graph}
    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(graph)
    for source, target in graph.edges:
        chain = [source]
        for level in range(rank[source] + 1, rank[target]):
            bend = f"{source}>{target}@{level}"
            layers[level].append(bend)
            width[bend] = LANE
            chain.append(bend)
        chain.append(target)
        chains[source, target] = chain
        nx.add_path(links, chain)
    _order(layers, links)
    across = _across(layers, links, width)
    return _finish(picture, layers, chains, across, width, sizes, gap)


def _ranks(graph: nx.DiGraph[str]) -> dict[str, int]:
    """Layers by longest path; what nothing leads to stands right above its first user."""
    rank: dict[str, int] = {}
    for level, names in enumerate(nx.topological_generations(graph)):
        rank |= dict.fromkeys(names, level)
    for name in graph:
        if not graph.in_degree(name) and graph.out_degree(name):
            rank[name] = min(rank[follower] for follower in graph.successors(name)) - 1
    lowest = min(rank.values(), default=0)
    return {name: level - lowest for name, level in rank.items()}


def _order(layers: list[list[str]], links: nx.DiGraph[str]) -> None:
    """Sort each layer by the mean place of its neighbours, downwards and upwards; keep what crosses least."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        levels = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for level in levels:
            other = layers[level - 1 if down else level + 1]
            at = {name: i for i, name in enumerate(other)}

            def mean(name: str, at: dict[str, int] = at, down: bool = down) -> float:
                near = links.predecessors(name) if down else links.successors(name)
                places = [at[n] for n in near if n in at]
                return sum(places) / len(places) if places else 0.0

            layers[level].sort(key=mean)
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    for level, kept in enumerate(best):
        layers[level][:] = kept


def _crossings(layers: list[list[str]], links: nx.DiGraph[str]) -> int:
    """How many pairs of arrows cross: inversions, counted layer by layer."""
    total = 0
    for above, below in pairwise(layers):
        at = {name: i for i, name in enumerate(below)}
        ends = [e for name in above for e in sorted(at[n] for n in links.successors(name))]
        total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
    return total


def _across(
    layers: list[list[str]], links: nx.DiGraph[str], width: Mapping[str, float]
) -> dict[str, float]:
    """The x of everything: near the neighbours, in order, with room between."""
    x: dict[str, float] = {}
    for layer in layers:
        left = 0.0
        for name in layer:
            x[name] = left + width[name] / 2
            left += width[name] + ROOM
        for name in layer:
            x[name] -= (left - ROOM) / 2
    for sweep in range(2 * SWEEPS + 1):  # the last one downwards keeps chains straight
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wanted = {}
            for name in layer:
                near = [*links.predecessors(name)] if down else [*links.successors(name)]
                near = near or [*links.successors(name), *links.predecessors(name)]
                places = sorted(x[n] for n in near)
                wanted[name] = sum(places) / len(places) if places else x[name]
            _settle(layer, wanted, width, x)
    return x


def _settle(
    layer: list[str], wanted: Mapping[str, float], width: Mapping[str, float], x: dict[str, float]
) -> None:
    """Give each its wish as far as the others allow: least squares with an order (pool adjacent violators)."""
    offset = 0.0
    blocks: list[tuple[float, int]] = []  # sum of wishes less offsets, count
    offsets: list[float] = []
    for at, name in enumerate(layer):
        if at:
            offset += (width[layer[at - 1]] + width[name]) / 2 + ROOM
        offsets.append(offset)
        blocks.append((wanted[name] - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = (blocks[-1][0] + total, blocks[-1][1] + count)
    places = [total / count for total, count in blocks for _ in range(count)]
    for name, place, moved in zip(layer, places, offsets, strict=True):
        x[name] = place + moved


def _finish(
    picture: Picture,
    layers: list[list[str]],
    chains: Mapping[tuple[str, str], list[str]],
    across: Mapping[str, float],
    width: Mapping[str, float],
    sizes: Mapping[str, tuple[float, float]],
    gap: float,
) -> Layout:
    """Heights of the layers, and everything moved into the positive quarter."""
    left = min((across[n] - width[n] / 2 for n in across), default=0.0)
    right = max((across[n] + width[n] / 2 for n in across), default=0.0)
    layout = Layout(width=right - left)
    spans: dict[str, tuple[float, float]] = {}
    top = 0.0
    for layer in layers:
        tall = max((sizes[name][1] for name in layer if name in sizes), default=0.0)
        for name in layer:
            spans[name] = (top, top + tall)
            if name in sizes:
                layout.centre[name] = (across[name] - left, top + tall / 2)
        top += tall + gap
    layout.height = max(0.0, top - gap)
    for arrow in picture.arrows:
        inner = chains[arrow.source, arrow.target][1:-1]
        layout.bends[arrow] = [(across[n] - left, *spans[n]) for n in inner]
    return layout
