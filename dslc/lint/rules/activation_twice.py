"""Two activations in a row.

An activation bends what a layer gives. A second one right behind it bends the same numbers again, with no weights in
between that could learn from it. `relu` behind something that is never below 0 does nothing at all; `tanh` or
`sigmoid` behind `relu` only use half of their curve. Nearly always one of the two was left behind when the other was
put in, or one belongs behind another layer.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 6.3, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere, is_activation
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import (
    ELU,
    HardSigmoid,
    LeakyReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    Softmax,
    Softplus,
)

NEVER_NEGATIVE = (ReLU, ReLU6, Sigmoid, HardSigmoid, Softmax, Softplus)
KEEPS_POSITIVE = (ReLU, LeakyReLU, ELU)  # what is above 0 passes as it is


@rule(
    "L103",
    fix="safe",
    wrong="""
        image
        -> Conv2D(16, 3x3, init=he_normal) -> relu -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(16, 3x3, init=he_normal) -> relu
        -> Conv2D(16, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _second):
            continue
        first = layer.input
        assert first is not None and first.word is not None and layer.word is not None
        name, before = layer.word.word, first.word.word
        there = (Label(first.span, "the first"),)
        if all(map(_idle, layer.twins)):
            message = f"`{name}` does nothing: what `{before}` gives is never below 0"
            fix = Fix(f"remove `{name}`", facts.edit.delete_step(layer), safe=True)
        else:
            message = f"`{name}` right behind `{before}`: two activations and no layer in between"
            fix = Fix("keep one of them, or put a layer between them")
        yield Finding(layer.span, message, secondary=there, fixes=(fix,))


def _second(layer: Layer) -> bool:
    """Whether an activation stands behind another. Probabilities of a model, or of attention, are made of anything:
    other rules speak about the model's."""
    first = layer.input
    return (
        is_activation(layer)
        and is_activation(first)
        and not isinstance(layer.word, Softmax)
        and not (layer.role == "output" and isinstance(layer.word, (Sigmoid, HardSigmoid)))
    )


def _idle(layer: Layer) -> bool:
    return (
        layer.input is not None
        and isinstance(layer.input.word, NEVER_NEGATIVE)
        and isinstance(layer.word, KEEPS_POSITIVE)
    )
