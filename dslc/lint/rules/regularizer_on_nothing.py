"""A regulariser or initialiser for something that is not there, or of strength 0.

`bias_regularizer` beside `bias=false` holds down a bias that the layer does not have, and `bias_init` gives it a first
value. `l2(0)` adds nothing to the loss. Nothing breaks, but whoever reads the spec believes in a penalty that does not
exist, and so may a table of experiments. A strength of 0 where `defaults` has another one means something: nothing is
said about it.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 7.1, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dslc.diagnostics import Fix
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts, written
from dslc.lint.layers import Layer
from dslc.lint.places import everywhere
from dslc.lint.rule import Finding, rule
from dslc.lint.trees import walk
from dslc.syntax import tree
from dslc.vocab.regularizers import Regularizer
from dslc.vocab.word import parameters

OF_BIAS = ("bias_regularizer", "bias_init")


@rule(
    "L133",
    fix="safe",
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal, bias=false, bias_regularizer=l2(1e-4)) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=he_normal, regularizer=l2(1e-4), bias=false) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    section = facts.section("defaults")
    parts = [] if section is None else [section, *section.parts.values()]
    general = [{name for name in part.settings if written(part, name)} for part in parts]
    for layer in facts.layers:
        for name in OF_BIAS:
            given = layer.written(name)
            if given is not None and everywhere(layer, _without_bias):
                message = f"`{name}` has no effect: this layer has no bias"
                yield Finding(given.span, message, fixes=(_removed(facts, layer, name),))
        for name in _penalties(layer):
            given = layer.written(name)
            if given is None or any(name in rules for rules in general):
                continue
            if everywhere(layer, partial(_penalised_by_nothing, name)):
                yield Finding(given.span, NOTHING, fixes=(_removed(facts, layer, name),))
    for part in parts:
        for name, setting in part.settings.items():
            if _idle(setting.value) and (part is section or name not in general[0]):
                fix = Fix("remove it, or give it a strength above 0")
                yield Finding(setting.span, NOTHING, fixes=(fix,))


NOTHING = "a penalty of strength 0 penalises nothing"


def _removed(facts: Facts, layer: Layer, name: str) -> Fix:
    """Not as an edit where a parameter is used there: it may be its only use."""
    given = layer.written(name)
    names = {node.text for node in walk(*[given] if given else []) if isinstance(node, tree.Name)}
    edits = NONE if names & layer.block.scalars.keys() else facts.edit.drop_argument(layer, name)
    return Fix("remove it", edits, safe=True)


def _without_bias(layer: Layer) -> bool:
    return getattr(layer.word, "bias", None) is False


def _penalties(layer: Layer) -> list[str]:
    if layer.word is None or layer.use is None:
        return []
    return [name for name in parameters(type(layer.word)) if name.endswith("regularizer")]


def _penalised_by_nothing(name: str, layer: Layer) -> bool:
    return _idle(getattr(layer.word, name))


def _idle(penalty: object) -> bool:
    """Whether all numbers of a regulariser are 0."""
    return isinstance(penalty, Regularizer) and not any(value for _, value in penalty)
