"""Pooling: the largest or the mean value of a window, or of everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from dslc.vocab.kinds import Boolean, OrNone, Padding, Size1, Size2, Size3, SizeOf
from dslc.vocab.layers.core import Layer
from dslc.vocab.layers.window import per_axis, slide
from dslc.vocab.refusals import need_numbers, need_rank
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.word import Example, arg

_STRIDE = "step of the window; the size when left out, so that windows do not overlap"
_CEIL = "let the last window hang over the end instead of leaving values out"
_MAX_PADDING = (
    "valid (none), same (as TensorFlow), or a width for both ends; never wins the maximum"
)
_AVG_PADDING = "valid (none), same (as TensorFlow), or a width for both ends; never counted"


class _Pool(Layer):
    """What poolings of every rank share."""

    axes: ClassVar[int]
    positional: ClassVar[int] = 3

    size: Any = arg("size of the window")
    stride: Any = arg(_STRIDE, None)
    padding: Any = arg(_MAX_PADDING, "valid")
    ceil: Boolean = arg(_CEIL, False)

    def problems(self) -> Iterator[str]:
        if self.ceil is True and self.padding == "same":
            yield "`ceil` has no meaning beside `padding=same`, which already keeps every value"
        if isinstance(self.padding, str):
            return
        sizes, pads = per_axis(self.size, self.axes), per_axis(self.padding, self.axes)
        for size, pad in zip(sizes, pads, strict=True):
            if isinstance(size, int) and isinstance(pad, int) and 2 * pad > size:
                yield f"`padding` must be at most half of the size, got {pad} and {size}"
                return

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_numbers(self, x) or need_rank(self, x, (self.axes + 1,))
        if refusal:
            return refusal
        stride = self.size if self.stride is None else self.stride
        places = slide(self, x, self.size, stride, self.padding, ceil=self.ceil is True)
        return places if isinstance(places, Mismatch) else Tensor((*places, x.channels))


class _Pool1D(_Pool):
    axes: ClassVar[int] = 1
    size: Size1 = arg("size of the window", unit="steps")
    stride: Annotated[tuple[int, ...] | None, OrNone(SizeOf(1))] = arg(_STRIDE, None, unit="steps")
    padding: Annotated[str | tuple[int, ...], Padding(1)] = arg(_MAX_PADDING, "valid")


class _Pool2D(_Pool):
    axes: ClassVar[int] = 2
    size: Size2 = arg("size of the window", unit="pixels")
    stride: Annotated[tuple[int, ...] | None, OrNone(SizeOf(2))] = arg(_STRIDE, None, unit="pixels")
    padding: Annotated[str | tuple[int, ...], Padding(2)] = arg(_MAX_PADDING, "valid")


class _Pool3D(_Pool):
    axes: ClassVar[int] = 3
    size: Size3 = arg("size of the window", unit="voxels")
    stride: Annotated[tuple[int, ...] | None, OrNone(SizeOf(3))] = arg(_STRIDE, None, unit="voxels")
    padding: Annotated[str | tuple[int, ...], Padding(3)] = arg(_MAX_PADDING, "valid")


class MaxPool1D(_Pool1D):
    """The largest value of every window, channel by channel.

    `(T, C) -> (T', C)`, T' = ⌊(T + 2·padding − size) / stride⌋ + 1, rounded up with `ceil`; ⌈T / stride⌉ with
    `same`.
    """

    aliases: ClassVar[tuple[str, ...]] = ("MaxPooling1D", "MaxPool1d")
    examples: ClassVar[tuple[str, ...]] = (Example("100x16", "x -> MaxPool1D(2)"),)


class MaxPool2D(_Pool2D):
    """The largest value of every window, channel by channel.

    `(H, W, C) -> (H', W', C)`, H' = ⌊(H + 2·padding − size) / stride⌋ + 1, rounded up with `ceil` (a window
    begins inside of the input); ⌈H / stride⌉ with `same`; W' likewise.
    """

    aliases: ClassVar[tuple[str, ...]] = ("MaxPooling2D", "MaxPool2d", "MaxPool")
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x32", "x -> MaxPool2D(2x2)"),
        Example("112x112x64", "x -> MaxPool2D(3x3, stride=2, padding=1)"),
        Example("112x112x64", "x -> MaxPool2D(3x3, stride=2, ceil=true)"),
    )


class MaxPool3D(_Pool3D):
    """The largest value of every window, channel by channel.

    `(D, H, W, C) -> (D', H', W', C)`, each axis by the rule of `MaxPool2D`.
    """

    aliases: ClassVar[tuple[str, ...]] = ("MaxPooling3D", "MaxPool3d")
    examples: ClassVar[tuple[str, ...]] = (Example("16x32x32x8", "x -> MaxPool3D(2x2x2)"),)


class AvgPool1D(_Pool1D):
    """The mean of every window, channel by channel; padding is not counted.

    `(T, C) -> (T', C)` by the rule of `MaxPool1D`.
    """

    aliases: ClassVar[tuple[str, ...]] = ("AveragePooling1D", "AvgPool1d", "AveragePool1D")
    examples: ClassVar[tuple[str, ...]] = (Example("100x16", "x -> AvgPool1D(4)"),)

    padding: Annotated[str | tuple[int, ...], Padding(1)] = arg(_AVG_PADDING, "valid")


class AvgPool2D(_Pool2D):
    """The mean of every window, channel by channel; padding is not counted.

    `(H, W, C) -> (H', W', C)` by the rule of `MaxPool2D`.
    """

    aliases: ClassVar[tuple[str, ...]] = (
        "AveragePooling2D", "AvgPool2d", "AveragePool2D", "AvgPool",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x6", "x -> AvgPool2D(2x2)"),
        Example("14x14x512", "x -> AvgPool2D(3x3, stride=1, padding=same)"),
    )

    padding: Annotated[str | tuple[int, ...], Padding(2)] = arg(_AVG_PADDING, "valid")


class AvgPool3D(_Pool3D):
    """The mean of every window, channel by channel; padding is not counted.

    `(D, H, W, C) -> (D', H', W', C)` by the rule of `MaxPool2D`.
    """

    aliases: ClassVar[tuple[str, ...]] = ("AveragePooling3D", "AvgPool3d", "AveragePool3D")
    examples: ClassVar[tuple[str, ...]] = (Example("16x32x32x8", "x -> AvgPool3D(2x2x2)"),)

    padding: Annotated[str | tuple[int, ...], Padding(3)] = arg(_AVG_PADDING, "valid")


class _GlobalPool(Layer):
    """What global poolings share: only the channels are left."""

    axes: ClassVar[int]
    positional: ClassVar[int] = 0

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_numbers(self, x) or need_rank(self, x, (self.axes + 1,))
        return refusal or Tensor((x.channels,))


_LIN = "Lin et al. 2014, https://arxiv.org/abs/1312.4400"


class GlobalAvgPool1D(_GlobalPool):
    """The mean over all steps, channel by channel: `(T, C) -> (C)`."""

    axes: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("GlobalAveragePooling1D", "AdaptiveAvgPool1d")
    reference: ClassVar[str] = _LIN
    examples: ClassVar[tuple[str, ...]] = (Example("100x16", "x -> GlobalAvgPool1D -> Dense(2)"),)


class GlobalAvgPool2D(_GlobalPool):
    """The mean over the whole image, channel by channel: `(H, W, C) -> (C)`."""

    axes: ClassVar[int] = 2
    aliases: ClassVar[tuple[str, ...]] = (
        "GlobalAveragePooling2D", "AdaptiveAvgPool2d", "GlobalAvgPool", "GlobalAveragePooling",
    )  # fmt: skip
    reference: ClassVar[str] = _LIN
    examples: ClassVar[tuple[str, ...]] = (Example("7x7x512", "x -> GlobalAvgPool2D -> Dense(10)"),)


class GlobalAvgPool3D(_GlobalPool):
    """The mean over the whole volume, channel by channel: `(D, H, W, C) -> (C)`."""

    axes: ClassVar[int] = 3
    aliases: ClassVar[tuple[str, ...]] = ("GlobalAveragePooling3D", "AdaptiveAvgPool3d")
    reference: ClassVar[str] = _LIN
    examples: ClassVar[tuple[str, ...]] = (Example("4x7x7x64", "x -> GlobalAvgPool3D -> Dense(2)"),)


class GlobalMaxPool1D(_GlobalPool):
    """The largest value over all steps, channel by channel: `(T, C) -> (C)`."""

    axes: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("GlobalMaxPooling1D", "AdaptiveMaxPool1d")
    examples: ClassVar[tuple[str, ...]] = (Example("100x16", "x -> GlobalMaxPool1D -> Dense(2)"),)


class GlobalMaxPool2D(_GlobalPool):
    """The largest value over the whole image, channel by channel: `(H, W, C) -> (C)`."""

    axes: ClassVar[int] = 2
    aliases: ClassVar[tuple[str, ...]] = (
        "GlobalMaxPooling2D", "AdaptiveMaxPool2d", "GlobalMaxPool",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (Example("7x7x512", "x -> GlobalMaxPool2D -> Dense(10)"),)


class GlobalMaxPool3D(_GlobalPool):
    """The largest value over the whole volume, channel by channel: `(D, H, W, C) -> (C)`."""

    axes: ClassVar[int] = 3
    aliases: ClassVar[tuple[str, ...]] = ("GlobalMaxPooling3D", "AdaptiveMaxPool3d")
    examples: ClassVar[tuple[str, ...]] = (Example("4x7x7x64", "x -> GlobalMaxPool3D -> Dense(2)"),)
