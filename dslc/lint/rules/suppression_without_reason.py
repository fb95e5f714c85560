"""A suppression that does not say why.

Whoever reads the spec next cannot tell whether the finding was weighed or only in the way. A few words behind the
brackets are enough: `# dslc: ignore[L101] tanh as in the paper of 1998`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule


@rule(
    "L403",
    severity="info",
    fix="advice",
    late=True,
    wrong="""
        image
        -> Conv2D(32, 3x3, init=glorot_uniform) -> tanh  # dslc: ignore[L101]
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=glorot_uniform) -> tanh  # dslc: ignore[L101] as in the paper
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for it in facts.suppressions:
        if it.ignored and not it.reason.strip(" :-–—"):
            fix = Fix("say why behind the brackets")
            yield Finding(it.span, "this suppression does not say why", fixes=(fix,))
