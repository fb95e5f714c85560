"""Merges: several tensors become one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dslc.vocab.dims import Dim, differs
from dslc.vocab.kinds import Whole
from dslc.vocab.refusals import RANK_NAMES, axis_names, need_numbers
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from dslc.vocab.word import Example, arg


class Merge(FlowWord):
    """A step with two or more inputs."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "merge"
    positional: ClassVar[int] = 0
    inputs: ClassVar[tuple[int, int | None]] = (2, None)

    def _wrong_count(self, xs: tuple[Tensor, ...]) -> Mismatch | None:
        least, most = self.inputs
        if least <= len(xs) and (most is None or len(xs) <= most):
            return None
        wanted = f"{least} inputs" if most == least else f"at least {least} inputs"
        return Mismatch(
            "E0310",
            f"`{self.word}` takes {wanted}, got {len(xs)}",
            f"takes {wanted}",
            help=f"write all of them between the parentheses: {self.word}(x, y)",
        )

    def _not_numbers(self, xs: tuple[Tensor, ...]) -> Mismatch | None:
        return next((m for i, x in enumerate(xs) if (m := need_numbers(self, x, i))), None)


class _Same(Merge):
    """Value by value; all inputs have one shape."""

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        refusal = self._wrong_count(xs) or self._not_numbers(xs)
        if refusal:
            return refusal
        first = xs[0]
        for i, x in enumerate(xs[1:], start=1):
            if x.rank != first.rank or any(map(differs, first.shape, x.shape)):
                return _unequal(self, first, x, i)
        return first


def _unequal(word: Merge, a: Tensor, b: Tensor, operand: int) -> Mismatch:
    return Mismatch(
        "E0302",
        f"`{word.word}` needs equal shapes, got {a} and {b}",
        f"{a} and {b} differ",
        help=_cure(word, a, b),
        operand=operand,
    )


def _cure(word: Merge, a: Tensor, b: Tensor) -> str:
    if a.rank != b.rank:
        return f"one is {RANK_NAMES.get(a.rank)}, the other {RANK_NAMES.get(b.rank)}"
    wrong = [i for i, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)) if differs(m, n)]
    if wrong == [a.rank - 1]:
        layer = {2: "Conv1D({}, 1)", 3: "Conv2D({}, 1x1)", 4: "Conv3D({}, 1x1x1)"}
        project = layer.get(a.rank, "Dense({})").format(b.channels)
        return f"project the shortcut: x -> {project}"
    names = axis_names(a)
    which = " and ".join(names[i] for i in wrong)
    return f"{which} differ: use the same stride and padding on both paths"


class Add(_Same):
    """x + y + …, value by value.

    `(…), (…) -> (…)`: all shapes are equal; nothing is broadcast.
    """

    word: ClassVar[str] = "add"
    aliases: ClassVar[tuple[str, ...]] = ("Add", "sum")
    source: ClassVar[str] = "He et al. 2016, https://arxiv.org/abs/1512.03385"
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x16", "add(x, x -> Conv2D(16, 3x3, padding=same)) -> relu"),
    )


class Concat(Merge):
    """The inputs one after the other along one axis, the channels if not said otherwise.

    `(H, W, C₁), (H, W, C₂), … -> (H, W, C₁ + C₂ + …)`: all other axes are equal.
    """

    word: ClassVar[str] = "concat"
    aliases: ClassVar[tuple[str, ...]] = ("Concatenate", "concatenate", "cat", "hstack")
    source: ClassVar[str] = "Szegedy et al. 2015, https://arxiv.org/abs/1409.4842"
    examples: ClassVar[tuple[str, ...]] = (
        Example("28x28x192", "concat(x -> Conv2D(64, 1x1), x -> Conv2D(32, 3x3, padding=same))"),
        Example("20x8", "concat(x, x -> Dense(8), axis=1)"),
    )

    axis: Annotated[int, Whole()] = arg(
        "the axis that grows: −1 the channels, 1 the outermost (0 is the batch, as in Keras)", -1
    )

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        refusal = self._wrong_count(xs)
        if refusal:
            return refusal
        first = xs[0]
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
            if x.dtype != first.dtype:
                return need_numbers(self, first, 0) or need_numbers(self, x, i) or first
            if x.rank != first.rank or any(
                differs(m, n)
                for j, (m, n) in enumerate(zip(first.shape, x.shape, strict=True))
                if j != axis
            ):
                return _unequal_sides(self, first, x, axis, i)
            total = total + x.shape[axis]
        return Tensor((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


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
