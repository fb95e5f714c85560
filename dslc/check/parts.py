"""The parts of a backbone, in order: what a phase of `finetune` freezes or trains as one.

Of a network such as `ResNet50` these are the layers with weights that one library gives it; of a backbone of one's own
the steps of its block. There a label names its step, or behind a step without weights those in front of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dslc.graph import Frame, Graph, Node
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.architecture import TOP, Unit
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.layers.norm import BatchNorm
from dslc.vocab.libraries import Library, of_library

# The arrays that are trained, by name, each with whether it is that of a BatchNorm layer.
Arrays = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part with weights. `names` are what a spec may call it; `trained` counts numbers, `norms` those among them
    that belong to BatchNorm layers. It begins at `span` in a backbone of one's own; in a network it is a `unit`, whose
    `arrays` only its library knows."""

    names: tuple[str, ...]
    trained: int
    norms: int
    has_norm: bool
    span: Span | None = None
    unit: Unit | None = None
    arrays: Arrays | None = None

    def counted(self, *, norms: bool) -> int:
        """What trains in it: without `norms` its BatchNorm layers do not."""
        return self.trained if norms else self.trained - self.norms


@dataclass(frozen=True, slots=True)
class Tuned:
    """A model with a backbone, as one library has it. `heads` are the labelled steps outside the backbone, `rest`
    counts what has no label."""

    label: str
    library: Library
    word: Backbone | None
    parts: tuple[Part, ...]
    heads: tuple[Part, ...]
    rest: int
    stages: tuple[str, ...] = field(default=())
    rest_arrays: Arrays | None = None

    @property
    def total(self) -> int:
        return self.rest + sum(p.trained for p in (*self.parts, *self.heads))

    @property
    def head(self) -> int:
        """What trains outside of the backbone."""
        return self.rest + sum(p.trained for p in self.heads)

    @property
    def has_norm(self) -> bool:
        return any(part.has_norm for part in self.parts)


LIBRARIES: tuple[Library, ...] = ("keras", "torch")


def labels(graph: Graph) -> dict[str, ir.Step]:
    """The labelled steps of the model itself."""
    return {s.label: s for s, _ in _steps(graph.root.definition) if s.label is not None}


def tuned(graph: Graph, label: str) -> list[Tuned]:
    """The model around the backbone called `label`, for every library that has it; nothing where no step has it."""
    steps = labels(graph)
    if label not in steps:
        return []
    owners = _by_step(graph, graph.root, list(steps.values()))
    step = steps[label]
    nodes = owners.get(step, [])
    word = nodes[0].word if len(nodes) == 1 and isinstance(nodes[0].word, Backbone) else None
    found = []
    for library in LIBRARIES:
        if any(
            isinstance(n.word, Backbone) and n.word.network(library) is None for n in graph.nodes()
        ):
            continue
        parts = _parts(graph, step, nodes, library)
        heads = tuple(
            part
            for name, other in steps.items()
            if other is not step
            for part in [_part(graph, owners.get(other, []), library, (name,), other.node.span)]
            if part.trained
        )
        mine = set(map(id, (n for some in owners.values() for n in some)))
        others = [n for n in graph.nodes() if id(n) not in mine]
        rest = sum(_count(graph, n, library)[0] for n in others)
        stages = word.architecture().stage_names if word is not None else ()
        found.append(
            Tuned(label, library, word, parts, heads, rest, stages, _arrays(graph, others))
        )
    return found


def _parts(graph: Graph, step: ir.Step, nodes: list[Node], library: Library) -> tuple[Part, ...]:
    word = nodes[0].word if len(nodes) == 1 else None
    if isinstance(word, Backbone):
        return tuple(_units(word, library))
    frame = _own_frame(graph, step)
    if frame is None:
        part = _part(graph, nodes, library, (), step.node.span)
        return (part,) if part.trained else ()
    inner = list(_steps(frame.definition))
    owners = _by_step(graph, frame, [s for s, _ in inner])
    found: list[Part] = []
    open_from = 0  # the parts behind the last label
    for s, value in inner:
        part = _part(graph, owners.get(s, []), library, _names(s, value), s.node.span)
        if part.trained:
            found.append(part)
        elif s.label is not None:
            # Behind an activation a label names the layers in front of it, up to the label before.
            for at in range(open_from, len(found)):
                found[at] = replace(found[at], names=(s.label, *found[at].names))
        if s.label is not None:
            open_from = len(found)
    return tuple(found)


