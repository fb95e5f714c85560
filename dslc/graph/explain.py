"""A shape mistake, explained: what the layer saw, the chain of layers that made it, and the fix to type."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph.model import Frame, Graph, Node
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.tensor import Mismatch

LONGEST_CHAIN = 5


def mismatch(
    graph: Graph,
    frame: Frame,
    use: ir.WordUse | None,
    span: Span,
    problem: Mismatch,
    inputs: tuple[int, ...],
) -> Diagnostic:
    """The diagnostic of a layer that refuses its inputs."""
    fixes: list[Fix] = []
    if problem.insert:
        edit = Edit(span.before(), f"{problem.insert} -> ")
        fixes.append(Fix(f"put {problem.insert} in front of it", (edit,)))
    if problem.help:
        fixes.append(Fix(problem.help))
    blamed = inputs if problem.operand is None else (inputs[problem.operand],)
    secondary = []
    for index in dict.fromkeys(blamed):
        maker = graph.node(index)
        if maker.span != span:
            verb = "is" if maker.word is None else "makes"
            secondary.append(Label(maker.span, f"{verb} {maker.output}"))
    notes = []
    if len(set(blamed)) == 1:
        chain = shape_chain(graph, blamed[0])
        if chain.count(" -> ") > 1:
            notes.append(chain)
    notes += call_notes(frame)
    return error(
        problem.code,
        problem.message,
        span,
        problem.label,
        secondary=secondary,
        notes=notes,
        fixes=fixes,
    )


def shape_chain(graph: Graph, index: int) -> str:
    """`image 8x8x1 -> Conv2D 6x6x32 -> MaxPool2D 3x3x32`: how the shape at `index` came about."""
    parts: list[str] = []
    node: Node = graph.node(index)
    while True:
        name = node.word.word if node.word is not None else node.path[-1]
        parts.append(f"{name} {node.output}")
        if len(node.inputs) != 1:
            break
        if len(parts) == LONGEST_CHAIN:
            parts.append("…")
            break
        node = graph.node(node.inputs[0])
    return " -> ".join(reversed(parts))


def call_notes(frame: Frame) -> list[str]:
    """Which uses of blocks led here, outermost last."""
    notes: list[str] = []
    current: Frame | None = frame
    while current is not None and current.call is not None and len(notes) < 3:
        values = ", ".join(
            f"{k}={_short(v)}"
            for k, v in current.scalars.items()
            if k in _parameters(current)
        )
        sizes = ", ".join(f"{name} {tensor}" for name, tensor in current.inputs.items())
        line = current.call.source.line_column(current.call.start)[0]
        given = f"({values})" if values else ""
        notes.append(
            f"in {current.definition.name}{given} with {sizes}, used on line {line}"
        )
        current = current.parent
    return notes


def _parameters(frame: Frame) -> set[str]:
    return {p.name for p in frame.definition.parameters}


def _short(value: object) -> str:
    word = getattr(value, "word", None)
    text = str(word if word is not None else getattr(value, "text", value))
    return text if len(text) <= 20 else text[:19] + "…"
