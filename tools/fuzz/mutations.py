"""Valid specs broken in one place, each way by its name: what `check` must judge rightly.

A way gets the tree of a spec and yields the edits that it can make. Not every mutant is wrong: `verdicts` says who
decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dslc.source import Source, Span
from dslc.syntax import parse, tree
from dslc.vocab.word import all_words
from fuzz.shrink import Edit, apply, nodes, without
from fuzz.values import flow_words

Way = Callable[[str, Any, random.Random], Iterator[list[Edit]]]
WAYS: dict[str, Way] = {}


@dataclass(frozen=True)
class Mutant:
    """A spec that was broken in one place, and how."""

    way: str
    text: str


def mutants(text: str, seed: int, count: int, ways: Sequence[str] = ()) -> Iterator[Mutant]:
    """`count` mutants of a spec, or less where it has nothing to break: a way at random, then a place."""
    dice = random.Random(seed)
    file, _ = parse(Source("spec.dl", text))
    assert file is not None
    every = list(nodes(file))
    for _ in range(20 * count):
        if count == 0:
            return
        name = dice.choice(list(ways or WAYS))
        dice.shuffle(every)
        edits = next((e for node in every if (e := list(WAYS[name](text, node, dice)))), None)
        if edits is not None and (new := apply(text, dice.choice(edits))) != text:
            count -= 1
            yield Mutant(name, new)


def way(function: Way) -> Way:
    WAYS[function.__name__.replace("_", " ")] = function
    return function


def _put(span: Span, new: str) -> list[Edit]:
    return [(span.start, span.end, new)]


def _children(node: Any, kind: Any) -> list[Any]:
    return [n for n in nodes(node) if isinstance(n, kind)]


# --------------------------------------------------------------------------- numbers and sizes


@way
def another_number(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Number):
        for value in (0, 1, 2, 3, 5, 7, 12, node.value + 1, node.value - 1, 2 * node.value):
            yield _put(node.span, str(value))


@way
def a_number_that_is_none(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Number):
        for value in ("-1", "1.5", "1e30", '"text"', "true", "none", "3x3", "0..1", "1 / 0", "5M"):
            yield _put(node.span, value)


@way
def another_size(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Size):
        for at in range(len(node.values)):
            for value in (1, 2, 5, 8, node.values[at] + 1):
                sizes = [*node.values]
                sizes[at] = value
                yield _put(node.span, "x".join(map(str, sizes)))


@way
def another_rank(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Size):
        sizes = [*map(str, node.values)]
        for new in (sizes[1:], sizes[:-1], [*sizes, "3"], [*sizes, *sizes]):
            if new:
                yield _put(node.span, "x".join(new))
    if isinstance(node, tree.Tuple) and node.items:
        yield [without(text, dice.choice(node.items).span)]
        yield [(node.items[0].span.start, node.items[0].span.start, "2, ")]


# --------------------------------------------------------------------------- names and words


@way
def a_misspelt_name(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Name) and len(node.text) > 1:
        at = dice.randrange(len(node.text) - 1)
        t = node.text
        for new in (t[:at] + t[at + 1 :], t[:at] + t[at + 1] + t[at] + t[at + 2 :], t + "s"):
            yield _put(node.span, new)


@way
def another_word(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    """Another layer, or another word of the same kind elsewhere."""
    if not isinstance(node, tree.Name):
        return
    for kind, known in all_words().items():
        if node.text in known:
            others = flow_words() if kind in ("layer", "activation", "merge") else known
            yield _put(node.span, dice.choice(list(others)))


@way
def another_name(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    """A name that stands for something else."""
    if isinstance(node, tree.Definition | tree.Section):
        names = _children(node, tree.Name)
        if len(names) > 1:
            one, other = dice.sample(names, 2)
            yield _put(one.span, other.text)


# --------------------------------------------------------------------------- arguments


@way
def a_missing_argument(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Argument):
        yield [without(text, node.span)]


@way
def an_argument_too_many(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Call):
        end = node.span.end - 1
        for new in ("3", "stride=2", "bias=false", "rate=0.5", "colour=2", "relu", "same"):
            yield [(end, end, f", {new}" if node.arguments else new)]
    elif isinstance(node, tree.Step) and isinstance(node.target, tree.Name):
        at = node.target.span.end
        yield [(at, at, "(3)")]


@way
def a_renamed_argument(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Argument) and node.name is not None:
        yield _put(
            node.name.span, dice.choice(("kernel", "strides", "padding", "units", "axis", "p"))
        )
        yield [(node.span.start, node.value.span.start, "")]


@way
def arguments_swapped(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Call) and len(node.arguments) > 1:
        one, other = dice.sample(node.arguments, 2)
        yield [
            *_put(one.value.span, other.value.span.text),
            *_put(other.value.span, one.value.span.text),
        ]


# --------------------------------------------------------------------------- flows and lines


@way
def a_removed_step(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Flow):
        ends = [node.source.span.end, *(s.span.end for s in node.steps)]
        for start, end in pairwise(ends):
            yield [(start, end, "")]


@way
def a_doubled_step(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Flow):
        ends = [node.source.span.end, *(s.span.end for s in node.steps)]
        for start, end in pairwise(ends):
            yield [(end, end, text[start:end])]


@way
def steps_swapped(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Flow) and len(node.steps) > 1:
        one, other = (s.target.span for s in dice.sample(node.steps, 2))
        yield [*_put(one, other.text), *_put(other, one.text)]


@way
def a_step_put_in(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Flow):
        at = node.source.span.end
        for new in (
            "Flatten",
            "Dense(3)",
            "Conv2D(4, 3x3)",
            "MaxPool2D(2x2)",
            "GlobalAvgPool1D",
            "LSTM(3)",
        ):
            yield [(at, at, f" -> {new}")]


@way
def a_missing_sign(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Step | tree.Call | tree.Tuple):
        signs = [i for i in range(node.span.start, node.span.end) if text[i] in "(),->={}[]:"]
        if signs:
            at = dice.choice(signs)
            yield [(at, at + 1, "")]


@way
def lines_swapped(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Definition) and len(node.body) > 1:
        at = dice.randrange(len(node.body) - 1)
        one, other = node.body[at].span, node.body[at + 1].span
        yield [*_put(one, other.text), *_put(other, one.text)]


@way
def a_removed_line(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Definition) and node.body:
        yield _put(dice.choice(node.body).span, "")


@way
def a_doubled_line(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Definition) and node.body:
        span = dice.choice(node.body).span
        yield [(span.end, span.end, f"\n  {span.text}")]


@way
def a_label(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Step):
        if node.label is not None:
            yield _put(node.label.span, "other")
        else:
            yield [(node.span.end, node.span.end, " as label")]


# --------------------------------------------------------------------------- sections


@way
def a_section_less_or_twice(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Section | tree.Definition):
        yield _put(node.span, "")
        yield [(node.span.end, node.span.end, f"\n{node.span.text}")]


@way
def an_entry_less_or_twice(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Section) and node.entries:
        span = dice.choice(node.entries).span
        yield _put(span, "")
        yield [(span.end, span.end, f"\n  {span.text}")]


@way
def another_entry(text: str, node: Any, dice: random.Random) -> Iterator[list[Edit]]:
    """The value of one entry for that of another, or an entry that belongs elsewhere."""
    if isinstance(node, tree.Section):
        lets = [e for e in node.entries if isinstance(e, tree.Let)]
        if len(lets) > 1:
            one, other = dice.sample(lets, 2)
            yield _put(one.value.span, other.value.span.text)
        end = node.span.end - 1
        for new in ("epochs = 3", "loss = mse", "batch = 0", "metrics = [auc]", "momentum = 2"):
            yield [(end, end, f"  {new} ")]