def _own_frame(graph: Graph, step: ir.Step) -> Frame | None:
    """The one use of a block that a step is. Where a layer has a name of its own, which several steps may use, the
    steps cannot be told apart."""
    if not isinstance(step.target, ir.BlockUse) or step.times is not None:
        return None
    frames = graph.root.called.get(step.target, [])
    if len(frames) != 1 or any(isinstance(s, ir.LetLayer) for s in frames[0].definition.body):
        return None
    return frames[0]


def _names(step: ir.Step, value: str | None) -> tuple[str, ...]:
    target = step.target
    block = target.block.name if isinstance(target, ir.BlockUse) and target.block else None
    return tuple(dict.fromkeys(name for name in (step.label, block, value) if name))


def _units(word: Backbone, library: Library) -> Iterator[Part]:
    network = word.built(library)
    assert network is not None
    stages = {stage.name: (stage.name, *stage.aliases) for stage in word.architecture().stages}
    for unit in network.units:
        if unit.stage == TOP and not word.top:
            continue
        names = (*stages[unit.stage], unit.name)
        norms = unit.trained if unit.is_norm else 0
        yield Part(names, unit.trained, norms, unit.is_norm, unit=unit)


def _part(
    graph: Graph, nodes: list[Node], library: Library, names: tuple[str, ...], span: Span
) -> Part:
    counts = [_count(graph, node, library) for node in nodes]
    has_norm = any(
        isinstance(node.word, BatchNorm)
        or (isinstance(node.word, Backbone) and any(p.has_norm for p in _units(node.word, library)))
        for node in nodes
    )
    trained, norms = sum(a for a, _ in counts), sum(b for _, b in counts)
    return Part(names, trained, norms, has_norm, span, arrays=_arrays(graph, nodes))


def _arrays(graph: Graph, nodes: list[Node]) -> Arrays | None:
    """The arrays of layers; None where a network among them has some that only its library knows."""
    found: list[tuple[str, bool]] = []
    for node in nodes:
        arrays = graph.weights(node)
        if not arrays and node.shares is None and graph.counts(node)[0] != 0:
            return None
        norm = isinstance(node.word, BatchNorm)
        found += [(name, norm) for name, array in arrays.items() if array.trainable]
    return tuple(found)


def _count(graph: Graph, node: Node, library: Library) -> tuple[int, int]:
    """The numbers of a layer that training changes, and those among them of BatchNorm layers."""
    word = node.word
    if node.shares is not None:
        return 0, 0
    if isinstance(word, Backbone):
        parts = list(_units(word, library))
        return sum(p.trained for p in parts), sum(p.norms for p in parts)
    total = of_library(graph.counts(node)[0], library)
    assert isinstance(total, int), "layers have their weights before the first example is seen"
    return total, total if isinstance(word, BatchNorm) else 0


# --------------------------------------------------------------------------- steps of a body


def _steps(definition: ir.Definition) -> Iterator[tuple[ir.Step, str | None]]:
    """The steps of a body, in the order in which it computes, with the name of the value that they make."""
    for statement in definition.body:
        if isinstance(statement, (ir.LetTensor, ir.Output)):
            named = isinstance(statement, ir.LetTensor)
            for step in _steps_of(statement.value):
                yield step, statement.name if named else None


def _steps_of(operand: ir.Operand) -> Iterator[ir.Step]:
    match operand:
        case ir.Flow():
            yield from _steps_of(operand.source)
            for step in operand.steps:
                if isinstance(step.target, ir.WordUse):
                    for inner in step.target.operands:
                        yield from _steps_of(inner)
                yield step
        case ir.WordUse():
            for inner in operand.operands:
                yield from _steps_of(inner)
        case ir.Several():
            for inner in operand.items:
                yield from _steps_of(inner)
        case ir.MatchOperand():
            for arm in operand.arms:
                yield from _steps_of(arm.value)


def _by_step(graph: Graph, frame: Frame, steps: list[ir.Step]) -> dict[ir.Step, list[Node]]:
    """The nodes that every step of a body became in one use of it: the innermost step that holds their place."""
    starts: dict[tuple[int, int], ir.Step] = {}
    for step in steps:
        span = step.node.span
        starts[span.start, span.end] = step
    found: dict[ir.Step, list[Node]] = {}
    for node in graph.nodes():
        place = _place(node, frame)
        if place is None or node.word is None:
            continue
        inside = [(a, b) for a, b in starts if a <= place.start and place.end <= b]
        if inside:
            step = starts[min(inside, key=lambda ends: ends[1] - ends[0])]
            found.setdefault(step, []).append(node)
    return found


def _place(node: Node, frame: Frame) -> Span | None:
    """Where `node` arises in the body that `frame` is a use of; None where it arises elsewhere."""
    span: Any = node.span
    here: Frame | None = node.frame
    while here is not None and here is not frame:
        span, here = here.call, here.parent
    return span if here is frame else None
