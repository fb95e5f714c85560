"""An update that takes the whole training part or more.

`accumulate` adds up the gradients of several batches for one update, and an epoch has only so many batches. When batch
times `accumulate` is more than the training part, an update takes longer than an epoch: a training of 20 epochs may
change the weights a handful of times. With `batch` itself above the training part every batch is all of it, which
`batch = full` says.

Spoken of are sources that say how many samples they have.

Reference: Keras documentation of optimisers, `gradient_accumulation_steps`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import training_rows


@rule(
    "L215",
    fix="safe",
    wrong="""
        train {
          loss       = cross_entropy
          optimizer  = Adam(lr=1e-3)
          epochs     = 60
          accumulate = 64
        }
    """,
    right="""
        train {
          loss       = cross_entropy
          optimizer  = Adam(lr=1e-3)
          epochs     = 60
          accumulate = 4
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, batch = facts.training, facts.setting("data", "batch")
    rows = training_rows(plan) if plan is not None else None
    if plan is None or rows is None or plan.batch is None:
        return
    if plan.batch > rows and batch is not None:
        message = (
            f"a batch of {plan.batch:,} samples is more than the {rows:,} of the training part"
        )
        fix = Fix(
            "write batch = full, which is the same",
            facts.edit.replace(batch.span, "full"),
            safe=True,
        )
        yield Finding(batch.span, message, "all of them", fixes=(fix,))
        return
    accumulate, batches = facts.setting("train", "accumulate"), -(-rows // plan.batch)
    if accumulate is None or plan.accumulate <= batches:
        return
    message = (
        f"an update takes {plan.accumulate / batches:.2g} epochs: each has {batches:,} batches"
    )
    fewer = max(1, batches // 8)
    fix = Fix(f"write {fewer}", facts.edit.replace(accumulate.span, f"{fewer}"))
    yield Finding(accumulate.span, message, "batches for one update", fixes=(fix,))
