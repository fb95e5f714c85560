"""Activations, merges, recurrent layers, embeddings and attention: Keras and torch compute the same."""

from __future__ import annotations

import pytest

pytest.importorskip("keras")
pytest.importorskip("torch")

import numpy as np
from paired import both, keras, tf, torch
from parity import compare
from sections import model_text

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]

FLOAT32_INSIDE = 1e-6  # TensorFlow keeps a constant in float32: gelu, leaky_relu, attention's scale

ACTIVATIONS = {
    "relu": 1e-10,
    "relu6": 1e-10,
    "leaky_relu": FLOAT32_INSIDE,
    "leaky_relu(0.3)": FLOAT32_INSIDE,
    "leaky_relu(0.2)": FLOAT32_INSIDE,
    "prelu": 1e-10,
    "prelu(init=zeros)": 1e-10,
    "elu": 1e-10,
    "elu(0.5)": FLOAT32_INSIDE,
    "selu": 1e-6,
    "gelu": FLOAT32_INSIDE,
    "gelu(approximate=tanh)": FLOAT32_INSIDE,
    "silu": 1e-10,
    "mish": 1e-10,
    "sigmoid": 1e-10,
    "hard_sigmoid": 1e-10,
    "hard_swish": 1e-10,
    "tanh": 1e-10,
    "softplus": 1e-8,
    "softmax": 1e-10,
    "identity": 1e-10,
}


@pytest.mark.parametrize("shape", ["6", "4x6", "3x4x6", "2x3x4x6"])
@pytest.mark.parametrize("word", ACTIVATIONS)
def test_activations(word: str, shape: str) -> None:
    flow = f"x -> {word} -> {word}"
    compare(model_text(shape, flow), tolerance=ACTIVATIONS[word], gradient_tolerance=1e-6)


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_activations_between_layers(word: str) -> None:
    flow = f"x -> Conv2D(3, 3x3) -> {word} -> GlobalAvgPool2D -> Dense(4) -> {word}"
    compare(model_text("5x5x2", flow), tolerance=ACTIVATIONS[word], gradient_tolerance=1e-6)


def test_activations_with_the_parameter_of_a_block() -> None:
    block = "block B(slope, a) { input x\n x -> Dense(4) -> leaky_relu(slope) -> elu(a) }"
    flow = "x -> B(0.1, 1.0) -> B(0.5, 0.25)"
    compare(model_text("5", flow, block), tolerance=FLOAT32_INSIDE)


MERGES = {
    "add": ("6", "add(x, x -> Dense(6))"),
    "add of three": ("3x6", "add(x, x -> Dense(6), x -> Dense(6) -> tanh)"),
    "add of images": ("4x5x2", "add(x, x -> Conv2D(2, 3x3, padding=same)) -> relu"),
    "subtract": ("6", "subtract(x -> Dense(3), x -> Dense(3))"),
    "subtract of images": ("4x5x2", "subtract(x -> Conv2D(3, 1x1), x -> Conv2D(3, 1x1))"),
    "average": ("6", "average(x -> Dense(3), x -> Dense(3))"),
    "average of three": ("4x6", "average(x, x -> Dense(6), x -> tanh)"),
    "maximum": ("6", "maximum(x -> Dense(3), x -> Dense(3))"),
    "maximum of three": ("3x4x6", "maximum(x, x -> tanh, x -> sigmoid)"),
    "multiply": ("6", "multiply(x, x -> Dense(6) -> sigmoid)"),
    "multiply of three": ("2x6", "multiply(x, x, x -> Dense(6))"),
    "squeeze and excite": (
        "4x5x3",
        "multiply(x, x -> GlobalAvgPool2D -> Dense(2) -> relu -> Dense(3) -> sigmoid)",
    ),
    "features first": ("4x5x3", "multiply(x -> GlobalAvgPool2D -> Dense(3), x)"),
    "features at steps": ("5x3", "multiply(x, x -> GlobalAvgPool1D -> Dense(3))"),
    "features in a volume": ("2x3x4x3", "multiply(x, x -> GlobalMaxPool3D -> Dense(3))"),
    "a channel for all": ("4x5x3", "multiply(x, x -> Conv2D(1, 1x1) -> sigmoid)"),
    "a step for all": ("5x3", "multiply(x, x -> Dense(1))"),
    "one row for all": ("4x5x3", "multiply(x, x -> Conv2D(3, 4x1))"),
    "one feature for all": ("4x5x3", "multiply(x, x -> GlobalAvgPool2D -> Dense(1))"),
    "concat": ("6", "concat(x, x -> Dense(2), x -> Dense(1))"),
    "concat of images": ("4x5x3", "concat(x, x -> Conv2D(2, 1x1), x -> Conv2D(1, 1x1)) -> relu"),
    "concat of volumes": ("2x3x4x3", "concat(x, x -> Conv3D(2, 1x1x1))"),
    "concat of steps": ("4x5", "concat(x, x -> Dense(5), axis=1)"),
    "concat of channels of steps": ("4x5", "concat(x, x -> Dense(2), axis=2)"),
    "concat of rows": ("4x5x3", "concat(x, x -> tanh, axis=1)"),
    "concat of columns": ("4x5x3", "concat(x, x -> tanh, axis=2)"),
    "concat of channels, from the front": ("4x5x3", "concat(x, x -> tanh, axis=3)"),
    "concat of rows, from the end": ("4x5x3", "concat(x, x -> tanh, axis=-3)"),
    "concat of planes": ("2x3x4x3", "concat(x, x -> tanh, axis=1)"),
    "concat of volume columns": ("2x3x4x3", "concat(x, x -> tanh, axis=-2)"),
    "dot": ("6", "dot(x -> Dense(3), x -> Dense(3))"),
    "cosine": ("6", "dot(x -> Dense(3), x -> Dense(3), normalize=true)"),
}


