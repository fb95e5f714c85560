"""What each output of a model trains with, and what it ends in."""

from __future__ import annotations

from dslc.graph import Graph, Node
from dslc.spec import ir
from dslc.spec.values import UNKNOWN


def by_output(train: ir.SectionSpec, key: str, graph: Graph) -> dict[str, ir.Setting]:
    """The setting `key` of every output that has one; none whose value is not known."""
    part = train.parts.get(key)
    if part is not None:
        settings = {name: s for name, s in part.settings.items() if name in graph.outputs}
    else:
        setting = train.settings.get(key)
        settings = {} if setting is None else dict.fromkeys(graph.outputs, setting)
    return {name: s for name, s in settings.items() if s.value is not UNKNOWN}


def losses_by_output(train: ir.SectionSpec, graph: Graph) -> dict[str, ir.Setting]:
    """The loss of every output that has one."""
    return by_output(train, "loss", graph)


def metrics_by_output(train: ir.SectionSpec, graph: Graph) -> dict[str, ir.Setting]:
    """The metrics of every output that has some."""
    return by_output(train, "metrics", graph)


def last_activation(graph: Graph, output: str) -> str | None:
    """The activation that an output ends in."""
    index = graph.outputs.get(output)
    if index is None:
        return None
    word = graph.node(index).word
    return word.word if word is not None and word.kind == "activation" else None


def buried(graph: Graph, index: int, activation: str) -> Node | None:
    """The step with `activation` that ends a model but for steps without weights behind it."""
    node = graph.node(index)
    while node.word is not None and len(node.inputs) == 1 and graph.used_counts(node) == (0, 0):
        if node.word.word == activation:
            return node
        node = graph.node(node.inputs[0])
    return None


def doubled(graph: Graph, index: int) -> Node | None:
    """A `softmax` or `sigmoid` right in front of the activation at the end."""
    node = graph.node(index)
    word = graph.node(node.inputs[0]).word if len(node.inputs) == 1 else None
    if word is None or word.word not in ("softmax", "sigmoid"):
        return None
    return graph.node(node.inputs[0])
