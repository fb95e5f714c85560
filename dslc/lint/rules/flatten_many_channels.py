"""Flatten of many channels, where a mean over the places would do.

Behind the last convolution a network knows for each of its channels where it is on. With 512 channels or more, the
channels alone say what is in the image. Flatten puts all places of all channels in a row, so the dense layer behind it
has a weight for every place: 7x7x512 in front of Dense(4096) are 102,764,544 weights, three quarters of VGG-16. They
learn that a cat at the left is a cat, and once more for a cat at the right; with little data they learn the images by
heart. `GlobalAvgPool2D` hands on one number for each channel, has no weights, and takes images of any size.

Where the place is part of the answer (a coordinate, the board of a game), Flatten is right: suppress the rule there.

Reference: Lin, Chen, Yan (2014), Network In Network, section 3.2, https://arxiv.org/abs/1312.4400.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import dense_behind, everywhere
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.pool import GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D
from dslc.vocab.layers.shape import Flatten

MANY = 512
MEANS = {2: GlobalAvgPool1D, 3: GlobalAvgPool2D, 4: GlobalAvgPool3D}


@rule(
    "L120",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(64, 4x4, stride=4, init=he_normal) -> relu
        -> Conv2D(512, 4x4, stride=4, init=he_normal) -> relu
        -> Flatten
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(64, 4x4, stride=4, init=he_normal) -> relu
        -> Conv2D(512, 4x4, stride=4, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, too_many):
            continue
        dense = dense_behind(layer)
        assert dense is not None and layer.input is not None and layer.input.output is not None
        x = layer.input.output
        mean = MEANS[x.rank].word
        count = f"{dense.weights:,} weights" if isinstance(dense.weights, int) else "many weights"
        message = f"`Flatten` of {x}: the mean of each of its {x.channels} channels would do"
        there = (Label(dense.span, f"{count}, one for every place and unit"),)
        fix = Fix(f"write {mean}", facts.edit.replace(layer.span, mean))
        yield Finding(layer.span, message, "", there, fixes=(fix,))


def too_many(layer: Layer) -> bool:
    """Whether a layer flattens many channels, of more than one place, for a dense layer."""
    x = layer.input.output if layer.input is not None else None
    return (
        isinstance(layer.word, Flatten)
        and x is not None
        and isinstance(x.channels, int)
        and x.channels >= MANY
        and x.rank in MEANS
        and any(size != 1 for size in x.spatial)
        and dense_behind(layer) is not None
    )
