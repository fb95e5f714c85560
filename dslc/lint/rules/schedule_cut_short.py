"""`EarlyStopping` beside a schedule that spans the training.

`cosine`, `linear` and `one_cycle` are made for a number of epochs: the rate is high at first, where the loss goes up
and down without getting much better, and the gain comes at the end, when the rate has fallen. `EarlyStopping` takes
the first part for a halt and ends the training there, with a rate that was never small. Such a schedule says itself
when the training is over; what keeps the best epoch is a `ModelCheckpoint`.

Nothing is said where the patience is at least half of the epochs.

Reference: Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983; Smith
and Topin (2018), Super-convergence, arXiv:1708.07120.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import Stretch, stretches
from dslc.spec import ir
from dslc.vocab.callbacks import EarlyStopping, ModelCheckpoint
from dslc.vocab.schedules import Cosine, Linear, OneCycle


@rule(
    "L218",
    severity="info",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=cosine(1e-3))
          epochs    = 60

          EarlyStopping(monitor=val_loss, patience=5, restore_best=true)
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=cosine(1e-3))
          epochs    = 60

          ModelCheckpoint(monitor=val_loss)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for stretch in stretches(facts):
        schedule, epochs = stretch.plan.schedule, stretch.plan.epochs
        if not isinstance(schedule, (Cosine, Linear, OneCycle)):
            continue
        for bound in stretch.words:
            word = bound.word
            if not isinstance(word, EarlyStopping):
                continue
            if 2 * (word.start_from_epoch + word.patience) >= epochs:
                continue
            message = (
                f"`EarlyStopping` may end the training while `{schedule.word}` has a high rate"
            )
            there = (Label(stretch.optimizer.span, f"falls over all {epochs} epochs"),)
            fix = _fix(facts, stretch, bound, word)
            yield Finding(bound.span, message, "takes noise for a halt", there, fixes=(fix,))


def _fix(facts: Facts, stretch: Stretch, bound: ir.Bound, word: EarlyStopping) -> Fix:
    """Another one that keeps the best epoch, unless there is one."""
    checkpoints = [b.word for b in stretch.words if isinstance(b.word, ModelCheckpoint)]
    if any(c.monitor == word.monitor and c.save_best_only for c in checkpoints):
        return Fix("remove `EarlyStopping`", facts.edit.delete_entry(bound.span))
    mode = f", mode={word.mode}" if word.mode != "auto" else ""
    text = f"ModelCheckpoint(monitor={word.monitor}{mode})"
    return Fix("keep the best epoch, and train to the end", facts.edit.replace(bound.span, text))
