"""Accuracy alone, where classes are not equally frequent.

`class_weight` says that some classes are rare. Where 95 of 100 samples are healthy, a model that always says "healthy"
is right 95 times and has learnt nothing: accuracy counts every sample alike, so the frequent classes decide. `f1`,
`precision` and `recall` are taken of each class by itself and then averaged, so that a class that is never found shows;
`auc` of two classes does not depend on their shares.

Reference: He and Garcia (2009), Learning from imbalanced data, IEEE TKDE 21(9).
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.outputs import by_output, metrics_by_output
from dslc.diagnostics import Edit, Fix, Label
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.spec import ir
from dslc.vocab.metrics import F1, Accuracy, TopK
from dslc.vocab.protocols import LeaveOneOut


@rule(
    "L212",
    fix="safe",
    wrong="""
        train {
          loss         = cross_entropy
          class_weight = balanced
          optimizer    = Adam(lr=1e-3)
          metrics      = [accuracy]
          epochs       = 20
        }
    """,
    right="""
        train {
          loss         = cross_entropy
          class_weight = balanced
          optimizer    = Adam(lr=1e-3)
          metrics      = [accuracy, f1]
          epochs       = 20
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    train = facts.section("train")
    if train is None or facts.main is None or facts.training is None:
        return
    metrics = metrics_by_output(train, facts.main.graph)
    for name, weights in by_output(train, "class_weight", facts.main.graph).items():
        setting = metrics.get(name)
        if not _uneven(weights.value) or setting is None or not isinstance(setting.value, tuple):
            continue
        if not setting.value or not all(isinstance(m, (Accuracy, TopK)) for m in setting.value):
            continue
        message = "accuracy says little of classes that are not equally frequent"
        there = (Label(weights.span, "some classes are rare"),)
        rows = isinstance(facts.training.protocol, LeaveOneOut)
        edits = () if rows else _add(facts, setting)
        fix = Fix("add f1, in which rare classes show", edits, safe=True)
        fix = Fix("use kfold(10) with f1, in which rare classes show") if rows else fix
        yield Finding(setting.span, message, "the frequent ones decide", there, fixes=(fix,))


def _uneven(weights: object) -> bool:
    """Whether they tell classes apart."""
    return weights == "balanced" or isinstance(weights, tuple) and len(set(weights)) > 1


def _add(facts: Facts, setting: ir.Setting) -> Edits:
    """One metric more, at the end of the list."""
    text = setting.span.text
    if not text.endswith("]"):
        return ()
    end = setting.span.start + len(text[:-1].rstrip().rstrip(","))
    return (Edit(facts.source.span(end, end), f", {F1.word}"),)
