"""More than 20 layers one behind the other, and no way around any of them.

A deeper network can do all that a shallower one does: its further layers only need to pass on what they get. Trained,
it does not. From about 20 plain layers on, even the error on the training data grows with every layer, with BatchNorm
too: the gradient has to come through all of them, and passing on unchanged is hard to learn. A shortcut that adds the
input of a block to its output (`add(x, y)`) makes it the easiest thing, and networks of 50 or 150 layers train.

Counted are the layers with a kernel that follow one another, each one the only way on for what is in front of it: a
shortcut, a concatenation as in DenseNet, and the branches of an Inception block all end the count.

Reference: He, Zhang, Ren, Sun (2016), Deep Residual Learning for Image Recognition, https://arxiv.org/abs/1512.03385.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import multiplies
from dslc.lint.rule import Finding, rule

MOST = 20


@rule(
    "L123",
    severity="info",
    wrong="""
        block Unit(filters) {
          input x
          x -> Conv2D(filters, 3x3, padding=same, init=he_normal) -> relu
        }

        model Deep(classes = 10) {
          input image: 32x32x3
          image -> Unit(16) * 24 -> GlobalAvgPool2D
          -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
    right="""
        block Unit(filters) {
          input x
          y = x
          -> Conv2D(filters, 3x3, padding=same, init=he_normal) -> relu
          -> Conv2D(filters, 3x3, padding=same)
          add(x, y) -> relu
        }

        model Deep(classes = 10) {
          input image: 32x32x3
          image
          -> Conv2D(16, 3x3, padding=same, init=he_normal) -> relu
          -> Unit(16) * 12 -> GlobalAvgPool2D
          -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        longest = max(_runs(model.layers).values(), default=0)
        if longest > MOST:
            message = f"`{model.name}` has {longest} layers in a row, and no way around any of them"
            fix = Fix("put a few into a block that adds its input to its output: add(x, y)")
            yield Finding(model.definition.node.name.span, message, fixes=(fix,))


def _runs(layers: Sequence[Layer]) -> dict[Layer, int]:
    """How many kernels follow one another up to each layer, since the flow last went two ways or came together."""
    found: dict[Layer, int] = {}
    for layer in layers:
        source = layer.input
        run = found[source] if source is not None and source.next is layer else 0
        found[layer] = run + multiplies(layer)
    return found
