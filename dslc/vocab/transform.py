"""What transforms share: how they speak of sizes, ranges and chances, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from dslc.vocab.kinds import (
    Bounds,
    Choice,
    Kind,
    Real,
    SizeOf,
    Whole,
)
from dslc.vocab.word import Word, arg

Size = tuple[int, int]  # height and width


@dataclass(frozen=True)
class Interval(Kind):
    """`0.8..1.2`, both ends from `low` to `high`; one number stands for both ends."""

    low: float
    high: float
    ends: str = "[]"
    whole: bool = False

    @property
    def end(self) -> Kind:
        """What each end is."""
        if self.whole:
            return Whole(int(self.low), int(self.high))
        return Real(self.low, self.high, self.ends)

    @property
    def describe(self) -> str:  # type: ignore[override]
        example = "1..4" if self.whole else "0.5..0.8"
        return f"{self.end.describe}, or a range such as {example}"

    def parse(self, value: Any) -> Bounds:
        pair = value if isinstance(value, Bounds) else Bounds(value, value)
        low, high = self.end.parse(pair.low), self.end.parse(pair.high)
        if low > high:
            raise ValueError
        return Bounds(low, high)


Chance = Annotated[float, Real(0, 1, "(]")]
Share = Annotated[float, Real(0, 1)]
BelowOne = Annotated[float, Real(0, 1, "[)")]
Degrees = Annotated[float, Real(0, 180)]
Side = Annotated[Size, SizeOf(2)]
Byte = Annotated[int, Whole(0, 255)]
Border = Annotated[str, Choice(("constant", "edge", "reflect"))]
ALBUMENTATIONS = "albumentations {}; Buslaev et al., Albumentations, Information 11(2), 2020"


def chance() -> Any:
    return arg("the chance that a picture is changed", 0.5)


class Transform(Word):
    """A change of a picture that leaves its class as it is."""

    abstract = True
    kind = "transform"
    positional = 0
    mixes: ClassVar[bool] = False  # works on a batch of pictures and their labels
    crops: ClassVar[bool] = False  # leaves another height and width
    blamed: ClassVar[str] = ""  # the parameter that a misfit is about

    def result(self, size: Size) -> Size:
        """The height and width that it leaves of `size`."""
        return size

    def misfit(self, size: Size, channels: int) -> str | None:
        """Why it has no meaning for such pictures, if so: a sentence."""
        return None

    def way_out(self, size: Size) -> str:
        """What to write instead where it does not fit pictures of this size."""
        return f"remove `{self.word}`"


class Mix(Transform):
    """Two pictures of a batch in one, with both of their labels."""

    abstract = True
    mixes = True
    positional = 1


def shown(size: Size) -> str:
    """`28x28`"""
    return f"{size[0]}x{size[1]}"
