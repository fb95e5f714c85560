"""The tree of a spec: exactly what was written, nothing looked up.

Every node knows its `span`. The tree names no layer: `Conv2D(64, 3x3)` is a `Call`, `relu` a `Name`.
Nodes are immutable and hold only text, numbers and nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from dslc.source import Source, Span

# --------------------------------------------------------------------------- expressions


@dataclass(slots=True, eq=False)
class Node:
    span: Span


@dataclass(slots=True, eq=False)
class Name(Node):
    """`relu`, `filters`, `true`."""

    text: str


@dataclass(slots=True, eq=False)
class Number(Node):
    """`64`, `1e-3`, `5M` (value 5_000_000). `text` keeps the spelling."""

    value: int | float
    text: str


@dataclass(slots=True, eq=False)
class String(Node):
    """`"photos/"`; `value` has its escapes resolved."""

    value: str


@dataclass(slots=True, eq=False)
class Size(Node):
    """`3x3`, `28x28x1`: whole numbers joined by `x`."""

    values: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Range(Node):
    """`0..1`, `-1..1`."""

    low: Expr
    high: Expr


@dataclass(slots=True, eq=False)
class Tuple(Node):
    """`(H, W, 3)` or `[accuracy, f1]`; `bracket` is `(` or `[`."""

    items: tuple[Expr, ...]
    bracket: str


@dataclass(slots=True, eq=False)
class Unary(Node):
    """`-x`, `not x`."""

    op: str
    operand: Expr


@dataclass(slots=True, eq=False)
class Binary(Node):
    """Arithmetic `+ - * / // %`, comparison `== != < <= > >=`, logic `and or`."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Attribute(Node):
    """`x.channels`."""

    value: Expr
    name: Name


@dataclass(slots=True, eq=False)
class Argument(Node):
    """One argument of a call: `64` (name is None) or `stride=2`."""

    name: Name | None
    value: Expr


@dataclass(slots=True, eq=False)
class Call(Node):
    """`Conv2D(64, 3x3, stride=2)`. The arguments may be flows: `concat(x -> A, x -> B)`."""

    name: Name
    arguments: tuple[Argument, ...]


@dataclass(slots=True, eq=False)
class Step(Node):
    """One step of a flow: `-> Bottleneck(64) * 3 as conv2`. `arrow` is the span of its `->` (None inside the
    first step of a chain)."""

    target: Name | Call | Chain | Match
    times: Expr | None
    label: Name | None


@dataclass(slots=True, eq=False)
class Chain(Node):
    """Steps without a source: the body of `repeat n { A -> B }` and of `(A -> B) * n`."""

    steps: tuple[Step, ...]


@dataclass(slots=True, eq=False)
class Flow(Node):
    """`source -> step -> step`; at least one step."""

    source: Expr
    steps: tuple[Step, ...]


@dataclass(slots=True, eq=False)
class Arm(Node):
    """`condition: value` of a `match`; the condition of `else` is None."""

    condition: Expr | None
    value: Expr


@dataclass(slots=True, eq=False)
class Match(Node):
    """`match { cond: flow  else: flow }`, decided while compiling."""

    arms: tuple[Arm, ...]


Expr = (
    Name | Number | String | Size | Range | Tuple | Unary | Binary | Attribute | Call | Flow | Match
)

# --------------------------------------------------------------------------- statements of a body


@dataclass(slots=True, eq=False)
class Input(Node):
    """`input image: 28x28x1 where …`; in a block, `input x` alone."""

    name: Name
    shape: Expr | None
    where: Expr | None


@dataclass(slots=True, eq=False)
class Output(Node):
    """`output mask: x -> Conv2D(1, 1x1)`."""

    name: Name
    value: Expr


@dataclass(slots=True, eq=False)
class Let(Node):
    """`y = x -> Conv2D(…)`; `embed = Embedding(…)`; in a section `lr = 1e-3`."""

    name: Name
    value: Expr


@dataclass(slots=True, eq=False)
class Assert(Node):
    """`assert params < 5M`."""

    condition: Expr


@dataclass(slots=True, eq=False)
class Bare(Node):
    """A flow or a word on its own: in a body the result, in a section an entry such as `EarlyStopping(…)`."""

    value: Expr


Statement = Input | Output | Let | Assert | Bare

# --------------------------------------------------------------------------- declarations


@dataclass(slots=True, eq=False)
class Parameter(Node):
    """`filters` or `stride = 1` of a block or model."""

    name: Name
    default: Expr | None


@dataclass(slots=True, eq=False)
class Import(Node):
    """`import "blocks/heads.dl" (ClassifierHead, Stem)`."""

    path: String
    names: tuple[Name, ...]


@dataclass(slots=True, eq=False)
class Definition(Node):
    """`model Name(parameters) { … }` or `block Name(parameters) { … }`."""

    kind: str  # "model" | "block"
    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@dataclass(slots=True, eq=False)
class Section(Node):
    """`train { … }`, `phase head { … }`, `finetune backbone { … }`: a keyword, perhaps a name, entries."""

    keyword: Name
    name: Name | None
    entries: tuple[Let | Bare | Section, ...]


@dataclass(slots=True, eq=False)
class Comment(Node):
    """`# …` to the end of its line; `text` includes the `#`."""

    text: str


Declaration = Import | Definition | Section


@dataclass(slots=True, eq=False)
class File:
    """A whole spec. `comments` are in order of place."""

    source: Source
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
