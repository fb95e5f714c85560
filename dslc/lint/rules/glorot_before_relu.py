"""Weights that start by Glorot's law, in front of `relu`.

First weights should neither swell nor shrink what passes through many layers. Glorot's law makes up for the number of
inputs and outputs of a layer, for curves such as `tanh` that pass small values as they are. `relu` sets half of the
values to 0 and halves their power: after ten layers a thousandth is left, the gradient shrinks in the same way, and
training starts slowly or not at all. He's law has twice the variance and keeps the power.

With a norm between the layer and its `relu`, or right in front of the layer, the size of the weights does not matter,
and nothing is said. Glorot's law is what every layer starts from when the spec says nothing; that is reported once,
for the first such layer.

Reference: He, Zhang, Ren, Sun (2015), Delving Deep into Rectifiers, section 2.2, https://arxiv.org/abs/1502.01852.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix, Label
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts, written
from dslc.lint.layers import Layer
from dslc.lint.places import (
    DROPOUTS,
    FEEDFORWARD,
    NORMS,
    RECTIFIERS,
    everywhere,
    line,
    loaded,
    multiplies,
)
from dslc.lint.rule import Finding, rule
from dslc.lint.windows import POOLINGS
from dslc.vocab.initializers import GlorotNormal, GlorotUniform, HeNormal, HeUniform
from dslc.vocab.layers.shape import Flatten, Reshape

GLOROT = (GlorotUniform, GlorotNormal)
RULE = "hidden { init = he_normal }"
PASSES = (Flatten, Reshape, *DROPOUTS, *POOLINGS)


@rule(
    "L130",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3) -> relu
        -> Conv2D(64, 3x3) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> Conv2D(64, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    silent: list[Layer] = []
    for model in facts.models:
        files = loaded(model.graph)
        for layer in model.layers:
            if not everywhere(layer, _halved) or any(x.block in files for x in layer.twins):
                continue
            if layer.written("init") is None:
                silent.append(layer)
            else:
                yield _said(facts, layer)
    if silent:
        yield _left_open(facts, sorted(silent, key=lambda x: x.span.source is not facts.source))


def _said(facts: Facts, layer: Layer) -> Finding:
    """A layer that names its law itself."""
    assert isinstance(layer.word, FEEDFORWARD)
    law = layer.word.init
    he = HeUniform.word if isinstance(law, GlorotUniform) else HeNormal.word
    given = layer.written("init")
    named = given is not None and given.span.text == law.word
    edits = facts.edit.set_argument(layer, "init", he) if named else NONE
    message = f"`{law.word}` in front of `relu`: the signal loses power at every layer"
    there = (Label(_behind(layer).span, "sets half of the values to 0"),)
    return Finding(layer.span, message, "", there, fixes=(Fix(f"write init={he}", edits),))


def _left_open(facts: Facts, layers: list[Layer]) -> Finding:
    """The layers that say nothing themselves, reported at the first of them, in the file itself if there is one."""
    first = layers[0]
    assert isinstance(first.word, FEEDFORWARD)
    law = first.word.init.word
    message = f"`{law}` in front of `relu`: the signal loses power at every layer"
    there = [Label(_behind(first).span, "sets half of the values to 0")]
    setting = facts.setting("defaults", "init")
    if setting is not None:
        there.append(Label(setting.span, "said here"))
    if len(layers) == 1 and setting is None and first.span.source is facts.source:
        fix = Fix("write init=he_normal", facts.edit.set_argument(first, "init", "he_normal"))
        return Finding(first.span, message, "", tuple(there), fixes=(fix,))
    more = len(layers) - 1
    notes = [f"{more} more layer{'s start' if more > 1 else ' starts'} in this way"] if more else []
    fix = Fix(f"write defaults {{ {RULE} }}", _rule_for_hidden(facts))
    return Finding(first.span, message, "", tuple(there), tuple(notes), (fix,))


def _rule_for_hidden(facts: Facts) -> Edits:
    """The edit that lets all hidden layers begin by He's law: in the rule for them, in `defaults`, or behind all."""
    edit, section = facts.edit, facts.section("defaults")
    if section is None:
        text, line_end = facts.source.text, edit.newline
        gap = line_end if text.endswith(("\n", "\r")) else 2 * line_end
        end = facts.source.span(len(text), len(text))
        return (Edit(end, f"{gap}defaults {{ {RULE} }}{line_end}"),)
    setting = written(section.parts.get("hidden"), "init")
    if setting is not None:
        return edit.replace(setting.span, "he_normal")
    if "hidden" in section.parts:
        return edit.add_setting(edit.section("defaults", "hidden"), "init", "he_normal")
    return edit.add_entry(edit.section("defaults"), RULE)


def _halved(layer: Layer) -> bool:
    """Whether a layer with Glorot's law gives what a `relu` halves, and no norm makes up for it."""
    word = layer.word
    if layer.role == "output" or not isinstance(word, FEEDFORWARD):
        return False
    if not isinstance(word.init, GLOROT):
        return False
    for earlier in layer.before():
        if isinstance(earlier.word, NORMS):
            return False
        if multiplies(earlier) or not isinstance(earlier.word, PASSES):
            break
    return isinstance(_behind(layer).word, RECTIFIERS)


def _behind(layer: Layer) -> Layer:
    """What follows a layer first that does not only pass values on."""
    last = layer
    for last in line(layer.after()):
        if not isinstance(last.word, PASSES):
            break
    return last
