"""A large kernel that a few 3x3 convolutions replace.

Two 3x3 convolutions one behind the other see 5x5 pixels, three see 7x7. With C channels in and out they have 18·C² and
27·C² weights where one kernel has 25·C² and 49·C², they compute less in the same proportion, and there is an
activation between them, so they can tell more apart.

The first convolution of a network, which sees a few channels only, is not meant: there a large kernel costs little.
Neither are depthwise convolutions, those with a stride, kernels that are not square or as large as what they read (a
dense layer, in effect), convolutions to a few channels, and the last one. Where the number of channels changes, the
first of the stack keeps the smaller one.

Reference: Simonyan and Zisserman (2015), Very Deep Convolutional Networks, section 2.3,
https://arxiv.org/abs/1409.1556.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere, is_activation, repeated, same_flow, stem
from dslc.lint.rule import Finding, rule
from dslc.source import Span
from dslc.syntax import tree
from dslc.vocab.layers.conv import Conv2D
from dslc.vocab.layers.norm import BatchNorm

SMALL = 3
STEM = 4  # channels of an image, at most


@rule(
    "L122",
    severity="info",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Conv2D(32, 5x5, padding=same, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        first = stem(model.layers)
        for layer in model.layers:
            word = layer.word
            if not everywhere(layer, _large) or any(twin.input in first for twin in layer.twins):
                continue
            assert isinstance(word, Conv2D)
            size = word.kernel[0]
            turns = (size - 1) // 2
            one, several = _weights(word, _channels(layer))
            message = f"{turns} convolutions of 3x3 see as much as this one of {size}x{size}, with fewer weights"
            label = f"{one:,} weights, they would have {several:,}"
            fix = Fix(f"write it {turns} times with 3x3", _stack(facts, layer, turns))
            yield Finding(layer.span, message, label, fixes=(fix,))


def _large(layer: Layer) -> bool:
    """Whether it is a plain hidden convolution, of many channels to many, with a large kernel over a larger map."""
    word, y = layer.word, layer.output
    if not isinstance(word, Conv2D) or layer.role != "hidden" or word.filters <= STEM:
        return False
    if y is not None and all(size == 1 for size in y.spatial):
        return False
    height, width = word.kernel
    usual = (word.groups, *word.stride, *word.dilation) == (1, 1, 1, 1, 1)
    if not usual or height != width or height <= SMALL or height % 2 == 0:
        return False
    return _channels(layer) > STEM


def _channels(layer: Layer) -> int:
    """How many come in; 0 where that varies."""
    x = layer.input.output if layer.input is not None else None
    return x.channels if x is not None and isinstance(x.channels, int) else 0


def _narrow(layer: Layer) -> int | None:
    """How many the first of the stack gives, where that is not the number of filters."""
    assert isinstance(layer.word, Conv2D)
    channels = _channels(layer)
    return channels if channels < layer.word.filters else None


def _weights(word: Conv2D, channels: int) -> tuple[int, int]:
    """Those of the kernel, and those of the stack of 3x3 kernels in its place, which widens or narrows once."""
    size, filters = word.kernel[0], word.filters
    less, further = min(channels, filters), (size - 1) // 2 - 1
    pairs = channels * less + (further - 1) * less * less + less * filters
    return size * size * channels * filters, SMALL * SMALL * pairs


def _stack(facts: Facts, layer: Layer, turns: int) -> Edits:
    """The convolution with a small kernel as often as needed, each with the norm and activation that follow it. Only
    where the kernel is written as a number, and the padding by its name."""
    kernel, padding = layer.written("kernel"), layer.written("padding")
    filters, narrow = layer.written("filters"), _narrow(layer)
    if not isinstance(kernel, (tree.Size, tree.Number)) or repeated(facts, layer):
        return NONE
    if filters is None or not (padding is None or isinstance(padding, tree.Name)):
        return NONE
    if any(_narrow(twin) != narrow for twin in layer.twins):
        return NONE
    small = Edit(kernel.span, "3x3")
    last = _within(layer.span, [small])
    widths = [] if narrow is None else [Edit(filters.span, f"{narrow}")]
    first = _within(layer.span, [small, *widths])
    behind = []
    for follower in layer.after():
        wanted = isinstance(follower.word, BatchNorm) or is_activation(follower)
        if not wanted or not same_flow(facts, layer, follower):
            break
        behind.append(follower.span.text)
    return facts.edit.replace(layer.span, " -> ".join([first, *behind] * (turns - 1) + [last]))


def _within(span: Span, edits: list[Edit]) -> str:
    """The text of `span` after edits of parts of it."""
    text, start = span.text, span.start
    for edit in sorted(edits, key=lambda e: -e.span.start):
        text = text[: edit.span.start - start] + edit.text + text[edit.span.end - start :]
    return text
