"""Every array of a spec with its places in the files of a framework, as the writer of its scripts left them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dslc.codegen.backend import Backend, Entry, Extra
from dslc.codegen.origins import Holder, Trail
from dslc.driver import Analysis, ModelAnalysis, model_section, unsupported
from dslc.weights.layers import Layer, layers_of, shapes_of
from dslc.weights.problem import Problem


@dataclass(frozen=True)
class Kept:
    """What a framework keeps of one layer."""

    layer: Layer
    entries: list[Entry]
    extras: list[Extra]


def kept_by(analysis: Analysis, chosen: ModelAnalysis, backend: Backend) -> list[Kept]:
    """The layers of a model with the keys of their arrays in the files of `backend`.

    Raises:
        Problem: the backend cannot express the model.
    """
    refused = unsupported(chosen.graph, backend)
    if refused:
        raise Problem(refused[0].message, refused[0].fixes[0].message if refused[0].fixes else "")
    layers = layers_of(chosen.graph)
    _, section, _ = model_section(analysis, chosen, backend)
    holders = backend.places.holders(section.program, shapes_of(chosen.graph))
    return [
        Kept(layer, *backend.places.entries(layer.word, layer.inputs, list(layer.weights), held))
        for layer, held in zip(layers, _matched(layers, holders), strict=True)
    ]


def _matched(layers: Sequence[Layer], holders: Sequence[Holder]) -> list[list[Holder]]:
    """The holders of every layer. Those of one trail come turn by turn, one or more a turn."""
    by_trail: dict[Trail, list[Holder]] = {}
    for holder in holders:
        by_trail.setdefault(holder.trail, []).append(holder)
    turns: dict[Trail, int] = {}
    for layer in layers:
        turns[layer.trail] = turns.get(layer.trail, 0) + 1
    at: dict[Trail, int] = {}
    found: list[list[Holder]] = []
    for layer in layers:
        there = by_trail.get(layer.trail, [])
        size, rest = divmod(len(there), turns[layer.trail])
        assert size and not rest, (
            f"{layer.name}: {len(there)} layers for {turns[layer.trail]} turns"
        )
        turn = at[layer.trail] = at.get(layer.trail, -1) + 1
        found.append(there[turn * size : (turn + 1) * size])
    return found
