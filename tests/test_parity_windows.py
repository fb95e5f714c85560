"""Convolutions and poolings mean the same in both scripts: every padding, stride, size, dilation, group."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

pytestmark = [
    pytest.mark.framework,
    # torch says that an even kernel may need a copy: so it may
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]

SHAPES = {1: "{n}x4", 2: "{n}x{m}x4", 3: "5x{n}x4x4"}


def shape(axes: int, n: int = 9, m: int = 8) -> str:
    return SHAPES[axes].format(n=n, m=m)


def times(size: int, axes: int) -> str:
    return "x".join([str(size)] * axes) if axes > 1 else str(size)


def convolutions() -> Iterator[tuple[str, str]]:
    for padding, kernel, stride in itertools.product(("valid", "same", "1"), (1, 2, 3), (1, 2, 3)):
        if padding == "1" and kernel == 1:
            continue
        for n, m in ((9, 8), (7, 10)):
            arguments = f"5, {kernel}x{kernel}, stride={stride}, padding={padding}"
            yield shape(2, n, m), f"Conv2D({arguments})"
    for axes, kernel, padding in itertools.product((1, 3), (2, 3), ("valid", "same", "1")):
        for stride in (1, 2):
            arguments = f"3, {times(kernel, axes)}, stride={stride}, padding={padding}"
            yield shape(axes), f"Conv{axes}D({arguments})"
    for kernel, stride in itertools.product((1, 2, 3, 4), (1, 2)):
        yield shape(1), f"Conv1D(3, {kernel}, stride={stride}, padding=causal)"
    yield from [
        ("12x4", "Conv1D(3, 3, padding=causal, dilation=3)"),
        ("12x4", "Conv1D(3, 2, padding=same, dilation=4)"),
        ("9x8x4", "Conv2D(6, 3x3, dilation=2)"),
        ("9x8x4", "Conv2D(6, 2x3, padding=same, dilation=(2, 3))"),
        ("9x8x4", "Conv2D(6, 3x3, padding=2, dilation=2, bias=false)"),
        ("9x8x4", "Conv2D(6, 5x3, padding=(2, 1))"),
        ("9x8x4", "Conv2D(6, 3x5, stride=(2, 1), padding=same)"),
        ("9x8x4", "Conv2D(6, 7x7, stride=4, padding=same)"),
        ("9x8x4", "Conv2D(6, 2x2, stride=4, padding=same)"),
        ("9x8x4", "Conv2D(6, 3x3, groups=2)"),
        ("9x8x4", "Conv2D(8, 3x3, groups=4, padding=1, stride=2)"),
        ("9x4", "Conv1D(6, 3, groups=2, padding=same)"),
        ("5x6x4x2", "Conv3D(3, 3x2x1, padding=same, stride=(2, 1, 2))"),
        ("5x6x4x2", "Conv3D(3, 2x2x2, dilation=2)"),
    ]


def transposed() -> Iterator[tuple[str, str]]:
    for padding, kernel, stride in itertools.product(("valid", "same"), (1, 2, 3, 4), (1, 2, 3)):
        yield "5x4x3", f"Conv2DTranspose(2, {kernel}x{kernel}, stride={stride}, padding={padding})"
    for kernel, stride, pad, extra in [
        (3, 2, 1, 1), (3, 2, 1, 0), (4, 2, 1, 0), (2, 3, 0, 0), (2, 3, 0, 2), (5, 3, 2, 1), (1, 2, 0, 1), (3, 1, 1, 0),
    ]:  # fmt: skip
        arguments = f"stride={stride}, padding={pad}, output_padding={extra}"
        yield "5x4x3", f"Conv2DTranspose(2, {kernel}x{kernel}, {arguments})"
    yield "5x4x3", "Conv2DTranspose(2, 3x4, stride=(2, 3), padding=same, bias=false)"
    yield "5x4x3", "Conv2DTranspose(2, 2x5, stride=(3, 2), padding=valid)"
    yield "5x4x3", "Conv2DTranspose(2, 4x3, stride=2, padding=(1, 0), output_padding=(0, 1))"


def by_channel() -> Iterator[tuple[str, str]]:
    for padding, kernel, stride in itertools.product(("valid", "same", "1"), (2, 3), (1, 2)):
        arguments = f"{kernel}x{kernel}, stride={stride}, padding={padding}"
        yield shape(2), f"DepthwiseConv2D({arguments}, multiplier={stride})"
        yield shape(2), f"SeparableConv2D(5, {arguments}, multiplier={stride})"
    yield shape(2), "DepthwiseConv2D(3x3, padding=same, dilation=2)"
    yield shape(2), "SeparableConv2D(5, 3x2, dilation=2, bias=false)"


def poolings() -> Iterator[tuple[str, str]]:
    for kind, size, stride in itertools.product(("Max", "Avg"), (2, 3), (1, 2, 3)):
        for padding in ("valid", "same", "1", "valid, ceil=true", "1, ceil=true"):
            for n, m in ((9, 8), (7, 10)):
                arguments = f"{size}x{size}, stride={stride}, padding={padding}"
                yield shape(2, n, m), f"{kind}Pool2D({arguments})"
    for kind, axes in itertools.product(("Max", "Avg"), (1, 3)):
        for padding in ("valid", "same", "1", "valid, ceil=true"):
            yield shape(axes), f"{kind}Pool{axes}D({times(2, axes)}, padding={padding})"
            yield shape(axes), f"{kind}Pool{axes}D({times(3, axes)}, stride=2, padding={padding})"
        yield shape(axes), f"{kind}Pool{axes}D({times(4, axes)}, stride=4, padding=same)"
    for kind, axes in itertools.product(("Max", "Avg"), (1, 2, 3)):
        yield shape(axes), f"Global{kind}Pool{axes}D"
    yield from [
        ("9x8x4", "MaxPool2D(3x2, stride=(1, 2), padding=(1, 0))"),
        ("9x8x4", "AvgPool2D(3x2, stride=(1, 2), padding=(1, 0))"),
        ("9x8x4", "AvgPool2D(2x4, stride=(2, 3), padding=same)"),
        ("9x8x4", "MaxPool2D(5x5, stride=1, padding=same)"),
        ("9x8x4", "MaxPool2D(1x1, stride=2, ceil=true)"),
        ("9x8x4", "AvgPool2D(1x1, stride=3, ceil=true)"),
        ("3x3x2", "MaxPool2D(5x5, stride=3, padding=same)"),
        ("2x3x2", "AvgPool2D(5x5, stride=2, padding=2, ceil=true)"),
    ]


CASES = [*convolutions(), *transposed(), *by_channel(), *poolings()]


@pytest.mark.parametrize(("given", "step"), CASES, ids=[f"{s} {t}" for s, t in CASES])
def test_a_window(given: str, step: str) -> None:
    from parity import compare, model_text

    # TensorFlow pools no float64 volumes on CPUs.
    single = "Pool3D" in step
    compare(
        model_text(given, f"x -> {step}"),
        dtype="float32" if single else "float64",
        tolerance=1e-5 if single else 1e-10,
    )


PARAMETERS = {"filters": (4, 6), "size": (2, 3), "step": (1, 2)}


def used_twice(given: str, layer: str, after: str = "") -> str:
    """A model that uses a block around `layer` with two values for each of its parameters."""
    from parity import model_text

    names = [name for name in PARAMETERS if name in layer]
    block = f"block Down({', '.join(names)}) {{\n  input x\n  x -> {layer} -> relu\n}}\n"
    first, second = (", ".join(str(PARAMETERS[n][i]) for n in names) for i in (0, 1))
    return model_text(given, f"x -> Down({first}) -> Down({second}){after}", block)


USED_TWICE = [
    "Conv2D(filters, 3x3, stride=step, padding=same)",
    "Conv2D(filters, 3x3, stride=2, padding=same)",
    "Conv2D(filters, 3x3, stride=step, padding=1, bias=false)",
    "Conv2D(filters, (size, size), padding=same, groups=2)",
    "Conv2D(filters, (size, 3), padding=(size, 1), stride=step)",
    "DepthwiseConv2D(3x3, stride=step, padding=same)",
    "DepthwiseConv2D(2x2, padding=same, multiplier=size)",
    "SeparableConv2D(filters, 3x3, padding=same)",
    "Conv2DTranspose(filters, (size, size), stride=step, padding=same)",
    "Conv2DTranspose(filters, (size, size), stride=step)",
    "Conv2DTranspose(filters, 3x3, stride=step, padding=1)",
    "MaxPool2D(3x3, stride=2, padding=same)",
    "MaxPool2D(3x3, stride=step, padding=same)",
    "MaxPool2D(2x2, padding=same)",
    "MaxPool2D(2x2, ceil=true)",
    "MaxPool2D(3x3, stride=2, ceil=true)",
    "MaxPool2D(3x3, stride=2, padding=1)",
    "MaxPool2D((size, size), stride=step, padding=1)",
    "AvgPool2D(3x3, stride=2, padding=same)",
    "AvgPool2D(3x3, stride=1, padding=1)",
    "AvgPool2D(3x3, stride=step, padding=1, ceil=true)",
    "AvgPool2D((size, size), stride=step, padding=same)",
]


@pytest.mark.parametrize("layer", USED_TWICE)
def test_a_block_that_is_used_with_two_sizes(layer: str) -> None:
    from parity import compare

    compare(used_twice("11x8x4", layer))


SEQUENCES = [
    "Conv1D(filters, 3, stride=step, padding=same)",
    "Conv1D(filters, size, padding=causal, dilation=step)",
    "MaxPool1D(3, stride=step, padding=same)",
    "AvgPool1D(size, stride=2, padding=same)",
    "AvgPool1D(3, stride=2, padding=1)",
]


@pytest.mark.parametrize("layer", SEQUENCES)
def test_a_block_for_sequences(layer: str) -> None:
    from parity import compare

    compare(used_twice("13x4", layer, " -> Dense(2)"))


FLOWS = [
    "x -> Conv2D(4, 3x3, padding=same) * 3 -> GlobalAvgPool2D",
    "x -> repeat 2 { Conv2D(6, 3x3, stride=2, padding=same) -> relu } -> GlobalMaxPool2D",
    "x -> repeat 2 { Conv2D(6, 3x3, padding=same) -> MaxPool2D(2x2, padding=same) } -> Flatten",
    "conv = Conv2D(4, 3x3, padding=same)\n  x -> conv -> relu -> conv",
    "conv = Conv2D(4, 3x3, stride=2, padding=same)\n  x -> conv -> relu -> conv",
    "pool = MaxPool2D(3x3, stride=2, padding=1)\n  x -> pool -> relu -> pool",
    "pool = AvgPool2D(3x3, stride=2, padding=1)\n  x -> pool -> relu -> pool",
    "small = SeparableConv2D(4, 3x3, padding=same)\n  add(x -> small, x -> relu -> small)",
]


@pytest.mark.parametrize("flow", FLOWS)
def test_loops_and_shared_layers(flow: str) -> None:
    from parity import compare, model_text

    compare(model_text("9x8x4", flow))


@pytest.mark.parametrize("size", [8, 9, 11])
@pytest.mark.parametrize(
    "step",
    [
        "Conv2D(4, 3x3, stride=2, padding=same)",
        "Conv2D(4, 3x3, padding=same) -> MaxPool2D(3x3, stride=2, padding=same)",
        "AvgPool2D(3x3, stride=2, padding=same) -> Conv2D(2, 1x1)",
        "AvgPool2D(3x3, stride=2, padding=1, ceil=true)",
        "MaxPool2D(3x3, stride=2, ceil=true)",
        "Conv2DTranspose(2, 3x3, stride=2, padding=same)",
    ],
)
def test_sizes_that_only_the_data_tells(step: str, size: int) -> None:
    from parity import compare, model_text

    compare(model_text("(H, W, 4)", f"x -> {step}"), sizes={"H": size, "W": size + 1})
