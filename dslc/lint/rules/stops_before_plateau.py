"""`EarlyStopping` that ends the training before `ReduceLROnPlateau` can help.

Both count the epochs in which the same value does not improve. When the loss comes to a halt a smaller learning rate
often sets it going again, which takes a few epochs to show. With the patience of `EarlyStopping` at or below that of
`ReduceLROnPlateau` the training is over by the time, or in the very epoch, in which the rate falls: the second
callback never does anything. Twice its patience leaves a chance to one smaller rate.

Nothing is said where the two watch different values, or where `ReduceLROnPlateau` is told to ask for larger
improvements.

Reference: Keras documentation of `ReduceLROnPlateau` and `EarlyStopping`; Goodfellow et al. (2016), Deep learning,
section 7.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.spec import ir
from dslc.vocab.callbacks import EarlyStopping, ReduceLROnPlateau


@rule(
    "L207",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 30

          EarlyStopping(monitor=val_loss, patience=3, restore_best=true)
          ReduceLROnPlateau(monitor=val_loss, factor=0.5, patience=5)
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 30

          EarlyStopping(monitor=val_loss, patience=6, restore_best=true)
          ReduceLROnPlateau(monitor=val_loss, factor=0.5, patience=3)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for stretch in stretches(facts):
        for one in stretch.words:
            for other in stretch.words:
                stop, plateau = one.word, other.word
                if not isinstance(stop, EarlyStopping) or not isinstance(
                    plateau, ReduceLROnPlateau
                ):
                    continue
                if stop.monitor != plateau.monitor or stop.patience > max(plateau.patience, 1):
                    continue
                if "min_delta" in other.arguments and plateau.min_delta > stop.min_delta:
                    continue
                message = (
                    f"`EarlyStopping` waits {_epochs(stop.patience)} for `{stop.monitor}`, "
                    f"`ReduceLROnPlateau` {_epochs(plateau.patience)}: the rate never falls"
                )
                there = (Label(other.arguments.get("patience", other.span), "comes too late"),)
                fix = _fix(facts, one, stop, other, plateau, stretch.plan.epochs)
                place = one.arguments.get("patience", one.span)
                yield Finding(place, message, "is over first", there, fixes=(fix,))


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _fix(
    facts: Facts,
    one: ir.Bound,
    stop: EarlyStopping,
    other: ir.Bound,
    plateau: ReduceLROnPlateau,
    epochs: int,
) -> Fix:
    """More patience for the one, less for the other where the training is too short for that."""
    longer = 2 * max(plateau.patience, 1)
    if stop.start_from_epoch + longer < epochs:
        edits = facts.edit.set_argument(one, "patience", f"{longer}")
        return Fix(f"give `EarlyStopping` twice the patience: {longer}", edits)
    shorter = stop.patience // 2
    if shorter:
        edits = facts.edit.set_argument(other, "patience", f"{shorter}")
        return Fix(f"give `ReduceLROnPlateau` half the patience: {shorter}", edits)
    return Fix("keep one of them, or train longer")
