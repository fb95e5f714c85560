"""A window that never reads the last rows and columns.

A pooling of 2x2 over 7x7 pixels finds three places along each side: the seventh row and column are read by none of
them. Nothing says so; 13 of 49 values are gone, always at the same two edges, and a network that enlarges again ends
at another size than it began with. A convolution with a stride does the same when its stride does not fit.

`ceil=true` lets the last window of a pooling hang over the edge, `padding=same` pads, and an input of another size
(224, 64, 32) fits without either. Found are windows that leave out at least a thirtieth of a side; a stride that skips
values inside of the image, such as the 1x1 convolution of a shortcut, is meant to.

Reference: Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, section 2.4,
https://arxiv.org/abs/1603.07285.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.lint.windows import POOLINGS, Window, windows

SHARE = 30


@rule(
    "L124",
    fix="unsafe",
    wrong="""
        model Example(classes = 10) {
          input image: 30x30x3
          image
          -> Conv2D(16, 3x3, padding=same, init=he_normal) -> relu -> MaxPool2D(4x4)
          -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
    right="""
        model Example(classes = 10) {
          input image: 32x32x3
          image
          -> Conv2D(16, 3x3, padding=same, init=he_normal) -> relu -> MaxPool2D(4x4)
          -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _left_out):
            continue
        word, x = layer.word, layer.input
        assert word is not None and x is not None
        lost = " and ".join(map(_many, _left_out(layer)))
        places = "x".join(str(w.places) for w in windows(layer))
        pooling = isinstance(word, POOLINGS)
        padded = windows(layer)[0].padded
        name, value = ("ceil", "true") if pooling else ("padding", "same")
        edits = NONE if padded and not pooling else facts.edit.set_argument(layer, name, value)
        message = f"`{word.word}` never reads the last {lost} of {x.output}"
        label = f"its window finds {places} places"
        fix = Fix(f"write {name}={value}, or let sizes come in that its stride fits", edits)
        yield Finding(layer.span, message, label, fixes=(fix,))


def _many(window: Window) -> str:
    return window.axis if window.left_out == 1 else f"{window.left_out} {window.axis}s"


def _left_out(layer: Layer) -> list[Window]:
    """The windows of a layer that leave out a good deal at the end of their axis."""
    return [
        window
        for window in windows(layer)
        if window.stride > 1
        and window.reach >= window.stride
        and window.left_out * SHARE >= window.length
    ]
