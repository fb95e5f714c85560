"""The tree of a spec: exactly what was written, nothing looked up.

Every node knows its `span`. The tree names no layer: `Conv2D(64, 3x3)` is a `Call`, `relu` a `Name`.
Nodes are immutable and hold only text, numbers and nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

from dslc.source import Source, Span

T = TypeVar("T")


@dataclass_transform(eq_default=False, frozen_default=True)
def node(cls: type[T]) -> type[T]:
    """A node of the tree. That it never changes is for the type checker to see: a check at run time would make
    reading a spec slower by a sixth."""
    return dataclass(slots=True, eq=False)(cls)


# --------------------------------------------------------------------------- expressions


@node
class Node:
    span: Span


@node
class Name(Node):
    """`relu`, `filters`, `true`."""

    text: str


@node
class Number(Node):
    """`64`, `1e-3`, `5M` (value 5_000_000). `text` keeps the spelling."""

    value: int | float
    text: str


@node
class String(Node):
    """`"photos/"`; `value` has its escapes resolved."""

    value: str


@node
class Size(Node):
    """`3x3`, `28x28x1`: whole numbers joined by `x`."""

    values: tuple[int, ...]


@node
class Range(Node):
    """`0..1`, `-1..1`."""

    low: Expr
    high: Expr


@node
class Tuple(Node):
    """`(H, W, 3)` or `[accuracy, f1]`; `bracket` is `(` or `[`."""

    items: tuple[Expr, ...]
    bracket: str


@node
class Unary(Node):
    """`-x`, `not x`."""

    op: str
    operand: Expr


@node
class Binary(Node):
    """Arithmetic `+ - * / // %`, comparison `== != < <= > >=`, logic `and or`."""

    op: str
    left: Expr
    right: Expr


@node
class Attribute(Node):
    """`x.channels`."""

    value: Expr
    name: Name


@node
class Argument(Node):
    """One argument of a call: `64` (name is None) or `stride=2`."""

    name: Name | None
    value: Expr


@node
class Call(Node):
    """`Conv2D(64, 3x3, stride=2)`. The arguments may be flows: `concat(x -> A, x -> B)`."""

    name: Name
    arguments: tuple[Argument, ...]


@node
class Step(Node):
    """One step of a flow: `-> Bottleneck(64) * 3 as conv2`. `arrow` is the span of its `->` (None inside the
    first step of a chain)."""

    target: Name | Call | Chain | Match
    times: Expr | None
    label: Name | None


@node
class Chain(Node):
    """Steps without a source: the body of `repeat n { A -> B }` and of `(A -> B) * n`."""

    steps: tuple[Step, ...]


@node
class Flow(Node):
    """`source -> step -> step`; at least one step."""

    source: Expr
    steps: tuple[Step, ...]


@node
class Arm(Node):
    """`condition: value` of a `match`; the condition of `else` is None."""

    condition: Expr | None
    value: Expr


@node
class Match(Node):
    """`match { cond: flow  else: flow }`, decided while compiling."""

    arms: tuple[Arm, ...]


Expr = (
    Name | Number | String | Size | Range | Tuple | Unary | Binary | Attribute | Call | Flow | Match
)

# --------------------------------------------------------------------------- statements of a body


@node
class Input(Node):
    """`input image: 28x28x1 where …`; in a block, `input x` alone."""

    name: Name
    shape: Expr | None
    where: Expr | None


@node
class Output(Node):
    """`output mask: x -> Conv2D(1, 1x1)`."""

    name: Name
    value: Expr


@node
class Let(Node):
    """`y = x -> Conv2D(…)`; `embed = Embedding(…)`; in a section `lr = 1e-3`."""

    name: Name
    value: Expr


@node
class Assert(Node):
    """`assert params < 5M`."""

    condition: Expr


@node
class Bare(Node):
    """A flow or a word on its own: in a body the result, in a section an entry such as `EarlyStopping(…)`."""

    value: Expr


Statement = Input | Output | Let | Assert | Bare

# --------------------------------------------------------------------------- declarations


@node
class Parameter(Node):
    """`filters` or `stride = 1` of a block or model."""

    name: Name
    default: Expr | None


@node
class Import(Node):
    """`import "blocks/heads.dl" (ClassifierHead, Stem)`."""

    path: String
    names: tuple[Name, ...]


@node
class Definition(Node):
    """`model Name(parameters) { … }` or `block Name(parameters) { … }`."""

    kind: str  # "model" | "block"
    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@node
class Section(Node):
    """`train { … }`, `phase head { … }`, `finetune backbone { … }`: a keyword, perhaps a name, entries."""

    keyword: Name
    name: Name | None
    entries: tuple[Let | Bare | Section, ...]


@node
class Comment(Node):
    """`# …` to the end of its line; `text` includes the `#`."""

    text: str


Declaration = Import | Definition | Section


@node
class File:
    """A whole spec. `comments` are in order of place."""

    source: Source
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
