"""Layers that only move values: Flatten, Reshape, padding, cropping, enlarging."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from dslc.vocab.dims import Dim, differs, divisible, less, product, show
from dslc.vocab.kinds import Choice, Kind, Sizes, Symbolic, Whole
from dslc.vocab.layers.core import Layer
from dslc.vocab.layers.window import per_axis, size_of
from dslc.vocab.refusals import axis_names, need_numbers, need_rank
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.word import Example, Word, arg

MAX_RANK = 4


class Flatten(Layer):
    """All values in one row, the last axis fastest: `(H, W, C) -> (H·W·C)`."""

    positional: ClassVar[int] = 0
    aliases: ClassVar[tuple[str, ...]] = ("flatten",)
    examples: ClassVar[tuple[str, ...]] = (Example("7x7x64", "x -> Flatten -> Dense(10)"),)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_rank(self, x, (1, 2, 3, 4)) or Tensor((product(x.shape),), x.dtype)


class Reshape(Layer):
    """The same values under another shape, the last axis fastest: `(…) -> shape`.

    One size may be −1: it becomes whatever the others leave. The number of values stays.
    """

    aliases: ClassVar[tuple[str, ...]] = ("Unflatten", "View", "reshape")
    examples: ClassVar[tuple[str, ...]] = (
        Example("784", "x -> Reshape(28x28x1) -> Conv2D(8, 3x3)"),
        Example("8x8x64", "x -> Reshape((-1, 64)) -> MultiHeadAttention(4)"),
    )

    shape: Annotated[tuple[int, ...], Sizes(-1, "sizes such as 7x7x64, at most one of them -1")] = (
        arg("the new sizes, without the batch axis")
    )

    def problems(self) -> Iterator[str]:
        sizes = per_axis(self.shape, 1)
        if sum(size == -1 for size in sizes) > 1:
            yield "`shape` may hold one -1 only: two unknown sizes cannot both be found"
        if any(size == 0 for size in sizes):
            yield "`shape` holds a 0: an axis has at least one value"
        if len(sizes) > MAX_RANK:
            yield f"`shape` has {len(sizes)} axes; a tensor has at most {MAX_RANK}"

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        sizes = per_axis(self.shape, 1)
        have, want = product(x.shape), product(size for size in sizes if size != -1)
        if -1 not in sizes:
            return self._unequal(x, have, want) if differs(have, want) else Tensor(sizes, x.dtype)
        if divisible(have, want) is False or less(have, want):
            return self._unequal(x, have, want)
        rest = have // want
        return Tensor(tuple(rest if size == -1 else size for size in sizes), x.dtype)

    def _unequal(self, x: Tensor, have: Dim, want: Dim) -> Mismatch:
        verb = "a multiple of " if -1 in per_axis(self.shape, 1) else ""
        return Mismatch(
            "E0312",
            f"`Reshape` cannot make {show(self.shape)} of {x}: it holds {have} values, "
            f"needed are {verb}{want}",
            f"{have} values here",
            help="write -1 for one size to let it be found",
        )


class Permute(Layer):
    """The axes in another order: `(H, W, C) -> (C, H, W)` for `Permute((3, 1, 2))`.

    `order` names the old axes from 1 (the batch axis is 0 and stays), as in Keras.
    """

    aliases: ClassVar[tuple[str, ...]] = ("permute", "Transpose", "transpose")
    examples: ClassVar[tuple[str, ...]] = (
        Example("20x8", "x -> Permute((2, 1)) -> Conv1D(4, 3)"),
        Example("28x28x3", "x -> Permute((3, 1, 2))"),
    )

    order: Annotated[
        tuple[int, ...], Sizes(1, "every axis once, counted from 1, such as (2, 1)")
    ] = arg("where each new axis comes from")

    def problems(self) -> Iterator[str]:
        order = per_axis(self.order, 1)
        known = all(isinstance(axis, int) for axis in order)
        if known and set(order) != set(range(1, len(order) + 1)):
            yield f"`order` must hold every axis from 1 to {len(order)} once, got {order}"

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        order = per_axis(self.order, x.rank)
        if len(order) != x.rank:
            return _wrong_axes(self, f"{len(order)} axes in `order`", x, x.rank)
        if not all(isinstance(axis, int) for axis in order):
            return Tensor(order, x.dtype)  # a block's own parameters: any order
        beyond = max(int(str(axis)) for axis in order)
        if beyond > x.rank:
            return _wrong_axes(self, f"axis {beyond} in `order`", x, x.rank)
        return Tensor(tuple(x.shape[int(str(axis)) - 1] for axis in order), x.dtype)


def _wrong_axes(word: Word, what: str, x: Tensor, wanted: int) -> Mismatch:
    return Mismatch(
        "E0309",
        f"`{word.word}` got {what}, but {x} has {wanted}",
        f"{x} has {wanted}",
        help=f"axes of {x}: {', '.join(axis_names(x))}",
    )


@dataclass(frozen=True)
class Sides(Kind):
    """Widths at the ends of axes: `1`, `(1, 2)` for height and width, `((1, 0), (2, 2))`."""

    describe = "a width, one for every axis, or a pair (before, after) for every axis"

    def parse(self, value: Any) -> int | tuple[Any, ...]:
        if not isinstance(value, tuple):
            return Whole(0).parse(value)
        if not 1 <= len(value) <= 3:
            raise ValueError
        return tuple(self._side(item) for item in value)

    @staticmethod
    def _side(item: Any) -> Any:
        if isinstance(item, Symbolic):
            return item
        if not isinstance(item, tuple):
            return Whole(0).parse(item)
        before, after = item
        return tuple(i if isinstance(i, Symbolic) else Whole(0).parse(i) for i in (before, after))


class _Sides(Layer):
    """What padding and cropping share."""

    amount: Any = arg("width at the ends of the axes", unit="values")
    sign: ClassVar[int]

    def sides(self, x: Tensor) -> tuple[tuple[Dim, Dim], ...] | None:
        """(before, after) for every spatial axis of `x`; None when their number is another."""
        axes = x.rank - 1
        value: Any = self.amount
        if not isinstance(value, tuple):
            return ((size_of(value), size_of(value)),) * axes
        if axes == 1 and len(value) == 2 and not isinstance(value[0], tuple):
            value = (value,)
        if len(value) != axes:
            return None
        pairs = (item if isinstance(item, tuple) else (item, item) for item in value)
        return tuple((size_of(before), size_of(after)) for before, after in pairs)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_numbers(self, x) or need_rank(self, x, (2, 3, 4))
        if refusal:
            return refusal
        sides = self.sides(x)
        if sides is None:
            return _wrong_axes(self, f"widths for {len(self.amount)} axes", x, x.rank - 1)
        sizes = tuple(
            n + self.sign * (before + after)
            for n, (before, after) in zip(x.spatial, sides, strict=True)
        )
        if any(less(size, 1) for size in sizes):
            return Mismatch(
                "E0303",
                f"`{self.word}` cuts more off {x} than it holds",
                "leaves nothing",
                help="cut less, or cut before the image is made smaller",
            )
        return Tensor((*sizes, x.channels))


class ZeroPad(_Sides):
    """Zeros around a sequence, image or volume.

    `(H, W, C) -> (H + top + bottom, W + left + right, C)`. One number pads all sides; `(h, w)` both sides of
    each axis; `((top, bottom), (left, right))` says every side. For a sequence `(before, after)`.
    """

    sign: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = (
        "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x1", "x -> ZeroPad(2) -> Conv2D(6, 5x5)"),
        Example("224x224x3", "x -> ZeroPad(((0, 1), (0, 1))) -> Conv2D(8, 3x3, stride=2)"),
        Example("100x16", "x -> ZeroPad((4, 0)) -> Conv1D(8, 5)"),
    )

    amount: Annotated[Any, Sides()] = arg("width of the zeros", unit="values")


class Crop(_Sides):
    """The ends of axes cut off.

    `(H, W, C) -> (H − top − bottom, W − left − right, C)`, the widths written as in `ZeroPad`.
    """

    sign: ClassVar[int] = -1
    aliases: ClassVar[tuple[str, ...]] = ("Cropping1D", "Cropping2D", "Cropping3D")
    examples: ClassVar[tuple[str, ...]] = (Example("32x32x3", "x -> Crop(2)"),)

    amount: Annotated[Any, Sides()] = arg("width that is cut off", unit="values")


class Upsample(Layer):
    """Enlarges a sequence, image or volume.

    `(H, W, C) -> (H·factor, W·factor, C)`. `nearest` repeats every value; `bilinear` (images only) interpolates
    between the centres of pixels (corners are not aligned).
    """

    aliases: ClassVar[tuple[str, ...]] = (
        "UpSampling1D", "UpSampling2D", "UpSampling3D", "UpsamplingNearest2d",
        "UpsamplingBilinear2d", "UpSample",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (
        Example("14x14x32", "x -> Upsample(2) -> Conv2D(16, 3x3, padding=same)"),
        Example("14x14x32", "x -> Upsample((2, 4), method=bilinear)"),
    )

    factor: Annotated[tuple[int, ...], Sizes(1, "a whole number ≥ 1, or one for every axis")] = arg(
        "how many times larger each axis becomes"
    )
    method: Annotated[str, Choice(("nearest", "bilinear"))] = arg(
        "where new values come from", "nearest"
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        ranks = (3,) if self.method == "bilinear" else (2, 3, 4)
        refusal = need_numbers(self, x) or need_rank(self, x, ranks)
        if refusal:
            return refusal
        given = per_axis(self.factor, x.rank - 1)
        factors = given * (x.rank - 1) if len(given) == 1 else given
        if len(factors) != x.rank - 1:
            return _wrong_axes(self, f"{len(factors)} factors", x, x.rank - 1)
        sizes = (n * f for n, f in zip(x.spatial, factors, strict=True))
        return Tensor((*sizes, x.channels))
