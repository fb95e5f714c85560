"""The names of a body while it runs: numbers, words, tensors and layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dslc.graph.model import Graph
from dslc.spec import ir
from dslc.spec.values import UNKNOWN


class Nodes(tuple[int | None, ...]):
    """The value of a tensor expression: node indices, None where unknown."""

    __slots__ = ()


NOTHING = Nodes((None,))


class Visible(Mapping[str, Any]):
    """A scope as expressions see it: a tensor is its shape, a layer is nothing."""

    def __init__(self, scope: dict[str, Any], graph: Graph) -> None:
        self.scope = scope
        self.graph = graph

    def __getitem__(self, name: str) -> Any:
        value = self.scope[name]
        if isinstance(value, ir.LetLayer):
            raise KeyError(name)
        if isinstance(value, Nodes):
            tensor = self.graph.tensor(value[0]) if len(value) == 1 else None
            return UNKNOWN if tensor is None else tensor
        return value

    def __contains__(self, name: object) -> bool:
        return name in self.scope and not isinstance(self.scope[str(name)], ir.LetLayer)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.scope if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
