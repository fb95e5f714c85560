"""BatchNorm that keeps next to nothing of its running values.

In prediction BatchNorm uses a mean and a variance that it collects while training. Its momentum is the share of the old
value that is kept at each batch, as in Keras: 0.9 is a mean over about ten batches, 0.99 over a hundred. PyTorch counts
the other way, the share of the new: its 0.1 is 0.9 here. With 0.1 here, prediction uses little more than what the last
batch happened to be like, and the loss on validation data jumps although training goes well.

Reference: Ioffe and Szegedy (2015), Batch Normalization, section 3.1, https://arxiv.org/abs/1502.03167; PyTorch on its
momentum: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.syntax import tree
from dslc.vocab.layers.norm import BatchNorm

LITTLE = 0.5
LEAST = 1e-4  # nobody means this by PyTorch's momentum


@rule(
    "L115",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, bias=false) -> BatchNorm(momentum=0.1) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, bias=false) -> BatchNorm(momentum=0.9) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _forgets):
            continue
        word, given = layer.word, layer.written("momentum")
        assert isinstance(word, BatchNorm)
        usual, advice = f"{1 - word.momentum:.6g}", f", which PyTorch calls {word.momentum:g}"
        if word.momentum < LEAST:
            usual, advice = "0.9", ""
        edits = NONE
        if given is None or isinstance(given, tree.Number):
            edits = facts.edit.set_argument(layer, "momentum", usual)
        there = [] if given is None else [Label(given.span, "the share of the old value")]
        message = f"this `BatchNorm` keeps {word.momentum:.0%} of its running values at each batch"
        fix = Fix(f"write momentum={usual}{advice}", edits)
        yield Finding(layer.span, message, "", tuple(there), fixes=(fix,))


def _forgets(layer: Layer) -> bool:
    return isinstance(layer.word, BatchNorm) and layer.word.momentum < LITTLE