@pytest.mark.parametrize("case", MERGES)
def test_merges(case: str) -> None:
    compare(model_text(*MERGES[case]))


def test_merges_in_a_block_of_two_sizes() -> None:
    block = """block Gate(r) { input x
  multiply(x, x -> GlobalAvgPool2D -> Dense(x.channels // r) -> relu -> Dense(x.channels) -> sigmoid)
}
block Grow(n) { input x\n  concat(x, x -> Conv2D(n, 3x3, padding=same) -> relu) }"""
    compare(model_text("4x5x4", "x -> Gate(2) -> Grow(2) -> Grow(3) -> Gate(3)", block))


def test_an_axis_may_be_the_parameter_of_a_block() -> None:
    block = "block Twice(along) { input x\n  concat(x, x -> tanh, axis=along) }"
    flow = "concat(x -> Twice(1) -> GlobalAvgPool1D, x -> Twice(-1) -> GlobalAvgPool1D)"
    compare(model_text("5x4", flow, block))


RECURRENT = ("SimpleRNN", "LSTM", "GRU")
BODIES = {
    "last": "x -> {}(3)",
    "steps": "x -> {}(3, sequences=true)",
    "stacked": "x -> {0}(3, sequences=true) -> {0}(2) -> Dense(2)",
    "both ways": "x -> Bidirectional({}(3))",
    "both ways, steps": "x -> Bidirectional({}(3, sequences=true)) -> Dense(2)",
    "one and both ways": "x -> {0}(3, sequences=true) -> Bidirectional({0}(2)) -> Dense(2)",
    "after a convolution": "x -> Conv1D(4, 3) -> relu -> {}(3, sequences=true) -> Conv1D(2, 2)",
    "merged": "add(x -> {0}(3), x -> {0}(3))",
    "merged steps": "concat(x -> {0}(3, sequences=true), x, x -> Bidirectional({0}(2, sequences=true)))",
    "repeated": "x -> {}(4, sequences=true) * 3 -> GlobalAvgPool1D",
    "shared": "f = {0}(3)\n  concat(x -> f, x -> tanh -> f)",
    "shared steps": "f = {0}(4, sequences=true)\n  x -> f -> f -> Dense(2)",
    "shared both ways": "f = Bidirectional({0}(2))\n  concat(x -> f, x -> tanh -> f)",
    "shared both ways, steps": (
        "f = Bidirectional({0}(2, sequences=true))\n  x -> f -> f -> Dense(2)"
    ),
    "named h and _": "h = x -> {0}(3)\n  _ = x -> {0}(2)\n  concat(h, _)",
    "labels": (
        "h = x -> {0}(3, sequences=true) as seq -> {0}(2) as last -> Dense(2)\n"
        "  concat(h, seq -> GlobalAvgPool1D, last)"
    ),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("word", RECURRENT)
def test_recurrent_layers(word: str, body: str) -> None:
    compare(model_text("5x4", BODIES[body].format(word)))


@pytest.mark.parametrize("word", RECURRENT)
def test_recurrent_layers_with_the_parameters_of_a_block(word: str) -> None:
    block = f"""block Read(n, wide) {{ input x
  x -> Dense(wide) -> {word}(n, sequences=true) -> Bidirectional({word}(x.channels)) }}
block Both(all) {{ input x\n  x -> {word}(3, sequences=all) }}"""
    flow = "concat(x -> Read(2, 3), x -> Dense(5) -> Read(3, 4), x -> Both(true) -> Both(false))"
    compare(model_text("4x4", flow, block))


BLOCKS = {
    "an arm for all": (
        "concat(x -> R(2, true), x -> R(3, false))",
        "block R(n, b) {{ input x\n  match {{ b: x -> {0}(n)\n  else: x -> {1}(n) }} }}",
    ),
    "an arm for one step": (
        "concat(x -> R(2, true), x -> R(3, false))",
        "block R(n, b) {{ input x\n  x -> Dense(n)"
        " -> match {{ b: {0}(n, sequences=true)\n  else: relu }} -> {1}(2) }}",
    ),
    "turns of a block": (
        "x -> R(2) -> R(3)",
        "block R(k) {{ input x\n  x -> {0}(4, sequences=true) * k }}",
    ),
    "turns of a path": (
        "x -> R(4) * 2 -> R(4) -> GlobalAvgPool1D",
        "block R(n) {{ input x\n  add(x, x -> {0}(n, sequences=true) -> {1}(n, sequences=true)) }}",
    ),
    "sizes of the input, late": (
        "x -> R -> Dense(6) -> R",
        "block R {{ input x\n  y = x -> Dense(3) -> {0}(x.channels, sequences=true)\n"
        "  add(y, x) -> prelu }}",
    ),
    "shared": (
        "f = R(3)\n  concat(x -> f, x -> tanh -> f)",
        "block R(n) {{ input x\n  x -> {0}(n, sequences=true) -> Bidirectional({1}(n)) }}",
    ),
}


@pytest.mark.parametrize("case", BLOCKS)
@pytest.mark.parametrize("words", [("LSTM", "GRU"), ("GRU", "SimpleRNN")])
def test_recurrent_layers_in_blocks(words: tuple[str, str], case: str) -> None:
    flow, block = BLOCKS[case]
    compare(model_text("5x4", flow, block.format(*words)))


def test_recurrent_layers_of_any_length() -> None:
    flow = "x -> GRU(3, sequences=true) -> Bidirectional(LSTM(2))"
    compare(model_text("(T, 3)", flow), sizes={"T": 5})


@pytest.mark.parametrize(
    ("shape", "flow"),
    [
        ("5", "x -> Embedding(7, 3)"),
        ("5", "x -> Embedding(7, 3) -> GlobalAvgPool1D -> Dense(2)"),
        ("5", "x -> Embedding(7, 3, regularizer=l2(0.01)) -> LSTM(2)"),
        ("5", "x -> Embedding(7, 3) -> Conv1D(2, 3) -> GlobalMaxPool1D"),
        ("3x4", "x -> Embedding(7, 3) -> Conv2D(2, 2x2) -> relu"),
        ("2x3x4", "x -> Embedding(7, 3) -> Conv3D(2, 2x2x2)"),
        ("5", "e = Embedding(7, 3)\n  concat(x -> e -> GlobalAvgPool1D, x -> e -> GRU(2))"),
        ("3x4", "e = Embedding(7, 3)\n  concat(x -> e, x -> e) -> Conv2D(2, 1x1)"),
        ("T", "x -> Embedding(7, 3) -> PositionEmbedding(length=9) -> LSTM(2)"),
        ("5", "x -> Embedding(7, 4) -> PositionEmbedding -> MultiHeadAttention(2)"),
    ],
)
def test_embeddings(shape: str, flow: str) -> None:
    tolerance = FLOAT32_INSIDE if "Attention" in flow else 1e-10
    compare(model_text(shape, flow), sizes={"T": 5}, tolerance=tolerance)


def test_token_ids_have_no_channels_to_move() -> None:
    pair = compare(model_text("2x3x4", "x -> Embedding(7, 3) -> Conv3D(2, 1x1x1)"))
    assert "x" not in pair.channels_first
    assert "output" in pair.channels_first


def test_embeddings_with_the_parameters_of_a_block() -> None:
    block = """block Tokens(many, dim) { input ids
  ids -> Embedding(many, dim) -> PositionEmbedding -> Dense(dim) }"""
    flow = "concat(x -> Tokens(9, 3), x -> Tokens(7, 2))"
    compare(model_text("5", flow, block))


def test_the_gradient_of_a_table_is_dense_in_keras() -> None:
    """Keras' optimisers square the rows of a repeated token one by one in a sparse gradient."""
    for option in ("", ", regularizer=l1(0.1)"):
        text = model_text("6", f"x -> Embedding(4, 3{option}) -> GlobalAvgPool1D")
        pair = both(text, ids=4)
        with tf.GradientTape() as tape:
            y = pair.keras(pair.inputs["x"], training=True)
            total = tf.reduce_sum(tf.square(y)) + tf.add_n(pair.keras.losses)
        (gradient,) = tape.gradient(total, [v.value for v in pair.keras.trainable_variables])
        assert isinstance(gradient, tf.Tensor)


def test_adam_moves_a_table_as_torch_does() -> None:
    """Tokens are repeated in every batch; epsilon is so small that its place does not matter."""
    pair = both(model_text("6", "x -> Embedding(4, 3) -> GlobalAvgPool1D -> Dense(2)"), ids=4)
    ids = pair.inputs["x"]
    adam = {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-30}
    pair.keras.compile(keras.optimizers.Adam(0.125, **adam), "mse", run_eagerly=True)
    optimizer = torch.optim.Adam(pair.torch.parameters(), 0.125, (0.5, 0.75), eps=1e-30)
    target = np.random.default_rng(3).normal(size=(len(ids), 2))
    for _ in range(20):
        pair.keras.train_on_batch(ids, target)
        optimizer.zero_grad()
        y = pair.torch(torch.tensor(ids.astype("int64")))
        torch.nn.functional.mse_loss(y, torch.tensor(target)).backward()
        optimizer.step()
    theirs = np.asarray(pair.keras.trainable_variables[0])
    assert np.abs(theirs - next(pair.torch.parameters()).detach().numpy()).max() < 1e-6


ATTENTION = {
    "plain": ("5x4", "x -> MultiHeadAttention(2)"),
    "one head": ("5x4", "x -> MultiHeadAttention(1)"),
    "causal": ("5x4", "x -> MultiHeadAttention(2, causal=true)"),
    "key_dim": ("5x4", "x -> MultiHeadAttention(3, key_dim=5)"),
    "no bias": ("5x4", "x -> MultiHeadAttention(2, bias=false)"),
    "dropout": ("5x4", "x -> MultiHeadAttention(2, dropout=0.5)"),
    "two inputs": ("5x4", "(x, x -> Dense(3)) -> MultiHeadAttention(2)"),
    "two lengths": ("6x4", "(x, x -> Conv1D(3, 2, stride=2)) -> MultiHeadAttention(2, key_dim=3)"),
    "two lengths, causal": ("6x4", "(x, x -> MaxPool1D(2)) -> MultiHeadAttention(2, causal=true)"),
    "more keys, causal": (
        "6x4",
        "(x -> MaxPool1D(2), x) -> MultiHeadAttention(2, causal=true)",
    ),
    "in a chain": (
        "5x4",
        "x -> Conv1D(4, 2) -> MultiHeadAttention(2) -> LayerNorm -> GlobalAvgPool1D",
    ),
    "shared": ("5x4", "a = MultiHeadAttention(2, causal=true)\n  x -> a -> tanh -> a"),
    "shared, two inputs": (
        "5x4",
        "a = MultiHeadAttention(2)\n  add((x, x -> tanh) -> a, (x -> tanh, x) -> a)",
    ),
    "repeated": ("5x4", "x -> MultiHeadAttention(2) * 3"),
    "any length": ("(T, 4)", "x -> MultiHeadAttention(2, causal=true)"),
    "positions": ("5x4", "x -> PositionEmbedding -> MultiHeadAttention(2)"),
}


@pytest.mark.parametrize("case", ATTENTION)
def test_attention(case: str) -> None:
    compare(model_text(*ATTENTION[case]), sizes={"T": 5}, tolerance=FLOAT32_INSIDE)


def test_attention_with_the_parameters_of_a_block() -> None:
    block = """block Encoder(heads, wide, size, rate = 0.1, masked = false, shift = true) { input x
  a = x -> LayerNorm -> MultiHeadAttention(heads, causal=masked, bias=shift, dropout=rate)
  y = add(x, a, x -> MultiHeadAttention(heads, key_dim=size))
  add(y, y -> LayerNorm -> Dense(wide) -> gelu -> Dense(x.channels) -> Dropout(rate))
}
block Look(heads) { input x\n  input memory\n  (x, memory) -> MultiHeadAttention(heads, key_dim=2) }"""
    flow = """a = x -> PositionEmbedding -> Encoder(2, 5, 3) * 2 -> Encoder(1, 3, 2, masked=true)
  b = a -> Dense(6) -> Encoder(3, 4, 5, rate=0.25, shift=false)
  concat((a, b) -> Look(2), (a, x) -> Look(heads=1))"""
    compare(model_text("5x4", flow, block), tolerance=FLOAT32_INSIDE)
