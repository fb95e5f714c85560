"""`sigmoid`, `tanh` or `softmax` behind a hidden layer.

Away from the middle these curves are almost flat: their slope is near 0, and at most 1/4 for `sigmoid`. Learning
multiplies the slopes of all layers from the loss back to the first, so after a few such layers hardly anything is
left to learn from (the vanishing gradient). `relu` has slope 1 wherever it is on. `softmax` also makes the channels
fight for one total, which only makes sense where they are the probabilities of classes.

Inside of `LSTM` and `GRU`, in gates and attention weights that something is multiplied with, and behind the output
these curves are right, and nothing is said there.

Reference: Glorot, Bordes, Bengio (2011), Deep Sparse Rectifier Neural Networks, AISTATS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere, multiplies
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import HardSigmoid, Sigmoid, Softmax, Tanh
from dslc.vocab.merges import Dot, Multiply

SATURATING = (Sigmoid, HardSigmoid, Tanh, Softmax)


@rule(
    "L101",
    severity="warning",
    fix="unsafe",
    wrong="""
        image
        -> Flatten
        -> Dense(64, init=glorot_uniform) -> sigmoid
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Flatten
        -> Dense(64, init=he_normal) -> relu
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        fed, gates = _fed(model.layers), _gates(model.layers)
        for layer in model.layers:
            word = layer.word
            if not isinstance(word, SATURATING) or not everywhere(layer, _hidden):
                continue
            if not all(twin.input in fed for twin in layer.twins):
                continue
            if any(twin in gates or _scores(twin, gates) for twin in layer.twins):
                continue
            written = layer.span.text == word.word
            edits = facts.edit.replace(layer.span, "relu") if written else NONE
            message = (
                f"`{word.word}` in a hidden layer: where its curve is flat, the gradient vanishes"
            )
            fix = Fix("write `relu`, with weights that start as `he_normal`", edits)
            yield Finding(layer.span, message, "flat away from the middle", fixes=(fix,))


def _hidden(layer: Layer) -> bool:
    return layer.role == "hidden"


def _fed(layers: Sequence[Layer]) -> set[Layer]:
    """What gives the values of a layer with a kernel, or a sum of such."""
    found: set[Layer] = set()
    for layer in layers:
        if multiplies(layer) or len(layer.inputs) > 1 or layer.input in found:
            found.add(layer)
    return found


def _gates(layers: Sequence[Layer]) -> set[Layer]:
    """Those whose result is multiplied with something, as it is or after steps without weights."""
    found: set[Layer] = set()
    for layer in reversed(layers):
        for user in layer.outputs:
            plain = len(user.inputs) == 1 and not layer.graph.used_weights(user.node)
            if isinstance(user.word, (Multiply, Dot)) or (plain and user in found):
                found.add(layer)
    return found


def _scores(layer: Layer, gates: set[Layer]) -> bool:
    """Whether it is part of additive attention: `tanh -> Dense(1) -> softmax`, and that is a gate."""
    kernel = layer.next
    weights = kernel.next if kernel is not None else None
    while weights is not None and not isinstance(weights.word, SATURATING):
        weights = weights.next if weights in gates and not multiplies(weights) else None
    return weights is not None and weights in gates
