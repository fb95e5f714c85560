"""A shape mistake, explained: what the layer saw, the chain of layers that made it, and the fix to type."""

from __future__ import annotations

from math import lcm

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph.model import Frame, Graph, Node
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN
from dslc.vocab.dims import Dim, Floor, Symbol
from dslc.vocab.tensor import Mismatch

LONGEST_CHAIN = 5


def mismatch(graph: Graph, span: Span, problem: Mismatch, inputs: tuple[int, ...]) -> Diagnostic:
    """The diagnostic of a layer that refuses its inputs."""
    fixes = _divisible(graph, inputs) if problem.code in ("E0302", "E0304") else []
    whole = _whole_sequence(graph, inputs) if problem.insert.startswith("Reshape") else None
    if whole is not None:
        fixes.append(whole)
    elif problem.insert:
        edit = Edit(span.before(), f"{problem.insert} -> ")
        fixes.append(Fix(f"put {problem.insert} in front of it", (edit,)))
    if problem.help and whole is None:
        fixes.append(Fix(problem.help))
    if not fixes:
        fixes.append(Fix("change the input, or use another layer"))
    blamed = inputs if problem.operand is None else (inputs[0], inputs[problem.operand])
    return error(
        problem.code,
        problem.message,
        span,
        problem.label,
        secondary=_makers(graph, span, dict.fromkeys(blamed), problem.code == "E0313"),
        notes=_chains(graph, list(dict.fromkeys(blamed))),
        fixes=fixes,
    )


def _whole_sequence(graph: Graph, inputs: tuple[int, ...]) -> Fix | None:
    """`LSTM(8) -> LSTM(8)`: the first gives its last step only, where all of them are needed."""
    node = graph.node(inputs[0])
    while len(node.inputs) == 1 and getattr(node.word, "sequences", None) is None:
        if graph.used_weights(node) or graph.tensor(node.index) != graph.tensor(node.inputs[0]):
            return None
        node = graph.node(node.inputs[0])
    if node.word is None or getattr(node.word, "sequences", None) is not False:
        return None
    span = node.span
    edits: tuple[Edit, ...] = ()
    if span.text.endswith(")") and "sequences" not in span.text:
        last = span.source.span(span.end - 1, span.end - 1)
        edits = (Edit(last, ", sequences=true"),)
    return Fix(f"let `{node.word.word}` give every step: sequences=true", edits)


def _makers(graph: Graph, span: Span, blamed: dict[int, None], ids_matter: bool) -> list[Label]:
    """Where the inputs come from."""
    found: list[Label] = []
    for index in blamed:
        maker = graph.node(index)
        if maker.span == span:
            continue
        verb = "is" if maker.word is None else "makes"
        ids = maker.output is not None and maker.output.dtype == "int"
        found.append(Label(maker.span, f"{verb} {maker.output}"))
        if ids_matter and maker.reader is not None and maker.reader != span:
            what = "token ids" if ids else "numbers"
            found.append(Label(maker.reader, f"reads `{maker.path[-1]}` as {what}"))
    return found


def _chains(graph: Graph, blamed: list[int]) -> list[str]:
    """How the shapes came about, where that is not plain to see."""
    chains = [shape_chain(graph, index) for index in blamed[:3]]
    return [chain for chain in chains if chain.count(" -> ") > 1]


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


def _divisible(graph: Graph, inputs: tuple[int, ...]) -> list[Fix]:
    """`where H % 4 == 0`, when the shapes would fit if sizes that vary were divisible."""
    needed: dict[str, int] = {}
    for index in inputs:
        tensor = graph.tensor(index)
        for dim in tensor.shape if tensor is not None else ():
            _divisors(dim, needed)
    for statement in graph.root.definition.inputs:
        names = [name for name in needed if name in graph.root.sizes]
        if statement.shape is None or statement.where is not None or not names:
            continue
        conditions = " and ".join(f"{name} % {needed[name]} == 0" for name in sorted(names))
        edit = Edit(statement.shape.span.after(), f" where {conditions}")
        return [Fix(f"say that sizes divide: where {conditions}", (edit,))]
    return []


def _divisors(dim: Dim, needed: dict[str, int]) -> None:
    """What each name in `dim` would have to be a multiple of for its divisions to be exact."""
    todo: list[tuple[Dim, int]] = [(dim, 1)]
    while todo:
        current, factor = todo.pop()
        if isinstance(current, int):
            continue
        for monomial, coefficient in current.terms:
            scale = factor * coefficient.denominator
            for atom, _ in monomial:
                if isinstance(atom, Floor) and isinstance(atom.denominator, int):
                    todo.append((atom.numerator, scale * atom.denominator))
                elif isinstance(atom, Symbol) and scale > 1:
                    needed[atom.name] = lcm(needed.get(atom.name, 1), scale)


def call_notes(frame: Frame) -> list[str]:
    """Which uses of blocks led here, innermost first."""
    notes: list[str] = []
    current: Frame | None = frame
    while current is not None and current.call is not None and len(notes) < 3:
        notes.append(_call_note(current))
        current = current.parent
    return notes


def _call_note(frame: Frame) -> str:
    parameters = {p.name for p in frame.definition.parameters}
    values = ", ".join(
        f"{k}={_short(v)}" for k, v in frame.scalars.items() if k in parameters and v is not UNKNOWN
    )
    sizes = [f"{name} {tensor}" for name, tensor in frame.inputs.items() if tensor is not None]
    assert frame.call is not None
    line = frame.call.source.line_column(frame.call.start)[0]
    given = f"({values})" if values else ""
    met = f" with {', '.join(sizes)}" if sizes else ""
    return f"in {frame.definition.name}{given}{met}, used on line {line}"


def _short(value: object) -> str:
    word = getattr(value, "word", None)
    text = str(word) if word is not None else show_value(value)
    return text if len(text) <= 20 else text[:19] + "…"


def use_of(graph: Graph, index: int) -> ir.WordUse | None:
    """The use of a word in the model's own body that became the node at `index`."""
    node = graph.node(index)
    for use, nodes in graph.root.applied.items():
        if node in nodes:
            return use
    return None
