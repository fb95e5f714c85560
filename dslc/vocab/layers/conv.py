"""Convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from dslc.vocab.constraints import MaybeConstraint
from dslc.vocab.dims import Dim, less, product
from dslc.vocab.initializers import GlorotUniform, Initial, Orthogonal, VectorInitial, Zeros
from dslc.vocab.kinds import Boolean, Count, Padding, Size1, Size2, Size3, SizeOf
from dslc.vocab.layers.core import Layer
from dslc.vocab.layers.window import pads, per_axis, slide, spread
from dslc.vocab.refusals import need_channels, need_multiple
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import Mismatch, Tensor, Weight
from dslc.vocab.word import Example, arg

_PADDING = "valid (none), same (as TensorFlow: ⌈size / stride⌉ places), or zeros at both ends"
_CONSTRAINT = "what the kernel may be: the weights of a unit are one whole filter"
_SOURCE = "LeCun et al. 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf"


def _above_one(value: Any) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return any(isinstance(item, int) and item > 1 for item in items)


def _stride_and_dilation(stride: Any, dilation: Any) -> Iterator[str]:
    if _above_one(stride) and _above_one(dilation):
        yield "`stride` and `dilation` cannot both be above 1: TensorFlow has no such convolution"


def _kernel(word: Any, shape: tuple[Dim, ...], fans: tuple[Dim, Dim] | None = None) -> Weight:
    return Weight(
        shape, word.init, regularizer=word.regularizer, constraint=word.constraint, fans=fans
    )


class _Conv(Layer):
    """What convolutions of every rank share; a kernel has the layout (k…, in / groups, filters)."""

    axes: ClassVar[int]
    positional: ClassVar[int] = 4

    filters: Count = arg("number of output channels")
    kernel: Any = arg("size of the window")
    stride: Any = arg("step of the window", 1)
    padding: Any = arg(_PADDING, "valid")
    dilation: Any = arg("step between the values of the window", 1)
    groups: Count = arg("parts that channels are split into, each convolved on its own", 1)
    bias: Boolean = arg("whether to add a number per channel", True)
    init: Initial = arg("law of the first kernel", GlorotUniform())
    bias_init: VectorInitial = arg("law of the first bias", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the kernel", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on the bias", None)
    constraint: MaybeConstraint = arg(_CONSTRAINT, None)

    def problems(self) -> Iterator[str]:
        yield from _stride_and_dilation(self.stride, self.dilation)
        f, g = self.filters, self.groups
        if isinstance(f, int) and isinstance(g, int) and f % g:
            yield f"`filters` must be a multiple of `groups`, got {f} and {g}"

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_channels(self, x, (self.axes + 1,)) or need_multiple(
            self, x.channels, self.groups, f"the {x.channels} channels of {x}", "groups"
        )
        if refusal:
            return refusal
        places = slide(self, x, self.kernel, self.stride, self.padding, dilation=self.dilation)
        return places if isinstance(places, Mismatch) else Tensor((*places, self.filters))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        window = per_axis(self.kernel, self.axes)
        shape = (*window, xs[0].channels // self.groups, self.filters)
        found = {"kernel": _kernel(self, shape)}
        if self.bias:
            found["bias"] = Weight(
                (self.filters,), self.bias_init, regularizer=self.bias_regularizer
            )
        return found

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        window = product(per_axis(self.kernel, self.axes))
        return product(y.shape) * window * (xs[0].channels // self.groups)


class Conv1D(_Conv):
    """A convolution along the steps of a sequence.

    `(T, C) -> (T', filters)`: every output is the sum over a window of `kernel` steps and all channels of
    input times weight, plus a bias (a cross-correlation, as in both frameworks). T' = ⌊(T + 2·padding −
    dilation·(kernel − 1) − 1) / stride⌋ + 1, or ⌈T / stride⌉ with `same` and `causal`; `causal` pads only in
    front, so that no output sees a later step.
    """

    axes: ClassVar[int] = 1
    aliases: ClassVar[tuple[str, ...]] = ("Convolution1D", "Conv1d")
    reference: ClassVar[str] = _SOURCE
    examples: ClassVar[tuple[str, ...]] = (
        Example("100x16", "x -> Conv1D(32, 5, padding=same)"),
        Example("100x16", "x -> Conv1D(32, 2, padding=causal, dilation=4)"),
    )

    kernel: Size1 = arg("size of the window", unit="steps")
    stride: Size1 = arg("step of the window", 1, unit="steps")
    padding: Annotated[str | tuple[int, ...], Padding(1, ("valid", "same", "causal"))] = arg(
        f"{_PADDING}; or causal (only in front)", "valid"
    )
    dilation: Size1 = arg("step between the values of the window", 1, unit="steps")


class Conv2D(_Conv):
    """A convolution over an image.

    `(H, W, C) -> (H', W', filters)`: every output is the sum over a window of the image and all channels of
    input times weight, plus a bias (a cross-correlation, as in both frameworks). H' = ⌊(H + 2·padding −
    dilation·(kernel − 1) − 1) / stride⌋ + 1, or ⌈H / stride⌉ with `same`; W' likewise.
    """

    axes: ClassVar[int] = 2
    aliases: ClassVar[tuple[str, ...]] = ("Convolution2D", "Conv2d", "Conv")
    reference: ClassVar[str] = _SOURCE
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x1", "x -> Conv2D(32, 3x3, padding=same)"),
        Example("224x224x3", "x -> Conv2D(64, 7x7, stride=2, padding=3, bias=false)"),
    )

    kernel: Size2 = arg("size of the window", unit="pixels")
    stride: Size2 = arg("step of the window", 1, unit="pixels")
    padding: Annotated[str | tuple[int, ...], Padding(2)] = arg(_PADDING, "valid")
    dilation: Size2 = arg("step between the values of the window", 1, unit="pixels")


class Conv3D(_Conv):
    """A convolution over a volume or a film.

    `(D, H, W, C) -> (D', H', W', filters)`, each axis by the rule of `Conv2D`.
    """

    axes: ClassVar[int] = 3
    aliases: ClassVar[tuple[str, ...]] = ("Convolution3D", "Conv3d")
    reference: ClassVar[str] = "Tran et al. 2015, https://arxiv.org/abs/1412.0767"
    examples: ClassVar[tuple[str, ...]] = (
        Example("16x32x32x3", "x -> Conv3D(8, 3x3x3, padding=same)"),
    )

    kernel: Size3 = arg("size of the window", unit="voxels")
    stride: Size3 = arg("step of the window", 1, unit="voxels")
    padding: Annotated[str | tuple[int, ...], Padding(3)] = arg(_PADDING, "valid")
    dilation: Size3 = arg("step between the values of the window", 1, unit="voxels")


class Conv2DTranspose(Layer):
    """A transposed convolution: the gradient of a `Conv2D`, used to enlarge an image.

    `(H, W, C) -> (H', W', filters)`. `same`: H' = H·stride. `valid`: H' = (H − 1)·stride +
    max(kernel, stride). A number p is the padding of the convolution that is reversed, as in torch:
    H' = (H − 1)·stride + kernel − 2p + output_padding. The kernel has the layout (k, k, filters, C).
    """

    positional: ClassVar[int] = 4
    aliases: ClassVar[tuple[str, ...]] = ("ConvTranspose2d", "Convolution2DTranspose", "Deconv2D")
    reference: ClassVar[str] = "Dumoulin and Visin 2016, https://arxiv.org/abs/1603.07285"
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x64", "x -> Conv2DTranspose(32, 2x2, stride=2)"),
        Example("7x7x64", "x -> Conv2DTranspose(32, 4x4, stride=2, padding=same)"),
        Example("7x7x64", "x -> Conv2DTranspose(32, 3x3, stride=2, padding=1, output_padding=1)"),
    )

    filters: Count = arg("number of output channels")
    kernel: Size2 = arg("size of the window", unit="pixels")
    stride: Size2 = arg("factor by which the image grows", 1, unit="pixels")
    padding: Annotated[str | tuple[int, ...], Padding(2)] = arg(
        "valid, same (H·stride), or what is cut off at both ends", "valid"
    )
    output_padding: Annotated[tuple[int, ...], SizeOf(2, 0)] = arg(
        "size added at the end, below the stride; only beside a number as `padding`",
        0,
        unit="pixels",
    )
    bias: Boolean = arg("whether to add a number per channel", True)
    init: Initial = arg("law of the first kernel", GlorotUniform())
    bias_init: VectorInitial = arg("law of the first bias", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the kernel", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on the bias", None)
    constraint: MaybeConstraint = arg(_CONSTRAINT, None)

    def problems(self) -> Iterator[str]:
        if not _above_one(tuple(extra + 1 for extra in per_axis(self.output_padding, 2))):
            return
        if isinstance(self.padding, str):
            yield f"`output_padding` has no meaning beside `padding={self.padding}`"
        for extra, stride in zip(
            per_axis(self.output_padding, 2), per_axis(self.stride, 2), strict=True
        ):
            if less(extra, stride) is False:
                yield f"`output_padding` must be below `stride`, got {extra} and {stride}"
                return

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_channels(self, x, (3,))
        if refusal:
            return refusal
        sizes = tuple(
            spread(n, k, s, p, extra)
            for n, k, s, p, extra in zip(
                x.spatial,
                per_axis(self.kernel, 2),
                per_axis(self.stride, 2),
                pads(self.padding, 2),
                per_axis(self.output_padding, 2),
                strict=True,
            )
        )
        if any(less(size, 1) for size in sizes):
            return Mismatch(
                "E0303",
                f"`{self.word}` cuts {self.padding} off both ends of {x}: nothing is left",
                "leaves an empty image",
                help="use a smaller `padding`, or `padding=same`",
            )
        return Tensor((*sizes, self.filters))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        shape = (*per_axis(self.kernel, 2), self.filters, xs[0].channels)
        found = {"kernel": _kernel(self, shape)}
        if self.bias:
            found["bias"] = Weight(
                (self.filters,), self.bias_init, regularizer=self.bias_regularizer
            )
        return found

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        return product(xs[0].shape) * product(per_axis(self.kernel, 2)) * self.filters


class _Filters(Layer):
    filters: Count = arg("number of output channels")


class _Depthwise(Layer):
    """What the convolutions share that filter every channel on its own."""

    kernel: Size2 = arg("size of the window", unit="pixels")
    stride: Size2 = arg("step of the window, equal for both axes", 1, unit="pixels")
    padding: Annotated[str | tuple[int, ...], Padding(2)] = arg(_PADDING, "valid")
    multiplier: Count = arg("filters for every input channel", 1)
    dilation: Size2 = arg("step between the values of the window", 1, unit="pixels")
    bias: Boolean = arg("whether to add a number per output channel", True)
    init: Initial = arg("law of the first kernels", GlorotUniform())
    bias_init: VectorInitial = arg("law of the first bias", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on the kernels", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on the bias", None)
    constraint: MaybeConstraint = arg(_CONSTRAINT, None)

    def problems(self) -> Iterator[str]:
        yield from _stride_and_dilation(self.stride, self.dilation)
        if len(set(per_axis(self.stride, 2))) > 1:
            yield "`stride` must be equal for both axes: TensorFlow has no other depthwise convolution"
        if isinstance(self.init, Orthogonal):
            yield "`init=orthogonal` is for one matrix, here every channel has windows of its own"

    def _places(self, x: Tensor) -> tuple[Dim, ...] | Mismatch:
        refusal = need_channels(self, x, (3,))
        return refusal or slide(
            self, x, self.kernel, self.stride, self.padding, dilation=self.dilation
        )

    def _filters(self, name: str, x: Tensor) -> dict[str, Weight]:
        """One window for every channel and multiple: each output sums over the window only."""
        window = per_axis(self.kernel, 2)
        fans = (product(window), product(window) * self.multiplier)
        shape = (*window, x.channels, self.multiplier)
        return {name: _kernel(self, shape, fans)}

    def _bias(self, size: Dim) -> dict[str, Weight]:
        if not self.bias:
            return {}
        return {"bias": Weight((size,), self.bias_init, regularizer=self.bias_regularizer)}


class DepthwiseConv2D(_Depthwise):
    """A convolution of every channel on its own, with `multiplier` filters each.

    `(H, W, C) -> (H', W', C·multiplier)`, H' and W' as in `Conv2D`; output channel c·multiplier + m comes from
    input channel c. The kernel has the layout (k, k, C, multiplier) and fan_in = k·k: the number of values
    that one output sums over, as the papers define it (Keras counts k·k·C, which starts too small).
    """

    positional: ClassVar[int] = 3
    reference: ClassVar[str] = "Howard et al. 2017, https://arxiv.org/abs/1704.04861"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "x -> DepthwiseConv2D(3x3, padding=same)"),
        Example("32x32x16", "x -> DepthwiseConv2D(3x3, stride=2, padding=1, multiplier=2)"),
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        places = self._places(xs[0])
        if isinstance(places, Mismatch):
            return places
        return Tensor((*places, xs[0].channels * self.multiplier))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        (x,) = xs
        return self._filters("kernel", x) | self._bias(x.channels * self.multiplier)

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        return product(y.shape) * product(per_axis(self.kernel, 2))


class SeparableConv2D(_Depthwise, _Filters):  # the fields of the last base come first
    """A depthwise convolution followed by a 1x1 convolution, with nothing between them.

    `(H, W, C) -> (H', W', filters)`, H' and W' as in `Conv2D`; one bias, after the second.
    """

    positional: ClassVar[int] = 4
    aliases: ClassVar[tuple[str, ...]] = ("SeparableConvolution2D",)
    reference: ClassVar[str] = "Chollet 2017, https://arxiv.org/abs/1610.02357"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "x -> SeparableConv2D(64, 3x3, padding=same)"),
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        places = self._places(xs[0])
        return places if isinstance(places, Mismatch) else Tensor((*places, self.filters))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        (x,) = xs
        wide = x.channels * self.multiplier
        pointwise = _kernel(self, (1, 1, wide, self.filters))
        found = self._filters("depthwise_kernel", x) | {"pointwise_kernel": pointwise}
        return found | self._bias(self.filters)

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        wide = xs[0].channels * self.multiplier
        window = product(per_axis(self.kernel, 2))
        return product(y.spatial) * wide * (window + self.filters)
