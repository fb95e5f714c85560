"""Windows are written as a practised hand writes them: plain arguments where they say it, helpers where not."""

from __future__ import annotations

import pytest
from sections import model_text, written


def lines(given: str, flow: str, backend: str) -> str:
    return written(model_text(given, flow), backend)


TORCH = [
    # `same`: zeros at both ends are an argument, an odd one stands in front
    ("8x8x3", "Conv2D(8, 3x3, padding=same)", 'nn.Conv2d(3, 8, 3, padding="same")'),
    ("8x8x3", "Conv2D(8, 2x2, padding=same)", "nn.ZeroPad2d((0, 1, 0, 1))"),
    ("9x9x3", "Conv2D(8, 3x3, stride=2, padding=same)", "nn.Conv2d(3, 8, 3, stride=2, padding=1)"),
    ("8x8x3", "Conv2D(8, 3x3, stride=2, padding=same)", "nn.ZeroPad2d((0, 1, 0, 1))"),
    ("8x8x3", "Conv2D(8, 1x1, stride=2, padding=same)", "nn.Conv2d(3, 8, 1, stride=2)"),
    ("(H, W, 3)", "Conv2D(8, 1x1, stride=2, padding=same)", "nn.Conv2d(3, 8, 1, stride=2)"),
    ("(H, W, 3)", "Conv2D(8, 3x3, stride=2, padding=same)", "Conv2dSame(3, 8, 3, stride=2)"),
    ("8x8x3", "Conv2D(8, 3x5, padding=(1, 2))", "nn.Conv2d(3, 8, (3, 5), padding=(1, 2))"),
    ("9x4", "Conv1D(8, 3, padding=causal, dilation=2)", "nn.ZeroPad1d((4, 0))"),
    ("8x8x4", "DepthwiseConv2D(3x3)", "nn.Conv2d(4, 4, 3, groups=4)"),
    ("8x8x4", "Conv2DTranspose(2, 4x4, stride=2, padding=same)", "nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1)"),
    ("8x8x4", "Conv2DTranspose(2, 2x2, stride=2)", "nn.ConvTranspose2d(4, 2, 2, stride=2)"),
    ("8x8x4", "Conv2DTranspose(2, 3x3, stride=2, padding=same)", "nn.ZeroPad2d((0, -1, 0, -1))"),
    ("8x8x4", "MaxPool2D(2x2)", "nn.MaxPool2d(2)"),
    ("8x8x4", "MaxPool2D(2x2, padding=same)", "nn.MaxPool2d(2)"),
    ("9x9x4", "MaxPool2D(2x2, padding=same)", "nn.MaxPool2d(2, ceil_mode=True)"),
    ("(H, W, 4)", "MaxPool2D(2x2, padding=same)", "nn.MaxPool2d(2, ceil_mode=True)"),
    ("9x9x4", "MaxPool2D(3x3, stride=2, padding=same)", "nn.MaxPool2d(3, stride=2, padding=1)"),
    ("9x9x4", "MaxPool2D(4x4, stride=2, padding=same)", 'nn.ConstantPad2d((1, 2, 1, 2), float("-inf"))'),
    ("(H, W, 4)", "MaxPool2D(3x3, stride=2, padding=same)", "MaxPool2dSame(3, stride=2)"),
    ("9x9x4", "AvgPool2D(3x3, stride=1, padding=same)", "(3, stride=1, padding=1, count_include_pad=False)"),
    ("9x9x4", "AvgPool2D(4x4, stride=2, padding=same)", "AvgPool2dSame(4, stride=2)"),
    ("9x9x4", "BatchNorm", "BatchNorm2d(4)"),
    ("9x9x4", "BatchNorm(momentum=0.99, epsilon=1e-3)", "BatchNorm2d(4, eps=1e-3, momentum=0.01)"),
    ("9x9x4", "BatchNorm(scale=false)", 'without(BatchNorm2d(4), "weight")'),
    ("9x9x4", "GlobalMaxPool2D", "x.amax((2, 3))"),
    ("9x4", "GlobalAvgPool1D", "x.mean(1)"),
    ("9x9x4", "Crop(((1, 2), (0, 1)))", "x[:, :, 1:-2, :-1]"),
    ("36", "Reshape(6x6x1)", "x.reshape(-1, 1, 6, 6)"),
    ("36", "Reshape(3x3x4)", "x.reshape(-1, 3, 3, 4).movedim(-1, 1)"),
    ("9x9x4", "Upsample(2, method=bilinear)", 'nn.Upsample(scale_factor=2, mode="bilinear")'),
]  # fmt: skip
KERAS = [
    ("8x8x3", "Conv2D(8, 3x3, stride=2, padding=1)", "layers.ZeroPadding2D(1)"),
    ("8x8x3", "Conv2D(8, 3x3, padding=same)", 'layers.Conv2D(8, 3, padding="same")'),
    ("9x9x4", "MaxPool2D(3x3, stride=2, padding=1)", 'layers.MaxPooling2D(3, strides=2, padding="same")'),
    ("8x8x4", "MaxPool2D(3x3, stride=2, padding=1)", 'constant_values=float("-inf")'),
    ("(H, W, 4)", "AvgPool2D(3x3, stride=1, padding=1)", 'layers.AveragePooling2D(3, strides=1, padding="same")'),
    ("(H, W, 4)", "MaxPool2D(2x2, ceil=true)", 'layers.MaxPooling2D(2, padding="same")'),
    ("8x8x4", "AvgPool2D(3x3, stride=2, padding=1)", "inner_mean(x, 3, 2, [(1, 1), (1, 1)])"),
    ("8x8x4", "Conv2DTranspose(2, 3x3, stride=2, padding=1, output_padding=1)", "layers.Cropping2D(1)"),
    ("8x8x4", "Conv2DTranspose(2, 3x3, stride=2, padding=1)", "layers.Conv2DTranspose(2, 3, strides=2)(x)"),
    ("8x8x4", "LayerNorm", "layers.LayerNormalization(epsilon=1e-5)"),
    ("8x8x4", "RMSNorm", "layers.RMSNormalization()"),
    ("8x8x4", "ZeroPad(((0, 1), (0, 1)))", "layers.ZeroPadding2D(((0, 1), (0, 1)))"),
    ("8x8x4", "ZeroPad((1, 2))", "layers.ZeroPadding2D((1, 2))"),
    ("8x4", "GaussianNoise(2.5)", "WideNoise(2.5)"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "step", "line"), TORCH, ids=[f"{g} {s}" for g, s, _ in TORCH])
