"""A kernel whose outer weights only ever meet padding.

With padding a window may be larger than its input. Over a map of 1x1, a 3x3 convolution has one weight in the middle
that meets the map; the eight around it meet zeros at the only place there is. They get no gradient, keep their first
values for ever, and are counted, stored and multiplied all the same. The same happens to long dilations over short
sequences.

It shows that the network shrinks its input too often for this image size: leave out a pooling or a stride before, give
it larger images, or let the kernel be as small as its input.

Reference: Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, section 2.2,
https://arxiv.org/abs/1603.07285.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.lint.windows import CONVOLUTIONS, windows
from dslc.syntax import tree


@rule(
    "L125",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(16, 3x3, padding=same, init=he_normal) -> relu -> MaxPool2D(32x32)
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Flatten -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(16, 3x3, padding=same, init=he_normal) -> relu -> MaxPool2D(4x4)
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Flatten -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _idle):
            continue
        assert layer.word is not None and layer.input is not None
        found = windows(layer)
        meets = [w.size - w.idle for w in found]
        shown = "x".join(map(str, meets)) if len(meets) > 1 else str(meets[0])
        whole = "x".join(str(w.size) for w in found)
        message = f"only {shown} of this kernel of {whole} ever meets the input"
        fix = Fix("shrink the input less before, or write a smaller kernel", _smaller(facts, layer))
        yield Finding(layer.span, message, f"it gets {layer.input.output}", fixes=(fix,))


def _idle(layer: Layer) -> bool:
    return isinstance(layer.word, CONVOLUTIONS) and any(w.idle for w in windows(layer))


def _smaller(facts: Facts, layer: Layer) -> Edits:
    """The largest kernel that meets its input, where a smaller one keeps the shapes: padding that follows from its
    name, and a number for the kernel."""
    kernel, padding = layer.written("kernel"), layer.written("padding")
    found = windows(layer)
    named = isinstance(padding, tree.Name) and padding.text == "same"
    plain = isinstance(kernel, (tree.Size, tree.Number)) and all(w.dilation == 1 for w in found)
    sizes = [w.size - w.idle for w in found]
    if not named or not plain or any(size % 2 == 0 for size in sizes):
        return NONE
    return facts.edit.set_argument(layer, "kernel", "x".join(map(str, sizes)))
