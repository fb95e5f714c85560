"""`sigmoid`, `tanh` or `softmax` behind a hidden layer.

Away from the middle these curves are almost flat: their slope is near 0, and at most 1/4 for `sigmoid`. Learning
multiplies the slopes of all layers from the loss back to the first, so after a few such layers hardly anything is
left to learn from (the vanishing gradient). `relu` has slope 1 wherever it is on. `softmax` also makes the channels
fight for one total, which only makes sense where they are the probabilities of classes.

Inside of `LSTM` and `GRU`, in gates that something is multiplied with, and behind the output these curves are right,
and nothing is said there.

Reference: Glorot, Bordes, Bengio (2011), Deep Sparse Rectifier Neural Networks, AISTATS.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import Sigmoid, Softmax, Tanh
from dslc.vocab.merges import Multiply


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
    for layer in facts.layers:
        word = layer.word
        if not isinstance(word, (Sigmoid, Tanh, Softmax)):
            continue
        if all(twin.role == "hidden" and _acts(twin) for twin in layer.twins):
            edits = facts.edit.replace(layer.span, "relu")
            message = f"`{word.word}` in a hidden layer: its gradient all but vanishes"
            fix = Fix("write `relu`, with weights that start as `he_normal`", edits)
            yield Finding(layer.span, message, "flat away from the middle", fixes=(fix,))


def _acts(layer: Layer) -> bool:
    """Whether it stands behind a layer with a kernel, and nothing is gated with it."""
    behind = next((it for it in layer.before() if it.has_kernel or len(it.inputs) != 1), None)
    gates = any(isinstance(user.word, Multiply) for user in layer.outputs)
    return behind is not None and behind.has_kernel and not gates