def test_torch(given: str, step: str, line: str) -> None:
    text = lines(given, f"x -> {step}", "torch")
    assert line in text, text


@pytest.mark.parametrize(("given", "step", "line"), KERAS, ids=[f"{g} {s}" for g, s, _ in KERAS])
def test_keras(given: str, step: str, line: str) -> None:
    text = lines(given, f"x -> {step}", "keras")
    assert line in text, text


def test_a_block_of_several_sizes_pads_by_what_it_gets() -> None:
    block = "block Down(n) {\n  input x\n  x -> Conv2D(n, 3x3, stride=2, padding=same)\n}\n"
    text = written(model_text("32x32x3", "x -> Down(8) -> Down(16)", block), "torch")
    assert "Conv2dSame(in_channels, n, 3, stride=2)" in text


def test_keras_refuses_two_unknown_sizes() -> None:
    from sections import graph_of

    from dslc.codegen.backend import load_backend

    _, graph = graph_of(model_text("(H, W, 4)", "x -> Reshape((W, H, 4))"))
    node = next(n for n in graph.nodes() if n.word is not None)
    inputs = graph.input_tensors(node)
    assert node.word is not None and inputs is not None
    for name, refused in (("keras", True), ("torch", False)):
        backend = load_backend(name)
        assert backend is not None
        assert bool(backend.table.refusal(node.word, inputs)) is refused
