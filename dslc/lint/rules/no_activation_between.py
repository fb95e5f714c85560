"""Two layers with nothing between them that bends.

A dense layer or a convolution is a linear map, and one linear map behind another is a linear map again: together they
can learn nothing that one of them could not, at the price of both. Dropout, Flatten, an average or BatchNorm between
them change nothing about that. It takes an activation such as `relu` to make two layers more than one.

A pair that is narrow in the middle is a linear map with fewer weights, which one may want (a bottleneck, the code of
an autoencoder, a depthwise and a pointwise convolution, 1x7 and 7x1): nothing is said about these.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 6.1, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, repeated
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import Identity
from dslc.vocab.layers.conv import Conv1D, Conv2D, Conv3D
from dslc.vocab.layers.core import Dense
from dslc.vocab.layers.norm import BatchNorm
from dslc.vocab.layers.pool import (
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
)
from dslc.vocab.layers.shape import Flatten, Reshape

CONVOLUTIONS = (Conv1D, Conv2D, Conv3D)
AVERAGES = (AvgPool1D, AvgPool2D, AvgPool3D, GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D)
STRAIGHT = (Identity, BatchNorm, Flatten, Reshape, *DROPOUTS, *AVERAGES)


@rule(
    "L104",
    fix="unsafe",
    wrong="""
        image
        -> Flatten
        -> Dense(64, init=glorot_uniform)
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Flatten
        -> Dense(64, init=he_normal) -> relu
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for second in facts.layers:
        first = _collapses_with(second)
        if first is None:
            continue
        assert first.word is not None and second.word is not None
        behind = first
        while behind.next is not None and isinstance(behind.next.word, BatchNorm):
            behind = behind.next
        plain = facts.edit.step(behind) is not None and not repeated(facts, behind)
        edits = facts.edit.insert_after(behind, "relu") if plain else NONE
        message = f"nothing bends between `{first.word.word}` and `{second.word.word}`: one layer could do both"
        there = (Label(first.span, "gives a linear map of its input"),)
        fix = Fix("put an activation between them, such as `relu`", edits)
        yield Finding(second.span, message, "and a linear map of that", there, fixes=(fix,))


def _collapses_with(second: Layer) -> Layer | None:
    """The layer in front that one could do the work of together with this one, if there is one."""
    if not _plain(second):
        return None
    for first in second.before():
        if len(first.outputs) != 1 or first.is_result:
            return None
        if _plain(first):
            same = type(first.word) is type(second.word)
            fits = same or isinstance(second.word, Dense)
            return first if fits and not _narrow(first, second) else None
        if not isinstance(first.word, STRAIGHT):
            return None
    return None


def _plain(layer: Layer) -> bool:
    """Whether it is a linear map that is not a part of one on purpose: a filter of all channels, as wide as high."""
    word = layer.word
    if isinstance(word, CONVOLUTIONS):
        return word.groups == 1 and len({*word.kernel}) == 1
    return isinstance(word, Dense)


def _narrow(first: Layer, second: Layer) -> bool:
    """Whether less passes in the middle than goes in or comes out; sizes that vary are not compared."""
    source = first.input
    tensors = (source.output if source is not None else None, first.output, second.output)
    widths = [tensor.channels for tensor in tensors if tensor is not None]
    before, middle, after = widths
    if not (isinstance(before, int) and isinstance(middle, int) and isinstance(after, int)):
        return True
    return middle < min(before, after)
