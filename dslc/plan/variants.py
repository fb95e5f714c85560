"""Which uses of a block can share one function.

Numbers and flags stay parameters. What changes the structure (activations, sizes such as `3x3`, ranks of inputs)
is fixed in a variant; so is everything for a definition in `fixed`, which the walk asks for when it cannot keep
names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dslc.graph import Frame, Graph
from dslc.plan.model import REQUIRED, Function, Parameter, size_name
from dslc.spec import ir
from dslc.spec.values import UNKNOWN, evaluate
from dslc.vocab.dims import Dim, Sym, symbol
from dslc.vocab.dims import evaluate as number
from dslc.vocab.kinds import NamedSize, Param
from dslc.vocab.tensor import AXES, Tensor


@dataclass(slots=True, eq=False)
class Variant:
    """The frames that become one function. `fixed` parameters are values in it, the others names."""

    definition: ir.Definition
    frames: list[Frame]
    fixed: bool
    function: Function
    dynamic: dict[str, Any] = field(default_factory=dict)  # parameter name -> its symbol
    done: bool = False
    roles: tuple[int, ...] = ()  # see `_roles`

    def environment(self, frame: Frame) -> dict[str, Dim]:
        """The value of every symbol of this function in one of its uses."""
        values: dict[str, Dim] = {
            name: frame.scalars[name]
            for name in self.dynamic
            if isinstance(frame.scalars[name], (int, Sym))
        }
        for name, size in self.dynamic.items():
            if isinstance(size, NamedSize):
                given = frame.scalars[name]
                items = given if isinstance(given, tuple) else (given,) * len(size)
                values |= {f"{name}[{i}]": item for i, item in enumerate(items)}
        only = len(frame.inputs) == 1
        for name, tensor in frame.inputs.items():
            if tensor is None:
                continue
            for axis, dim in zip(AXES[tensor.rank], tensor.shape, strict=True):
                values[size_name(name, axis, only=only)] = dim
        return values


def _dynamic(values: list[Any]) -> bool:
    """Whether a parameter with these values can stay a name."""
    return _kind(values) is not None


def _kind(values: list[Any]) -> str | int | None:
    """`whole`, `float`, `bool`, or the number of axes of sizes such as `3x3` (a number stands for all axes)."""
    kinds: set[str | int] = set()
    for value in values:
        if isinstance(value, tuple) and value and all(type(v) is int for v in value):
            kinds.add(len(value))
        elif isinstance(value, (int, Sym)) and not isinstance(value, bool):
            kinds.add("whole")
        else:
            kinds.add("float" if isinstance(value, float) else type(value).__name__)
    sizes = [k for k in kinds if isinstance(k, int)]
    if len(sizes) == 1 and kinds <= {"whole", sizes[0]}:
        return sizes[0]
    if len(kinds) == 1 and kinds <= {"whole", "float", "bool"}:
        return kinds.pop()
    return None


def find_variants(graph: Graph, fixed: set[ir.Definition]) -> dict[Frame, Variant]:
    """The variant of every frame."""
    mixed = _structural(graph)
    roles = _roles(graph)
    groups: dict[tuple[Any, ...], list[Frame]] = {}
    for frame in graph.frames:
        definition = frame.definition
        # The model itself is one function, whatever uses it as a block.
        key: list[Any] = [definition, frame is graph.root, roles.get(frame, ())]
        for name, tensor in frame.inputs.items():
            key.append(
                (
                    name,
                    tensor.rank if tensor else None,
                    tensor.dtype if tensor else None,
                )
            )
            if definition in fixed:
                key.append(tensor)
        for name in (p.name for p in definition.parameters):
            structural = definition in fixed or name in mixed[definition]
            key.append((name, repr(frame.scalars.get(name)) if structural else None))
        groups.setdefault(tuple(map(_hashable, key)), []).append(frame)
    taken: set[str] = set()
    names = {definition.name for definition in mixed}
    found: dict[Frame, Variant] = {}
    for frames in groups.values():
        name = _free_name(frames[0].definition.name, taken, names)
        variant = _variant(frames, frames[0].definition in fixed, name, graph.root)
        variant.roles = roles.get(frames[0], ())
        for frame in frames:
            found[frame] = variant
    return found


def _structural(graph: Graph) -> dict[ir.Definition, set[str]]:
    """The parameters of each definition that cannot stay names: their values are of several kinds, or of one that
    changes the structure."""
    values: dict[ir.Definition, dict[str, list[Any]]] = {}
    for frame in graph.frames:
        of = values.setdefault(frame.definition, {})
        for parameter in frame.definition.parameters:
            of.setdefault(parameter.name, []).append(frame.scalars.get(parameter.name))
    return {d: {n for n, found in of.items() if not _dynamic(found)} for d, of in values.items()}


def _roles(graph: Graph) -> dict[Frame, tuple[int, ...]]:
    """Of each use of a block, which of its layers and of those inside its blocks are outputs where that makes a
    difference, counted from its first."""
    first: dict[Frame, int] = {}
    found: dict[Frame, tuple[int, ...]] = {}
    if not any(node.role for node in graph.nodes()):
        return found
    for node in graph.nodes():
        frame: Frame | None = node.frame
        while frame is not None:
            start = first.setdefault(frame, node.index)
            if node.role == "output":
                found[frame] = (*found.get(frame, ()), node.index - start)
            frame = frame.parent
    return found


def _free_name(name: str, taken: set[str], definitions: set[str]) -> str:
    """`Block` for the first variant, `Block2` for the next, but never the name of another definition."""
    free, number = name, 1
    while free in taken or (number > 1 and free in definitions):
        number += 1
        free = f"{name}{number}"
    taken.add(free)
    return free


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _variant(frames: list[Frame], fixed: bool, name: str, main: Frame) -> Variant:
    definition = frames[0].definition
    root = frames[0] is main
    function = Function(name, definition.name, definition.kind, (), {}, span=definition.node.span)
    variant = Variant(definition, frames, fixed, function)
    parameters: list[Parameter] = []
    scope: dict[str, Any] = {}
    for parameter in definition.parameters:
        values = [f.scalars.get(parameter.name) for f in frames]
        scope[parameter.name] = values[0]
        if fixed or not _dynamic(values) or UNKNOWN in values:
            continue
        kind = _kind(values)
        if isinstance(kind, int):
            variant.dynamic[parameter.name] = NamedSize(parameter.name, kind)
        elif kind == "whole":
            variant.dynamic[parameter.name] = symbol(parameter.name, generic=True)
        else:
            variant.dynamic[parameter.name] = Param(parameter.name)
        parameters.append(Parameter(parameter.name, _default(parameter, scope, variant)))
    required = [p for p in parameters if p.default is REQUIRED]
    function.parameters = (
        *required,
        *(p for p in parameters if p.default is not REQUIRED),
    )
    only = len(frames[0].inputs) == 1
    for name, tensor in frames[0].inputs.items():
        assert tensor is not None
        if fixed or root:
            function.inputs[name] = tensor
            continue
        dims = tuple(
            _size(size_name(name, axis, only=only), axis, [f.inputs[name] for f in frames], i)
            for i, axis in enumerate(AXES[tensor.rank])
        )
        function.inputs[name] = Tensor(dims, tensor.dtype)
    return variant


def _size(name: str, axis: str, tensors: list[Tensor | None], index: int) -> Dim:
    """A size of an input: its number where every use has the same, a name otherwise. Channels are names always:
    a block is known by how many it takes."""
    sizes = {tensor.shape[index] for tensor in tensors if tensor is not None}
    one = next(iter(sizes))
    if axis != "channels" and len(sizes) == 1 and isinstance(one, int):
        return one
    return symbol(name, generic=True)


def _default(parameter: ir.Parameter, scope: dict[str, Any], variant: Variant) -> Any:
    """The default as a value, where it does not depend on other parameters."""
    if parameter.default is None:
        return REQUIRED
    value, found = evaluate(parameter.default, {})
    return REQUIRED if found or value is UNKNOWN else compact(value)


def compact(value: Any) -> Any:
    """`3` for a size that is 3 along every axis: what a reader writes."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def holds(dim: Dim, actual: Dim, environment: dict[str, Dim]) -> bool:
    """Whether the symbolic `dim` is `actual` in a use with these values."""
    from dslc.vocab.dims import substitute

    if isinstance(dim, int):
        return dim == actual
    if all(isinstance(v, int) for v in environment.values()):
        try:
            return number(dim, environment) == actual  # type: ignore[arg-type]
        except (KeyError, AssertionError):
            pass
    return substitute(dim, environment) == actual
