"""Which weights saved with the old version of a model still load: by the names and shapes of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dslc.diff.changes import Array, Weights
from dslc.diff.layers import Layer
from dslc.diff.match import Pairs
from dslc.graph import Graph, Node
from dslc.vocab.dims import product
from dslc.weights.layers import canonical_names

Owned = dict[int, dict[str, Array]]  # arrays by the index of their layer, by their own names


def compare_weights(
    old: tuple[Graph, Sequence[Layer]], new: tuple[Graph, Sequence[Layer]], pairs: Pairs
) -> Weights:
    """What becomes of every array."""
    before, after = arrays(old[0]), arrays(new[0])
    loads: list[Array] = []
    renamed: list[tuple[Array, Array]] = []
    reshaped: list[tuple[Array, Array]] = []
    lost: list[Array] = []
    kept: set[tuple[int, str]] = set()
    for index, owned in before.items():
        twin = pairs.get(index)
        same_word = twin is not None and old[1][index].word == new[1][twin].word
        others = after.get(twin, {}) if twin is not None and same_word else {}
        for own, array in owned.items():
            other = others.get(own)
            if other is None or twin is None:
                lost.append(array)
                continue
            kept.add((twin, own))
            if array.shape != other.shape:
                reshaped.append((array, other))
            elif array.name != other.name:
                renamed.append((array, other))
            else:
                loads.append(array)
    fresh = [a for i, owned in after.items() for own, a in owned.items() if (i, own) not in kept]
    fits = {(array.name, array.shape) for array in loads}
    was = {(a.name, a.shape) for owned in before.values() for a in owned.values()}
    now = {(a.name, a.shape): None for owned in after.values() for a in owned.values()}
    astray = tuple(name for name, shape in now if (name, shape) in was - fits)
    return Weights(tuple(loads), tuple(renamed), tuple(reshaped), tuple(fresh), tuple(lost), astray)


def arrays(graph: Graph) -> Owned:
    """Every array of a model under its name, as files in the canonical layout have it."""
    names = canonical_names(graph)
    return {
        node.index: dict(_arrays(graph, node, names[node.index]))
        for node in graph.nodes()
        if node.index in names
    }


def _arrays(graph: Graph, node: Node, name: str) -> Iterator[tuple[str, Array]]:
    weights = graph.weights(node)
    for own, weight in weights.items():
        shape = "x".join(map(str, weight.shape)) or "one number"
        yield own, Array(f"{name}/{own}", shape, product(weight.shape))
    if not weights:  # the network of a library: only that knows its arrays
        from dslc.spec.spelling import spell_word

        assert node.word is not None
        trained, kept = graph.counts(node)
        yield "*", Array(f"{name}/*", spell_word(node.word), trained + kept)
