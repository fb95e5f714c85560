"""The types of parameters: what a word accepts, how it is said, how it is checked.

A `Kind` stands in an `Annotated` field of a word, parses a value of the spec and says in words what it wants:
`filters: Annotated[int, Whole(1)]`. Inside a block a value may still be a name; `Symbolic` values pass unchecked
and are checked when the block is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic_core import core_schema

from dslc.vocab.dims import Sym, symbol

if TYPE_CHECKING:
    from dslc.vocab.word import Word


@dataclass(frozen=True, slots=True)
class Param:
    """A block's own parameter, not known while its definition is written out as code."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """An expression over parameters that is not a whole number, such as `2 * rate`: kept as its tree, with what
    its names mean."""

    tree: Any
    scope: Any


class NamedSize(tuple[Any, ...]):
    """A block's own parameter that holds a size such as `3x3`: one symbol for every axis, `kernel[0]`."""

    name: str

    def __new__(cls, name: str, axes: int) -> Self:
        self = super().__new__(cls, [symbol(f"{name}[{i}]", generic=True) for i in range(axes)])
        self.name = name
        return self


Symbolic = (Sym, Param, Computed, NamedSize)


def is_symbolic(value: object) -> bool:
    """Whether a value is still a name inside a block."""
    return isinstance(value, Symbolic)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`0..1`: a range of numbers, both ends included."""

    low: float
    high: float


class Kind:
    """One type of parameter. `describe` completes “must be …”."""

    describe: str = "a value"
    choices: tuple[str, ...] = ()  # bare names that this kind accepts as they are
    word_kinds: tuple[str, ...] = ()  # kinds of words that this kind accepts

    def parse(self, value: Any) -> Any:
        """The value as the word holds it.

        Raises:
            ValueError: the value is not of this kind.
        """
        raise NotImplementedError

    def accept(self, value: Any) -> Any:
        known = not isinstance(value, Symbolic) or isinstance(value, NamedSize)
        return self.parse(value) if known else value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.accept)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise ValueError
    return int(value)


def _each_whole(items: tuple[Any, ...], low: int) -> tuple[Any, ...]:
    """Whole numbers ≥ `low`; a name of a block among them stays."""
    return tuple(i if isinstance(i, Symbolic) else Whole(low).parse(i) for i in items)


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number from `low` to `high`."""

    low: int | None = None
    high: int | None = None

    @property
    def describe(self) -> str:  # type: ignore[override]
        if self.low is not None and self.high is not None:
            return f"a whole number from {self.low} to {self.high}"
        return "a whole number" if self.low is None else f"a whole number ≥ {self.low}"

    def parse(self, value: Any) -> int:
        number = _whole(value)
        if (self.low is not None and number < self.low) or (
            self.high is not None and number > self.high
        ):
            raise ValueError
        return number


