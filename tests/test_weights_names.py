"""Names of weights come from the spec and stay when something else changes; every way through a framework is exact."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
from compiled import SPECS, ZOO
from hypothesis import HealthCheck, Phase, assume, given, settings
from properties.spec_grower import specs
from weighing import (
    analysed_file,
    first_weights,
    kept,
    layers,
    names,
    random_weights,
    same,
    spec_of,
    through,
)

from dslc.vocab.word import Example, words

# The largest ones have nothing that the others lack, but hundreds of megabytes.
SLOW = ("inception_v3", "resnet50")  # some seconds each: not for the quick run
SMALL = [
    pytest.param(stem, marks=[pytest.mark.framework] if stem in SLOW else [])
    for stem in SPECS
    if not stem.startswith("vgg")
]


def test_names_say_the_way_to_a_layer() -> None:
    text = """
    block Pair(units) { input x  y = x -> Dense(units) -> Dense(units)  y -> Dense(1) }
    model Net {
      input x: 8
      embed = Dense(4)
      a = x -> embed -> Pair(3) * 2 as body
      b = x -> embed -> Pair(3) -> Pair(3)
      concat(a, b) -> Dense(2) as head -> Dense(2)
    }
    """
    assert names(text) == [
        "embed/Dense",
        "a/body/0/Pair/y/Dense",
        "a/body/0/Pair/y/Dense_2",
        "a/body/0/Pair/Dense",
        "a/body/1/Pair/y/Dense",
        "a/body/1/Pair/y/Dense_2",
        "a/body/1/Pair/Dense",
        "b/Pair/y/Dense",
        "b/Pair/y/Dense_2",
        "b/Pair/Dense",
        "b/Pair_2/y/Dense",
        "b/Pair_2/y/Dense_2",
        "b/Pair_2/Dense",
        "head/Dense",
        "Dense",
    ]


def test_a_layer_with_a_name_keeps_it_wherever_it_is_used_first() -> None:
    text = """
    block Two(n) {
      input x
      inner = Dense(n)
      a = x -> Dense(n) -> inner
      inner_2 = a -> inner -> Dense(n)
      add(a, inner_2)
    }
    model Net { input x: 4  pair = Two(4)  h = x -> (pair) * 2  h -> pair }
    """
    assert names(text) == [
        f"pair/Two/{name}" for name in ("a/Dense", "inner/Dense", "inner_2/Dense")
    ]


def test_names_are_never_taken_twice() -> None:
    text = """
    model Net {
      input x: 8
      Dense_2 = x -> Dense(4)
      x -> Dense(4) -> Dense(4) -> add(Dense_2) -> (Dense(4) -> Dense(4)) * 2 -> (Dense(4) * 2) * 2
    }
    """
    found = names(text)
    assert len(set(found)) == len(found) == 11


def test_another_layer_leaves_the_other_weights_as_they_are() -> None:
    before = """
    block Stem { input x  x -> Conv2D(4, 3x3) -> BatchNorm -> relu }
    model Net { input x: 8x8x1  x -> Stem -> Flatten -> Dense(3) as head }
    """
    after = before.replace("-> Flatten", "-> Conv2D(4, 3x3) -> Flatten -> Dense(36) -> relu")
    mine, other = first_weights(before), first_weights(after)
    assert len(other) == len(mine) + 4
    kept_on = [name for name in mine if not name.startswith("head")]
    assert kept_on and all((mine[name] == other[name]).all() for name in kept_on)
    assert set(mine) <= set(other)


def test_a_seed_is_a_start_and_a_name_another() -> None:
    text = "model Net { input x: 8  x -> Dense(8) -> Dense(8) }"
    mine, again, other = first_weights(text, 0), first_weights(text, 0), first_weights(text, 1)
    assert same(mine, again)
    assert (mine["Dense/kernel"] != other["Dense/kernel"]).all()
    assert (mine["Dense/kernel"] != mine["Dense_2/kernel"]).all()


@pytest.mark.parametrize("stem", SMALL)
def test_specs_come_back_as_they_were(stem: str, tmp_path: Path) -> None:
    analysis = analysed_file(SPECS[stem])
    arrays = random_weights(analysis)
    moved = arrays
    for backend in ("torch", "keras", "torch"):
        moved = through(tmp_path, analysis, backend, moved)  # type: ignore[arg-type]
        assert same(moved, arrays)


EXAMPLES = [
    pytest.param(example, id=f"{example.input} {example}")
    for word in words("flow").values()
    for example in word.examples
    if isinstance(example, Example) and word.arrays.__qualname__ != "FlowWord.arrays"  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_words_come_back_as_they_were(example: Example, tmp_path: Path) -> None:
    text = f"model Net {{\n  input x: {example.input}\n  {example}\n}}\n"
    analysis = spec_of(text)
    arrays = random_weights(analysis)
    assert arrays
    for backend in ("torch", "keras"):
        assert same(through(tmp_path, analysis, backend, arrays), arrays)  # type: ignore[arg-type]


def test_the_examples_hold_every_word_with_weights() -> None:
    with_weights = {
        name
        for name, word in words("flow").items()
        if word.arrays.__qualname__ != "FlowWord.arrays"  # type: ignore[attr-defined]
    }
    shown = {name for name in with_weights for p in EXAMPLES if name in str(p.values[0])}
    assert shown == with_weights


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("stem", ZOO)
def test_no_two_arrays_have_one_place(stem: str, backend: str) -> None:
    found = [e.key for each in kept(analysed_file(SPECS[stem]), backend) for e in each.entries]
    assert len(set(found)) == len(found)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(specs())
def test_random_specs_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    analysis = spec_of(text)
    assume(
        sum(prod(shape) for each in layers(analysis) for shape in each.shapes.values()) < 300_000
    )
    arrays = random_weights(analysis)
    folder = tmp_path_factory.mktemp("random")
    for backend in ("torch", "keras"):
        assert same(through(folder, analysis, backend, arrays), arrays)  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_flow_of_2000_steps(backend: str) -> None:
    flow = " -> ".join(["Dense(2)", "relu"] * 1000)
    found = kept(spec_of(f"model Net {{ input x: 2  x -> {flow} }}"), backend)
    assert len({e.key for each in found for e in each.entries}) == 2000
    assert found[-1].layer.name == "Dense_1000"
