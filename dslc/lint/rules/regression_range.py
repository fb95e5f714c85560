"""A last activation that keeps a regression from the numbers it should predict.

`mse`, `mae` and `huber` compare the output with numbers of any size and sign. Behind `relu` the output is never below
0, and an example whose score is below 0 sends no gradient back: if all of them get there, the model answers 0 for
ever. `sigmoid`, `tanh` and `softmax` only reach 0 to 1 or -1 to 1: prices, ages and measures lie outside.

A regression ends in a layer without an activation. Where numbers cannot be negative, `softplus` says so and always
has a gradient. Scores that are meant to stay in a range, such as the pixels of an autoencoder in 0..1, are right with
`sigmoid`, so that is only found for data whose targets are known to be larger.

Reference: Goodfellow, Bengio, Courville (2016), Deep Learning, section 6.2.2.1, https://www.deeplearningbook.org.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.outputs import losses_by_output
from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.activations import HardSigmoid, ReLU, ReLU6, Sigmoid, Softmax, Tanh
from dslc.vocab.data import Diabetes
from dslc.vocab.experiment import Loss

CUT = (ReLU, ReLU6)
BOUNDED = (Sigmoid, HardSigmoid, Tanh, Softmax)


@rule(
    "L106",
    fix="unsafe",
    wrong="""
        model Progress {
          input measures: 10
          measures -> Dense(16, init=he_normal) -> relu -> Dense(1, init=glorot_uniform) -> relu
        }

        data { source = diabetes  split = random(60, 15, 25)  scale = zscore  batch = 16  seed = 7 }

        train { loss = mse  optimizer = Adam(lr=1e-3)  metrics = [mae]  epochs = 20 }
    """,
    right="""
        model Progress {
          input measures: 10
          measures -> Dense(16, init=he_normal) -> relu -> Dense(1, init=glorot_uniform)
        }

        data { source = diabetes  split = random(60, 15, 25)  scale = zscore  batch = 16  seed = 7 }

        train { loss = mse  optimizer = Adam(lr=1e-3)  metrics = [mae]  epochs = 20 }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    train = facts.section("train")
    if facts.main is None or train is None:
        return
    large = isinstance(facts.value("data", "source"), Diabetes)
    for name, setting in losses_by_output(train, facts.main.graph).items():
        loss, last = setting.value, facts.main.outputs[name]
        if not isinstance(loss, Loss) or loss.task != "numbers" or last.word is None:
            continue
        word = last.word.word
        if isinstance(last.word, CUT):
            message = f"`{word}` at the end of a regression: below 0 it gives 0, and no gradient"
        elif large and isinstance(last.word, BOUNDED):
            message = f"`{word}` at the end of a regression: the targets lie outside of its range"
        else:
            continue
        fixes = [Fix(f"remove `{word}`", facts.edit.delete_step(last))]
        if isinstance(last.word, CUT):
            fixes.append(Fix("or write `softplus`, if the numbers are never negative"))
        there = (Label(setting.span, "compares numbers of any size"),)
        yield Finding(last.span, message, secondary=there, fixes=tuple(fixes))
