"""The way through, end to end: a file in, diagnostics and a script out. The shells (CLI, language server) call
only this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dslc.diagnostics import Diagnostic, Fix, did_you_mean, error, has_errors
from dslc.source import Source
from dslc.syntax import parse, read, tree
from dslc.syntax.files import DISK, Files

if TYPE_CHECKING:
    from dslc.check.summary import Summary
    from dslc.codegen.backend import Backend
    from dslc.codegen.page import ModelSection
    from dslc.codegen.regions import Regions
    from dslc.graph import Graph
    from dslc.lint.facts import Facts
    from dslc.numerics import Deviation, Limit
    from dslc.plan.model import ModelPlan
    from dslc.plan.training import TrainingPlan
    from dslc.spec import ir


@dataclass
class ModelAnalysis:
    """One model of a file: its graph and, when all its shapes are known, its summary."""

    definition: ir.Definition
    graph: Graph
    summary: Summary | None


@dataclass
class Analysis:
    """What is known of a file. Every part may be missing when a mistake hides it."""

    source: Source | None
    file: tree.File | None
    spec: ir.Spec | None
    models: list[ModelAnalysis]
    diagnostics: list[Diagnostic]

    @property
    def ok(self) -> bool:
        return not has_errors(self.diagnostics)


def analyse(path: Path) -> Analysis:
    """Read and check the spec at `path`."""
    source, problems = read(path)
    if source is None:
        return Analysis(None, None, None, [], list(problems))
    found = analyse_source(source, path)
    found.diagnostics = [*problems, *found.diagnostics]
    return found


def analyse_source(
    source: Source, path: Path | None = None, root: Path | None = None, disk: Files = DISK
) -> Analysis:
    """Check a spec that is already text: every model of it, all mistakes in one run, in order of place. What it
    imports is read from `disk`."""
    from dslc.check.backbone import check_places
    from dslc.check.defaults import check_defaults
    from dslc.check.experiment import check_experiment
    from dslc.check.promises import check_promises
    from dslc.check.reach import check_reach
    from dslc.check.summary import summarise
    from dslc.graph import build
    from dslc.spec.load import load

    file, problems = parse(source)
    diagnostics = list(problems)
    if file is None:
        return Analysis(source, None, None, [], diagnostics)
    spec, found = load(file, path, root, problems, disk)
    diagnostics += found
    models: list[ModelAnalysis] = []
    for definition in spec.models:
        graph, found = build(spec, definition)
        diagnostics += found
        summary = summarise(graph) if graph.complete and not found else None
        if summary is not None:
            diagnostics += check_promises(graph, summary)
            diagnostics += check_places(graph)
            if not any(d.code == "E0207" for d in diagnostics):  # or it is said already
                diagnostics += check_reach(graph)
        models.append(ModelAnalysis(definition, graph, summary))
    if models and all(model.summary is not None for model in models):
        diagnostics += check_defaults(spec, [model.graph for model in models])
    if models:
        torn = bool(problems) or any(d.code == "E0214" for d in diagnostics)
        diagnostics += check_experiment(spec, models[-1].graph, torn=torn)
    unique: dict[object, Diagnostic] = {}
    for d in diagnostics:
        unique.setdefault((d.code, d.primary.span if d.primary else d.message), d)
    ordered = sorted(unique.values(), key=lambda d: d.sort_key)
    return Analysis(source, file, spec, models, ordered)


def facts_of(analysis: Analysis, budgets: Mapping[str, int | float] | None = None) -> Facts | None:
    """What rules of style see of a file; None for one with errors, of which they would be guessing."""
    from dslc.lint.facts import Facts, Model

    if not analysis.ok or analysis.file is None or analysis.spec is None:
        return None
    models = [Model(m.definition, m.graph, m.summary) for m in analysis.models if m.summary]
    return Facts(analysis.file, analysis.spec, models, budgets)


def choose_model(
    analysis: Analysis, name: str | None
) -> tuple[ModelAnalysis | None, list[Diagnostic]]:
    """The model called `name`, or the last one of the file (the one that its sections are about)."""
    assert analysis.source is not None
    names = [m.definition.name for m in analysis.models]
    if not names:
        message = "this file has no model to compile"
        fix = Fix("add `model Name { … }`")
        return None, [error("E0414", message, analysis.source.span(0, 0), fixes=[fix])]
    if name is None:
        return analysis.models[-1], []
    if name in names:
        return analysis.models[names.index(name)], []
    close = did_you_mean(name, names)
    fixes = [Fix(f"did you mean `{close}`?")] if close else []
    notes = [f"the models are {', '.join(names)}"]
    return None, [error("E0414", f"there is no model `{name}`", None, notes=notes, fixes=fixes)]


def compile_model(
    analysis: Analysis, chosen: ModelAnalysis, backend: Backend, stem: str
) -> tuple[str | None, list[Diagnostic]]:
    """The script for one model of an analysis without errors. `stem` names its runs."""
    from dslc.codegen.page import Script, render_script
    from dslc.spec.defaults import wants_stock

    assert analysis.source is not None and analysis.spec is not None
    refused = unsupported(chosen.graph, backend)
    if refused:
        return None, refused
    plan, section, training = model_section(analysis, chosen, backend)
    numerics = ""
    if wants_stock(analysis.spec):
        from dslc.numerics import deviations, paragraph

        found = deviations(analysis.spec, chosen.graph, training, section, backend)
        numerics = paragraph(found, backend.title)
    script = Script(stem, plan.model.name, Path(analysis.source.name).name, numerics)
    return render_script(script, section, backend.target, training), []


def model_section(
    analysis: Analysis, chosen: ModelAnalysis, backend: Backend
) -> tuple[ModelPlan, ModelSection, TrainingPlan | None]:
    """The model of a script, for a model whose words the backend has, and the training that it is made for."""
    from dslc.codegen.regions import regions_of
    from dslc.plan.experiment import plan_training

    assert analysis.spec is not None
    trained = chosen is analysis.models[-1]
    training = plan_training(analysis.spec, chosen.graph) if trained else None
    logits = (
        frozenset(o.name for o in training.outputs if o.activation) if training else frozenset()
    )
    regions = regions_of(training.tuning if training is not None else None)
    return *_write(analysis, chosen, backend, logits, regions), training


def _write(
    analysis: Analysis,
    chosen: ModelAnalysis,
    backend: Backend,
    logits: frozenset[str],
    regions: Regions,
) -> tuple[ModelPlan, ModelSection]:
    """The model section, blocks with names where the backend can keep them."""
    from dslc.codegen.backend import CannotKeepNames, ModelRequest
    from dslc.plan.walk import plan_model
    from dslc.spec.defaults import wants_stock

    assert analysis.spec is not None
    fixed: frozenset[str] = frozenset()
    while True:
        plan = plan_model(analysis.spec, chosen.graph, fixed)
        try:
            request = ModelRequest(plan, logits, regions, wants_stock(analysis.spec))
            return plan, backend.write_model(request)
        except CannotKeepNames as problem:
            if problem.block in fixed:
                raise AssertionError(f"cannot be written with numbers either: {problem}") from None
            fixed |= {problem.block}


def deviations_of(analysis: Analysis, chosen: ModelAnalysis, backend: Backend) -> list[Deviation]:
    """Where the script of a backend computes otherwise than the language says: only with `numerics = stock`. None
    where the backend refuses the model."""
    from dslc.spec.defaults import wants_stock

    assert analysis.spec is not None
    if not wants_stock(analysis.spec) or unsupported(chosen.graph, backend):
        return []
    from dslc.numerics import deviations

    _, section, training = model_section(analysis, chosen, backend)
    return deviations(analysis.spec, chosen.graph, training, section, backend)


def limits_of(analysis: Analysis, chosen: ModelAnalysis) -> list[Limit]:
    """What cannot be equal in the scripts of a model on any two backends."""
    from dslc.numerics import limits
    from dslc.plan.experiment import plan_training

    assert analysis.spec is not None
    trained = chosen is analysis.models[-1]
    plan = plan_training(analysis.spec, chosen.graph) if trained else None
    return limits(analysis.spec, chosen.graph, plan)


def unsupported(graph: Graph, backend: Backend) -> list[Diagnostic]:
    """A diagnostic for every word that the backend refuses."""
    from dslc.check.backbone import weights_files
    from dslc.vocab.weights_files import unreadable

    found: list[Diagnostic] = []
    seen: set[object] = set()
    for node in graph.nodes():
        inputs = graph.input_tensors(node)
        if node.word is None or inputs is None or node.span in seen:
            continue
        reason = backend.table.refusal(node.word, inputs)
        if reason is None:
            continue
        seen.add(node.span)
        part = "no such" if type(node.word) in backend.table.rows else "no"
        message = f"{backend.title} has {part} `{node.word.word}`"
        found.append(error("E0501", message, node.span, fixes=[Fix(reason)]))
    for span, path in weights_files(graph):
        advice = unreadable(path, backend.target.name)
        if advice is not None:
            message = f"{backend.title} cannot read weights from `{path}`"
            found.append(error("E0502", message, span, fixes=[Fix(advice)]))
    return found
