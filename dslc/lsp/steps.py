"""What flows through the steps of a text: shapes, parameters and work of every use of a word or block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dslc.driver import Analysis, ModelAnalysis
from dslc.graph import Frame, Graph, Node
from dslc.source import Span
from dslc.vocab.dims import Dim
from dslc.vocab.libraries import counted
from dslc.vocab.tensor import FlowWord, Tensor

MOST = 3  # shapes that are shown where the uses of a block differ


@dataclass(slots=True)
class Once:
    """One time that a step is computed: in one use of its block, in one turn of its repeat."""

    inputs: tuple[Tensor | None, ...]
    output: Tensor | None
    word: FlowWord | None = None
    trainable: Dim = 0
    kept: Dim = 0
    work: Dim = 0
    shared: bool = False


@dataclass(slots=True)
class Use:
    """A word or block where the text uses it. `frames` holds, for every use of the block around it (the model itself
    is one), the turns in it."""

    span: Span
    frames: dict[Frame, list[Once]] = field(default_factory=dict)

    @property
    def all(self) -> list[Once]:
        return [once for turns in self.frames.values() for once in turns]

    @property
    def turns(self) -> int:
        """How often it is computed in one use of the block around it, where all uses agree; else 0."""
        found = {len(turns) for turns in self.frames.values()}
        return found.pop() if len(found) == 1 else 0

    @property
    def outputs(self) -> list[str]:
        """The shapes that come out at last, each once, in the order of the uses."""
        return _each(turns[-1].output for turns in self.frames.values())

    @property
    def inputs(self) -> list[str]:
        """What goes in at first, each once."""
        found = [turns[0].inputs for turns in self.frames.values()]
        return list(
            dict.fromkeys(", ".join("?" if t is None else str(t) for t in one) for one in found)
        )

    @property
    def trainable(self) -> list[str]:
        return self._counts("trainable")

    @property
    def kept(self) -> list[str]:
        return self._counts("kept")

    @property
    def work(self) -> list[str]:
        return self._counts("work")

    def _counts(self, what: str) -> list[str]:
        """The numbers of one use of the block around, all turns together, each once; zeros are left out."""
        sums = [_sum(getattr(once, what) for once in turns) for turns in self.frames.values()]
        return list(dict.fromkeys(counted(n) for n in sums if n != 0))


Uses = dict[tuple[int, int], Use]  # by the place in the text of the file itself


def uses_of(analysis: Analysis) -> Uses:
    """Every use of a word or block in the text of the file, with what its models make of it."""
    found: Uses = {}
    for model in analysis.models:
        _Collector(analysis, model.graph, found).run()
    return found


class _Collector:
    def __init__(self, analysis: Analysis, graph: Graph, found: Uses) -> None:
        self.source = analysis.source
        self.graph = graph
        self.found = found
        self.blocks: dict[Frame, Once] = {}

    def run(self) -> None:
        for frame in self.graph.frames:
            if frame.parent is not None and frame.call is not None:
                once = Once(tuple(frame.inputs.values()), self._result(frame))
                self.blocks[frame] = once
                self._note(frame.call, frame.parent, once)
        for node in self.graph.nodes():
            self._node(node)

    def _result(self, frame: Frame) -> Tensor | None:
        return self.graph.tensor(next(iter(frame.outputs.values()), None))

    def _node(self, node: Node) -> None:
        trainable, kept = self.graph.counts(node)
        work = self.graph.multiply_adds(node)
        inputs = tuple(self.graph.tensor(i) for i in node.inputs)
        shared = node.shares is not None
        once = Once(inputs, node.output, node.word, trainable, kept, work, shared)
        self._note(node.span, node.frame, once)
        frame: Frame | None = node.frame
        while frame is not None:
            block = self.blocks.get(frame)
            if block is not None:
                block.trainable, block.kept = block.trainable + trainable, block.kept + kept
                block.work = block.work + work
            frame = frame.parent

    def _note(self, span: Span, frame: Frame, once: Once) -> None:
        if span.source is self.source:
            use = self.found.setdefault((span.start, span.end), Use(span))
            use.frames.setdefault(frame, []).append(once)


def values_of(analysis: Analysis, definition: str, name: str) -> list[str]:
    """The shapes that a named value of a body has, each once: of an input, a label, `y = x -> …`."""
    found: list[Tensor | None] = []
    for model in analysis.models:
        for frame in model.graph.frames:
            if frame.definition.name == definition:
                held = {**frame.inputs, **frame.values}
                held |= {n: model.graph.tensor(i) for n, i in frame.outputs.items()}
                if name in held:
                    found.append(held[name])
    return _each(found)


def scalars_of(analysis: Analysis, definition: str, name: str) -> list[str]:
    """What a parameter or named number of a body holds, use by use, each once."""
    from dslc.spec.bind import show_value
    from dslc.spec.values import UNKNOWN

    found: dict[str, None] = {}
    for model in analysis.models:
        for frame in model.graph.frames:
            if frame.definition.name == definition:
                value = {**frame.sizes, **frame.scalars}.get(name, UNKNOWN)
                if value is not UNKNOWN:
                    found[show_value(value)] = None
    return list(found)


def model_named(analysis: Analysis, name: str) -> ModelAnalysis | None:
    return next((m for m in analysis.models if m.definition.name == name), None)


def shown(texts: list[str]) -> str:
    """`28x28x64`, or `56x56x64 | 28x28x128 | …` where uses differ."""
    return " | ".join(texts[:MOST]) + (" | …" if len(texts) > MOST else "")


def _each(tensors: Iterable[Tensor | None]) -> list[str]:
    return list(dict.fromkeys(str(t) for t in tensors if t is not None))


def _sum(numbers: Iterable[Dim]) -> Dim:
    total: Dim = 0
    for number in numbers:
        total = total + number
    return total
