"""What a drawing shows: boxes with a line or more of text, arrows with shapes, frames around blocks.

By default a block is one box, equal blocks in a row are one box (`Bottleneck × 3`), and steps that keep the shape
and do no heavy work (activations, normalisation, dropout) stand in the box of the layer before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from dslc.graph import Frame, Graph, Node
from dslc.spec.bind import show_value
from dslc.spec.spelling import spell
from dslc.vocab.dims import Sym
from dslc.vocab.word import Word, defaults, parameters

Role = Literal["input", "layer", "weights", "activation", "merge", "block", "output"]


@dataclass(slots=True)
class Box:
    """`lines` are what is written in it, the first one its title. `group` is the innermost frame around it."""

    name: str
    role: Role
    lines: list[str]
    group: str | None = None
    times: int = 1

    @property
    def title(self) -> str:
        return self.lines[0] + (f" × {self.times}" if self.times > 1 else "")

    @property
    def text(self) -> list[str]:
        return [self.title, *self.lines[1:]]


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, with the shape of what flows."""

    source: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """A frame around a block; `parent` is the frame around that."""

    name: str
    title: str
    parent: str | None


@dataclass(slots=True)
class Picture:
    title: str
    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)

    def inside(self, group: str | None) -> Iterator[Box]:
        """The boxes directly in a frame, or in none."""
        return (box for box in self.boxes.values() if box.group == group)

    def groups_in(self, group: str | None) -> Iterator[Group]:
        return (g for g in self.groups.values() if g.parent == group)


def picture(graph: Graph, *, layers: bool = False) -> Picture:
    """The drawing of a model whose shapes are known; `layers` opens the blocks and shows every step."""
    return _Drawing(graph, layers).draw()


