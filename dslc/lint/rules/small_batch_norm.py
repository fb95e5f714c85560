"""BatchNorm over a handful of samples.

While training, BatchNorm takes mean and variance from the batch at hand. Of one to four samples these are rough
guesses that differ from batch to batch, so that every sample is shifted by whoever happens to be with it; the running
values that the test uses are another thing altogether. ResNet-50 on ImageNet loses about ten points of accuracy
between batches of 32 and of 2. `accumulate` does not help: it adds up gradients, and each batch is normalised by
itself. GroupNorm and LayerNorm do not look at the batch.

Nothing is said of BatchNorm layers that `finetune` keeps as they are.

Reference: Wu and He (2018), Group normalization, arXiv:1803.08494, figure 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.parts import labels
from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.pretrained import inside, place
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.layers.norm import BatchNorm

FEW = 4

MODEL = """
        model Digits(classes = 10) {
          input image: 8x8x1
          image -> Conv2D(16, 3x3, init=he_normal, bias=false) -> BatchNorm -> relu -> GlobalAvgPool2D
          -> Dense(classes, init=glorot_uniform) -> softmax
        }

        train { loss = cross_entropy  optimizer = SGD(lr=0.01)  epochs = 20  accumulate = 8 }
"""


@rule(
    "L214",
    fix="unsafe",
    wrong=MODEL
    + """
        data { source = digits  split = stratified(70, 15, 15)  scale = 0..1  batch = 4 }
    """,
    right=MODEL
    + """
        data { source = digits  split = stratified(70, 15, 15)  scale = 0..1  batch = 16 }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("data", "batch")
    if plan is None or setting is None or facts.main is None:
        return
    if plan.batch is None or plan.batch > FEW:
        return
    first = next((layer for layer in facts.main.layers if _normalises(facts, layer)), None)
    if first is None or first.word is None:
        return
    many = "1 sample" if plan.batch == 1 else f"{plan.batch} samples"
    message = f"BatchNorm guesses mean and variance from {many}"
    there = (Label(first.span, "looks at the batch"),)
    fix = Fix("write batch = 16, or use GroupNorm", facts.edit.replace(setting.span, "16"))
    yield Finding(setting.span, message, "too few to measure by", there, fixes=(fix,))


def _normalises(facts: Facts, layer: Layer) -> bool:
    """Whether it takes its statistics from the batch in some phase."""
    assert facts.main is not None and facts.training is not None
    word, tuning = layer.word, facts.training.tuning
    if isinstance(word, Backbone):
        networks = (word.network("keras"), word.network("torch"))
        if not any(unit.is_norm for n in networks if n is not None for unit in n.units):
            return False
    elif not isinstance(word, BatchNorm):
        return False
    if tuning is None or tuning.norms != "frozen":
        return True
    step = labels(facts.main.graph)[tuning.label]
    return not inside(place(layer.span, layer.block), step.node.span)
