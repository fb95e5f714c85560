"""Which initialisers a parameter takes."""

from __future__ import annotations

import pytest

from dslc.graph import build
from dslc.source import Source
from dslc.spec.load import load
from dslc.syntax import parse


def messages(flow: str, shape: str = "8x8x4") -> list[str]:
    file, found = parse(Source("spec.dl", f"model Net {{\n  input x: {shape}\n  {flow}\n}}\n"))
    assert not found
    spec, found = load(file)
    more = [] if found else build(spec, spec.models[-1])[1]
    return [d.message for d in (*found, *more)]


@pytest.mark.parametrize(
    "flow",
    [
        "x -> Conv2D(4, 3x3, bias_init={})",
        "x -> DepthwiseConv2D(3x3, bias_init={})",
        "x -> Conv2D(4, 3x3) -> prelu(init={})",
        "x -> Flatten -> Dense(4, bias_init={})",
        "x -> Reshape(16x16) -> LSTM(4, bias_init={})",
        "x -> Reshape(16x16) -> MultiHeadAttention(4, bias_init={})",
    ],
)
def test_values_on_one_axis_have_no_fans(flow: str) -> None:
    for law in ("he_normal", "glorot_uniform", "lecun_normal", "orthogonal"):
        (message,) = messages(flow.format(law))
        assert "an initialiser that needs no fans, such as zeros or constant(0.1)" in message
    for law in ("zeros", "ones", "constant(0.1)", "normal", "truncated_normal(0, 1)", "uniform"):
        assert not messages(flow.format(law))


@pytest.mark.parametrize(
    "flow",
    [
        "x -> DepthwiseConv2D(3x3, init={})",
        "x -> SeparableConv2D(4, 3x3, init={})",
        "x -> Reshape(16x16) -> MultiHeadAttention(4, init={})",
    ],
)
def test_orthogonal_needs_one_matrix(flow: str) -> None:
    (message,) = messages(flow.format("orthogonal"))
    assert "for one matrix" in message
    assert not messages(flow.format("he_normal"))
