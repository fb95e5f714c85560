"""What of a model begins with weights that were trained before: for rules about transfer and fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dslc.check.parts import labels
from dslc.graph import Frame, Graph
from dslc.source import Span
from dslc.vocab.layers.backbones import Backbone


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A network or block with weights of its own past. `span` is its place in the body of the model, `weights` what
    it takes: `imagenet` or a path."""

    name: str
    span: Span
    weights: str


def pretrained(graph: Graph) -> Iterator[Pretrained]:
    """Everything in a model that has learnt before."""
    for node in graph.nodes():
        if isinstance(node.word, Backbone) and node.word.weights != "none":
            yield Pretrained(node.word.word, place(node.span, node.frame), node.word.weights)
    for frame in graph.frames:
        for use in frame.called:
            if use.weights is not None and use.block is not None:
                span = place(use.node.span, frame)
                yield Pretrained(use.block.name, span, use.weights.value)


def place(span: Span, frame: Frame) -> Span:
    """Where something in a block arises in the model's own body."""
    here: Frame = frame
    while here.parent is not None and here.call is not None:
        span, here = here.call, here.parent
    return span


def inside(span: Span, outer: Span) -> bool:
    return span.source is outer.source and outer.start <= span.start and span.end <= outer.end


def learnt(graph: Graph, label: str) -> bool:
    """Whether the step with this label begins with weights that were trained before."""
    step = labels(graph)[label]
    return any(inside(found.span, step.node.span) for found in pretrained(graph))


def new_weights(graph: Graph, spans: list[Span]) -> bool:
    """Whether a model has numbers to train outside of these places."""
    for node in graph.nodes():
        here = place(node.span, node.frame)
        if graph.counts(node)[0] != 0 and not any(inside(here, span) for span in spans):
            return True
    return False
