"""A clip that never acts, or always does.

A clip is there for the rare gradient that is far too large, such as at a cliff of a recurrent network. Norms of all
gradients together are some 0.1 to 10 in ordinary trainings. A limit of 100 is never met; with one of 0.001 every
gradient is cut: all steps get the same length, however close the minimum is, and under `Adam`, which divides by the
size of the gradients, such a clip hardly changes anything at all.

Reference: Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.clips import ByValue
from dslc.vocab.experiment import Clip

LEAST = 1e-3
MOST, MOST_OF_ONE = 100.0, 10.0  # of a norm, of one number


@rule(
    "L216",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = SGD(lr=0.01)
          epochs    = 20
          clip      = global_norm(1000)
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = SGD(lr=0.01)
          epochs    = 20
          clip      = global_norm(1.0)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    setting = facts.setting("train", "clip")
    if setting is None or not isinstance(setting.value, Clip):
        return
    of_one = isinstance(setting.value, ByValue)
    limit, most, usual = (
        setting.value.limit,
        MOST_OF_ONE if of_one else MOST,
        "0.5" if of_one else "1.0",
    )
    if LEAST < limit < most:
        return
    message = (
        f"`clip = {setting.span.text}` {'never acts' if limit >= most else 'cuts every gradient'}"
    )
    label = "gradients are smaller" if limit >= most else "gradients are larger"
    fix = Fix(f"write {usual}", facts.edit.set_argument(setting, "limit", usual))
    yield Finding(setting.span, message, label, fixes=(fix,))
