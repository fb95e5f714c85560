"""`EarlyStopping` that ends with weights which are not the best.

It stops `patience` epochs after the best one. In those epochs the model got no better, mostly worse: by then it learns
the training part by heart. Without `restore_best=true` the weights of the last epoch are the result, and the test is
made with them. A `ModelCheckpoint` that keeps the best epoch does as well.

Nothing is said where `restore_best=false` is written: then it is meant.

Reference: Prechelt (1998), Early stopping, but when?, in Neural networks: tricks of the trade.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.vocab.callbacks import EarlyStopping


@rule(
    "L210",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20

          EarlyStopping(monitor=val_loss, patience=4)
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20

          EarlyStopping(monitor=val_loss, patience=4, restore_best=true)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for stretch in stretches(facts):
        if stretch.plan.keepers:
            continue
        for bound in stretch.words:
            word = bound.word
            if not isinstance(word, EarlyStopping) or "restore_best" in bound.arguments:
                continue
            count = max(word.patience, 1)
            later = "one epoch" if count == 1 else f"{count} epochs"
            message = f"training ends with the weights of {later} after the best one"
            fix = Fix(
                "write restore_best=true", facts.edit.set_argument(bound, "restore_best", "true")
            )
            yield Finding(bound.span, message, "keeps nothing", fixes=(fix,))
