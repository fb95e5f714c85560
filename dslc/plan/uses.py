"""Layers and blocks as they stand in a function: their fields with names kept, their claims checked."""

from __future__ import annotations

from typing import Any, Protocol

from dslc.graph import Frame, Graph, Node
from dslc.plan import model as plan
from dslc.plan.variants import Variant, compact, holds
from dslc.spec import ir
from dslc.spec.bind import bind
from dslc.spec.defaults import LayerDefaults
from dslc.spec.lookup import HELD
from dslc.spec.values import UNKNOWN, evaluate
from dslc.vocab.dims import Dim, Sym, substitute, symbol
from dslc.vocab.kinds import Computed, NamedSize, Param
from dslc.vocab.tensor import AXES, FlowWord, Mismatch, Tensor


class CannotShare(Exception):
    """A definition whose uses cannot share one function. Caught in `plan_model`; never leaves this package."""

    def __init__(self, definition: ir.Definition, reason: str) -> None:
        super().__init__(f"{definition.name}: {reason}")
        self.definition = definition


class Walk(Protocol):
    """What a body needs of the walk over all functions."""

    graph: Graph
    defaults: LayerDefaults
    variants: dict[Frame, Variant]

    def function(self, variant: Variant) -> plan.Function: ...


class Uses:
    """The walk over one function. `active` are those of its uses that reach the place being walked: all of them,
    but for the turns of a loop that some do not take and the arms that some do not choose."""

    def __init__(self, walk: Walk, variant: Variant) -> None:
        self.walk = walk
        self.variant = variant
        self.frames = variant.frames
        self.active = variant.frames
        self.environments = {f: variant.environment(f) for f in variant.frames}
        self.turn: dict[object, int] = {}  # how often a use was met in each frame
        self.scope: dict[str, Any] = {
            p.name: variant.dynamic.get(p.name, self.frames[0].scalars.get(p.name))
            for p in variant.definition.parameters
        }
        self.layers: dict[str, ir.LetLayer] = {}
        self.made: dict[str, plan.Apply | plan.Invoke] = {}

    def cannot(self, reason: str) -> CannotShare:
        return CannotShare(self.variant.definition, reason)

    def _met(self, use: ir.WordUse | ir.BlockUse) -> list[tuple[Frame, Any]]:
        """What this use became in every frame, the next one not yet met."""
        found: list[tuple[Frame, Any]] = []
        for frame in self.active:
            of_word = isinstance(use, ir.WordUse)
            record: Any = frame.applied.get(use) if of_word else frame.called.get(use)  # type: ignore[arg-type]
            at = self.turn.get((use, frame), 0)
            if record and at < len(record):
                found.append((frame, record[at]))
                self.turn[(use, frame)] = at + 1
        return found

    # ----------------------------------------------------------------- words

    def apply(self, use: ir.WordUse, inputs: tuple[Tensor, ...]) -> plan.Apply:
        assert use.word is not None
        defaults = self.walk.defaults
        word, found = bind(use.word, use.node, use.arguments, self.scope, defaults, names=True)
        if found or word is UNKNOWN:
            raise self.cannot(use.word.word)
        met: list[tuple[Frame, Node]] = self._met(use)
        word = self._in_its_role(word, met)
        output = word.infer(*inputs)
        if isinstance(output, Mismatch):
            raise self.cannot(f"{use.word.word}: {output.message}")
        shapes = {n.output for _, n in met}
        for frame, node in met:
            self.check(output, node.output, frame)
        shown = shapes.pop() if len(shapes) == 1 else None
        return plan.Apply(word, inputs, output, shown, use.node.span)

    def _in_its_role(self, word: FlowWord, met: list[tuple[Frame, Node]]) -> FlowWord:
        """The layer as the rules for its role want it."""
        found = {node.role for _, node in met} - {""}
        if len(found) > 1:
            raise self.cannot(f"{word.word} in several roles")
        return self.walk.defaults.settle(word, found.pop()) if found else word

    def check(self, claimed: Tensor, actual: Tensor | None, frame: Frame) -> None:
        """Hold a symbolic shape against one use."""
        assert actual is not None
        if claimed.rank != actual.rank or not all(
            holds(a, b, self.environments[frame])
            for a, b in zip(claimed.shape, actual.shape, strict=True)
        ):
            raise self.cannot(f"{claimed} is not {actual}")

    # ----------------------------------------------------------------- blocks

    def invoke(self, use: ir.BlockUse, inputs: tuple[Tensor, ...]) -> plan.Invoke:
        assert use.block is not None
        met: list[tuple[Frame, Frame]] = self._met(use)
        variants = {self.walk.variants[inner] for _, inner in met}
        if len(variants) != 1:
            raise self.cannot(f"{use.block.name} in several forms")
        variant = variants.pop()
        function = self.walk.function(variant)
        arguments, values = self._arguments(use, variant)
        output = self._result(variant, values, inputs)
        shown: set[Tensor | None] = set()
        for frame, inner in met:
            actual = self.walk.graph.tensor(next(iter(inner.outputs.values())))
            self.check(output, actual, frame)
            shown.add(actual)
        one = shown.pop() if len(shown) == 1 else None
        weights = use.weights.value if use.weights is not None else None
        return plan.Invoke(function, arguments, inputs, output, one, use.node.span, weights)

    def _arguments(
        self, use: ir.BlockUse, variant: Variant
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The arguments to write, and the value of every parameter of the block."""
        written: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for parameter in variant.definition.parameters:
            name = parameter.name
            if name not in variant.dynamic:
                values[name] = variant.frames[0].scalars.get(name)
                continue
            value = self._argument(use.arguments.get(name), parameter, values)
            if not _stands_for(value, variant.dynamic[name]):
                raise self.cannot(f"argument {name}")
            values[name] = value
            default = next(p.default for p in variant.function.parameters if p.name == name)
            if default is plan.REQUIRED or compact(value) != default:
                written[name] = value if isinstance(value, NamedSize) else compact(value)
        return written, values

    def _argument(self, given: Any, parameter: ir.Parameter, values: dict[str, Any]) -> Any:
        if given is not None:
            value, found = evaluate(given, self.scope, HELD)
        elif parameter.default is not None:
            value, found = evaluate(parameter.default, values, HELD)
        else:
            value, found = UNKNOWN, []
        if found or value is UNKNOWN:
            raise self.cannot(f"argument {parameter.name}")
        return value

    def _result(
        self, variant: Variant, values: dict[str, Any], inputs: tuple[Tensor, ...]
    ) -> Tensor:
        """The callee's output in terms of this function."""
        output = next(iter(variant.function.outputs.values()))
        if variant.fixed:
            return output
        sizes: dict[str, Dim] = {}
        for name, size in variant.dynamic.items():
            given = values[name]
            if isinstance(size, NamedSize):
                items = given if isinstance(given, tuple) else (given,) * len(size)
                sizes |= {f"{name}[{i}]": item for i, item in enumerate(items)}
            elif isinstance(given, (int, Sym)) and not isinstance(given, bool):
                sizes[name] = given
        only = len(inputs) == 1
        for name, tensor in zip(variant.function.inputs, inputs, strict=True):
            for axis, dim in zip(AXES[tensor.rank], tensor.shape, strict=True):
                sizes[plan.size_name(name, axis, only=only)] = dim
        return Tensor(tuple(substitute(d, sizes) for d in output.shape), output.dtype)

    # ----------------------------------------------------------------- layers with a name

    def shared(self, use: ir.SharedUse, inputs: tuple[Tensor, ...]) -> plan.Apply | plan.Shared:
        layer = self.layers.get(use.name)
        if layer is None:  # a parameter that holds an activation
            word = self.scope[use.name]
            output = word.infer(*inputs) if isinstance(word, FlowWord) else None
            if not isinstance(output, Tensor):
                raise self.cannot(use.name)
            return plan.Apply(word, inputs, output, None, use.node.span)
        target: plan.Apply | plan.Invoke
        if isinstance(layer.target, ir.WordUse):
            target = self.apply(layer.target, inputs)
        else:
            target = self.invoke(layer.target, inputs)
        self.made[use.name] = _for_both(self.made.get(use.name, target), target)
        return plan.Shared(use.name, self.made[use.name], target.output, target.shown)


def _stands_for(value: Any, name: Any) -> bool:
    """Whether `value` can be written for a parameter of this kind: a whole number, a size, a number, a flag."""
    if isinstance(name, Sym):
        return isinstance(value, (int, Sym)) and not isinstance(value, bool)
    if isinstance(name, NamedSize):
        items = value if isinstance(value, tuple) else (value,)
        fits = not isinstance(value, tuple) or len(value) == len(name)
        return fits and all(isinstance(i, (int, Sym)) for i in items)
    return isinstance(value, (bool, int, float, Param, Computed))


def _for_both(
    made: plan.Apply | plan.Invoke, use: plan.Apply | plan.Invoke
) -> plan.Apply | plan.Invoke:
    """A layer that is used again: a size that is another this time is known for none of its uses."""
    if not isinstance(made, plan.Apply) or not isinstance(use, plan.Apply):
        return made
    pairs = list(zip(made.inputs, use.inputs, strict=True))
    if all(a == b or a.rank != b.rank for a, b in pairs):
        return made
    inputs = tuple(
        Tensor(
            tuple(
                x if x == y else symbol(f"{axis}{i}")
                for axis, x, y in zip(AXES[a.rank], a.shape, b.shape, strict=True)
            ),
            a.dtype,
        )
        for i, (a, b) in enumerate(pairs)
    )
    output = made.word.infer(*inputs)
    if isinstance(output, Mismatch):
        return made
    return plan.Apply(made.word, inputs, output, None, made.span)
