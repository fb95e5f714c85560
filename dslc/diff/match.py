"""Which layer of the new model is which of the old one.

What computes the same from the inputs on is the same layer. What is left between these is aligned by word, parameters,
name, place and shape, in the order in which the models compute: so that one layer put in between renumbers nothing,
and of a row that grew the first ones stay. Of what is then left, what is used in the same way up to the outputs is the
same layer in a branch that is written elsewhere; layers that are all alike have moved.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Hashable, Sequence

from dslc.diff.layers import Layer
from dslc.vocab.word import parameters

MOST_CELLS = 300_000  # of a table of the alignment: more are cut at layers that are alike
Pairs = dict[int, int]  # from the index of the old layer to that of the new one


def match(old: Sequence[Layer], new: Sequence[Layer]) -> tuple[Pairs, frozenset[int]]:
    """The pairs, and those of them (by old index) that stand at another place of the model."""
    pairs: Pairs = {}
    _equal(old, new, pairs, lambda layer: layer.value)
    for olds, news in _gaps(old, new, pairs):
        _align(olds, news, pairs)
    _equal(old, new, pairs, lambda layer: layer.use)
    before = set(pairs)
    _equal(old, new, pairs, lambda layer: (layer.same, layer.shape, layer.name))
    _equal(old, new, pairs, lambda layer: (layer.same, layer.shape if layer.weighs else ""))
    return pairs, frozenset(set(pairs) - before)


def _left(layers: Sequence[Layer], taken: Sequence[int] | set[int]) -> list[Layer]:
    return [layer for layer in layers if layer.index not in taken]


def _equal(
    old: Sequence[Layer], new: Sequence[Layer], pairs: Pairs, key: Callable[[Layer], Hashable]
) -> None:
    """Pair what is left with equal keys, in order."""
    waiting: dict[Hashable, list[Layer]] = {}
    for layer in reversed(_left(new, set(pairs.values()))):
        waiting.setdefault(key(layer), []).append(layer)
    for layer in _left(old, set(pairs)):
        found = waiting.get(key(layer))
        if found:
            pairs[layer.index] = found.pop().index


def _gaps(
    old: Sequence[Layer], new: Sequence[Layer], pairs: Pairs
) -> list[tuple[list[Layer], list[Layer]]]:
    """What is left of both between pairs that stand in the same order."""
    fixed = _rising([(a, pairs[a]) for a in sorted(pairs)])
    ends = [*fixed, (len(old), len(new))]
    taken = set(pairs.values())
    found = []
    low_old = low_new = 0
    for a, b in ends:
        olds = [layer for layer in old[low_old:a] if layer.index not in pairs]
        news = [layer for layer in new[low_new:b] if layer.index not in taken]
        if olds and news:
            found.append((olds, news))
        low_old, low_new = a + 1, b + 1
    return found


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs that rise on both sides; they come in the order of the first."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int | None] = []
    for i, (_, b) in enumerate(pairs):
        place = bisect.bisect_left(tails, b)
        before.append(at[place - 1] if place else None)
        if place == len(tails):
            tails.append(b)
            at.append(i)
        else:
            tails[place] = b
            at[place] = i
    found = []
    step = at[-1] if at else None
    while step is not None:
        found.append(pairs[step])
        step = before[step]
    return found[::-1]


def _align(old: list[Layer], new: list[Layer], pairs: Pairs) -> None:
    if len(old) * len(new) <= MOST_CELLS:
        _best(old, new, pairs)
        return
    counts: tuple[dict[int, int], dict[int, int]] = ({}, {})
    turns: tuple[dict[tuple[int, int], int], ...] = ({}, {})
    for side, layers in enumerate((old, new)):
        for i, layer in enumerate(layers):
            counts[side][layer.same] = turn = counts[side].get(layer.same, 0) + 1
            turns[side][layer.same, turn] = i
    fixed = _rising([(a, turns[1][key]) for key, a in turns[0].items() if key in turns[1]])
    low_old = low_new = 0
    for a, b in [*fixed, (len(old), len(new))]:
        olds, news = old[low_old:a], new[low_new:b]
        if len(olds) * len(news) <= MOST_CELLS:
            _best(olds, news, pairs)
        else:
            _in_order(olds, news, pairs)
        if a < len(old):
            pairs[old[a].index] = new[b].index
        low_old, low_new = a + 1, b + 1


def _in_order(old: list[Layer], new: list[Layer], pairs: Pairs) -> None:
    """The first of a word with the first of that word, and so on."""
    _equal(old, new, pairs, lambda layer: layer.word)


def _best(old: list[Layer], new: list[Layer], pairs: Pairs) -> None:
    """The alignment in order whose pairs are most alike, by dynamic programming."""
    alike = _Alike(pairs)
    wide = len(new) + 1
    best = [[0.0] * wide for _ in range(len(old) + 1)]
    scores = [[alike(a, b) for b in new] for a in old]
    for i in range(len(old) - 1, -1, -1):
        here, below, row = best[i], best[i + 1], scores[i]
        for j in range(len(new) - 1, -1, -1):
            most = max(below[j], here[j + 1])
            if row[j]:
                most = max(most, row[j] + below[j + 1])
            here[j] = most
    i = j = 0
    while i < len(old) and j < len(new):
        if scores[i][j] and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs[old[i].index] = new[j].index
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1


class _Alike:
    """How much two layers are alike: 0 when they cannot be the same one."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.words: dict[tuple[int, int], float] = {}

    def __call__(self, old: Layer, new: Layer) -> float:
        key = (old.same, new.same)
        score = self.words.get(key)
        if score is None:
            score = self.words[key] = _word(old, new)
        if not score:
            return 0.0
        if old.name == new.name:
            score += 1.0 + (1.0 if old.name else 0.0)
        if old.shape == new.shape:
            score += 1.0
        before, now = old.node.inputs[:1], new.node.inputs[:1]
        if before and tuple(self.pairs.get(i) for i in before) == now:
            score += 1.0
        return score


def _word(old: Layer, new: Layer) -> float:
    if old.same == new.same:
        return 6.0
    a, b = old.node.word, new.node.word
    if a is None or b is None:
        return 3.0 if a is b and old.name == new.name else 1.0 if a is b else 0.0
    if type(a) is type(b):
        fields = [name for name in parameters(type(a)) if name in a.model_fields_set]
        equal = sum(getattr(a, name) == getattr(b, name) for name in fields)
        return 2.0 + float(2 * equal / (len(fields) or 1))
    # One put for another: relu for gelu, LSTM for GRU, MaxPool2D for AvgPool2D.
    return 0.5 if a.kind == b.kind and type(a).__module__ == type(b).__module__ else 0.0
