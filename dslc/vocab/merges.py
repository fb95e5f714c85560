"""Merges: several tensors become one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dslc.vocab.dims import Dim, ceil_div, differs, is_generic, product
from dslc.vocab.kinds import Boolean, Whole, is_symbolic
from dslc.vocab.refusals import RANK_NAMES, axis_names, need_known, need_numbers, need_rank
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from dslc.vocab.word import Example, arg


class Merge(FlowWord):
    """A step with two or more inputs."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "merge"
    positional: ClassVar[int] = 0
    inputs: ClassVar[tuple[int, int | None]] = (2, None)

    def _refuse(self, xs: tuple[Tensor, ...]) -> Mismatch | None:
        """Too few or too many inputs, or token ids among them."""
        least, most = self.inputs
        if len(xs) < least or (most is not None and len(xs) > most):
            wanted = f"{least} inputs" if most == least else f"at least {least} inputs"
            return Mismatch(
                "E0403",
                f"`{self.word}` takes {wanted}, got {len(xs)}",
                f"takes {wanted}",
                help=f"write all of them between the parentheses: {self.word}(x, y)",
            )
        return next((m for i, x in enumerate(xs) if (m := need_numbers(self, x, i))), None)


class _Same(Merge):
    """Value by value; all inputs have one shape."""

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        refusal = self._refuse(xs)
        if refusal:
            return refusal
        first = xs[0]
        for i, x in enumerate(xs[1:], start=1):
            if x.rank != first.rank or any(map(differs, first.shape, x.shape)):
                return _unequal(self, first, x, i)
        return Tensor(_known(xs))


def _known(xs: tuple[Tensor, ...]) -> tuple[Dim, ...]:
    """Of sizes that are equal, the one that says most: a number before a name, a name before a parameter."""
    return tuple(
        min(sizes, key=lambda d: (not isinstance(d, int), is_generic(d)))
        for sizes in zip(*(x.shape for x in xs), strict=True)
    )


def _unequal(word: Merge, a: Tensor, b: Tensor, operand: int) -> Mismatch:
    return Mismatch(
        "E0302",
        f"`{word.word}` needs equal shapes, got {a} and {b}",
        f"{a} and {b} differ",
        help=_cure(a, b),
        operand=operand,
    )


def _cure(a: Tensor, b: Tensor) -> str:
    if a.rank != b.rank:
        return f"one is {RANK_NAMES.get(a.rank)}, the other {RANK_NAMES.get(b.rank)}"
    wrong = [i for i, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)) if differs(m, n)]
    if wrong == [a.rank - 1]:
        return f"project the shortcut: x -> {_projection(a.rank, _larger(a.channels, b.channels))}"
    for large, small in ((a, b), (b, a)):
        stride = _stride(large, small)
        if stride is not None:
            project = _projection(a.rank, small.channels, stride)
            return f"project the shortcut with the stride of the main path: x -> {project}"
    which = ", ".join(axis_names(a)[i] for i in wrong)
    return f"they differ in {which}: use the same strides and padding on both paths"


def _larger(m: Dim, n: Dim) -> Dim:
    return max(m, n) if isinstance(m, int) and isinstance(n, int) else n


def _projection(rank: int, channels: Dim, stride: int = 1) -> str:
    """The layer that changes the number of channels of every place, and skips places with a stride."""
    if rank == 1:
        return f"Dense({channels})"
    size = "x".join(["1"] * (rank - 1))
    return f"Conv{rank - 1}D({channels}, {size}{f', stride={stride}' if stride > 1 else ''})"


def _stride(large: Tensor, small: Tensor) -> int | None:
    """The stride that makes the places of `small` from those of `large`."""
    pairs = list(zip(large.spatial, small.spatial, strict=True))
    for stride in range(2, 9):
        if pairs and all(ceil_div(n, stride) == m for n, m in pairs):
            return stride
    return None


class Add(_Same):
    """x + y + …, value by value.

    `(…), (…) -> (…)`: all shapes are equal; nothing is broadcast.
    """

    word: ClassVar[str] = "add"
    aliases: ClassVar[tuple[str, ...]] = ("Add",)
    source: ClassVar[str] = "He et al. 2016, https://arxiv.org/abs/1512.03385"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "add(x, x -> Conv2D(16, 3x3, padding=same)) -> relu"),
    )


class Subtract(_Same):
    """x − y, value by value.

    `(…), (…) -> (…)`: two inputs of equal shapes.
    """

    word: ClassVar[str] = "subtract"
    inputs: ClassVar[tuple[int, int | None]] = (2, 2)
    aliases: ClassVar[tuple[str, ...]] = ("Subtract", "sub")
    examples: ClassVar[tuple[str, ...]] = (Example("64", "subtract(x -> Dense(8), x -> Dense(8))"),)


class Average(_Same):
    """The mean of the inputs, value by value.

    `(…), (…) -> (…)`: all shapes are equal.
    """

    word: ClassVar[str] = "average"
    aliases: ClassVar[tuple[str, ...]] = ("Average",)
    examples: ClassVar[tuple[str, ...]] = (Example("64", "average(x -> Dense(8), x -> Dense(8))"),)


class Maximum(_Same):
    """The largest of the inputs, value by value (maxout).

    `(…), (…) -> (…)`: all shapes are equal.
    """

    word: ClassVar[str] = "maximum"
    aliases: ClassVar[tuple[str, ...]] = ("Maximum",)
    source: ClassVar[str] = "Goodfellow et al. 2013, https://arxiv.org/abs/1302.4389"
    examples: ClassVar[tuple[str, ...]] = (Example("64", "maximum(x -> Dense(8), x -> Dense(8))"),)


