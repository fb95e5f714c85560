"""BatchNorm behind the activation of its layer.

BatchNorm was made for what a layer gives before its activation: sums of many terms, spread around a middle, which it
brings to mean 0 and variance 1, so that the activation gets values on both sides of its bend. Behind a `relu` half of
the values are 0 already: mean and variance then describe a cut-off half, the bias of the layer stays necessary, and
the next layer gets negative numbers again.

Networks with the norm behind the activation do train, and now and then as well; the order of the paper is what readers,
published weights and the initialisers expect. In a pre-activation block (BatchNorm -> relu -> Conv2D) the norm is in
front of its activation too, and nothing is said.

Reference: Ioffe and Szegedy (2015), Batch Normalization, section 3.2, https://arxiv.org/abs/1502.03167.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import FEEDFORWARD, everywhere, is_activation, same_flow
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.norm import BatchNorm


@rule(
    "L110",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu -> BatchNorm
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
    for norm in facts.layers:
        if not everywhere(norm, _late):
            continue
        activation = norm.input
        assert activation is not None and activation.word is not None
        name = activation.word.word
        near = same_flow(facts, activation, norm)
        fix = Fix(
            f"write BatchNorm -> {name}: first the norm, then the activation",
            facts.edit.swap_steps(activation, norm) if near else NONE,
        )
        message = f"`BatchNorm` behind `{name}`: it gets what the activation left over"
        yield Finding(
            norm.span, message, "", (Label(activation.span, "the activation"),), fixes=(fix,)
        )


def _late(norm: Layer) -> bool:
    """Whether a layer, its activation and the norm follow one another, and nothing else reads in between."""
    activation = norm.input
    layer = activation.input if activation is not None else None
    return (
        isinstance(norm.word, BatchNorm)
        and is_activation(activation)
        and layer is not None
        and isinstance(layer.word, FEEDFORWARD)
        and activation is not None
        and activation.next is norm
        and layer.next is activation
    )
