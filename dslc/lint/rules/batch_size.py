"""A batch that is small, large, or no power of two.

A batch decides how much noise a gradient has. With 2 to 32 samples networks for CIFAR and ImageNet were most accurate,
over the widest range of learning rates, for the noise leads away from minima that hold for the training part only.
Beyond that a training takes fewer, more certain steps, and needs another learning rate to do as well. Below 8 an epoch
is many updates that hardly load the processor, and BatchNorm sees the mean and the variance of a handful of samples.
Powers of two fill the lanes of a processor and the blocks of its memory.

Nothing is said of `batch = 1` and `batch = full`, which name a method, nor of small batches that `accumulate` makes 8
or more samples of.

Reference: Masters and Luschi (2018), Revisiting small batch training for deep neural networks, arXiv:1804.07612;
Keskar et al. (2017), On large-batch training for deep learning, arXiv:1609.04836.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule

LEAST, MOST = 8, 32


@rule(
    "L201",
    severity="info",
    fix="unsafe",
    wrong="""
        data {
          source = digits
          split  = stratified(70, 15, 15)
          scale  = 0..1
          batch  = 100
        }
    """,
    right="""
        data {
          source = digits
          split  = stratified(70, 15, 15)
          scale  = 0..1
          batch  = 32
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    setting, plan = facts.setting("data", "batch"), facts.training
    if setting is None or plan is None or plan.batch is None or plan.batch == 1:
        return
    batch = plan.batch
    usual = min(max(2 ** round(math.log2(batch)), LEAST), MOST)
    if batch > MOST:
        message = f"a batch of {batch:,} samples is larger than the usual {LEAST} to {MOST}"
        label = "fewer steps, less noise"
    elif batch * plan.accumulate < LEAST:
        message = f"a batch of {batch} samples is smaller than the usual {LEAST} to {MOST}"
        label = "noisy steps, slow epochs"
    elif batch & (batch - 1):
        message = f"a batch of {batch} samples is no power of two"
        label = f"{usual} is"
    else:
        return
    fix = Fix(
        f"write {usual}, and look at the learning rate again",
        facts.edit.replace(setting.span, f"{usual}"),
    )
    yield Finding(setting.span, message, label, fixes=(fix,))
