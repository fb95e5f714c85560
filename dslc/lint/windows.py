"""The windows of convolutions and poolings, axis by axis: which values of the input they read.

Only sizes that are known numbers make a window: what depends on the size of an image that varies is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from dslc.lint.layers import Layer
from dslc.vocab.layers.conv import Conv1D, Conv2D, Conv3D, DepthwiseConv2D, SeparableConv2D
from dslc.vocab.layers.pool import (
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
)
from dslc.vocab.layers.window import count_places, pads, per_axis
from dslc.vocab.tensor import Tensor

CONVOLUTIONS = (Conv1D, Conv2D, Conv3D, DepthwiseConv2D, SeparableConv2D)
POOLINGS = (MaxPool1D, MaxPool2D, MaxPool3D, AvgPool1D, AvgPool2D, AvgPool3D)
AXES = {1: ("step",), 2: ("row", "column"), 3: ("slice", "row", "column")}


@dataclass(frozen=True, slots=True)
class Window:
    """A window along one axis: `size` values of it, `dilation` apart, at `places` places that lie `stride` apart, the
    first of them `before` values in front of the `length` values of the input."""

    axis: str
    length: int
    size: int
    dilation: int
    stride: int
    places: int
    before: int
    padded: bool

    @property
    def reach(self) -> int:
        """From its first value to its last."""
        return (self.size - 1) * self.dilation + 1

    @property
    def left_out(self) -> int:
        """How many values at the end of the input no window reads."""
        end = (self.places - 1) * self.stride + self.reach - self.before
        return max(0, self.length - end)

    @property
    def idle(self) -> int:
        """How many of its values only ever meet padding."""
        return sum(map(self._meets_nothing, range(self.size)))

    def _meets_nothing(self, tap: int) -> bool:
        """Whether a value of the window lies outside of the input at each place: the first one that it could meet
        something at is at the end of the input, or behind its last place."""
        first = tap * self.dilation - self.before
        turn = max(0, -(first // self.stride))  # until it is inside
        return turn >= self.places or first + turn * self.stride >= self.length


def windows(layer: Layer) -> tuple[Window, ...]:
    """The windows of a convolution or pooling along the axes of its input; none for other layers, or where a size is
    not known."""
    word, source = layer.word, layer.input
    x = source.output if source is not None else None
    if x is None or not isinstance(word, (*CONVOLUTIONS, *POOLINGS)):
        return ()
    if isinstance(word, POOLINGS):
        stride = word.size if word.stride is None else word.stride
        return _along(x, word.size, stride, word.padding, 1, ceil=word.ceil is True)
    return _along(x, word.kernel, word.stride, word.padding, word.dilation)


def _along(
    x: Tensor,
    size: object,
    stride: object,
    padding: object,
    dilation: object,
    *,
    ceil: bool = False,
) -> tuple[Window, ...]:
    axes = x.rank - 1
    found: list[Window] = []
    sizes, strides, dilations = (per_axis(value, axes) for value in (size, stride, dilation))
    for axis, n, k, s, d, pad in zip(
        AXES[axes], x.spatial, sizes, strides, dilations, pads(padding, axes), strict=True
    ):
        places = count_places(n, (k - 1) * d + 1, s, pad, ceil=ceil)
        known = (n, k, s, d, places)
        if not all(isinstance(number, int) for number in known):
            return ()
        assert isinstance(n, int) and isinstance(k, int) and isinstance(s, int)
        assert isinstance(d, int) and isinstance(places, int)
        if isinstance(pad, str):
            whole = max(0, (places - 1) * s + (k - 1) * d + 1 - n)
            before = {"valid": 0, "same": whole // 2, "causal": (k - 1) * d}[pad]
        else:
            assert isinstance(pad, int)
            before = pad
        found.append(Window(axis, n, k, d, s, places, before, pad not in ("valid", 0)))
    return tuple(found)
