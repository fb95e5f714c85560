"""An l2 penalty and a weight decay for the same weights.

Both pull weights towards 0, so that together they do it twice, by two numbers that nobody chose together. Under plain
SGD they are one and the same: the penalty λ·Σw² is the decay 2λ. Under Adam and its like they are not. The gradient of
a penalty is divided by the size of past gradients, so that weights with large gradients are hardly held back; a decay
takes the same share of every weight. That difference is all that AdamW is about. `AdamW` decays by 0.004 where the
spec says nothing.

Nothing is said of `l1`, which makes weights zero and not small, nor of penalties on biases.

Reference: Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.rule import Finding, rule
from dslc.lint.training import stretches
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.regularizers import L1L2, L2


@rule(
    "L202",
    fix="unsafe",
    wrong="""
        defaults { init = he_normal  regularizer = l2(1e-4) }

        train {
          loss      = cross_entropy
          optimizer = AdamW(lr=1e-3, weight_decay=0.01)
          epochs    = 20
        }
    """,
    right="""
        defaults { init = he_normal }

        train {
          loss      = cross_entropy
          optimizer = AdamW(lr=1e-3, weight_decay=0.01)
          epochs    = 20
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    if facts.main is None:
        return
    penalised = [
        layer for layer in facts.main.layers if _squares(getattr(layer.word, "regularizer", None))
    ]
    if not penalised:
        return
    for stretch in stretches(facts):
        optimizer = stretch.plan.optimizer
        if not optimizer.weight_decay:
            continue
        given = facts.edit.written(stretch.optimizer, "weight_decay")
        decays = f"decays by {optimizer.weight_decay:g}" + (
            "" if given is not None else ", its default"
        )
        rules = [*_rules(facts)]
        places = [setting.span for setting in rules] or [penalised[0].span]
        message = "the weights are made small twice: by an `l2` penalty and by a weight decay"
        fix = Fix("keep the decay, remove the penalty", _remove(facts, penalised, rules))
        yield Finding(
            stretch.optimizer.span,
            message,
            decays,
            secondary=tuple(Label(place, "a penalty on the same weights") for place in places),
            fixes=(fix,),
        )


def _squares(word: object) -> bool:
    return isinstance(word, L2) and word.strength > 0 or isinstance(word, L1L2) and word.l2 > 0


def _rules(facts: Facts) -> Iterator[ir.Setting]:
    """The rules of `defaults` that give a penalty."""
    section = facts.section("defaults")
    if section is None:
        return
    for part in (section, *section.parts.values()):
        setting = part.settings.get("regularizer")
        if setting is not None and _squares(setting.value):
            yield setting


def _remove(facts: Facts, layers: list[Layer], rules: list[ir.Setting]) -> Edits:
    """Without all of the penalties; none where one is more than an `l2`, or comes from a parameter."""
    edits: list[Edits] = []
    own = {
        layer.span: layer
        for layer in layers
        if layer.use is not None and layer.written("regularizer")
    }
    for layer in own.values():
        value = layer.written("regularizer")
        is_plain = isinstance(value, tree.Call) and value.name.text == L2.word
        edits.append(facts.edit.drop_argument(layer, "regularizer") if is_plain else ())
    for setting in rules:
        whole = setting.key_span.to(setting.span)
        edits.append(facts.edit.delete_entry(whole) if isinstance(setting.value, L2) else ())
    if not edits or not all(edits):
        return ()
    return tuple(edit for some in edits for edit in some)
