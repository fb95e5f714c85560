"""Pretrained networks of a model: which one says how images are scaled (`scale = backbone`)."""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph, Node
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.data import AsBackbone
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.libraries import Library

RULES: tuple[Library, ...] = ("keras", "torch")


def backbones(graph: Graph) -> Iterator[tuple[Node, Backbone]]:
    """The pretrained networks of a model, in the order in which it computes."""
    for node in graph.nodes():
        if isinstance(node.word, Backbone):
            yield node, node.word


def check_places(graph: Graph) -> list[Diagnostic]:
    """A pretrained network in a block that is used more than once, each time with weights of its own."""
    found: dict[Span, int] = {}
    words: dict[Span, str] = {}
    for node, word in backbones(graph):
        if node.shares is None:
            found[node.span] = found.get(node.span, 0) + 1
            words[node.span] = word.word
    problems = []
    for span, times in found.items():
        if times > 1:
            message = f"`{words[span]}` stands in a block that is used {times} times: it would be {times} networks"
            fix = Fix(
                "name the block and use its name, `encode = Block`: then they share one network"
            )
            problems.append(error("E0438", message, span, fixes=[fix]))
    return problems


def weights_files(graph: Graph) -> Iterator[tuple[Span, str]]:
    """The files that weights come from, each where it is named, as it is written there."""
    seen: set[Span] = set()
    found = [(node.span, word.weights_file) for node, word in backbones(graph)]
    for frame in graph.frames:
        uses = (use.weights for use in frame.called if use.weights is not None)
        found += [(weights.span, weights.value) for weights in uses]
    for span, path in found:
        if path is not None and span not in seen:
            seen.add(span)
            yield span, path


def scaled_inputs(graph: Graph) -> tuple[str, ...]:
    """The inputs that a pretrained network reads, each once."""
    read = {index for node, _ in backbones(graph) for index in node.inputs}
    return tuple(name for name, index in graph.inputs.items() if index in read)


def check_scale(data: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    """`scale = backbone` has one meaning."""
    setting = data.settings.get("scale")
    if setting is None or not isinstance(setting.value, AsBackbone):
        return []
    found = [*backbones(graph)]
    if not found:
        fix = Fix("write scale = 0..1, or scale = zscore", (Edit(setting.span, "0..1"),))
        message = "`scale = backbone` needs a pretrained network in the model"
        notes = ["a network such as ResNet50 knows what its images looked like"]
        return [error("E0437", message, setting.span, notes=notes, fixes=[fix])]
    node, word = found[0]
    for other, second in found[1:]:
        if any(second.scaling(name) != word.scaling(name) for name in RULES):
            places = [Label(node.span, "one rule"), Label(other.span, "another")]
            message = (
                f"`scale = backbone` is not clear: `{word.word}` and `{second.word}` "
                "were trained on images that were scaled in different ways"
            )
            fix = Fix("use networks that agree, or another scale")
            return [error("E0437", message, setting.span, secondary=places, fixes=[fix])]
    for node, word in found:
        if not set(node.inputs) <= set(graph.inputs.values()):
            place = [Label(setting.span, "for what it reads")]
            message = f"`{word.word}` reads no input of the model: something stands in between"
            notes = ["`scale = backbone` scales the images that the network reads"]
            fix = Fix("let it read the input, or choose another scale")
            return [error("E0437", message, node.span, secondary=place, notes=notes, fixes=[fix])]
    return []
