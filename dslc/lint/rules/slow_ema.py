"""A mean of the weights that still remembers the first ones.

`ema = d` keeps a running mean of the weights, which validation, the kept epochs and the test use. It looks back over
about 1 / (1 - d) updates: 10,000 of them with 0.9999. A training of 800 updates is over long before: the mean then is
mostly what the weights were at the start, when the model knew nothing, and everything that is reported is bad although
the training itself goes well. The mean should look back over a tenth of the training at most.

Spoken of are sources that say how many samples they have. With `finetune` the mean begins anew in each phase.

Reference: Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging; Morales-Brotons et al.
(2024), Exponential moving average of weights in deep learning, arXiv:2411.18704.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches, training_rows

REMEMBERED = 0.05  # share of the first weights at the end
CHOICES = ("0.9999", "0.999", "0.99", "0.9", "0.5")


@rule(
    "L217",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20
          ema       = 0.9999
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20
          ema       = 0.99
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("train", "ema")
    rows = training_rows(plan) if plan is not None else None
    if plan is None or setting is None or plan.ema is None or rows is None:
        return
    batches = 1 if plan.batch is None else -(-rows // plan.batch)
    updates = min(s.plan.epochs * batches // plan.accumulate for s in stretches(facts))
    left = plan.ema**updates
    if left <= REMEMBERED:
        return
    message = f"after {updates:,} updates {100 * left:.0f} % of the mean is still what the first weights were"
    usual = next((text for text in CHOICES if float(text) ** updates <= REMEMBERED), None)
    fix = Fix("remove it: there are too few updates to average over")
    if usual is not None:
        fix = Fix(f"write {usual}", facts.edit.replace(setting.span, usual))
    yield Finding(
        setting.span, message, f"looks back over {1 / (1 - plan.ema):,.0f} updates", fixes=(fix,)
    )
