"""Dropout right in front of BatchNorm.

While training, dropout makes the values of a channel vary more: some are 0, the others larger. BatchNorm learns this
variance. In prediction nothing is dropped any more, the variance is smaller than what the norm divides by, and every
layer behind works with values of another size than in training. The accuracy on new data falls although both layers
are there to raise it (the variance shift).

Behind the norm and its activation, dropout does no such harm; behind the last norm of the network it does none at all.
Only a dropout with nothing but activations and pooling between it and the norm is found.

Reference: Li, Chen, Hu, Yang (2019), Understanding the Disharmony between Dropout and Batch Normalization by Variance
Shift, CVPR, https://arxiv.org/abs/1801.05134.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, everywhere, is_activation, line, same_flow
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.norm import BatchNorm


@rule(
    "L112",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, bias=false) -> Dropout(0.2) -> BatchNorm -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, bias=false) -> BatchNorm -> relu -> Dropout(0.2)
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for dropout in facts.layers:
        if not everywhere(dropout, _norm_behind):
            continue
        norm = _norm_behind(dropout)
        assert norm is not None and dropout.word is not None
        name = dropout.word.word
        message = (
            f"`{name}` in front of `BatchNorm`: the norm learns a variance that prediction lacks"
        )
        there = (Label(norm.span, "divides by the deviation of training"),)
        fix = Fix(f"put {name} behind the norm and its activation", _move(facts, dropout, norm))
        yield Finding(dropout.span, message, "", there, fixes=(fix,))


def _norm_behind(dropout: Layer) -> Layer | None:
    """The norm that gets what a dropout leaves, if nothing with weights and no other dropout lies between."""
    if not isinstance(dropout.word, DROPOUTS):
        return None
    for layer in line(dropout.after()):
        if isinstance(layer.word, BatchNorm):
            return layer
        if isinstance(layer.word, DROPOUTS) or layer.graph.used_weights(layer.node):
            return None
    return None


def _move(facts: Facts, dropout: Layer, norm: Layer) -> Edits:
    """The edits that bring it behind the norm and what activates that, where all stand in one flow."""
    target = norm
    if norm.next is not None and is_activation(norm.next) and same_flow(facts, norm, norm.next):
        target = norm.next
    gone = facts.edit.delete_step(dropout)
    there = facts.edit.insert_after(target, dropout.span.text)
    return (*gone, *there) if gone and there and same_flow(facts, dropout, target) else NONE
