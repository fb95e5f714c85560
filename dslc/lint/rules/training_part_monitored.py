"""A callback that judges by the training part.

What a model has seen it can learn by heart. The loss of the training part goes on falling long after the model has
stopped getting better on anything else, so that `EarlyStopping` never sees a reason to stop, and the "best" epoch of
`ModelCheckpoint` is nearly always the last one. The validation part is there to tell: its values begin with `val_`.

`ReduceLROnPlateau` may watch the training part: that steps have become too long shows there as well.

Reference: Prechelt (1998), Early stopping, but when?, in Neural networks: tricks of the trade.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.vocab.callbacks import EarlyStopping, ModelCheckpoint


@rule(
    "L209",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20

          EarlyStopping(monitor=loss, patience=4, restore_best=true)
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
        known = {(type(b.word), getattr(b.word, "monitor", "")) for b in stretch.words}
        for bound in stretch.words:
            word = bound.word
            if not isinstance(word, (EarlyStopping, ModelCheckpoint)):
                continue
            if word.monitor.startswith("val_"):
                continue
            if isinstance(word, ModelCheckpoint) and not word.save_best_only:
                continue
            name = f"val_{word.monitor}"
            message = f"`{word.word}` judges by `{word.monitor}` of the training part, which can be learnt by heart"
            fix = Fix(f"watch `{name}`", facts.edit.set_argument(bound, "monitor", name))
            if (type(word), name) in known:
                fix = Fix(f"remove it: another one watches `{name}`")
            place = bound.arguments.get("monitor", bound.span)
            yield Finding(place, message, "not of the validation part", fixes=(fix,))
