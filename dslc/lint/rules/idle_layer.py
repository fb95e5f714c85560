"""A layer that changes nothing.

Flatten of what is a row already, as behind `GlobalAvgPool2D`; Reshape to the shape that comes in; Dropout of rate 0;
pooling in windows of one value; enlarging once. What comes out is what went in. It reads as if something happened, and
is often left over from another version of the model: take it out, or say what was meant.

Values that a block gets as arguments are not judged, nor a Flatten in a block, which may be meant for any input.

Reference: Martin (2008), Clean Code, chapter 17, G9: Dead Code.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, everywhere
from dslc.lint.rule import Finding, rule
from dslc.lint.trees import walk
from dslc.lint.windows import POOLINGS, windows
from dslc.syntax import tree
from dslc.vocab.layers.noise import GaussianNoise
from dslc.vocab.layers.shape import Crop, Flatten, Reshape, Upsample, ZeroPad


@rule(
    "L107",
    fix="safe",
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Flatten
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if everywhere(layer, _idle) and layer.word is not None and layer.input is not None:
            message = f"`{layer.word.word}` changes nothing: what comes out is what went in"
            fix = Fix("remove it", facts.edit.delete_step(layer), safe=True)
            yield Finding(layer.span, message, f"it gets {layer.input.output}", fixes=(fix,))


def _idle(layer: Layer) -> bool:
    """Whether a layer gives what it gets, by its own values or, in a model itself, by the shape that it gets."""
    word = layer.word
    same = layer.input is not None and layer.input.output == layer.output
    if not same or layer.use is None or not all(map(_fixed, layer.use.arguments.values())):
        return False
    if isinstance(word, DROPOUTS):
        return not word.rate
    if isinstance(word, GaussianNoise):
        return not word.std
    if isinstance(word, POOLINGS):
        return bool(windows(layer)) and all((w.size, w.stride) == (1, 1) for w in windows(layer))
    if isinstance(word, (Flatten, Reshape)):
        return layer.block.parent is None
    return isinstance(word, (Crop, Upsample, ZeroPad))


def _fixed(value: tree.Expr) -> bool:
    """Whether an argument is the same at every use of its block: numbers, and words that are no names of it."""
    return all(not isinstance(node, (tree.Name, tree.Attribute)) for node in walk(value))
