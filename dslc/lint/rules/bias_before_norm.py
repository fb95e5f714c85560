"""A bias that BatchNorm takes away again.

A bias adds one number to a whole channel. BatchNorm right behind it subtracts the mean of that channel, and the number
with it: whatever the bias is, the result is the same. It gets no gradient, is stored, sent and loaded for nothing, and
the shift that is wanted is the β of the norm anyway. `bias=false` says so; the networks of the papers do.

What the model computes stays the same. The number of parameters changes, and files of weights that were saved with
the bias no longer fit, so the fix counts as unsafe: apply it before training, not between training and use.

Reference: Ioffe and Szegedy (2015), Batch Normalization, section 3.2, https://arxiv.org/abs/1502.03167.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import FEEDFORWARD, everywhere, is_true
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.norm import BatchNorm

OF_BIAS = ("bias_init", "bias_regularizer")


@rule(
    "L111",
    severity="info",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3) -> BatchNorm -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, bias=false) -> BatchNorm -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _idle):
            continue
        norm = layer.next
        assert norm is not None and layer.word is not None
        plain = is_true(layer.written("bias")) and not any(map(layer.written, OF_BIAS))
        edits = facts.edit.set_argument(layer, "bias", "false") if plain else NONE
        message = (
            f"the bias of this `{layer.word.word}` has no effect: `BatchNorm` subtracts it again"
        )
        there = (Label(norm.span, "subtracts the mean of each channel"),)
        yield Finding(layer.span, message, "", there, fixes=(Fix("write bias=false", edits),))


def _idle(layer: Layer) -> bool:
    """Whether it has a bias, and nothing but a BatchNorm reads it."""
    return (
        isinstance(layer.word, FEEDFORWARD)
        and layer.word.bias is True
        and layer.next is not None
        and isinstance(layer.next.word, BatchNorm)
    )
