"""An activation between the last layer and `softmax` or `sigmoid`.

The last layer gives one score for each class, and `softmax` turns the scores into probabilities: it is the
activation of that layer. Scores need both signs and any size. A `relu` in between sets every score below 0 to 0, so
classes that are wrong cannot be told apart, and where all are below 0 no gradient comes back at all. `tanh` keeps
scores between -1 and 1: of ten classes, none ever gets more than 45 % then.

Two activations behind one layer are no network with more layers: only a kernel between them makes one.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 6.2.2, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import is_activation
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import HardSigmoid, Sigmoid, Softmax


@rule(
    "L102",
    fix="unsafe",
    wrong="image -> Flatten -> Dense(10, init=glorot_uniform) -> relu -> softmax",
    right="image -> Flatten -> Dense(10, init=glorot_uniform) -> softmax",
)
def check(facts: Facts) -> Iterator[Finding]:
    for layer in facts.layers:
        if not _cuts(layer):
            continue
        last = layer.next
        assert last is not None and last.word is not None and layer.word is not None
        name, final = layer.word.word, last.word.word
        message = f"`{name}` between the last layer and `{final}`: scores need both signs, any size"
        if all(map(_cuts, layer.twins)):
            fix = Fix(f"remove `{name}`", facts.edit.delete_step(layer))
            there = Label(last.span, f"`{final}` is the activation of the last layer")
            yield Finding(layer.span, message, secondary=(there,), fixes=(fix,))
        else:
            there = Label(layer.span, "right where other layers follow")
            fix = Fix(f"write the last layer without `{name}`: Dense(…) -> {final}")
            yield Finding(last.span, message, secondary=(there,), fixes=(fix,))


def _cuts(layer: Layer) -> bool:
    """Whether it is an activation right in front of the one that makes probabilities of the model's scores."""
    last, behind = layer.next, layer.input
    return (
        is_activation(layer)
        and last is not None
        and last.role == "output"
        and isinstance(last.word, (Softmax, Sigmoid, HardSigmoid))
        and behind is not None
        and behind.has_kernel
    )
