"""A learning rate far from what its optimiser takes.

A learning rate means something else to each optimiser. A step of `Adam`, `AdamW`, `Nadam`, `Adamax` or `RMSprop` is
about as long as the rate itself, so 0.1 throws every weight about by 0.1 a step; `Lion` takes 3 to 10 times less. `SGD`
multiplies the gradient, and momentum m makes its steps 1 / (1 - m) times as long in the end. `Adadelta` measures the
length of its steps itself: its rate is a factor of 1, and with 0.001, which suits Adam, it hardly moves.

Only rates that are out by a factor of ten or so are spoken of: which is best depends on the model.

Reference: Bengio (2012), Practical recommendations for gradient-based training of deep architectures, section 3.1.1,
arXiv:1206.5533.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.training import lower_rate, shown, stretches
from dslc.vocab.experiment import Optimizer
from dslc.vocab.optimizers import SGD, Adadelta, Adagrad, Lion

# The least and the largest rate that is not spoken of, and one to begin with.
OTHERS = (1e-6, 5e-2, "1e-3")
USUAL: dict[type[Optimizer], tuple[float, float, str]] = {
    SGD: (1e-6, 1.0, "0.01"),
    Adagrad: (1e-5, 1.0, "0.01"),
    Adadelta: (5e-2, 10.0, "1.0"),
    Lion: (1e-7, 5e-3, "1e-4"),
}
LONGEST = 5.0  # of `SGD`, rate times 1 / (1 - momentum)


@rule(
    "L213",
    fix="unsafe",
    wrong="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=0.1)
          epochs    = 20
        }
    """,
    right="""
        train {
          loss      = cross_entropy
          optimizer = Adam(lr=1e-3)
          epochs    = 20
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for stretch in stretches(facts):
        setting = stretch.optimizer
        word = setting.value
        if not isinstance(word, Optimizer):
            continue
        low, high, start = USUAL.get(type(word), OTHERS)
        long = word.rate / (1 - word.momentum) if isinstance(word, SGD) else 0.0
        if low <= word.rate <= high and long <= LONGEST:
            continue
        if word.rate < low:
            what, label = "hardly moves at", f"from {shown(low)} on is usual"
        elif word.rate > high:
            what, label = "takes far too long steps at", f"up to {shown(high)} is usual"
        else:
            what, label = "takes far too long steps at", f"with its momentum, {long:g} in the end"
        message = f"`{word.word}` {what} a learning rate of {shown(word.rate)}"
        fix = Fix(f"begin with lr={start}", lower_rate(facts, setting, start))
        place = facts.edit.written(setting, "lr")
        span = setting.span if place is None else place.span
        yield Finding(span, message, label, fixes=(fix,))
