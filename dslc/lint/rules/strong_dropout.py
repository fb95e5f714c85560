"""Dropout that keeps a fifth or less of the values.

The rate of Dropout is the share that is dropped, as in Keras and PyTorch. The paper and TensorFlow 1 count the share
that is kept: `Dropout(0.8)` there drops a fifth, here it drops four fifths. So little is left then that the layers
behind learn from noise: each sees one value of five, five times as large. Usual are 0.2 to 0.5 in front of dense
layers, and 0.05 to 0.2 behind convolutions.

Reference: Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural Networks from Overfitting, appendix A.4,
https://jmlr.org/papers/v15/srivastava14a.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, everywhere
from dslc.lint.rule import Finding, rule
from dslc.syntax import tree

STRONG = 0.8


@rule(
    "L114",
    fix="unsafe",
    wrong="""
        image
        -> Flatten -> Dense(64, init=he_normal) -> relu -> Dropout(0.9)
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Flatten -> Dense(64, init=he_normal) -> relu -> Dropout(0.1)
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _strong):
            continue
        word, given = layer.word, layer.written("rate")
        assert isinstance(word, DROPOUTS)
        number = isinstance(given, tree.Number)
        kept = f"{1 - word.rate:.3g}"
        message = f"`{word.word}` drops {word.rate:.0%} of the values"
        fix = Fix(
            f"write {kept} if {word.rate:g} is the share that should be kept, else a smaller rate",
            facts.edit.set_argument(layer, "rate", kept) if number else NONE,
        )
        yield Finding(layer.span, message, fixes=(fix,))


def _strong(layer: Layer) -> bool:
    return isinstance(layer.word, DROPOUTS) and STRONG <= layer.word.rate < 1
