"""Expressions and statements of generated Python, as values.

A backend builds these; `dslc.codegen.layout` prints them and `dslc.codegen.imports` collects the
imports they need. All nodes are frozen and hashable. Nothing here knows widths, and no text of a
spec gets in except through `Lit`, comments and docstrings, which are escaped. `lit`, `ref`,
`call` and `method` are the short way to write the common ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from dslc.codegen import literals
from dslc.codegen.names import Import as Import
from dslc.codegen.names import require_name

BINARY_OPERATORS = ("+", "-", "*", "/", "//", "%", "@", "**", "|", "^", "&", "<<", ">>")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not")


# --- expressions ------------------------------------------------------------------------


@dataclass(frozen=True)
class Lit:
    """One scalar of a spec; a number keeps the user's spelling `text` where it means the same."""

    value: literals.Scalar = field(compare=False)
    text: str | None = field(default=None, compare=False)
    code: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", literals.literal(self.value, self.text))


@dataclass(frozen=True)
class Ref:
    """A dotted name such as `layers.Conv2D`, with the imports that bring it."""

    name: str
    imports: frozenset[Import] = frozenset()

    def __post_init__(self) -> None:
        for part in self.name.split("."):
            require_name(part)


@dataclass(frozen=True)
class TupleOf:
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class ListOf:
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Pair:
    """`key: value` of a dict; without a key, `**value`."""

    key: Expr | None
    value: Expr


@dataclass(frozen=True)
class DictOf:
    pairs: tuple[Pair | Commented, ...] = ()


@dataclass(frozen=True)
class Attr:
    """`value.name`."""

    value: Expr
    name: str
    origin: object = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        require_name(self.name)


@dataclass(frozen=True)
class Kw:
    """`name=value` in a call; without a name, `**value`."""

    name: str | None
    value: Expr

    def __post_init__(self) -> None:
        if self.name is not None:
            require_name(self.name)


@dataclass(frozen=True)
class Star:
    """`*node` among arguments or items."""

    node: Expr


@dataclass(frozen=True)
class Commented:
    """An item with a trailing `# comment`: it makes its brackets put one item on each line."""

    node: Expr | Star | Kw | Pair
    comment: str


@dataclass(frozen=True)
class Call:
    """`func(args, kwargs)`. `origin` remembers what of the plan it constructs or computes (see `codegen.origins`),
    as in attributes, indices and operations."""

    func: Expr
    args: tuple[Item, ...] = ()
    kwargs: tuple[Kw | Commented, ...] = ()
    origin: object = field(default=None, compare=False, repr=False)

    @property
    def arguments(self) -> tuple[Expr | Star | Kw | Pair | Commented, ...]:
        return (*self.args, *self.kwargs)


@dataclass(frozen=True)
class Slice:
    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None


@dataclass(frozen=True)
class Index:
    """`value[items]`; several items make a tuple index."""

    value: Expr
    items: tuple[Expr | Slice, ...]
    origin: object = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        assert self.items, "an index needs at least one item"


@dataclass(frozen=True)
class UnaryOp:
    op: Literal["-", "+", "~", "not"]
    operand: Expr


@dataclass(frozen=True)
class BinOp:
    op: str
    left: Expr
    right: Expr
    origin: object = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        assert self.op in BINARY_OPERATORS, self.op


@dataclass(frozen=True)
class Compare:
    """`left op right`, and chained: `Compare(a, (("<", b), ("<", c)))`."""

    left: Expr
    rest: tuple[tuple[str, Expr], ...]

    def __post_init__(self) -> None:
        assert self.rest, "a comparison needs two values"
        assert all(op in COMPARISONS for op, _ in self.rest), self.rest


@dataclass(frozen=True)
class BoolOp:
    op: Literal["and", "or"]
    values: tuple[Expr, ...]

    def __post_init__(self) -> None:
        assert len(self.values) >= 2, "a boolean operation needs two values"


@dataclass(frozen=True)
class Conditional:
    """`then if test else other`."""

    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True)
class Comprehension:
    """`element for target in iterable [if condition …]` in the brackets of its `kind`.

    A dict takes a `Pair` as its element. Further `for` clauses go into `more`: (target, iterable).
    """

    element: Expr | Pair
    target: Expr
    iterable: Expr
    kind: Literal["list", "set", "dict", "generator"] = "list"
    conditions: tuple[Expr, ...] = ()
    more: tuple[tuple[Expr, Expr], ...] = ()

    def __post_init__(self) -> None:
        assert isinstance(self.element, Pair) == (self.kind == "dict"), self.kind