class _Drawing:
    def __init__(self, graph: Graph, layers: bool) -> None:
        self.graph = graph
        self.layers = layers
        self.made = Picture(graph.root.definition.name)
        self.box_of: dict[int, str] = {}  # node: the box it is drawn in
        self.frames: dict[Frame, str] = {}
        self.users: dict[int, int] = {}

    def draw(self) -> Picture:
        for node in self.graph.nodes():
            for index in node.inputs:
                self.users[index] = self.users.get(index, 0) + 1
        for result in self.graph.outputs.values():
            if result is not None:
                self.users[result] = self.users.get(result, 0) + 1
        for node in self.graph.nodes():
            self._place(node)
        self._outputs()
        self._arrows()
        if not self.layers:
            self._fold()
        return self.made

    # ----------------------------------------------------------------- boxes
    def _place(self, node: Node) -> None:
        if not self.layers and node.frame.parent is not None:
            self._block(node)
            return
        if not self.layers and self._joins(node):
            self.box_of[node.index] = self.box_of[node.inputs[0]]
            self.made.boxes[self.box_of[node.index]].lines.append(self._text(node))
            return
        name = f"n{node.index}"
        self.box_of[node.index] = name
        lines = [self._text(node)]
        if node.shares is not None and node.word is not None and self._has_weights(node):
            lines.append("shared weights")
        self.made.boxes[name] = Box(name, self._role(node), lines, self._group(node.frame))

    def _block(self, node: Node) -> None:
        """A node inside a block: the outermost block around it is one box."""
        frame = node.frame
        while frame.parent is not None and frame.parent.parent is not None:
            frame = frame.parent
        name = self.frames.get(frame)
        if name is None:
            name = self.frames[frame] = f"b{len(self.frames)}"
            self.made.boxes[name] = Box(name, "block", [_call(frame)])
            if node.shares is not None:
                self.made.boxes[name].lines.append("shared weights")
        self.box_of[node.index] = name

    def _joins(self, node: Node) -> bool:
        """Whether a step may stand in the box before it: it changes values, not shapes, and nobody else looks."""
        if node.word is None or len(node.inputs) != 1:
            return False
        before = self.graph.node(node.inputs[0])
        box = self.made.boxes[self.box_of[before.index]]
        return (
            self.users.get(before.index) == 1
            and box.role in ("layer", "weights", "merge", "activation")
            and before.output is not None
            and node.output is not None
            and before.output.shape == node.output.shape
            and self.graph.multiply_adds(node) == 0
            and len(box.lines) < 4
        )

    def _group(self, frame: Frame) -> str | None:
        if frame.parent is None:
            return None
        if frame not in self.frames:
            parent = self._group(frame.parent)
            name = self.frames[frame] = f"g{len(self.frames)}"
            self.made.groups[name] = Group(name, _call(frame), parent)
        return self.frames[frame]

    def _role(self, node: Node) -> Role:
        if node.word is None:
            return "input"
        if node.word.kind in ("activation", "merge"):
            return "activation" if node.word.kind == "activation" else "merge"
        return "weights" if self._has_weights(node) else "layer"

    def _has_weights(self, node: Node) -> bool:
        xs = self.graph.input_tensors(node)
        return node.word is not None and xs is not None and node.word.counts(*xs) != (0, 0)

    def _text(self, node: Node) -> str:
        if node.word is None:
            return node.path[-1] if node.path else "input"
        return word_text(node.word)

    def _outputs(self) -> None:
        for number, (name, index) in enumerate(self.graph.outputs.items()):
            if index is not None:
                box = Box(f"o{number}", "output", [name])
                self.made.boxes[box.name] = box

    # ----------------------------------------------------------------- arrows
    def _arrows(self) -> None:
        found: dict[Arrow, None] = {}
        for node in self.graph.nodes():
            for index in node.inputs:
                source, target = self.box_of[index], self.box_of[node.index]
                if source != target:
                    found[Arrow(source, target, self._shape(index))] = None
        for number, result in enumerate(self.graph.outputs.values()):
            if result is not None:
                found[Arrow(self.box_of[result], f"o{number}", self._shape(result))] = None
        self.made.arrows = list(found)

    def _shape(self, index: int) -> str:
        tensor = self.graph.tensor(index)
        return "?" if tensor is None else str(tensor)

    # ----------------------------------------------------------------- equal blocks in a row
    def _fold(self) -> None:
        """A chain of uses of one block that keep the shape becomes one box."""
        leaving: dict[str, list[Arrow]] = {}
        entering: dict[str, list[Arrow]] = {}
        for arrow in self.made.arrows:
            leaving.setdefault(arrow.source, []).append(arrow)
            entering.setdefault(arrow.target, []).append(arrow)
        boxes = self.made.boxes
        become: dict[str, str] = {}
        for name in list(boxes):
            before = entering.get(name, [])
            if boxes[name].role != "block" or len(before) != 1:
                continue
            first = become.get(before[0].source, before[0].source)
            after = {arrow.text for arrow in leaving.get(name, [])}
            if (
                boxes[first].role == "block"
                and boxes[first].lines[1:] == boxes[name].lines[1:] == []
                and boxes[first].lines[0] == boxes[name].lines[0]
                and len(leaving[before[0].source]) == 1
                and after == {before[0].text}
            ):
                become[name] = first
                boxes[first].times += 1
                del boxes[name]
        moved = [
            Arrow(become.get(a.source, a.source), become.get(a.target, a.target), a.text)
            for a in self.made.arrows
        ]
        self.made.arrows = [a for a in dict.fromkeys(moved) if a.source != a.target]


def _call(frame: Frame) -> str:
    """`Bottleneck(filters=64)`: a block with what was given to it, in short."""
    given = [
        show_value(frame.scalars[p.name])
        for p in frame.definition.parameters
        if p.name in frame.scalars and p.default is None and _short(frame.scalars[p.name])
    ]
    return f"{frame.definition.name}({', '.join(given)})" if given else frame.definition.name


def word_text(word: Word) -> str:
    """`Conv2D(32, 3x3, stride=2)`: a word with what shapes its result; flags and initial values are left out."""
    usual = defaults(type(word))
    parts: list[str] = []
    in_place = True
    for position, name in enumerate(parameters(type(word))):
        value = getattr(word, name)
        if usual.get(name, ...) == value or isinstance(value, bool) or not _short(value):
            in_place = False
            continue
        in_place = in_place and position < min(word.positional, 2)
        if isinstance(value, tuple) and not in_place and len(set(value)) == 1:
            value = value[0]
        text = spell(type(word), name, value)
        parts.append(text if in_place else f"{name}={text}")
    return f"{word.word}({', '.join(parts)})" if parts else word.word


def _short(value: Any) -> bool:
    """Whether a value says something in a drawing: a number, a size or a name, not a word with laws of its own."""
    if isinstance(value, tuple):
        return all(map(_short, value))
    return isinstance(value, (int, float, str, Sym))
