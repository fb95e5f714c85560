"""A stride that is larger than its window: what lies between is never read.

A window of 3x3 that moves by 4 leaves a row and a column out after each place, 7 of 16 pixels. Whatever is there, a
thin line or the dot of an i, does not exist for the network, and an image that is moved by one pixel looks different
to it. Let the window be as large as the stride at least, or use a smaller stride.

A window of a single value (a 1x1 convolution with a stride, as in the shortcuts of ResNet) is a choice of pixels, and
not meant.

Reference: Azulay and Weiss (2019), Why do deep convolutional networks generalize so poorly to small image
transformations?, https://arxiv.org/abs/1805.12177.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.lint.windows import windows


@rule(
    "L126",
    wrong="""
        image
        -> Conv2D(32, 3x3, stride=4, padding=same, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 4x4, stride=4, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if everywhere(layer, _gaps) and layer.word is not None:
            found = windows(layer)
            size = "x".join(str(w.reach) for w in found)
            stride = "x".join(str(w.stride) for w in found)
            name = layer.word.word
            message = (
                f"`{name}` moves a window of {size} by {stride}: it never reads what lies between"
            )
            fix = Fix("write a window that is as large as the stride, or a smaller stride")
            yield Finding(layer.span, message, fixes=(fix,))


def _gaps(layer: Layer) -> bool:
    """Whether more than one place finds a window that is smaller than its step, and more than one value."""
    found = windows(layer)
    return any(w.size > 1 for w in found) and any(
        w.reach < w.stride and w.places > 1 for w in found
    )
