"""Classes that are dealt to the parts by chance.

`random` deals samples without a look at their classes. Of a class with few samples the validation part may then get
many, few or none, and what is measured there says more about the deal than about the model. `stratified` gives every
part the same share of each class, and costs nothing.

Nothing is said of sources that are known to be large (10,000 samples and more), where chance evens out, and of outputs
with several labels.

Reference: Kohavi (1995), A study of cross-validation and bootstrap for accuracy estimation and model selection, IJCAI.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.data import Random, Stratified

LARGE = 10_000


@rule(
    "L309",
    severity="info",
    fix="unsafe",
    wrong="""
        data {
          source = digits
          split  = random(70, 15, 15)
          scale  = 0..1
        }
    """,
    right="""
        data {
          source = digits
          split  = stratified(70, 15, 15)
          scale  = 0..1
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("data", "split")
    if plan is None or setting is None or not isinstance(plan.split, Random):
        return
    output = plan.outputs[0]
    if not output.has_classes or len(output.shape) != 1 or (plan.source.samples or 0) >= LARGE:
        return
    message = "the parts may get very different shares of a class"
    word = facts.source.span(setting.span.start, setting.span.start + len(Random.word))
    edits = facts.edit.replace(word, Stratified.word) if word.text == Random.word else ()
    fix = Fix(f"write {Stratified.word}, which keeps the shares", edits)
    yield Finding(setting.span, message, "classes are dealt by chance", fixes=(fix,))
