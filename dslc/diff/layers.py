"""The layers of a model as they are compared: what each is, what it computes, what is computed from it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dslc.graph import Graph, Node
from dslc.spec.spelling import spell_word
from dslc.vocab.word import Word, kind_of, parameters


@dataclass(frozen=True, slots=True)
class Layer:
    """A node of the graph. Layers of two models have the same `value` when they compute the same from the same
    inputs, and the same `use` when the same is made of them; `same` is the word with all its parameters."""

    node: Node
    name: str  # the way to it: labels, values, blocks
    shape: str
    weighs: bool  # whether it has weights
    same: int
    value: int
    use: int

    @property
    def index(self) -> int:
        return self.node.index

    @property
    def word(self) -> str:
        return "input" if self.node.word is None else self.node.word.word

    @property
    def text(self) -> str:
        """As a spec writes it."""
        if self.node.word is None:
            return f"input {self.node.path[0]}: {self.shape}"
        return spell_word(self.node.word)


class Numbers:
    """Gives equal things equal numbers, in both models."""

    def __init__(self) -> None:
        self.known: dict[Hashable, int] = {}

    def of(self, thing: Hashable) -> int:
        return self.known.setdefault(thing, len(self.known))


# What a layer starts from and is pulled to while it trains: what it computes does not depend on it.
TRAINING = {"initializer", "regularizer", "constraint"}


def plain(value: Any) -> Hashable:
    """A value without its spelling: `1e-3` is 0.001."""
    if isinstance(value, Word):
        return (type(value).word, *((name, plain(v)) for name, v in value))
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, value))
    if isinstance(value, float):
        return float(value)
    return value if isinstance(value, Hashable) else repr(value)


def layers(graph: Graph, numbers: Numbers) -> list[Layer]:
    """The layers of a model, in the order in which it computes."""
    nodes = list(graph.nodes())
    same = [numbers.of(_itself(node)) for node in nodes]
    values = _values(nodes, same, numbers)
    uses = _uses(graph, nodes, same, numbers)
    return [
        Layer(
            node,
            named(node.path),
            str(node.output),
            graph.used_counts(node) != (0, 0),
            same[i],
            values[i],
            uses[i],
        )
        for i, node in enumerate(nodes)
    ]


def named(path: Iterable[str]) -> str:
    """A way without the turns of `repeat`."""
    return "/".join(part for part in path if not part.isdigit())


def _itself(node: Node) -> Hashable:
    if node.word is None:
        dtype = node.output.dtype if node.output is not None else ""
        return "input", str(node.output), dtype, "".join(condition(node).split())
    return plain(node.word)


def condition(node: Node) -> str:
    """What must hold for the sizes of an input: `H % 32 == 0`."""
    given = (s.where for s in node.frame.definition.inputs if s.name == node.path[0])
    where = next(given, None)
    return "" if where is None else " ".join(where.span.text.split())


def _values(nodes: list[Node], same: list[int], numbers: Numbers) -> list[int]:
    """From the inputs on. What is computed twice in a model has two values: each has weights of its own."""
    found: list[int] = []
    times: dict[Hashable, int] = {}
    for node in nodes:
        owner = None if node.shares is None else found[node.shares]
        name = node.path[0] if node.word is None else ""
        key = ("value", same[node.index], name, tuple(found[i] for i in node.inputs), owner)
        times[key] = times.get(key, 0) + 1
        found.append(numbers.of((*key, times[key])))
    return found


def meaning(graph: Graph, numbers: Numbers, inputs: Mapping[int, str]) -> list[tuple[str, int]]:
    """What a model predicts: the values of its outputs, without what makes a difference in training only. `inputs` are
    names of its inputs that both models have."""
    found: list[int] = []
    times: dict[Hashable, int] = {}
    for node in graph.nodes():
        if node.word is not None and node.word.trains_only:
            found.append(found[node.inputs[0]])
            continue
        owner = None if node.shares is None else found[node.shares]
        what = _itself(node) if node.word is None else _predicting(node.word)
        name = inputs.get(node.index, "")
        key = ("meaning", what, name, tuple(found[i] for i in node.inputs), owner)
        times[key] = times.get(key, 0) + 1
        found.append(numbers.of((*key, times[key])))
    ends = [(name, index) for name, index in graph.outputs.items() if index is not None]
    if len(ends) == 1:
        ends = [("", ends[0][1])]  # its name is told nowhere
    return sorted((name, found[index]) for name, index in ends)


def _predicting(word: Word) -> Hashable:
    kinds = {name: set(kind_of(info).word_kinds) for name, info in parameters(type(word)).items()}
    return (
        type(word).word,
        *((n, plain(v)) for n, v in word if not kinds[n] or not kinds[n] <= TRAINING),
    )


def _uses(graph: Graph, nodes: list[Node], same: list[int], numbers: Numbers) -> list[int]:
    """From the outputs back."""
    ends: dict[int, list[str]] = {}
    for name, index in graph.outputs.items():
        if index is not None:
            ends.setdefault(index, []).append(name if len(graph.outputs) > 1 else "")
    readers: dict[int, list[tuple[int, int]]] = {}
    for node in nodes:
        for at, index in enumerate(node.inputs):
            readers.setdefault(index, []).append((node.index, at))
    found = [0] * len(nodes)
    for node in reversed(nodes):
        behind = sorted((found[i], at) for i, at in readers.get(node.index, ()))
        name = node.path[0] if node.word is None else ""
        key = ("use", same[node.index], name, tuple(behind), tuple(ends.get(node.index, ())))
        found[node.index] = numbers.of(key)
    return found
