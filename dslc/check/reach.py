"""Layers whose weights reach no output: their size was asked for, or the arm that reads them is not taken.

Keras leaves such a layer out of the model, torch keeps it: the two would not hold the same weights. So it is a
mistake, as a value is that nothing reads at all (E0207, which is found when a body is read).
"""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.graph import Graph
from dslc.graph.explain import call_notes

HELP = "let a flow that leads to an output read it; what only one arm of a `match` needs, write in that arm"


def check_reach(graph: Graph) -> list[Diagnostic]:
    """A diagnostic for every last layer with weights on a way that ends nowhere."""
    alive = _behind(graph, [index for index in graph.outputs.values() if index is not None])
    weighted = {n.index for n in graph.nodes() if graph.used_counts(n) != (0, 0)}
    owners = {n.index: n.index if n.shares is None else n.shares for n in graph.nodes()}
    used = {owners[index] for index in weighted & alive}
    lost = [index for index in weighted - alive if owners[index] not in used]
    covered = _behind(graph, [i for at in lost for i in graph.node(at).inputs])
    found = []
    for index in sorted(set(lost) - covered):
        node = graph.node(index)
        assert node.word is not None
        message = f"the weights of this `{node.word.word}` reach no output"
        label = (
            "its result ends here: only its size is asked for, or an arm that is not taken reads it"
        )
        notes = call_notes(node.frame)
        found.append(error("E0427", message, node.span, label, notes=notes, fixes=[Fix(HELP)]))
    return found


def _behind(graph: Graph, ends: list[int]) -> set[int]:
    """The nodes that `ends` are computed from, and they themselves."""
    seen: set[int] = set()
    todo = list(ends)
    while todo:
        index = todo.pop()
        if index not in seen:
            seen.add(index)
            todo += graph.node(index).inputs
    return seen
