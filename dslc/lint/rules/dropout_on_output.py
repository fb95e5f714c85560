"""Dropout on what the model answers.

Dropout makes hidden features unreliable, so that the layers behind it learn not to lean on single ones. Behind the last
layer there is none left to learn that. The answer itself is set to 0 at random: the loss jumps about, a score or a
predicted number is wrong through no fault of the weights, and the gradient of what was dropped is 0.

Dropout belongs in front of the last layer, where it is most often used.

Reference: Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural Networks from Overfitting,
https://jmlr.org/papers/v15/srivastava14a.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, everywhere, line, multiplies, steps
from dslc.lint.rule import Finding, rule


@rule(
    "L113",
    fix="unsafe",
    wrong="image -> Flatten -> Dense(10, init=glorot_uniform) -> Dropout(0.5) -> softmax",
    right="image -> Flatten -> Dropout(0.5) -> Dense(10, init=glorot_uniform) -> softmax",
)
def check(facts: Facts) -> Iterator[Finding]:
    used = steps(facts)
    for model in facts.models:
        if model.name in used:
            continue  # other layers follow there
        for layer in model.layers:
            if not everywhere(layer, _last_layer):
                continue
            last = _last_layer(layer)
            assert last is not None and layer.word is not None
            message = f"`{layer.word.word}` behind the last layer: it drops the answer itself"
            there = (Label(last.span, "the last layer"),)
            edits = facts.edit.delete_step(layer)
            fix = Fix("remove it, or put it in front of the last layer", edits)
            yield Finding(layer.span, message, "", there, fixes=(fix,))


def _last_layer(layer: Layer) -> Layer | None:
    """The last layer with a kernel in front of a dropout that only steps without weights follow, up to a result. Of
    several dropouts, only the last one has it."""
    if not isinstance(layer.word, DROPOUTS) or layer.role != "output":
        return None
    end = layer
    for end in line(layer.after()):
        if isinstance(end.word, DROPOUTS) or end.graph.used_weights(end.node):
            return None
    return next(filter(multiplies, layer.before()), None) if end.is_result else None
