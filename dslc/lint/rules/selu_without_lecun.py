"""`selu` behind weights that do not start by LeCun's law.

The two numbers in `selu` are chosen so that layer after layer the values stay at mean 0 and variance 1, without any
norm. That works out for weights of mean 0 and variance 1 / fan_in, which is `lecun_normal`. With Glorot's law it is
nearly so for layers of equal size; with He's the variance doubles at every layer, and the network no longer keeps
itself in order, which is the only reason to choose `selu`.

Reference: Klambauer et al. (2017), Self-Normalizing Neural Networks, https://arxiv.org/abs/1706.02515.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import FEEDFORWARD, everywhere, loaded
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import SELU
from dslc.vocab.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
)

OTHERS = (GlorotNormal, GlorotUniform, HeNormal, HeUniform)


@rule(
    "L132",
    fix="unsafe",
    wrong="""
        image
        -> Flatten -> Dense(64, init=he_normal) -> selu
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Flatten -> Dense(64, init=lecun_normal) -> selu
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        files = loaded(model.graph)
        for layer in model.layers:
            if not everywhere(layer, _unscaled) or any(x.block in files for x in layer.twins):
                continue
            word, follower = layer.word, layer.next
            assert isinstance(word, FEEDFORWARD) and follower is not None
            given = layer.written("init")
            own = given is None or given.span.text == word.init.word
            edits = facts.edit.set_argument(layer, "init", "lecun_normal") if own else NONE
            message = f"`{word.init.word}` in front of `selu`, which needs `lecun_normal`"
            there = (Label(follower.span, "keeps variance 1 only then"),)
            fix = Fix("write init=lecun_normal", edits)
            yield Finding(layer.span, message, "", there, fixes=(fix,))


def _unscaled(layer: Layer) -> bool:
    """Whether `selu` follows a layer whose weights start by another law that scales with its size."""
    return (
        isinstance(layer.word, FEEDFORWARD)
        and isinstance(layer.word.init, OTHERS)
        and layer.next is not None
        and isinstance(layer.next.word, SELU)
    )
