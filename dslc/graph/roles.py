"""Roles of layers: which are `output` and which `hidden`, as the rules of `defaults` mean it.

A layer with weights is an output when what it gives reaches a result of the model with no other kernel in between:
through activations, reshapes, merges, and layers that hold vectors only, such as norms. All others are hidden.
"""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.graph.model import Graph, Node
from dslc.spec.defaults import LayerDefaults


def roles(graph: Graph) -> dict[int, str]:
    """The role of every node with weights. Nodes that share weights are one layer: an output if one of them is."""
    weighted = {node.index for node in graph.nodes() if graph.used_counts(node) != (0, 0)}
    todo = [index for index in graph.outputs.values() if index is not None]
    seen: set[int] = set()
    last: set[int] = set()
    while todo:
        index = todo.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.node(index)
        if index in weighted:
            last.add(index if node.shares is None else node.shares)
        if index not in weighted or _vectors_only(graph, node):
            todo += node.inputs
    found: dict[int, str] = {}
    for index in weighted:
        shares = graph.node(index).shares
        found[index] = "output" if (index if shares is None else shares) in last else "hidden"
    return found


def _vectors_only(graph: Graph, node: Node) -> bool:
    """Whether a layer only scales and shifts what passes: a norm, a `prelu`."""
    arrays = graph.used_weights(node).values()
    return bool(arrays) and all(len(array.shape) == 1 for array in arrays)


def assign_roles(graph: Graph, defaults: LayerDefaults) -> list[Diagnostic]:
    """Let the rules for roles speak. A node knows its role where the rules make a difference between roles."""
    found: list[Diagnostic] = []
    if not defaults.roles:
        return found
    for index, role in roles(graph).items():
        node = graph.node(index)
        assert node.word is not None
        before = node.word
        hidden, output = (defaults.settle(before, r) for r in ("hidden", "output"))
        node.word = output if role == "output" else hidden
        if hidden != output:
            node.role = role
        elif node.word != before:
            node.role = "hidden"  # both roles say the same: one name for it
        if node.word != before:
            for message in node.word.problems():
                notes = [f"the rules of `defaults` for `{role}` are part of it"]
                fix = Fix("say it in the layer itself, or change the rule")
                found.append(error("E0203", message, node.span, notes=notes, fixes=[fix]))
                break
    return found
