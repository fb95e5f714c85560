"""One small test part that decides how good a model is.

A test on few samples is a matter of luck. Of 30 samples one is 3 points of accuracy, and a model that is right 9 times
of 10 comes out anywhere between 79 % and 100 %, depending on which 30 they are. With another seed the ranking of two
models turns around. Where data are few, every sample should be tested once: k-fold cross-validation trains k models,
each tested on the part that it has not seen, and reports the mean and how far the folds are apart.

Spoken of are sources that say how many samples they have, with less than 100 in the test part. Nothing is said where
`protocol = holdout` is written: then it is meant.

Reference: Kohavi (1995), A study of cross-validation and bootstrap for accuracy estimation and model selection, IJCAI.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.spec import ir
from dslc.vocab.data import part_sizes
from dslc.vocab.experiment import Split

ENOUGH = 100
NORMAL = 1.96  # deviations that hold 95 %

FLOWERS = """
        model Flowers {{
          input measures: 4
          measures -> Dense(16, init=he_normal) -> relu -> Dense(3, init=glorot_uniform) -> softmax
        }}

        data {{
          source = iris
          split  = {}
          scale  = zscore
          batch  = 16
          seed   = 7
        }}
{}"""


@rule(
    "L307",
    fix="unsafe",
    wrong=FLOWERS.format("stratified(70, 15, 15)", ""),
    right=FLOWERS.format("stratified(85, 15)", "\n        evaluate { protocol = kfold(5) }\n"),
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("data", "split")
    if plan is None or setting is None or facts.section("evaluate") is not None:
        return
    samples = plan.source.samples
    if samples is None or plan.source.own_test:
        return
    tested = part_sizes(samples, plan.split)["test"]
    if tested >= ENOUGH:
        return
    many = "1 sample is" if tested == 1 else f"{tested} samples are"
    message = f"{many} all that the model is tested on"
    label = "too few to compare models by"
    if plan.outputs[0].has_classes:
        points = 100 * NORMAL * math.sqrt(0.9 * 0.1 / tested)
        label = f"an accuracy of 90 % would be known to ±{points:.0f} points"
    fix = Fix(
        "test every sample once: evaluate { protocol = kfold(5) }",
        _edits(facts, setting, plan.split),
    )
    yield Finding(setting.span, message, label, fixes=(fix,))


def _edits(facts: Facts, setting: ir.Setting, split: Split) -> Edits:
    """A split in two, and a section that makes the test parts."""
    if facts.section("finetune") is not None:
        return ()
    two = f"{split.word}({split.train:g}, {split.val:g})"
    source, line = facts.source, facts.edit.newline
    gap = line if source.text.endswith("\n") else line * 2
    end = source.span(len(source.text), len(source.text))
    section = f"{gap}evaluate {{ protocol = kfold(5) }}{line}"
    return (*facts.edit.replace(setting.span, two), Edit(end, section))
