"""Schedules: the learning rate as a function of time.

Time is counted in epochs, `epoch` from 0 to `epochs`, with fractions: the rate changes with every update of the
weights. Each word holds its formula once, as Python; it is what the scripts of all backends compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from dslc.vocab.experiment import Schedule
from dslc.vocab.kinds import Boolean, Choice, ListOf, NonNegative, Positive, Real
from dslc.vocab.word import arg

Factor = Annotated[float, Real(0, 1, "()")]
Shape = Annotated[str, Choice(("linear", "cosine"))]
Epochs = Annotated[float, Real(0, ends="()")]


def _warmup() -> Any:
    return arg("first epochs in which the rate rises from near 0", 0.0, unit="epochs")


def _shape() -> Any:
    return arg("how it rises: in a line, or in half a cosine", "linear")


class _Warmed(Schedule):
    """A schedule that may begin with a warm-up: update t of the W updates in it, counted from 0, has the share
    s = (t + 1) / W of the first rate, or (1 - cos(pi s)) / 2 of it with `warmup_shape=cosine`."""

    abstract: ClassVar[bool] = True

    def problems(self) -> Iterator[str]:
        if getattr(self, "warmup_shape", "") == "cosine" and not getattr(self, "warmup", 0):
            yield "`warmup_shape` needs a `warmup` above 0"


class _Falling(_Warmed):
    """A schedule between a rate and an end."""

    abstract: ClassVar[bool] = True

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if float(getattr(self, "end", 0.0)) >= float(getattr(self, "lr", 1.0)):
            yield "`end` must be below `lr`"


class Constant(_Warmed):
    """The same rate all the time; with a warm-up the usual start of large models."""

    word = "constant"
    says = "`lr` all the time"
    formula = ("return lr",)
    examples: ClassVar[tuple[str, ...]] = ("Adam(lr=constant(1e-3, warmup=2))",)

    lr: Positive = arg("the rate")
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()

    @property
    def steady(self) -> bool:
        return not self.warmup


class Step(_Warmed):
    """Multiplies the rate by `factor` every so many epochs, counted from the start of the training."""

    word = "step"
    aliases = ("StepLR", "step_decay")
    positional = 3
    says = "`lr`, cut by `factor` in steps"
    formula = ("return lr * factor ** (epoch // every)",)
    examples: ClassVar[tuple[str, ...]] = ("SGD(lr=step(0.1, every=30, factor=0.1))",)

    lr: Positive = arg("the first rate")
    every: Epochs = arg("time between two changes", unit="epochs")
    factor: Factor = arg("what the rate is multiplied by", 0.1)
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if float(self.warmup) > float(self.every):
            yield "`warmup` must end before the first change, at `every`"

    def too_long(self, epochs: float) -> Iterator[tuple[str, str]]:
        yield from super().too_long(epochs)
        if float(self.every) >= epochs:
            yield "every", f"the first change comes after {self.every:g} epochs"


class Piecewise(_Warmed):
    """One rate after the other: the first until `at[0]`, the second from there on, and so forth. Times are counted
    from the start of the training."""

    word = "piecewise"
    aliases = ("PiecewiseConstantDecay", "MultiStepLR")
    positional = 2
    says = "one of `rates` after the other"
    formula = ("return rates[sum(epoch >= border for border in at)]",)
    examples: ClassVar[tuple[str, ...]] = ("SGD(lr=piecewise([0.1, 0.01, 0.001], at=[30, 60]))",)

    rates: Annotated[
        tuple[float, ...],
        ListOf(Real(0, ends="()"), "a list of numbers > 0 such as [0.1, 0.01]"),
    ] = arg("the rates")
    at: Annotated[
        tuple[float, ...],
        ListOf(Real(0, ends="()"), "a list of numbers > 0 such as [30, 60]"),
    ] = arg("when the next one begins: one time less than there are rates", unit="epochs")
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()

    @property
    def peak(self) -> str:
        return "rates[0]"

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if len(self.rates) != len(self.at) + 1:
            yield (
                f"{len(self.rates)} `rates` need {len(self.rates) - 1} times in `at`, one between each two, "
                f"not {len(self.at)}"
            )
        elif any(one >= two for one, two in zip(self.at, self.at[1:], strict=False)):
            yield "the times in `at` must grow"
        elif float(self.warmup) > min(self.at, default=float(self.warmup)):
            yield "`warmup` must end before the first of the times in `at`"

    def too_long(self, epochs: float) -> Iterator[tuple[str, str]]:
        yield from super().too_long(epochs)
        if self.at and self.at[-1] >= epochs:
            yield "at", f"the last rate begins after {self.at[-1]:g} epochs"


class Exponential(_Warmed):
    """Multiplies the rate by `factor` in each epoch, a little with every update; with `staircase` at the end of the
    epoch. Time begins behind the warm-up."""

    word = "exponential"
    aliases = ("ExponentialDecay", "ExponentialLR")
    positional = 2
    shifted = True
    says = "`lr`, times `factor` in each epoch"
    formula = ("return lr * factor**epoch",)
    examples: ClassVar[tuple[str, ...]] = (
        "SGD(lr=exponential(0.1, 0.95))",
        "SGD(lr=exponential(0.1, 0.95, staircase=true))",
    )

    lr: Positive = arg("the first rate")
    factor: Factor = arg("what the rate is multiplied by in an epoch")
    staircase: Boolean = arg("change once in an epoch, not with every update", False)
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()

    @property
    def lines(self) -> tuple[str, ...]:
        return ("return lr * factor ** math.floor(epoch)",) if self.staircase else self.formula

    @property
    def constants(self) -> dict[str, Any]:
        return {name: value for name, value in super().constants.items() if name != "staircase"}


class Cosine(_Falling):
    """Half a cosine from `lr` to `end`, over all of the training behind the warm-up."""

    word = "cosine"
    aliases = ("CosineDecay", "CosineAnnealingLR", "cosine_annealing")
    positional = 2
    shifted = True
    says = "half a cosine from `lr` to `end`"
    formula = ("return end + (lr - end) / 2 * (1 + math.cos(math.pi * epoch / epochs))",)
    examples: ClassVar[tuple[str, ...]] = (
        "SGD(lr=cosine(0.1), momentum=0.9)",
        "AdamW(lr=cosine(1e-3, end=1e-5, warmup=5))",
    )
    reference = "Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017"

    lr: Positive = arg("the first rate")
    end: NonNegative = arg("the last rate", 0.0)
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()


class CosineRestarts(_Falling):
    """Half a cosine from `lr` to `end` again and again: the first in `first` epochs, each later one in `growth` times
    as many, from `decay` times the height above `end`."""

    word = "cosine_restarts"
    aliases = ("CosineDecayRestarts", "CosineAnnealingWarmRestarts", "SGDR")
    positional = 2
    shifted = True
    says = "half cosines from `lr` to `end`"
    formula = (
        "share = 1.0",
        "while epoch >= first:",
        "    epoch, first, share = epoch - first, first * growth, share * decay",
        "wave = 1 + math.cos(math.pi * epoch / first)",
        "return end + share * (lr - end) / 2 * wave",
    )
    examples: ClassVar[tuple[str, ...]] = ("SGD(lr=cosine_restarts(0.1, first=10, growth=2))",)
    reference = "Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017"

    lr: Positive = arg("the first rate")
    first: Annotated[float, Real(0.01)] = arg("length of the first cosine", unit="epochs")
    growth: Annotated[float, Real(1)] = arg("how many times as long the next one is", 1.0)
    decay: Annotated[float, Real(0, 1, "(]")] = arg("how many times as high the next one is", 1.0)
    end: NonNegative = arg("the lowest rate", 0.0)
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()


class Linear(_Falling):
    """A line from `lr` to `end`, over all of the training behind the warm-up."""

    word = "linear"
    aliases = ("PolynomialDecay", "LinearLR", "linear_decay")
    positional = 2
    shifted = True
    says = "a line from `lr` to `end`"
    formula = ("return lr + (end - lr) * epoch / epochs",)
    examples: ClassVar[tuple[str, ...]] = ("AdamW(lr=linear(5e-5, warmup=0.5))",)

    lr: Positive = arg("the first rate")
    end: NonNegative = arg("the last rate", 0.0)
    warmup: NonNegative = _warmup()
    warmup_shape: Shape = _shape()


class OneCycle(Schedule):
    """Up to `lr` in half a cosine, which takes the share `rise` of the training, then down in another. It begins with
    the share `start` of `lr` and ends with the share `end`. Momentum stays as it is."""

    word = "one_cycle"
    aliases = ("OneCycleLR", "onecycle")
    says = "up to `lr`, then down"
    formula = (
        "share = epoch / epochs",
        "if share < rise:",
        "    low, turn = start, 1 - share / rise",
        "else:",
        "    low, turn = end, (share - rise) / (1 - rise)",
        "return lr * (low + (1 - low) / 2 * (1 + math.cos(math.pi * turn)))",
    )
    examples: ClassVar[tuple[str, ...]] = ("SGD(lr=one_cycle(0.4), momentum=0.9)",)
    reference = "Smith and Topin, Super-convergence, 2018"

    lr: Positive = arg("the highest rate")
    rise: Annotated[float, Real(0, 1, "()")] = arg("share of the training that goes up", 0.3)
    start: Annotated[float, Real(0, 1, "()")] = arg("share of `lr` to begin with", 0.04)
    end: Annotated[float, Real(0, 1, "[)")] = arg("share of `lr` to end with", 4e-6)
