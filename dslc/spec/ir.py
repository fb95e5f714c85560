"""The bound spec: the tree with every name resolved to what it means.

Words are looked up and their arguments matched to parameters; the values of the arguments stay expressions,
because inside a block they depend on its parameters. The graph and the plan both walk this form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dslc.source import Source, Span
from dslc.syntax import tree
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import Word

if TYPE_CHECKING:
    from dslc.spec.recall import Reading

# --------------------------------------------------------------------------- what stands in a flow


@dataclass(frozen=True, slots=True, eq=False)
class WordUse:
    """A layer, activation or merge with its arguments by parameter name. `operands` are the tensors given in
    the parentheses of a merge. A word that is known but wrongly used has `word` None: its result is unknown.
    `reading` is what every call that says the same has in common."""

    word: type[FlowWord] | None
    arguments: dict[str, tree.Expr]
    operands: tuple[Operand, ...]
    node: tree.Name | tree.Call
    reading: Reading | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BlockUse:
    """A block (or model) used as a step, with its arguments by parameter name. `weights` is the file that its
    first weights come from, as written."""

    block: Definition | None
    arguments: dict[str, tree.Expr]
    node: tree.Name | tree.Call
    weights: tree.String | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SharedUse:
    """A layer or block that was given a name, used once more: the same weights."""

    name: str
    node: tree.Name


@dataclass(frozen=True, slots=True, eq=False)
class StepArm:
    condition: tree.Expr | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MatchSteps:
    """`-> match { … }`: which steps follow is decided while compiling."""

    arms: tuple[StepArm, ...]
    node: tree.Match


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """`-> (A -> B)`: steps in a group, repeated by the `times` of the step that holds them."""

    steps: tuple[Step, ...]
    node: tree.Chain | tree.Flow


Target = WordUse | BlockUse | SharedUse | MatchSteps | Repeat


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    target: Target
    times: tree.Expr | None
    label: str | None
    node: tree.Step | tree.Name | tree.Call | tree.Match | tree.Binary


# --------------------------------------------------------------------------- what has a tensor as its value


@dataclass(frozen=True, slots=True, eq=False)
class ValueUse:
    """An input or a named tensor."""

    name: str
    node: tree.Name


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """`(query, value)`: several tensors for a step with several inputs."""

    items: tuple[Operand, ...]
    node: tree.Tuple


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    source: Operand
    steps: tuple[Step, ...]
    node: tree.Flow


@dataclass(frozen=True, slots=True, eq=False)
class OperandArm:
    condition: tree.Expr | None
    value: Operand


@dataclass(frozen=True, slots=True, eq=False)
class MatchOperand:
    """`match { cond: flow  else: flow }` as a value."""

    arms: tuple[OperandArm, ...]
    node: tree.Match


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """A value whose mistake is already reported: nothing more is said about what depends on it."""

    node: tree.Node


Operand = ValueUse | WordUse | Several | Flow | MatchOperand | Broken

# --------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    name: str
    shape: tree.Expr | None
    where: tree.Expr | None
    node: tree.Input


@dataclass(frozen=True, slots=True, eq=False)
class LetTensor:
    """`y = x -> …`, or a flow that ends in a label: `x -> … as y`."""

    name: str
    value: Operand
    node: tree.Let | tree.Bare


@dataclass(frozen=True, slots=True, eq=False)
class LetLayer:
    """`embed = Embedding(…)`: one layer, used wherever its name stands in a flow."""

    name: str
    target: WordUse | BlockUse
    node: tree.Let


@dataclass(frozen=True, slots=True, eq=False)
class LetScalar:
    """`hidden = 4 * filters`. The value is None where a mistake hides it."""

    name: str
    value: tree.Expr | None
    node: tree.Let


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A result; `node` is the `output` statement, or the last flow when that is the result."""

    name: str
    value: Operand
    node: tree.Output | tree.Bare


@dataclass(frozen=True, slots=True, eq=False)
class Assert:
    condition: tree.Expr
    node: tree.Assert


Statement = Input | LetTensor | LetLayer | LetScalar | Output | Assert


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    name: str
    default: tree.Expr | None
    node: tree.Parameter


@dataclass(slots=True, eq=False)
class Definition:
    """A block or model. `body` is filled after all names of the file are known."""

    kind: str
    name: str
    parameters: tuple[Parameter, ...]
    node: tree.Definition
    body: tuple[Statement, ...] = ()
    torn: bool = False  # statements of it could not be read: its result is not known

    @property
    def inputs(self) -> list[Input]:
        return [s for s in self.body if isinstance(s, Input)]

    @property
    def outputs(self) -> list[Output]:
        return [s for s in self.body if isinstance(s, Output)]


# --------------------------------------------------------------------------- the rest of the experiment


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """`key = value` of a section, bound: a number, a name, a word, or a tuple of these."""

    value: object
    span: Span
    key_span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A word of a section with the place where it stands, and those of its arguments."""

    word: Word
    span: Span
    arguments: dict[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SectionSpec:
    """A bound section: its settings by key, its words in order, its parts (`loss { … }`) by keyword."""

    name: str
    span: Span
    settings: dict[str, Setting] = field(default_factory=dict)
    words: tuple[Bound, ...] = ()
    parts: dict[str, SectionSpec] = field(default_factory=dict)
    torn: bool = False  # entries of it could not be read
    label: tree.Name | None = None  # the name behind its word: `finetune backbone`
    inner: tuple[SectionSpec, ...] = ()  # the sections that stand in it


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """Everything that a file says. `definitions` includes imported blocks; `models` are those of the file."""

    source: Source
    definitions: dict[str, Definition]
    models: tuple[Definition, ...]
    sections: dict[str, SectionSpec]
