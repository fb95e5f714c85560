"""Folds of an evaluation whose seed is not told.

Which samples are in which fold, and with which weights each training begins, follows from the seed: results are those
of one deal. Scripts always have a seed, `--seed`, which is 0 where the spec says nothing, so that a run can be repeated
as it is. But a number that is to be published or compared belongs to its seed, and whoever reads the spec should see
it, and think of trying another one.

Reference: Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks, arXiv:2103.03098.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule

FLOWERS = """
        model Flowers {{
          input measures: 4
          measures -> Dense(16, init=he_normal) -> relu -> Dense(3, init=glorot_uniform) -> softmax
        }}

        data {{
          source = iris
          split  = stratified(85, 15)
          scale  = zscore
          batch  = 16
{}        }}

        evaluate {{ protocol = kfold(5) }}
"""


@rule(
    "L310",
    severity="info",
    fix="safe",
    wrong=FLOWERS.format(""),
    right=FLOWERS.format("          seed   = 0\n"),
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("evaluate", "protocol")
    if plan is None or setting is None or plan.protocol is None:
        return
    if facts.setting("data", "seed") is not None:
        return
    message = f"`{plan.protocol.word}` deals the samples by a seed that the spec does not tell"
    edits = facts.edit.add_setting(facts.edit.section("data"), "seed", f"{plan.seed}")
    fix = Fix(f"write seed = {plan.seed} in `data`, which is what holds now", edits, safe=True)
    yield Finding(setting.span, message, f"{plan.seed}, by default", fixes=(fix,))
