"""Where a torch script keeps the arrays of the spec: the names in the `state_dict` of its model.

The classes of the script are followed through their constructors with the numbers of the model. What an array is
called inside its module, and how it is turned, says `words.layouts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dslc.codegen.backend import Entry, Extra
from dslc.codegen.nodes import Assign, Call, Class, Def, Expression, If, Ref, Statement
from dslc.codegen.origins import (
    UNKNOWN,
    Follower,
    Holder,
    Origin,
    Shapes,
    Trail,
    constructor,
    origin_of,
)
from dslc.vocab.layers import norm, recurrent, sequence
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import Word
from dslc_torch.words.layouts import moves

# The modules with arrays inside a word's module, in the order in which `layouts.MOVES` counts them.
INSIDE: Mapping[type[Word], tuple[str, ...]] = {
    sequence.MultiHeadAttention: ("query", "key", "value", "output"),
}
WITHOUT_ARRAYS = "nn.ZeroPad"  # stands beside the module that holds a word's arrays


@dataclass
class Module:
    """What a constructor makes: a layer of a word, or something with parts."""

    origin: Origin | None = None
    made_by: str = ""
    parts: dict[str, Module] = field(default_factory=dict)


class Constructors(Follower):
    """Runs `__init__` of the classes of a program."""

    def __init__(self, program: Sequence[Statement]) -> None:
        super().__init__()
        self.classes = {s.name: s for s in program if isinstance(s, Class)}

    def model(self) -> Module:
        """The model: the last class, as its defaults make it."""
        name = next(reversed(self.classes))
        return self._instance(Call(Ref(name)))

    def call(self, node: Call) -> Any:
        origin, name = origin_of(node), constructor(node)
        if name in self.classes:
            return self._instance(node)
        if origin is not None:
            return Module(origin, name)
        if name == "nn.Sequential":
            parts = self.items(node.args)
            return Module(parts={str(i): p for i, p in enumerate(parts) if isinstance(p, Module)})
        if name.startswith("nn."):
            return Module()
        given = self.items(node.args)  # a helper that gives back the layer it gets
        return next((item for item in given if isinstance(item, Module)), UNKNOWN)

    def _instance(self, node: Call) -> Module:
        defined = self.classes[constructor(node)]
        made = Module(origin_of(node), defined.name)
        start = next((d for d in defined.body if isinstance(d, Def) and d.name == "__init__"), None)
        if start is None:
            return made
        names = [p.name for p in start.params[1:]]
        given = dict(zip(names, self.items(node.args), strict=False)) | self.keywords(node)
        outer, self.names = self.names, {}
        for param in start.params[1:]:
            self.names[param.name] = (
                given[param.name] if param.name in given else self.value(param.default)
            )
        self._run(start.body, made)
        self.names = outer
        return made

    def _run(self, body: Sequence[Statement], made: Module) -> None:
        for statement in body:
            match statement:
                case Assign():
                    value = self.value(statement.value)
                    for target in statement.targets:
                        assert isinstance(target, Ref)
                        self.names[target.name] = value
                        if isinstance(value, Module):
                            made.parts[target.name.removeprefix("self.")] = value
                case If():
                    self._run(
                        statement.body if self.value(statement.test) else statement.orelse, made
                    )
                case Expression():
                    pass


def holders(program: Sequence[Statement], shapes: Mapping[Trail, Sequence[Shapes]]) -> list[Holder]:
    """Every layer of a program that may hold arrays, in the order of its modules."""
    return list(_walk(Constructors(program).model(), (), ""))


def _walk(module: Module, trail: Trail, path: str) -> Iterator[Holder]:
    origin = module.origin
    if origin is not None:
        trail = (*trail, origin.use.span)
        if not module.parts:
            if not module.made_by.startswith(WITHOUT_ARRAYS):
                yield Holder(trail, origin.part, path, module.made_by)
            return
    for name, part in module.parts.items():
        yield from _walk(part, trail, f"{path}.{name}" if path else name)


def entries(
    word: Word, inputs: tuple[Tensor, ...], names: Sequence[str], held: Sequence[Holder]
) -> tuple[list[Entry], list[Extra]]:
    """The keys of a word's arrays, and of what torch keeps besides."""
    inside = INSIDE.get(type(word))
    paths = [h.place for h in held]
    if inside is not None:
        paths = [f"{paths[0]}.{name}" for name in inside]
    found = [
        Entry(m.array, f"{paths[m.module]}.{m.parameter}", m.turn.there, m.turn.back, m.part)
        for m in moves(word, list(names))
    ]
    return found, list(_besides(word, found, paths[0]))


def _besides(word: Word, found: Sequence[Entry], path: str) -> Iterator[Extra]:
    """The count of batches, and the second bias that stays zero where the spec has one."""
    if isinstance(word, norm.BatchNorm):
        yield Extra(f"{path}.num_batches_tracked", None)
    layer = word.layer if isinstance(word, recurrent.Bidirectional) else word
    if isinstance(layer, (recurrent.SimpleRNN, recurrent.LSTM)):
        for entry in found:
            if ".bias_ih_l0" in entry.key:
                yield Extra(entry.key.replace(".bias_ih_l0", ".bias_hh_l0"), entry.key)
