"""A large kernel that a few 3x3 convolutions replace.

Two 3x3 convolutions one behind the other see 5x5 pixels, three see 7x7. With C channels in and out they have 18·C² and
27·C² weights where one kernel has 25·C² and 49·C², they compute less in the same proportion, and there is an
activation between them, so they can tell more apart.

The first convolution of a network, which sees a few channels only, is not meant: there a large kernel costs little.
Neither are depthwise convolutions, those with a stride, and kernels that are not square. Where the number of channels
changes, the first of the stack keeps the smaller one.

Reference: Simonyan and Zisserman (2015), Very Deep Convolutional Networks, section 2.3,
https://arxiv.org/abs/1409.1556.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import depths, everywhere, is_activation, repeated, same_flow
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
        stem = {layer for layer, depth in depths(model.layers).items() if depth == 0}
        for layer in model.layers:
            word, x = layer.word, layer.input
            if not everywhere(layer, _large) or any(twin.input in stem for twin in layer.twins):
                continue
            assert isinstance(word, Conv2D) and x is not None and x.output is not None
            size = word.kernel[0]
            turns = (size - 1) // 2
            one, several = _weights(word, x.output.channels)
            message = f"{turns} convolutions of 3x3 see as much as this one of {size}x{size}, with fewer weights"
            label = f"{one:,} weights, they would have {several:,}"
            fix = Fix(f"write it {turns} times with 3x3", _stack(facts, layer, turns))
            yield Finding(layer.span, message, label, fixes=(fix,))


def _large(layer: Layer) -> bool:
    """Whether it is a plain convolution of many channels with a large kernel."""
    word = layer.word
    if not isinstance(word, Conv2D) or layer.input is None or layer.input.output is None:
        return False
    height, width = word.kernel
    channels = layer.input.output.channels
    usual = (word.groups, *word.stride, *word.dilation) == (1, 1, 1, 1, 1)
    if not usual or height != width or height <= SMALL or height % 2 == 0:
        return False
    return isinstance(channels, int) and channels > STEM


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
    filters, word, x = layer.written("filters"), layer.word, layer.input
    assert isinstance(word, Conv2D) and x is not None and x.output is not None
    if not isinstance(kernel, (tree.Size, tree.Number)) or repeated(facts, layer):
        return NONE
    if filters is None or not (padding is None or isinstance(padding, tree.Name)):
        return NONE
    channels = {
        twin.input.output.channels for twin in layer.twins if twin.input and twin.input.output
    }
    narrow = x.output.channels if x.output.channels < word.filters else None
    if narrow is not None and len(channels) > 1:
        return NONE
    small = Edit(kernel.span, "3x3")
    last = _within(layer.span, [small])
    first = (
        last if narrow is None else _within(layer.span, [Edit(filters.span, f"{narrow}"), small])
    )
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
