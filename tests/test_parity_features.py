"""Norms, noise and layers that only move values mean the same in both scripts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.framework

SHAPES = ("6", "5x6", "4x3x6", "3x2x4x6")


def norms() -> Iterator[tuple[str, str]]:
    for given in SHAPES:
        yield given, "BatchNorm"
        yield given, "LayerNorm"
        yield given, "GroupNorm(3)"
        yield given, "RMSNorm"
    yield from [
        ("4x3x6", "BatchNorm(momentum=0.99, epsilon=1e-3)"),
        ("4x3x6", "BatchNorm(scale=false)"),
        ("4x3x6", "BatchNorm(center=false, momentum=0.75)"),
        ("5x6", "BatchNorm(center=false, scale=false)"),
        ("4x3x6", "LayerNorm(epsilon=1e-3)"),
        ("4x3x6", "GroupNorm(1, epsilon=1e-3)"),
        ("4x3x6", "GroupNorm(6)"),
        ("5x6", "RMSNorm(epsilon=1e-5)"),
        ("4x3x6", "Conv2D(6, 3x3, padding=same) -> LayerNorm -> Conv2D(6, 1x1) -> RMSNorm"),
        ("5x6", "Conv1D(6, 3) -> LayerNorm -> Conv1D(6, 2) -> BatchNorm -> Dense(2)"),
        ("5x6", "Conv1D(6, 3) -> GlobalAvgPool1D"),
        ("4x3x6", "LayerNorm -> GlobalMaxPool2D"),
        ("4x3x6", "LayerNorm -> Flatten -> Dense(3)"),
    ]


def noises() -> Iterator[tuple[str, str]]:
    for given in SHAPES:
        yield given, "Dropout(0.4) -> GaussianNoise(0.2)"
        yield given, "GaussianDropout(0.4) -> AlphaDropout(0.2)"
    for given in SHAPES[1:]:
        yield given, "SpatialDropout(0.3)"
    yield "6", "GaussianNoise(2.5)"


def moves() -> Iterator[tuple[str, str]]:
    for given in SHAPES:
        yield given, "Flatten -> Dense(3)"
    yield "1x1x6", "Flatten -> Dense(3)"
    yield "4x3x6", "Conv2D(2, 3x3) -> Flatten -> Dense(3)"
    yield "3x2x4x6", "Conv3D(2, 1x1x1) -> Flatten -> Dense(3)"
    yield from [
        ("24", "Reshape(4x3x2)"),
        ("24", "Reshape(4x6x1) -> Conv2D(2, 3x3)"),
        ("24", "Reshape((-1, 4)) -> Conv1D(2, 3)"),
        ("24", "Reshape(2x2x3x2) -> Conv3D(2, 1x1x1)"),
        ("4x3x2", "Reshape((-1, 2)) -> Dense(3)"),
        ("4x3x2", "Conv2D(6, 1x1) -> Reshape((-1, 6)) -> Dense(3)"),
        ("4x3x2", "Conv2D(6, 1x1) -> Reshape(6x3x4) -> Conv2D(2, 1x1)"),
        ("4x3x2", "Conv2D(6, 1x1) -> Reshape(6x12x1) -> Conv2D(2, 1x1)"),
        ("4x3x2", "Reshape(24)"),
        ("4x6", "Conv1D(6, 1) -> Reshape(2x2x6) -> Conv2D(2, 1x1)"),
        ("4x6", "Reshape(2x2x3x2)"),
        ("4x6", "Reshape(6x4)"),
        ("2x2x3x2", "Conv3D(4, 1x1x1) -> Reshape(4x3x4) -> Conv2D(2, 1x1)"),
    ]
    for rank, given in ((2, "5x6"), (3, "4x3x6"), (4, "3x2x4x6")):
        for order in itertools.permutations(range(1, rank + 1)):
            yield given, f"Permute({order})"
    yield "4x3x6", "Conv2D(2, 3x3) -> Permute((3, 1, 2)) -> Flatten -> Dense(2)"
    yield "5x6", "Conv1D(4, 2) -> Permute((2, 1)) -> Conv1D(3, 2)"
    for word in ("ZeroPad", "Crop"):
        yield "7x6", f"{word}(2)"
        yield "7x6", f"{word}((1, 2))"
        yield "7x6", f"{word}((0, 3)) -> Conv1D(2, 2)"
        yield "7x5x2", f"{word}(1)"
        yield "7x5x2", f"{word}((2, 1))"
        yield "7x5x2", f"{word}((2, 0))"
        yield "7x5x2", f"{word}(((2, 0), (0, 1)))"
        yield "7x5x2", f"{word}(((0, 0), (0, 0)))"
        yield "7x5x2", f"LayerNorm -> {word}(((2, 1), (0, 1))) -> LayerNorm"
        yield "7x5x6x2", f"{word}(1)"
        yield "7x5x6x2", f"{word}(((1, 2), (0, 1), (3, 0)))"
    yield from [
        ("4x6", "Upsample(3)"),
        ("4x3x6", "Upsample(2)"),
        ("4x3x6", "Upsample((2, 3))"),
        ("2x3x2x6", "Upsample(2)"),
        ("2x3x2x6", "Upsample((1, 2, 3))"),
    ]


CASES = [*norms(), *noises(), *moves()]


@pytest.mark.parametrize(("given", "step"), CASES, ids=[f"{s} {t}" for s, t in CASES])
def test_a_layer(given: str, step: str) -> None:
    from parity import compare, model_text

    compare(model_text(given, f"x -> {step}"))


@pytest.mark.parametrize("given", ["6", "1x6", "1x1x6", "1x1x1x6"])
def test_a_batch_norm_of_one_value_a_channel(given: str) -> None:
    """As the last batch may have it: the variance is 0, the output the offset. torch alone refuses it."""
    import numpy as np
    from parity import both, buffers, close, model_text, train_keras, train_torch

    pair = both(model_text(given, "x -> BatchNorm"))
    pair.inputs = {name: array[:1] for name, array in pair.inputs.items()}
    factors = [np.full((1, *map(int, given.split("x"))), 2.0)]
    mine, other = train_keras(pair, factors), train_torch(pair, factors)
    close(mine.outputs[0], other.outputs[0], 1e-10, "training")
    for name, gradient in mine.gradients.items():
        close(gradient, other.gradients[name], 1e-10, f"gradient of {name}")
    buffers(pair, 1e-10)


@pytest.mark.parametrize("factor", ["2", "(3, 2)", "1"])
def test_bilinear(factor: str) -> None:
    from parity import compare, model_text

    flow = f"x -> Upsample({factor}, method=bilinear)"
    # TensorFlow interpolates in float32.
    compare(model_text("4x3x6", flow), tolerance=1e-6, gradient_tolerance=1e-5)


PARAMETERS = {"units": (4, 6), "n": (1, 2), "rate": (0.25, 0.5), "on": ("true", "false")}
LAYERS = [
    ("8x9x12", "BatchNorm(momentum=rate)"),
    ("8x9x12", "BatchNorm(epsilon=rate, scale=on)"),
    ("8x9x12", "LayerNorm(epsilon=rate)"),
    ("8x9x12", "RMSNorm"),
    ("8x9x12", "GroupNorm(n)"),
    ("8x9x12", "Dropout(rate) -> SpatialDropout(rate) -> GaussianNoise(rate)"),
    ("8x9x12", "ZeroPad(n)"),
    ("8x9x12", "ZeroPad(((n, 0), (2 * n, 1)))"),
    ("18x15x4", "Crop(n)"),
    ("8x15x4", "Crop(((n, 0), (1, 2)))"),
    ("8x9x12", "Upsample(n)"),
    ("8x9x12", "Upsample((n, 2), method=nearest)"),
    ("9x12", "ZeroPad((n, 0)) -> Crop(n)"),
    ("9x12", "Upsample(n) -> Conv1D(units, 2)"),
    ("12", "Dense(units, bias=on) -> LayerNorm"),
    ("2x12", "Permute((2, 1)) -> Dense(units)"),
    ("4x6x8", "Permute((2, 1, 3)) -> Conv2D(units, 1x1)"),
    ("4x6x8", "Reshape((-1, 8 * n)) -> Reshape((4, 6, 8))"),
    ("4x6x8", "Reshape((x.height, -1)) -> Reshape((4, 6, 8))"),
    ("4x6x8", "Reshape((x.width, x.height, x.channels))"),
    ("4x6x8", "Flatten -> Reshape((4, 6, 8))"),
    ("4x6x8", "Conv2D(units, 1x1) -> Conv2D(x.channels, 1x1)"),
]


@pytest.mark.parametrize(("given", "layer"), LAYERS, ids=[layer for _, layer in LAYERS])
def test_a_block_with_parameters(given: str, layer: str) -> None:
    from parity import compare, model_text

    names = [name for name in PARAMETERS if name in layer.replace("units", "units ")]
    names = [n for n in names if n != "n" or "(n" in layer or " n" in layer]
    names = [n for n in names if n != "on" or "=on" in layer]
    block = f"block Part({', '.join(names)}) {{\n  input x\n  x -> {layer} -> relu\n}}\n"
    first, second = (", ".join(str(PARAMETERS[n][i]) for n in names) for i in (0, 1))
    flow = f"x -> Part({first}) -> Part({second}) -> Part({first})"
    compare(model_text(given, flow, block))


FLOWS = [
    ("4x3x6", "n = LayerNorm\n  x -> n -> relu -> n"),
    ("4x3x6", "n = BatchNorm\n  x -> n -> relu -> n"),
    ("4x3x6", "f = Flatten\n  concat(x -> f, x -> relu -> f)"),
    ("9x8x4", "c = Crop(1)\n  x -> c -> relu -> c"),
    ("9x8x4", "g = GlobalAvgPool2D\n  add(x -> g, x -> Crop(1) -> g)"),
    ("9x8x4", "r = Reshape((-1, 4))\n  concat(x -> r, x -> Crop(1) -> r, axis=1)"),
    ("9x8x4", "p = Permute((2, 1, 3))\n  x -> p -> relu -> p"),
    ("9x8x4", "x -> repeat 3 { ZeroPad(1) -> BatchNorm }"),
    ("9x8x4", "x -> repeat 2 { Crop(1) -> LayerNorm }"),
    ("4x3x6", "x -> repeat 2 { Permute((2, 1, 3)) -> relu }"),
    ("5x6", "x -> repeat 2 { Conv1D(6, 3, padding=same) -> LayerNorm -> relu }"),
    ("5x6", "y = x -> BatchNorm\n  add(x, y) -> Flatten -> Dropout(0.5) -> Dense(2)"),
]


@pytest.mark.parametrize(("given", "flow"), FLOWS, ids=[flow for _, flow in FLOWS])
def test_loops_and_shared_layers(given: str, flow: str) -> None:
    from parity import compare, model_text

    compare(model_text(given, flow))


@pytest.mark.parametrize(
    "step",
    [
        "Reshape((-1, 4)) -> Dense(3)",
        "Reshape((H * W, 4)) -> Dense(3)",
        "Reshape((3, -1, 2)) -> Conv2D(2, 1x1)",
        "Upsample(2) -> Crop(1) -> ZeroPad(1)",
        "Permute((2, 1, 3)) -> LayerNorm -> Conv2D(2, 1x1)",
        "BatchNorm -> GlobalMaxPool2D -> Dense(2)",
    ],
)
@pytest.mark.parametrize("size", [6, 9])
def test_sizes_that_only_the_data_tells(step: str, size: int) -> None:
    from parity import compare, model_text

    compare(model_text("(H, W, 4)", f"x -> {step}"), sizes={"H": size, "W": size - 1})
