"""First weights that are all one value, in a layer that never gets away from it.

Behind zeros, `relu` gives 0 for every input, and its slope there is 0: no gradient comes back, and the layer stays as
it is for ever. Where a layer and the next one both start from one value, all units of the first give equal results and
get equal gradients: 64 of them learn no more than one. First weights must differ, which is why they are drawn at
random; a bias may start from one value.

Zeros are right where they switch a branch off at first, in the last layer of a residual branch or of a model: there
the gradient finds its way.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 8.4, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import NONE
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import DROPOUTS, RECTIFIERS, everywhere, line, loaded, multiplies
from dslc.lint.rule import Finding, rule
from dslc.lint.windows import POOLINGS
from dslc.vocab.activations import ReLU, ReLU6
from dslc.vocab.initializers import Constant, Ones, Zeros
from dslc.vocab.layers.conv import Conv1D, Conv2D, Conv3D
from dslc.vocab.layers.core import Dense
from dslc.vocab.layers.noise import GaussianNoise
from dslc.vocab.layers.norm import BatchNorm

EQUAL = (Zeros, Ones, Constant)
MIXING = (Dense, Conv1D, Conv2D, Conv3D)


@rule(
    "L134",
    fix="unsafe",
    wrong="""
        image
        -> Conv2D(32, 3x3, init=zeros) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu
        -> GlobalAvgPool2D
        -> Dense(10, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        files = loaded(model.graph)
        for layer in model.layers:
            if not everywhere(layer, _stuck) or any(x.block in files for x in layer.twins):
                continue
            word = layer.word
            assert isinstance(word, MIXING)
            given, law = layer.written("init"), "glorot_uniform"
            if layer.next is not None and isinstance(layer.next.word, RECTIFIERS):
                law = "he_normal"
            plain = given is None or given.span.text.partition("(")[0] == word.init.word
            edits = facts.edit.set_argument(layer, "init", law) if plain else NONE
            setting = facts.setting("defaults", "init") if given is None else None
            there = () if setting is None else (Label(setting.span, "said here"),)
            message = f"all units of this `{word.word}` start equal, as do those of the next layer: they stay so"
            if _dead(layer):
                message = f"`relu` behind zeros: this `{word.word}` gets no gradient, ever"
            yield Finding(layer.span, message, "", there, fixes=(Fix(f"write init={law}", edits),))


def _stuck(layer: Layer) -> bool:
    """Whether a layer whose weights start equal can never make them differ."""
    word = layer.word
    if not isinstance(word, MIXING) or not isinstance(word.init, EQUAL) or layer.role == "output":
        return False
    return _dead(layer) or _mirrored(layer)


def _dead(layer: Layer) -> bool:
    """Whether a `relu` gets nothing but 0 from it."""
    word = layer.word
    assert isinstance(word, MIXING)
    zero = word.bias is False or isinstance(word.bias_init, Zeros)
    for follower in line(layer.after()):
        if isinstance(follower.word, BatchNorm):
            zero = True
        elif not isinstance(follower.word, (*DROPOUTS, *POOLINGS)):
            return (
                zero and isinstance(word.init, Zeros) and isinstance(follower.word, (ReLU, ReLU6))
            )
    return False


def _mirrored(layer: Layer) -> bool:
    """Whether the next layer with a kernel starts equal too, and no noise in between makes units differ."""
    for behind in line(layer.after()):
        if isinstance(behind.word, (*DROPOUTS, GaussianNoise)):
            return False
        if multiplies(behind):
            return isinstance(behind.word, MIXING) and isinstance(behind.word.init, EQUAL)
    return False
