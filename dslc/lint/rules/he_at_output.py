"""The last layer starts by He's law, which is for layers in front of `relu`.

He's law doubles the variance of the first weights because `relu` loses half of the power. Nothing is lost behind the
last layer: there its scores are only too large. `softmax` and `sigmoid` of large scores are sure of themselves before
anything is learned, and flat where they are sure: the first loss is higher than that of guessing (ln 10 = 2.3 for ten
classes), and the first steps of training go into taking this back.

`init=glorot_uniform` in the last layer, or `defaults { output { init = glorot_uniform } }`, beside He's law for all
others.

Reference: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks,
https://proceedings.mlr.press/v9/glorot10a.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import FEEDFORWARD, RECTIFIERS, everywhere, line, loaded, steps
from dslc.lint.rule import Finding, rule
from dslc.vocab.initializers import HeNormal, HeUniform

HE = (HeNormal, HeUniform)


@rule(
    "L131",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=he_normal) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    used = steps(facts)
    for model in facts.models:
        if model.name in used:
            continue  # other layers follow there
        files = loaded(model.graph)
        for layer in model.layers:
            if not everywhere(layer, _last) or any(x.block in files for x in layer.twins):
                continue
            word = layer.word
            assert isinstance(word, FEEDFORWARD)
            given, law = layer.written("init"), word.init.word
            own = given is None or given.span.text == law
            edits = facts.edit.set_argument(layer, "init", "glorot_uniform") if own else NONE
            setting = facts.setting("defaults", "init") if given is None else None
            there = () if setting is None else (Label(setting.span, "said here"),)
            message = f"`{law}` in the last layer: no `relu` follows that it would make up for"
            fix = Fix("write init=glorot_uniform", edits)
            yield Finding(layer.span, message, "", there, fixes=(fix,))


def _last(layer: Layer) -> bool:
    """Whether a layer with He's law gives a result of the model, and what follows has no weights and is no `relu`."""
    if layer.role != "output" or not isinstance(layer.word, FEEDFORWARD):
        return False
    end = layer
    for end in line(layer.after()):
        if isinstance(end.word, RECTIFIERS) or end.graph.used_weights(end.node):
            return False
    return isinstance(layer.word.init, HE) and end.is_result
