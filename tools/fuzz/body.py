"""What is being written: the text of a block or model while it grows, and what dslc says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dslc.driver import Analysis, analyse_source
from dslc.source import Source


@dataclass
class Parameter:
    """A parameter of a block or model: a number, or an activation."""

    name: str
    default: str
    number: int | None = None


@dataclass
class Block:
    """A finished block."""

    name: str
    text: str
    arity: int
    parameters: list[Parameter]


@dataclass
class Body:
    """What is being written: the inside of a block or model."""

    head: str
    inputs: list[str]
    names: list[str]  # of the inputs
    parameters: list[Parameter] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    scalars: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        given = ", ".join(f"{p.name} = {p.default}" for p in self.parameters)
        head = f"{self.head}({given})" if given else self.head
        inside = [*self.inputs, *self.lines, *self.ends]
        return f"{head} {{\n" + "".join(f"  {line}\n" for line in inside) + "}\n"


@dataclass
class Grown:
    """A spec, and what dslc refused on the way to it: (code, message, text)."""

    seed: int
    text: str
    refused: list[tuple[str, str, str]]


def ask(text: str) -> Analysis:
    return analyse_source(Source("spec.dl", text))