@dataclass(frozen=True)
class Lambda:
    """`lambda a, b: body`. It is never split: keep it short."""

    params: tuple[str, ...]
    body: Expr

    def __post_init__(self) -> None:
        for name in self.params:
            require_name(name)


Display = TupleOf | ListOf | DictOf | Comprehension
Operation = UnaryOp | BinOp | Compare | BoolOp | Conditional | Lambda
Expr = Lit | Ref | Attr | Call | Index | Display | Operation
Item = Expr | Star | Commented


# --- statements -------------------------------------------------------------------------


@dataclass(frozen=True)
class Assign:
    """`a = b = value`; an `op` such as `+` makes it `a += value`."""

    targets: tuple[Expr, ...]
    value: Expr
    comment: str | None = None
    op: str = ""


@dataclass(frozen=True)
class Expression:
    value: Expr
    comment: str | None = None


@dataclass(frozen=True)
class Return:
    value: Expr | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Assert:
    """`assert test`; where a message is due, an `If` with a `Raise` says it better."""

    test: Expr
    comment: str | None = None


@dataclass(frozen=True)
class Raise:
    value: Expr
    comment: str | None = None


@dataclass(frozen=True)
class Pass:
    comment: str | None = None


@dataclass(frozen=True)
class If:
    """An `orelse` that is one `If` and nothing else is printed as `elif`."""

    test: Expr
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class For:
    target: Expr
    iterable: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class With:
    context: Expr
    body: tuple[Statement, ...]
    target: Expr | None = None


@dataclass(frozen=True)
class Comment:
    """A comment on lines of its own, wrapped at the width; lines of the text stay apart."""

    text: str


@dataclass(frozen=True)
class Blank:
    """One blank line. Those around definitions come by themselves."""


@dataclass(frozen=True)
class Param:
    """A parameter; `kind` `*` or `**` collects, a bare `Param("*")` starts keyword-only ones."""

    name: str
    default: Expr | None = None
    annotation: Expr | None = None
    kind: Literal["", "*", "**"] = ""

    def __post_init__(self) -> None:
        if self.name != "*":
            require_name(self.name)


@dataclass(frozen=True)
class Def:
    name: str
    params: tuple[Param, ...]
    body: tuple[Statement, ...]
    docstring: str | None = None
    decorators: tuple[Expr, ...] = ()
    returns: Expr | None = None

    def __post_init__(self) -> None:
        require_name(self.name)


@dataclass(frozen=True)
class Class:
    name: str
    bases: tuple[Expr, ...]
    body: tuple[Statement, ...]
    docstring: str | None = None
    decorators: tuple[Expr, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name)


Simple = Assign | Expression | Return | Assert | Raise | Pass | Comment | Blank
Statement = Simple | If | For | With | Def | Class
Node = Expr | Star | Kw | Pair | Commented | Slice | Param | Statement


# --- the short way to write them --------------------------------------------------------

Value = Expr | literals.Scalar | tuple["Value", ...] | list["Value"] | dict[str, "Value"]


def lit(value: Value, text: str | None = None) -> Expr:
    """`value` as a node: scalars become `Lit`, containers are converted through, nodes stay."""
    if value is None or isinstance(value, str | int | float):
        text = text or getattr(value, "text", None)  # a number as the spec spells it
        return Lit(float(value) if isinstance(value, float) else value, text)
    if isinstance(value, tuple):
        return TupleOf(tuple(lit(item) for item in value))
    if isinstance(value, list):
        return ListOf(tuple(lit(item) for item in value))
    if isinstance(value, dict):
        return DictOf(tuple(Pair(Lit(key), lit(item)) for key, item in value.items()))
    return value


def ref(name: str, *imports: Import) -> Ref:
    """`Ref` with the imports written out as arguments."""
    return Ref(name, frozenset(imports))


def call(func: Expr | str, *args: Value | Star | Commented, **kwargs: Value) -> Call:
    """`func(args, name=value)`; a string names the function, elsewhere it is a literal."""
    return Call(
        Ref(func) if isinstance(func, str) else func,
        tuple(arg if isinstance(arg, Star | Commented) else lit(arg) for arg in args),
        keywords(kwargs.items()),
    )


def method(value: Expr, name: str, *args: Value | Star | Commented, **kwargs: Value) -> Call:
    """`value.name(args, name=value)`."""
    return call(Attr(value, name), *args, **kwargs)


def keywords(pairs: Iterable[tuple[str, Value]]) -> tuple[Kw, ...]:
    """Keyword arguments from (name, value) pairs."""
    return tuple(Kw(name, lit(value)) for name, value in pairs)
