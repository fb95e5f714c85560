"""A `mode` that takes the worst value for the best.

`mode` says which way the watched value is better. A loss or an error is better when it is smaller, an accuracy when it
is larger. `mode=max` for `val_loss` keeps the weights of the epoch with the highest loss, stops the training while it
gets better, and lowers the learning rate as long as it learns. Nothing fails and nothing warns: the result is just
bad. Without `mode` it is known from the metric.

Reference: Keras documentation of `ModelCheckpoint` and `EarlyStopping`, `mode`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.vocab.experiment import Monitoring


@rule(
    "L208",
    fix="safe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20

          ModelCheckpoint(monitor=val_loss, mode=max)
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20

          ModelCheckpoint(monitor=val_loss, mode=min)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for stretch in stretches(facts):
        for bound in stretch.words:
            word = bound.word
            if not isinstance(word, Monitoring) or word.mode == "auto":
                continue
            better = stretch.plan.logged[word.monitor.removeprefix("val_")]
            if word.mode == better:
                continue
            which = "smaller" if better == "min" else "larger"
            message = f"`{word.monitor}` is better when it is {which}: `mode={word.mode}` looks for the worst"
            fix = Fix(
                f"write mode={better}", facts.edit.set_argument(bound, "mode", better), safe=True
            )
            place = bound.arguments.get("mode", bound.span)
            yield Finding(place, message, f"of `{word.word}`", fixes=(fix,))
