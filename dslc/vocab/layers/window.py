"""The arithmetic of sliding windows: how many places a window of some size finds along each axis.

Works on known and symbolic sizes alike. `same` is TensorFlow's rule (⌈n / stride⌉ places); a number pads both
ends of its axis.
"""

from __future__ import annotations

from typing import Any

from dslc.vocab.dims import Dim, ceil_div, less, show, symbol
from dslc.vocab.kinds import Computed, NamedSize, Param
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.word import Word

Pad = Dim | str  # what one axis is padded with: a number for both ends, or the name of a rule


def size_of(value: Any) -> Dim:
    """A parameter as a size; one that a block leaves open stands for any number."""
    if isinstance(value, Param):
        return symbol(value.name, generic=True)
    if isinstance(value, Computed):
        return symbol("?", generic=True)
    found: Dim = value
    return found


def per_axis(value: Any, axes: int) -> tuple[Dim, ...]:
    """A parameter that holds one number for every axis, or one for all of them."""
    if isinstance(value, NamedSize):
        return value  # a name still, and one symbol for every axis
    items = value if isinstance(value, tuple) else (value,) * axes
    return tuple(size_of(item) for item in items)


def pads(value: Any, axes: int) -> tuple[Pad, ...]:
    """The parameter `padding`, axis by axis."""
    return (value,) * axes if isinstance(value, str) else per_axis(value, axes)


def slide(
    word: Word,
    x: Tensor,
    size: Any,
    stride: Any,
    padding: Any,
    *,
    dilation: Any = 1,
    ceil: bool = False,
) -> tuple[Dim, ...] | Mismatch:
    """How many places the window finds along every spatial axis of `x`."""
    axes = x.rank - 1
    sizes, strides = per_axis(size, axes), per_axis(stride, axes)
    dilations, rules = per_axis(dilation, axes), pads(padding, axes)
    places: list[Dim] = []
    for n, k, s, d, p in zip(x.spatial, sizes, strides, dilations, rules, strict=True):
        span = (k - 1) * d + 1
        found = count_places(n, span, s, p, ceil=ceil)
        if less(found, 1):
            return _too_large(word, x, sizes, dilations, rules)
        places.append(found)
    return tuple(places)


def count_places(n: Dim, span: Dim, stride: Dim, pad: Pad, *, ceil: bool = False) -> Dim:
    """How many places a window over `span` values finds along an axis of `n`; below 1 when it does not fit."""
    if isinstance(pad, str) and pad != "valid":  # same, causal
        return ceil_div(n, stride)
    p: Dim = 0 if isinstance(pad, str) else pad
    if not ceil:
        return (n + 2 * p - span) // stride + 1
    # A last window may hang over the end, but must begin inside of the input or its padding in front. Both
    # bounds are ceilings over the stride, so the lesser numerator decides.
    hanging = 2 * p - span + stride
    return ceil_div(n + (p if less(p, hanging) else hanging), stride)


def _too_large(
    word: Word,
    x: Tensor,
    sizes: tuple[Dim, ...],
    dilations: tuple[Dim, ...],
    rules: tuple[Pad, ...],
) -> Mismatch:
    window = show(sizes)
    if any(d != 1 for d in dilations):
        reach = tuple((k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True))
        window = f"{window} (dilated to {show(reach)})"
    padded = " after padding" if any(p not in (0, "valid") for p in rules) else ""
    cure = "make it smaller, or use fewer strides and poolings before it"
    if not padded and hasattr(word, "padding"):
        cure = f"`padding=same` pads the input, or {cure}"
    return Mismatch(
        "E0303",
        f"`{word.word}` slides a window of {window} over {show(x.spatial)}: it does not fit{padded}",
        f"the window is larger than its input {x}",
        help=cure,
    )


def spread(n: Dim, size: Dim, stride: Dim, pad: Pad, extra: Dim) -> Dim:
    """The size that a transposed convolution makes of `n`."""
    if pad == "same":
        return n * stride
    if isinstance(pad, str):
        return (n - 1) * stride + (stride if less(size, stride) else size)
    return (n - 1) * stride + size - 2 * pad + extra
