"""The model section of a script, from the text of a spec: needs no framework."""

from __future__ import annotations

from collections.abc import Callable

from dslc.codegen.backend import CannotKeepNames, ModelRequest, load_backend
from dslc.codegen.page import ModelSection
from dslc.codegen.regions import regions_of
from dslc.graph import Graph, build
from dslc.plan.finetune import plan_tuning
from dslc.plan.walk import plan_model
from dslc.source import Source
from dslc.spec import ir
from dslc.spec.load import load
from dslc.syntax import parse


def model_text(shape: str, flow: str, before: str = "") -> str:
    """A spec with one model whose input is `x` of `shape`: `flow` is its body. `before` holds blocks."""
    return f"{before}\nmodel Net {{\n  input x: {shape}\n  {flow}\n}}\n"


def graph_of(text: str) -> tuple[ir.Spec, Graph]:
    """The last model of a spec that has no mistakes."""
    file, found = parse(Source("spec.dl", text))
    spec, more = load(file)
    errors = [d.message for d in (*found, *more) if d.severity == "error"]
    assert not errors, errors
    graph, diagnostics = build(spec, spec.models[-1])
    wrong = [d.message for d in diagnostics if d.severity == "error"]
    assert graph is not None and not wrong, wrong
    return spec, graph


def section(
    spec: ir.Spec, graph: Graph, write: Callable[[ModelRequest], ModelSection]
) -> ModelSection:
    """The model section as the backend's `write` makes it."""
    fixed: frozenset[str] = frozenset()
    while True:
        try:
            plan = plan_model(spec, graph, fixed)
            return write(ModelRequest(plan, regions=regions_of(plan_tuning(spec, graph))))
        except CannotKeepNames as problem:
            if problem.block in fixed:
                raise
            fixed |= {problem.block}


def written(text: str, name: str) -> str:
    """The model section that the backend called `name` writes for the last model of a spec."""
    backend = load_backend(name)
    assert backend is not None, f"the backend {name} is not installed"
    return section(*graph_of(text), backend.write_model).text
