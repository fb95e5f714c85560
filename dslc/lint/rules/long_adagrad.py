"""`Adagrad` in a long training.

Adagrad divides each step by the root of the sum of all squared gradients so far. That sum only grows, so the step
shrinks like 1/√t, for good: after some ten epochs of ordinary batches it is a small part of the learning rate, and the
training comes to a halt wherever it is. `RMSprop` and `Adam` take a running mean instead, which forgets. Where inputs
are sparse Adagrad is at home, since rare words keep long steps: nothing is said of a model with an `Embedding`.

Reference: Zeiler (2012), ADADELTA: an adaptive learning rate method, section 2.2, arXiv:1212.5701; Goodfellow et al.
(2016), Deep learning, section 8.5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.syntax import tree
from dslc.vocab.layers.sequence import Embedding
from dslc.vocab.optimizers import Adagrad

LONG = 30  # epochs


@rule(
    "L211",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adagrad(lr=0.01)
          epochs    = 100
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 100
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    if facts.main is None or any(isinstance(layer.word, Embedding) for layer in facts.main.layers):
        return
    for stretch in stretches(facts):
        word, epochs = stretch.plan.optimizer, stretch.plan.epochs
        if not isinstance(word, Adagrad) or epochs < LONG:
            continue
        kept = any(
            other.plan.trains is not None and other.plan.trains.keep for other in stretches(facts)
        )
        plain = set(word.model_fields_set) <= {"lr"} and not isinstance(
            facts.edit.written(stretch.optimizer, "lr"), (tree.Call, tree.Name)
        )
        edits = (
            facts.edit.replace(stretch.optimizer.span, "Adam(lr=1e-3)")
            if plain and not kept
            else ()
        )
        message = f"`Adagrad` for {epochs} epochs: its steps shrink with every update, until nothing moves"
        fix = Fix("use Adam(lr=1e-3), which forgets old gradients", edits)
        yield Finding(
            stretch.optimizer.span, message, "divides by all gradients so far", fixes=(fix,)
        )
