"""A model that is larger than the project allows.

Parameters are memory on every device that runs the model, multiply-adds are time and electricity for every prediction,
and activations are what a batch in training takes. A budget in the configuration holds all specs of a project to what
its devices can bear, and says so when the spec is read rather than when the board runs out of memory:

[tool.dslc.budgets]  parameters = 5_000_000  multiply-adds = 300_000_000  activations = 2_000_000

A single model says it in its own body: `assert params < 5M`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts, Model
from dslc.lint.rule import Finding, rule
from dslc.vocab.dims import Dim

# The budgets of the configuration: what each counts, and how that is said.
BUDGETS = {
    "parameters": "parameters",
    "multiply-adds": "multiply-adds for one sample",
    "activations": "activations for one sample",
}


@rule(
    "L404",
    severity="warning",
    fix="advice",
    wrong="""
        # with `parameters = 1000` under [tool.dslc.budgets]
        image -> Flatten -> Dense(64, init=he_normal) -> relu -> Dense(classes) -> softmax
    """,
    right="""
        # with `parameters = 1000` under [tool.dslc.budgets]
        image -> GlobalAvgPool2D -> Dense(64, init=he_normal) -> relu -> Dense(classes) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for model in facts.models:
        sizes = {budget: _size(model, budget) for budget in facts.budgets}
        over = {b: n for b, n in sizes.items() if isinstance(n, int) and n > facts.budgets[b]}
        if over:
            yield _finding(model, over, facts.budgets)


def _size(model: Model, budget: str) -> Dim:
    summary = model.summary
    sizes = {
        "parameters": summary.weights,
        "multiply-adds": summary.multiply_adds,
        "activations": summary.activations,
    }
    return sizes[budget]


def _finding(model: Model, over: Mapping[str, int], budgets: Mapping[str, float]) -> Finding:
    counts = [f"{n:,} {BUDGETS[b]} where {budgets[b]:,} are allowed" for b, n in over.items()]
    message = f"`{model.name}` is too large: {' and '.join(counts)}"
    notes = []
    for budget in over:
        share, layer = max(
            ((_share(model, layer.node.index, budget), layer) for layer in model.layers),
            key=lambda pair: pair[0],
        )
        place = f"`{layer.span.text}` on line {layer.span.line}"
        notes.append(f"{share:,} {budget} are those of {place}")
    fix = Fix("make it smaller, or raise the budget in the configuration")
    span = model.definition.node.name.span
    return Finding(span, message, notes=tuple(notes), fixes=(fix,))


def _share(model: Model, index: int, budget: str) -> int:
    """What one layer has of it; a size that is not known yet counts as nothing."""
    node, graph = model.graph.node(index), model.graph
    if budget == "parameters":
        trainable, kept = graph.counts(node)
        size = trainable + kept
    else:
        size = graph.multiply_adds(node) if budget == "multiply-adds" else graph.activations(node)
    return size if isinstance(size, int) else 0
