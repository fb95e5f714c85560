"""The model as a program: what a backend writes out, statement by statement.

Every block became a `Function` with its parameters kept as names, so that the script has one class or function
for each block and a loop for each `repeat`. Sizes inside a function are symbolic (`vocab.dims`), in terms of its
parameters and of the sizes of its inputs; `shown` is the plain shape where it is the same in every use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dslc.source import Span
from dslc.vocab.kinds import Computed
from dslc.vocab.tensor import FlowWord, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """A layer, activation or merge on `inputs`; its fields may be symbolic."""

    word: FlowWord
    inputs: tuple[Tensor, ...]
    output: Tensor
    shown: Tensor | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Invoke:
    """A use of a function, with those arguments that differ from its defaults. `weights` is the file that its
    first weights come from."""

    function: Function
    arguments: dict[str, Any]
    inputs: tuple[Tensor, ...]
    output: Tensor
    shown: Tensor | None
    span: Span
    weights: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """One more use of the layer called `name`."""

    name: str
    target: Apply | Invoke
    output: Tensor
    shown: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """`times` turns; the first turn may see other sizes than the rest, which are all alike."""

    times: Any
    first: tuple[Step, ...]
    rest: tuple[Step, ...]
    output: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """A repeat whose turns all see different sizes: written out turn by turn."""

    turns: tuple[tuple[Step, ...], ...]
    output: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """`-> match`: the steps under the first condition that holds; the last has none."""

    arms: tuple[tuple[Computed | None, tuple[Step, ...]], ...]
    output: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    target: Apply | Invoke | Shared | Loop | Turns | Branch
    label: str | None = None

    @property
    def output(self) -> Tensor:
        return self.target.output


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A named tensor or input."""

    name: str
    output: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """`source -> step -> step`."""

    source: Operand
    steps: tuple[Step, ...]

    @property
    def output(self) -> Tensor:
        return self.steps[-1].output if self.steps else self.source.output


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """`add(a, b)`."""

    apply: Apply
    operands: tuple[Operand, ...]

    @property
    def output(self) -> Tensor:
        return self.apply.output


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """`(a, b)` in front of a step with several inputs."""

    items: tuple[Operand, ...]

    @property
    def output(self) -> Tensor:
        return self.items[0].output


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """`match` as a value."""

    arms: tuple[tuple[Computed | None, Operand], ...]
    output: Tensor


Operand = Value | Flow | Merge | Several | Choice


@dataclass(frozen=True, slots=True, eq=False)
class Let:
    name: str
    value: Operand


@dataclass(frozen=True, slots=True, eq=False)
class LetLayer:
    """A layer made once and used under its name (see `Shared`)."""

    name: str
    target: Apply | Invoke


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    name: str
    value: Operand


Statement = Let | LetLayer | Result


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A parameter of a function; `default` is `REQUIRED` where it has none."""

    name: str
    default: Any


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


@dataclass(slots=True, eq=False)
class Function:
    """A block or the model. The sizes of its inputs are the generic symbols `size_name(input, axis)`."""

    name: str
    block: str  # the name of its definition, which several functions may share
    kind: str
    parameters: tuple[Parameter, ...]
    inputs: dict[str, Tensor]
    statements: tuple[Statement, ...] = ()
    outputs: dict[str, Tensor] = field(default_factory=dict)
    span: Span | None = None

    @property
    def results(self) -> list[Result]:
        return [s for s in self.statements if isinstance(s, Result)]


@dataclass(frozen=True, slots=True, eq=False)
class ModelPlan:
    """The functions of a model, callees first; the last is the model itself."""

    functions: tuple[Function, ...]

    @property
    def model(self) -> Function:
        return self.functions[-1]


def size_name(input_name: str, axis: str, *, only: bool) -> str:
    """The symbol for a size of an input: `in_channels`, or `query_channels` where there are several inputs."""
    return f"in_{axis}" if only else f"{input_name}_{axis}"
