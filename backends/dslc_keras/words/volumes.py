"""`same` over volumes: where a step is larger than the window, TensorFlow's begins too late on CPUs. It takes what
is missing for less than nothing."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, NeedsNumbers
from dslc.codegen.windows import Sides, same_sides
from dslc.vocab.dims import Dim, less
from dslc.vocab.layers.window import per_axis
from dslc.vocab.tensor import Tensor


def same_volume(
    size: tuple[Dim, ...], stride: tuple[Dim, ...], context: Context
) -> tuple[str | None, tuple[Sides, ...] | None]:
    """The argument `padding`, or what must be put around the input."""
    if size == stride or not any(
        less(*context.numbers(pair)) for pair in zip(size, stride, strict=True)
    ):
        return "same", None
    sizes = context.apply.inputs[0].spatial
    sides = [same_sides(n, k, s) for n, k, s in zip(sizes, size, stride, strict=True)]
    if any(side is None for side in sides):
        raise NeedsNumbers
    known = tuple(side for side in sides if side is not None)
    return None, None if all(side == (0, 0) for side in known) else known


def known_volume(word: Any, inputs: tuple[Tensor, ...]) -> str | None:
    """Why Keras cannot take a volume of a size that varies, if that is so."""
    size = word.kernel if hasattr(word, "kernel") else word.size
    stride = size if word.stride is None else word.stride
    axes = zip(inputs[0].spatial, per_axis(size, 3), per_axis(stride, 3), strict=True)
    sides = [(less(k, s), same_sides(n, k, s)) for n, k, s in axes]
    if word.padding != "same" or not any(small for small, _ in sides):
        return None
    if all(side is not None for _, side in sides):
        return None
    return "TensorFlow misplaces windows that are smaller than their stride: give the volume a fixed size"