class Multiply(Merge):
    """x · y · …, value by value: gates and squeeze-and-excitation.

    `(H, W, C), (C) -> (H, W, C)`: an axis of size 1 is repeated, and features `(C)` are repeated at every
    place; apart from that all shapes are equal.
    """

    word: ClassVar[str] = "multiply"
    aliases: ClassVar[tuple[str, ...]] = ("Multiply", "mul")
    source: ClassVar[str] = "Hu et al. 2018, https://arxiv.org/abs/1709.01507"
    examples: ClassVar[tuple[str, ...]] = (
        Example(
            "16x16x32",
            "multiply(x, x -> GlobalAvgPool2D -> Dense(8) -> relu -> Dense(32) -> sigmoid)",
        ),
        Example("16x16x32", "multiply(x, x -> Conv2D(1, 1x1) -> sigmoid)"),
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        refusal = self._refuse(xs)
        if refusal:
            return refusal
        whole = max(xs, key=lambda x: x.rank)
        for i, x in enumerate(xs):
            if x.rank not in (1, whole.rank):
                return _unequal_factors(self, whole, x, i)
        padded = [(1,) * (whole.rank - x.rank) + x.shape for x in xs]
        sizes: list[Dim] = []
        for axis in range(whole.rank):
            factors = [shape[axis] for shape in padded if shape[axis] != 1] or [1]
            for i, shape in enumerate(padded):
                if shape[axis] != 1 and differs(factors[0], shape[axis]):
                    return _unequal_factors(self, xs[0], xs[i], i)
            sizes.append(min(factors, key=lambda d: (not isinstance(d, int), is_generic(d))))
        return Tensor(tuple(sizes))


def _unequal_factors(word: Merge, a: Tensor, b: Tensor, operand: int) -> Mismatch:
    return Mismatch(
        "E0302",
        f"`{word.word}` needs equal shapes, got {a} and {b}",
        f"{a} and {b} differ",
        help="only axes of size 1, and features (C) at every place of an image, are repeated",
        operand=operand,
    )


class Concat(Merge):
    """The inputs one after the other along one axis, the channels if not said otherwise.

    `(H, W, C₁), (H, W, C₂), … -> (H, W, C₁ + C₂ + …)`: all other axes are equal.
    """

    word: ClassVar[str] = "concat"
    aliases: ClassVar[tuple[str, ...]] = ("Concatenate", "concatenate", "cat", "Concat")
    source: ClassVar[str] = "Szegedy et al. 2015, https://arxiv.org/abs/1409.4842"
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x192", "concat(x -> Conv2D(64, 1x1), x -> Conv2D(32, 3x3, padding=same))"),
        Example("20x8", "concat(x, x -> Dense(8), axis=1)"),
    )

    axis: Annotated[int, Whole()] = arg(
        "the axis that grows: -1 the channels, 1 the outermost (0 is the batch, as in Keras)", -1
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        if len(xs) < 2 or any(x.dtype != "int" for x in xs):
            refusal = self._refuse(xs)
            if refusal:
                return refusal
        first = xs[0]
        if is_symbolic(self.axis):  # a parameter of a block: its uses are written apart
            return Mismatch("E0309", f"the axis of `{self.word}` is not known")
        axis = self.axis - 1 if self.axis > 0 else first.rank + self.axis
        if self.axis == 0 or not 0 <= axis < first.rank:
            return Mismatch(
                "E0309",
                f"`{self.word}` has no axis {self.axis} in {first}",
                "no such axis",
                help=f"axes count from 1 to {first.rank}, or from the end: -1 is the last",
            )
        total: Dim = first.shape[axis]
        for i, x in enumerate(xs[1:], start=1):
            if x.rank != first.rank or any(map(differs, _without(first, axis), _without(x, axis))):
                return _unequal_sides(self, first, x, axis, i)
            total = total + x.shape[axis]
        others = _known(tuple(Tensor(_without(x, axis)) for x in xs))
        return Tensor((*others[:axis], total, *others[axis:]), first.dtype)


def _without(x: Tensor, axis: int) -> tuple[Dim, ...]:
    return (*x.shape[:axis], *x.shape[axis + 1 :])


def _unequal_sides(word: Merge, a: Tensor, b: Tensor, axis: int, operand: int) -> Mismatch:
    names = axis_names(a)
    if a.rank != b.rank:
        cure = f"one is {RANK_NAMES.get(a.rank)}, the other {RANK_NAMES.get(b.rank)}"
    else:
        cure = "use the same strides on both paths, and `padding=same` where a window shrinks one"
    return Mismatch(
        "E0304",
        f"`{word.word}` along {names[axis]} needs all other axes equal, got {a} and {b}",
        f"{a} and {b} do not fit together",
        help=cure,
        operand=operand,
    )


class Dot(Merge):
    """The inner product Σ xᵢ·yᵢ of two vectors: `(C), (C) -> (1)`.

    With `normalize=true` both are first divided by their length: the cosine of their angle.
    """

    word: ClassVar[str] = "dot"
    inputs: ClassVar[tuple[int, int | None]] = (2, 2)
    aliases: ClassVar[tuple[str, ...]] = ("Dot", "CosineSimilarity")
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "dot(x -> Dense(8), x -> Dense(8), normalize=true)"),
    )

    normalize: Boolean = arg("whether to divide both vectors by their length first", False)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        refusal = self._refuse(xs)
        if refusal:
            return refusal
        a, b = xs
        refusal = need_rank(self, a, (1,)) or need_rank(self, b, (1,))
        if refusal:
            return refusal
        if differs(a.channels, b.channels):
            return _unequal(self, a, b, 1)
        return need_known(self, a.channels, "the size of its vectors") or Tensor((1,))

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        return product(xs[0].shape)
