"""First values of weights and penalties on them: both scripts follow the law that the word states."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("torch")

import numpy as np
from paired import both, find, keras, torch
from sections import model_text

from dslc.vocab.initializers import TRUNCATED_SPREAD, _Scaled, fans
from dslc.vocab.tensor import Weight
from dslc_torch.words.layouts import modules, moves

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]


def first_values(text: str) -> Iterator[tuple[Weight, np.ndarray, np.ndarray]]:
    """Every array of a spec as (Keras, torch) draw it, both in the canonical layout."""
    keras.utils.set_random_seed(3)
    torch.manual_seed(4)
    pair = both(text, dtype="float32", fill=False)
    units = iter(pair.torch_modules)
    variables = iter([v for layer in pair.keras_layers for v in layer.weights])
    for node in pair.graph.nodes():
        weights = pair.graph.weights(node)
        if not weights:
            continue
        assert node.word is not None
        arrays = {n: np.asarray(next(variables)).reshape(w.shape) for n, w in weights.items()}
        own = [next(units) for _ in range(modules(node.word))]
        drawn = {n: np.full(a.shape, np.nan) for n, a in arrays.items()}
        for move in moves(node.word, list(arrays)):
            tensor = find(own[move.module], move.parameter).detach().numpy()
            place = drawn[move.array] if move.part is None else drawn[move.array][move.part]
            place[...] = move.back(tensor, arrays[move.array].shape)
        for name, weight in weights.items():
            yield weight, arrays[name], drawn[name]


def follows(values: np.ndarray, weight: Weight) -> None:
    """`values` look drawn from the law of `weight`: its bounds, its mean, its spread."""
    law: Any = weight.init
    size = values.size
    match law.word:
        case "zeros" | "ones" | "constant":
            constant = {"zeros": 0.0, "ones": 1.0}.get(law.word)
            assert (values == np.float32(law.value if constant is None else constant)).all()
            return
        case "forget_bias":
            gates = np.split(values, 4)
            assert (gates[1] == 1).all()
            follows(np.concatenate([gates[0], *gates[2:]]), Weight((size,), law.others))
            return
        case "orthogonal":
            matrix = values.reshape(-1, values.shape[-1])
            product = min(matrix @ matrix.T, matrix.T @ matrix, key=len)
            assert np.allclose(product, law.gain**2 * np.eye(len(product)), atol=1e-4)
            return
        case "uniform":
            low, high, cut = law.low, law.high, None
        case "normal":
            mean, spread, cut = law.mean, law.std, math.inf
        case "truncated_normal":
            mean, spread, cut = law.mean, law.std * TRUNCATED_SPREAD, 2 * law.std
        case _:
            assert isinstance(law, _Scaled)
            size_in, size_out = weight.fans or fans(weight.shape)
            spread = law.spread(int(str(size_in)), int(str(size_out)))
            mean, cut = 0.0, 2 * spread / TRUNCATED_SPREAD if law.truncated_normal else None
            low, high = -spread, spread
    if cut is None:
        mean, spread = (low + high) / 2, (high - low) / math.sqrt(12)
        cut = (high - low) / 2
    error = 5 / math.sqrt(size)
    assert abs(values.mean() - mean) < error * spread, (law.word, values.mean(), mean)
    assert abs(values.std() / spread - 1) < error, (law.word, values.std(), spread)
    largest = np.abs(values - mean).max()
    assert largest <= cut * (1 + 1e-6), (law.word, largest, cut)
    if size >= 500 and cut < math.inf:
        assert largest > 0.9 * cut, (law.word, largest, cut)


LAWS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "normal(0.5, 0.25)",
    "normal",
    "truncated_normal(0.25, 0.125)",
    "truncated_normal",
    "uniform(-0.25, 0.5)",
    "uniform",
    "orthogonal",
    "orthogonal(gain=2)",
    "constant(0.25)",
    "ones",
    "zeros",
)
LAYERS = {
    "Dense": ("40", "x -> Dense(60, {})"),
    "Conv1D": ("9x24", "x -> Conv1D(32, 5, {})"),
    "Conv2D": ("9x9x8", "x -> Conv2D(48, 3x5, {})"),
    "Conv3D": ("5x5x5x4", "x -> Conv3D(12, 3x3x3, {})"),
    "grouped": ("9x9x16", "x -> Conv2D(48, 3x3, groups=4, {})"),
    "depthwise": ("9x9x48", "x -> DepthwiseConv2D(5x5, {})"),
    "depthwise, two each": ("9x9x48", "x -> DepthwiseConv2D(5x5, multiplier=2, {})"),
    "separable": ("9x9x32", "x -> SeparableConv2D(24, 5x5, {})"),
    "transposed": ("5x5x12", "x -> Conv2DTranspose(30, 3x3, stride=2, {})"),
    "SimpleRNN": ("3x30", "x -> SimpleRNN(40, {})"),
    "LSTM": ("3x30", "x -> LSTM(24, {})"),
    "GRU": ("3x30", "x -> GRU(24, {})"),
    "both ways": ("3x30", "x -> Bidirectional(LSTM(24, {}))"),
    "attention": ("3x40", "x -> MultiHeadAttention(4, key_dim=16, {})"),
    "Embedding": ("3", "x -> Embedding(80, 24, {})"),
    "PositionEmbedding": ("60x24", "x -> PositionEmbedding({})"),
}
ONE_MATRIX = set(LAYERS) - {"depthwise", "depthwise, two each", "separable", "attention"}


@pytest.mark.parametrize(
    ("layer", "law"),
    [(a, b) for a in LAYERS for b in LAWS if a in ONE_MATRIX or "orthogonal" not in b],
)
def test_first_weights_follow_the_law(layer: str, law: str) -> None:
    shape, flow = LAYERS[layer]
    for weight, mine, theirs in first_values(model_text(shape, flow.format(f"init={law}"))):
        for backend, values in (("keras", mine), ("torch", theirs)):
            try:
                follows(values, weight)
            except AssertionError as problem:
                problem.add_note(f"{backend}: {weight}")
                raise


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("word", ["SimpleRNN", "LSTM", "GRU"])
def test_first_recurrent_weights_follow_the_law(word: str, law: str) -> None:
    flow = f"x -> {word}(24, recurrent_init={law}) -> Dense(2)"
    for weight, mine, theirs in first_values(model_text("3x20", flow)):
        follows(mine, weight)
        follows(theirs, weight)


@pytest.mark.parametrize(
    "flow",
    [
        "x -> Dense(900, bias_init={})",
        "x -> Dense(900, bias_init={}) -> prelu(init={})",
        "x -> Reshape(4x2) -> LSTM(300, bias_init={})",
        "x -> Reshape(4x2) -> GRU(300, bias_init={})",
        "x -> Reshape(4x2) -> SimpleRNN(300, bias_init={})",
        "x -> Reshape(2x2x2) -> Conv2D(900, 1x1, bias_init={})",
        "x -> Reshape(4x2) -> MultiHeadAttention(10, key_dim=90, bias_init={})",
    ],
)
@pytest.mark.parametrize("law", ["normal", "truncated_normal", "uniform(0, 1)", "constant(2)"])
def test_first_biases_follow_the_law(flow: str, law: str) -> None:
    for weight, mine, theirs in first_values(model_text("8", flow.replace("{}", law))):
        follows(mine, weight)
        follows(theirs, weight)


BLOCKS = """block Own(start, n) { input x
  x -> Dense(n, bias_init=constant(start)) -> relu -> Dense(n, init=he_normal)
}
block Maybe(on) { input x\n  x -> Dense(40, bias=on, init=he_normal, bias_init=constant(2)) }
block Law(law) { input x\n  x -> Dense(30, init=law) }"""


@pytest.mark.parametrize(
    ("shape", "flow"),
    [
        (
            "40",
            "x -> Dense(30, init=he_normal) -> Dense(30) -> Dense(30) -> Dense(20, init=normal)",
        ),
        ("40", "x -> Own(0.5, 20) -> Own(0.25, 30)"),
        ("40", "x -> Maybe(true) -> Maybe(false) -> Dense(30) * 3"),
        ("40", "x -> Law(he_uniform) -> Law(orthogonal) -> Law(normal(std=0.5))"),
        ("4x32", "x -> MultiHeadAttention(4, init=he_normal) -> Dense(32) -> Dense(32)"),
        ("4x32", "x -> MultiHeadAttention(4, init=he_normal) * 2 -> Dense(32, bias_init=ones)"),
        ("4x32", "x -> MultiHeadAttention(4, init=he_normal, bias=false) -> Dense(32) * 2"),
        ("4x32", "x -> LSTM(24, sequences=true) * 2 -> LSTM(20, init=he_normal, bias_init=ones)"),
        ("4x32", "x -> GRU(24, sequences=true) * 2 -> Bidirectional(GRU(20, init=he_normal))"),
        ("4x32", "x -> Bidirectional(LSTM(24, sequences=true)) * 2 -> LSTM(20)"),
        ("40", "f = Dense(40, init=he_normal)\n  x -> Dense(40) * 2 -> f -> f"),
        ("40", "x -> Dense(30, bias=false) -> Dense(20) -> Dense(20, bias_init=ones) -> Dense(9)"),
        ("12x12x32", "x -> DepthwiseConv2D(5x5) -> Conv2D(32, 3x3) * 2 -> SeparableConv2D(8, 3x3)"),
    ],
)
def test_layers_with_laws_of_their_own(shape: str, flow: str) -> None:
    for weight, mine, theirs in first_values(model_text(shape, flow, BLOCKS)):
        follows(mine, weight)
        follows(theirs, weight)


def test_he_in_hidden_layers_and_glorot_in_the_output() -> None:
    """The laws by role: variances 2 / fan_in and 2 / (fan_in + fan_out)."""
    rules = "defaults { hidden { init = he_normal }  output { init = glorot_uniform } }"
    block = "block Stage(n) { input x\n  x -> Dense(n) -> relu }"
    flow = "x -> Stage(300) -> Stage(200) -> Dense(400)"
    variances: dict[str, list[float]] = {"keras": [], "torch": []}
    for weight, mine, theirs in first_values(model_text("250", flow, f"{rules}\n{block}")):
        follows(mine, weight)
        follows(theirs, weight)
        if mine.ndim > 1:
            variances["keras"].append(float(mine.var()))
            variances["torch"].append(float(theirs.var()))
    for found in variances.values():
        assert found == pytest.approx([2 / 250, 2 / 300, 2 / 600], rel=0.05)


def test_no_two_arrays_are_drawn_alike() -> None:
    flow = """x -> Dense(16, init=he_normal(), bias_init=normal) * 2
  -> MultiHeadAttention(2, key_dim=8, init=glorot_normal) -> Bidirectional(LSTM(16, init=uniform))
  -> Dense(16, init=normal)"""
    for which in (1, 2):
        drawn = [found[which].ravel()[:16] for found in first_values(model_text("4x16", flow))]
        different = [a for a in drawn if len(set(a)) > 1]
        for i, a in enumerate(different):
            for b in different[:i]:
                assert not np.allclose(a, b)


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_come_back_from_torch(layer: str) -> None:
    shape, flow = LAYERS[layer]
    pair = both(model_text(shape, flow.format("init=zeros")), dtype="float32")
    for node, arrays in pair.arrays:
        assert node.word is not None
        back = {name: np.full(array.shape, np.nan) for name, array in arrays.items()}
        for move in moves(node.word, list(arrays)):
            array = arrays[move.array]
            place = back[move.array] if move.part is None else back[move.array][move.part]
            place[...] = move.back(move.there(array), array.shape)
        for name, array in arrays.items():
            assert (back[name] == array).all(), name


# --------------------------------------------------------------------------- penalties

PENALTIES = {
    "none": ("8", "x -> Dense(4)"),
    "one": ("8", "x -> Dense(4, regularizer=l2(0.01)) -> Dense(3)"),
    "all": ("8", "x -> Dense(4, regularizer=l2(0.01)) -> Dense(3, regularizer=l2(0.01))"),
    "kinds": (
        "8",
        "x -> Dense(4, regularizer=l1(0.1)) -> Dense(3, regularizer=l2(0.2))"
        " -> Dense(3, regularizer=l1_l2(l1=0.1, l2=0.3))",
    ),
    "biases": ("8", "x -> Dense(4, bias_regularizer=l1(0.1)) -> Dense(4, regularizer=l2(0.2))"),
    "no biases": (
        "8",
        "x -> Dense(4, bias=false, bias_regularizer=l1(0.1)) -> Dense(4, bias_regularizer=l1(0.1))",
    ),
    "convolutions": (
        "6x6x4",
        "x -> Conv2D(4, 3x3, regularizer=l2(0.1)) -> DepthwiseConv2D(3x3, regularizer=l2(0.1))"
        " -> SeparableConv2D(3, 2x2, regularizer=l1(0.1), bias_regularizer=l2(0.3)) -> Flatten",
    ),
    "recurrent": ("5x4", "x -> LSTM(3, regularizer=l2(0.1), sequences=true) -> GRU(2)"),
    "states and biases": (
        "5x4",
        "x -> LSTM(3, recurrent_regularizer=l2(0.1), bias_regularizer=l1(0.2), sequences=true)"
        " -> GRU(3, recurrent_regularizer=l1(0.3), bias_regularizer=l2(0.4), sequences=true)"
        " -> SimpleRNN(3, bias_regularizer=l1_l2(l1=0.1, l2=0.2))",
    ),
    "states both ways": (
        "5x4",
        "x -> Bidirectional(LSTM(3, recurrent_regularizer=l2(0.1), bias_regularizer=l1(0.2)))",
    ),
    "both ways": ("5x4", "x -> Bidirectional(GRU(3, regularizer=l1(0.1))) -> Dense(2)"),
    "one and both ways": (
        "5x4",
        "x -> Bidirectional(GRU(3, regularizer=l1(0.1), sequences=true))"
        " -> GRU(3, regularizer=l1(0.1))",
    ),
    "attention": ("5x4", "x -> MultiHeadAttention(2, regularizer=l2(0.1)) -> Dense(3)"),
    "attention alone": ("5x4", "x -> MultiHeadAttention(2, regularizer=l1_l2(l1=0.1, l2=0.2))"),
    "biases of attention": (
        "5x4",
        "x -> MultiHeadAttention(2, bias_regularizer=l2(0.1)) -> Dense(3, bias_regularizer=l1(0.1))",
    ),
    "attention like Dense": (
        "5x4",
        "x -> MultiHeadAttention(2, regularizer=l2(0.1)) -> Dense(3, regularizer=l2(0.1))",
    ),
    "embedding": ("5", "x -> Embedding(7, 3, regularizer=l1(0.1)) -> LSTM(2)"),
    "shared": ("8", "f = Dense(8, regularizer=l2(0.1))\n  x -> f -> f -> Dense(8)"),
    "blocks": ("8", "x -> Own(0.5) -> Own(0.25) -> Kind(l1(0.1)) -> Kind(l2(0.25))"),
}
STRENGTHS = """block Own(strength, on = true) { input x
  x -> Dense(4, regularizer=l2(strength), bias=on, bias_regularizer=l1(0.1)) -> Dense(3)
}
block Kind(kind) { input x\n  x -> Dense(4, regularizer=kind) }"""


@pytest.mark.parametrize("case", PENALTIES)
def test_penalties_sum_to_the_same(case: str) -> None:
    pair = both(model_text(*PENALTIES[case], STRENGTHS))
    theirs = float(sum(pair.keras.losses))
    penalty = pair.torch_names.get("penalty")
    assert (penalty is not None) == (theirs > 0)
    if penalty is not None:
        total = penalty(pair.torch)
        assert float(total) == pytest.approx(theirs, rel=1e-6)
        total.backward()


def test_zero_is_no_penalty_in_torch() -> None:
    pair = both(model_text("5", "x -> Embedding(7, 3) -> LSTM(2)"))
    assert "penalty" not in pair.torch_text
    assert float(sum(pair.keras.losses)) == 0.0
