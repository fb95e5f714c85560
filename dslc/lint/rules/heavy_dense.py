"""One dense layer that holds most of the parameters.

In a network of convolutions the features are learned by filters that are used again at every place, and that are few.
A dense layer behind them has a weight for every pair of an input and a unit. When it alone holds more weights than all
the rest, most of what is learned, stored and regularised is one matrix that sees no neighbourhood: it is the first to
overfit, and often half of it does as well.

Pool once more before Flatten, take the mean of each channel (`GlobalAvgPool2D`), or give the layer fewer units. A
network of dense layers only is not judged, nor is one with less than 100,000 weights in the layer.

Reference: Lin, Chen, Yan (2014), Network In Network, section 3.2, https://arxiv.org/abs/1312.4400.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts, Model
from dslc.lint.layers import Layer
from dslc.lint.places import CONVOLUTIONS, dense_behind
from dslc.lint.rule import Finding, rule
from dslc.lint.rules.flatten_many_channels import too_many
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.layers.core import Dense
from dslc.vocab.layers.shape import Flatten

SHARE = 0.5
SMALL = 100_000


@rule(
    "L121",
    severity="info",
    wrong="""
        image
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
        -> Flatten
        -> Dense(32, init=he_normal) -> relu
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu -> MaxPool2D(4x4)
        -> Conv2D(64, 3x3, padding=same, init=he_normal) -> relu -> GlobalAvgPool2D
        -> Dense(32, init=he_normal) -> relu
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        found = _heaviest(model)
        if found is None:
            continue
        layer, share = found
        flat = _flattens(layer)
        if flat is not None and too_many(flat):
            continue  # found where it flattens
        if flat is None and layer.role == "output":
            continue  # so many answers
        message = f"this `Dense` holds {int(100 * share)}% of the parameters of `{model.name}`: {layer.weights:,}"
        if flat is None:
            yield Finding(layer.span, message, fixes=(Fix("give it fewer units"),))
            continue
        assert flat.input is not None
        there = (Label(flat.span, f"hands it all of {flat.input.output}"),)
        ways = ["pool before Flatten", "take the mean of each channel", "give it fewer units"]
        ways = ways[:2] if layer.role == "output" else ways  # so many answers
        fix = Fix(f"{', '.join(ways[:-1])}, or {ways[-1]}")
        yield Finding(layer.span, message, "", there, fixes=(fix,))


def _heaviest(model: Model) -> tuple[Layer, float] | None:
    """The dense layer that holds most of the parameters of a network of convolutions, and its share of them."""
    total = model.summary.weights
    dense = [(layer.weights, layer) for layer in model.layers if isinstance(layer.word, Dense)]
    known = [(count, layer) for count, layer in dense if isinstance(count, int)]
    if not known or not isinstance(total, int):
        return None
    most, layer = max(known, key=lambda pair: pair[0])
    if most < SMALL or most <= SHARE * total:
        return None
    kinds = (*CONVOLUTIONS, Backbone)
    return (layer, most / total) if any(isinstance(x.word, kinds) for x in model.layers) else None


def _flattens(layer: Layer) -> Layer | None:
    """The layer that flattens more than one place for it."""
    for earlier in layer.before():
        if isinstance(earlier.word, Flatten) and dense_behind(earlier) is layer:
            x = earlier.input.output if earlier.input is not None else None
            return earlier if x is not None and any(size != 1 for size in x.spatial) else None
        if earlier.has_kernel:
            return None
    return None
