"""From graph to plan: the body of every function walked once, with its parameters as names.

What the walk claims about sizes is held against every use in the graph. Where a name cannot be kept (a size that
no expression over the parameters gives, a loop that changes shape every turn), the definition is fixed: its uses
get functions of their own, with numbers.
"""

from __future__ import annotations

from dslc.graph import Graph
from dslc.plan import model as plan
from dslc.plan.body import Body
from dslc.plan.uses import CannotShare
from dslc.plan.variants import Variant, find_variants
from dslc.spec import ir
from dslc.spec.defaults import layer_defaults


def plan_model(spec: ir.Spec, graph: Graph, fixed: frozenset[str] = frozenset()) -> plan.ModelPlan:
    """The plan of a graph without errors. Blocks named in `fixed` are written with numbers, one function for
    each way they are used: a backend asks for it when it cannot write one with names."""
    chosen = {f.definition for f in graph.frames if f.definition.name in fixed}
    while True:
        try:
            return _Walk(spec, graph, chosen).run()
        except CannotShare as problem:
            if problem.definition in chosen:
                raise AssertionError(f"cannot be written with numbers either: {problem}") from None
            chosen.add(problem.definition)


class _Walk:
    """One attempt, with the definitions in `fixed` written with numbers."""

    def __init__(self, spec: ir.Spec, graph: Graph, fixed: set[ir.Definition]) -> None:
        self.graph = graph
        self.defaults = layer_defaults(spec)
        self.variants = find_variants(graph, fixed)
        self.order: list[plan.Function] = []

    def run(self) -> plan.ModelPlan:
        self.function(self.variants[self.graph.root])
        return plan.ModelPlan(tuple(self.order))

    def function(self, variant: Variant) -> plan.Function:
        """The function of a variant, walked when it is first met, after what it calls."""
        if not variant.done:
            variant.done = True
            Body(self, variant).run()
            self.order.append(variant.function)
        return variant.function
