"""How a word becomes code: one table a backend, one row a word.

A row is a function from an applied word to the `Op`s that it becomes, in order: usually one, two where a backend
needs a step of its own (a pad in front of a convolution). The writers of the backends put operations together;
rows never know where they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from dslc.codegen.departures import Departure, Noted
from dslc.codegen.nodes import Expr, Statement
from dslc.codegen.values import Naming, value
from dslc.plan.model import Apply
from dslc.vocab.kinds import NamedSize, Symbolic
from dslc.vocab.tensor import FlowWord, Tensor
from dslc.vocab.word import Word

Layout = Literal["first", "last", "any"]


class NeedsNumbers(Exception):
    """A row cannot be written with names for the sizes of a block: the writer plans it again with numbers.
    Caught where models are written; never leaves the backend."""


@dataclass(frozen=True)
class Op:
    """One operation.

    `make` constructs a layer object, and `call` applies it: `call(layer, inputs)`; without `call` that is
    `layer(*inputs)`. `inline` is the stateless way, from the inputs alone. `plain` layers take one tensor and
    give one, so that they can stand in a sequence. `stem` names the attribute; `layout` is where channels must
    be (torch), and `comment` explains a line that the spec does not show; a longer `note` stands above it.
    `steps` says the same as `call` in statements: `steps(layer, variable, inputs)` gives them and the result.
    """

    make: Expr | None = None
    inline: Callable[..., Expr] | None = None
    call: Callable[..., Expr] | None = None
    stem: str = "layer"
    layout: Layout = "any"
    comment: str = ""
    weights: tuple[Any, ...] = ()  # what the backend must know of the first values of its weights
    steps: Callable[..., tuple[tuple[Statement, ...], Expr]] | None = None
    note: str = ""
    foreign: bool = False  # brings layers of a library, which no law of the spec is for
    wrap: Callable[[Expr], Expr] | None = None  # what is done to `make` once, around it
    first: Callable[..., Expr] | None = (
        None  # `inline` for channels behind the batch; `inline` itself then has them last
    )

    @property
    def plain(self) -> bool:
        return self.make is not None and self.call is None


@dataclass
class Context:
    """What a row sees besides the word: the sizes, and how to write values."""

    apply: Apply
    naming: Naming
    need_helper: Callable[[str], None]
    stock: bool = False  # `numerics = stock`
    departures: list[Noted] = field(default_factory=list)

    def own(self, *departures: Departure, word: str = "") -> bool:
        """Whether the framework's own class stands here although it departs from the language; notes that it does."""
        if self.stock:
            word = word or self.apply.word.word
            self.departures += [Noted(each, word, self.apply.span) for each in departures]
        return self.stock

    def write(self, item: Any) -> Expr:
        return value(item, self.naming)

    def size(self, items: tuple[Any, ...]) -> Expr:
        """`3` for a size that is the same on all axes, `(3, 5)` otherwise."""
        if isinstance(items, NamedSize):
            return self.write(items)
        return self.write(items[0] if len(set(items)) == 1 else tuple(items))

    @staticmethod
    def number(item: Any) -> Any:
        """A value that decides how a row is written.

        Raises:
            NeedsNumbers: it is still a name.
        """
        if isinstance(item, Symbolic):
            raise NeedsNumbers
        return item

    def numbers(self, items: tuple[Any, ...]) -> tuple[int, ...]:
        self.number(items)
        return tuple(self.number(item) for item in items)

    @staticmethod
    def known(*items: Any) -> bool:
        """Whether all values are numbers or flags, not names."""
        return not any(isinstance(item, Symbolic) for item in items)


Row = Callable[[Any, Context], "Op | tuple[Op, ...]"]
Limit = Callable[[Any, tuple[Tensor, ...]], "str | None"]


@dataclass
class Table:
    """The rows of one backend. `unsupported` says of a word why the backend refuses it, `limits` of a use of a
    word (its values and inputs) why it refuses that one, or nothing."""

    rows: dict[type[Word], Row] = field(default_factory=dict)
    unsupported: dict[type[Word], str] = field(default_factory=dict)
    limits: dict[type[Word], Limit] = field(default_factory=dict)

    def row(self, *kinds: type[FlowWord]) -> Callable[[Row], Row]:
        """Register the decorated function for these words."""

        def register(function: Row) -> Row:
            for kind in kinds:
                assert kind not in self.rows, f"{kind.word} has two rows"
                self.rows[kind] = function
            return function

        return register

    def refusal(self, word: FlowWord, inputs: tuple[Tensor, ...]) -> str | None:
        """Why the backend cannot write this use of a word, all of whose values are known; None where it can."""
        if type(word) not in self.rows:
            return self.unsupported.get(type(word), "use another layer or the other backend")
        limit = self.limits.get(type(word))
        return limit(word, inputs) if limit is not None else None

    def ops(self, context: Context) -> tuple[Op, ...]:
        found = self.rows[type(context.apply.word)](context.apply.word, context)
        return found if isinstance(found, tuple) else (found,)