@dataclass(frozen=True)
class Real(Kind):
    """A number in an interval; `(` and `)` in `ends` leave an end out."""

    low: float = -math.inf
    high: float = math.inf
    ends: str = "[]"

    @property
    def describe(self) -> str:  # type: ignore[override]
        if self.low == -math.inf and self.high == math.inf:
            return "a number"
        if self.high == math.inf:
            return f"a number {'>' if self.ends[0] == '(' else '≥'} {self.low:g}"
        left = f"{self.low:g} {'<' if self.ends[0] == '(' else '≤'}"
        right = f"{'<' if self.ends[1] == ')' else '≤'} {self.high:g}"
        return f"a number with {left} value {right}"

    def parse(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            raise ValueError
        inside_low = value > self.low if self.ends[0] == "(" else value >= self.low
        inside_high = value < self.high if self.ends[1] == ")" else value <= self.high
        if math.isinf(value) or not (inside_low and inside_high):
            raise ValueError
        return value if isinstance(value, float) else float(value)


@dataclass(frozen=True)
class Flag(Kind):
    describe = "true or false"

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value


@dataclass(frozen=True)
class Text(Kind):
    """A string in quotes."""

    describe = "a string in quotes"

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or isinstance(value, BareName):
            raise ValueError
        return value


class BareName(str):
    """A name written without quotes: `same`, `val_loss`."""

    __slots__ = ()


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few bare names."""

    choices: tuple[str, ...]

    @property
    def describe(self) -> str:  # type: ignore[override]
        *most, last = self.choices
        return f"{', '.join(most)} or {last}" if most else last

    def parse(self, value: Any) -> str:
        if value is None and "none" in self.choices:  # here the name itself is meant
            return "none"
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError
        return str(value)


@dataclass(frozen=True)
class FreeName(Kind):
    """A bare name that the spec defines elsewhere: a column, a monitored value."""

    describe = "a name"

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError
        return str(value)


@dataclass(frozen=True)
class SizeOf(Kind):
    """`rank` whole numbers ≥ `low`, one for every axis: `3x3`, `(3, 5)`, or one number for all axes."""

    rank: int
    low: int = 1

    @property
    def describe(self) -> str:  # type: ignore[override]
        example = "x".join(["3"] * self.rank) if self.rank > 1 else "3"
        return f"a size such as {example} (whole numbers ≥ {self.low})"

    def parse(self, value: Any) -> tuple[int, ...]:
        items = value if isinstance(value, tuple) else (value,) * self.rank
        if len(items) != self.rank:
            raise ValueError
        if isinstance(items, NamedSize):
            return items
        return _each_whole(items, self.low)


@dataclass(frozen=True)
class Padding(Kind):
    """`valid`, `same`, or whole numbers: one for all sides, or one for every axis (both of its sides)."""

    rank: int
    choices: tuple[str, ...] = ("valid", "same")

    @property
    def describe(self) -> str:  # type: ignore[override]
        names = ", ".join(self.choices)
        return f"{names}, a whole number ≥ 0, or {self.rank} of them"

    def parse(self, value: Any) -> str | tuple[int, ...]:
        if isinstance(value, str):
            if value not in self.choices:
                raise ValueError
            return str(value)
        return SizeOf(self.rank, 0).parse(value)


@dataclass(frozen=True)
class WordOf(Kind):
    """A word of one of `word_kinds`: `he_normal`, `l2(1e-4)`."""

    word_kinds: tuple[str, ...]
    phrase: str = ""

    @property
    def describe(self) -> str:  # type: ignore[override]
        return self.phrase

    def parse(self, value: Any) -> Word:
        if getattr(value, "kind", None) not in self.word_kinds:
            raise ValueError
        found: Word = value
        return found


@dataclass(frozen=True)
class ListOf(Kind):
    """`[a, b]`, or one item alone."""

    item: Kind
    phrase: str

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.item.choices

    @property
    def word_kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.item.word_kinds

    @property
    def describe(self) -> str:  # type: ignore[override]
        return self.phrase

    def parse(self, value: Any) -> tuple[Any, ...]:
        return tuple(self.item.parse(v) for v in (value if isinstance(value, tuple) else (value,)))


@dataclass(frozen=True)
class RangeOf(Kind):
    """`low..high` with low < high."""

    describe = "a range such as 0..1"

    def parse(self, value: Any) -> Bounds:
        if not isinstance(value, Bounds) or not value.low < value.high:
            raise ValueError
        return value


@dataclass(frozen=True)
class OrNone(Kind):
    """What `item` accepts, or `none`."""

    item: Kind

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("none", *self.item.choices)

    @property
    def word_kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.item.word_kinds

    @property
    def describe(self) -> str:  # type: ignore[override]
        return f"{self.item.describe}, or none"

    def parse(self, value: Any) -> Any:
        return None if value is None or value == "none" else self.item.parse(value)


@dataclass(frozen=True)
class Sizes(Kind):
    """Whole numbers ≥ `low`, as many as the input has axes: `7x7x64`, `(2, 1)`, or one number alone."""

    low: int = 1
    phrase: str = "whole numbers such as 7x7x64"

    @property
    def describe(self) -> str:  # type: ignore[override]
        return self.phrase

    def parse(self, value: Any) -> tuple[int, ...]:
        items = value if isinstance(value, tuple) else (value,)
        if not items:
            raise ValueError
        return _each_whole(items, self.low)


@dataclass(frozen=True)
class OneOf(Kind):
    """The first of several kinds that accepts the value."""

    kinds: tuple[Kind, ...]

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(c for kind in self.kinds for c in kind.choices)

    @property
    def word_kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(w for kind in self.kinds for w in kind.word_kinds)

    @property
    def describe(self) -> str:  # type: ignore[override]
        return " or ".join(kind.describe for kind in self.kinds)

    def parse(self, value: Any) -> Any:
        for kind in self.kinds:
            try:
                return kind.parse(value)
            except (ValueError, TypeError):
                continue
        raise ValueError


Count = Annotated[int, Whole(1)]
Natural = Annotated[int, Whole(0)]
Integer = Annotated[int, Whole()]
Positive = Annotated[float, Real(0, ends="()")]
NonNegative = Annotated[float, Real(0, ends="[)")]
Number = Annotated[float, Real()]
Rate = Annotated[float, Real(0, 1, "[)")]
Boolean = Annotated[bool, Flag()]
String = Annotated[str, Text()]
Size1 = Annotated[tuple[int, ...], SizeOf(1)]
Size2 = Annotated[tuple[int, ...], SizeOf(2)]
Size3 = Annotated[tuple[int, ...], SizeOf(3)]
