"""`softmax` over an axis of one value.

`softmax` makes shares of the channels, the last axis, that add up to 1. One channel alone always gets the whole: the
result is 1 whatever goes in, its gradient is 0, and nothing in front of it ever learns.

For a yes-or-no answer from one unit `sigmoid` is meant. For attention over places (`Conv2D(1, 1x1) -> softmax`) the
places must stand in the last axis: `Flatten -> softmax`, or `Permute` before and after.

Reference: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs,
https://doi.org/10.1007/978-3-642-76153-9_28.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import Softmax


@rule(
    "L105",
    fix="unsafe",
    wrong="image -> Flatten -> Dense(1, init=glorot_uniform) -> softmax",
    right="image -> Flatten -> Dense(1, init=glorot_uniform) -> sigmoid",
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not everywhere(layer, _constant):
            continue
        message = "`softmax` over one channel is always 1: nothing in front of it can learn"
        fix = Fix("bring the places into the last axis first: Flatten -> softmax")
        if layer.output is not None and layer.output.rank == 1:
            written = layer.span.text == Softmax.word
            edits = facts.edit.replace(layer.span, "sigmoid") if written else NONE
            fix = Fix("write `sigmoid`: the probability of a yes", edits)
        yield Finding(layer.span, message, fixes=(fix,))


def _constant(layer: Layer) -> bool:
    return (
        isinstance(layer.word, Softmax) and layer.output is not None and layer.output.channels == 1
    )
