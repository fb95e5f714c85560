"""Both scripts of a spec, made ready to be run: their texts, first weights, batches, and what the probes must know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from dslc.codegen.backend import Backend
from dslc.codegen.page import ModelSection, Script, render_script
from dslc.driver import Analysis, ModelAnalysis, model_section, unsupported
from dslc.plan.training import TrainingPlan
from dslc.verify.instrument import Marks, with_marks
from dslc.verify.samples import Array, free_sizes, make
from dslc.vocab.layers.pool import AvgPool3D, MaxPool3D
from dslc.weights.convert import to_framework
from dslc.weights.draw import draw
from dslc.weights.layers import Layer, layers_of
from dslc.weights.places import Kept, kept_by
from dslc.weights.problem import Problem
from dslc.weights.saved import Kind, encoded

FILES: dict[str, tuple[Kind, str]] = {"keras": ("keras", ".weights.h5"), "torch": ("torch", ".pt")}
MODULES = {"keras": "dslc.verify.probes.keras_side", "torch": "dslc.verify.probes.torch_side"}
MOST_BATCHES = 10  # longer trainings go through them again
ENOUGH = 40_000  # numbers drawn by a script, so that a law shows


@dataclass(frozen=True)
class Wishes:
    """What the user asks for."""

    steps: int = 5
    seed: int = 0
    batch: int | None = None
    precision: str = "both"  # or float64, float32


@dataclass
class Side:
    """One backend: its script, and where its arrays are."""

    backend: Backend
    section: ModelSection
    text: str
    marks: Marks
    kept: list[Kept]
    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass
class Pair:
    """A spec, ready to be compared."""

    analysis: Analysis
    chosen: ModelAnalysis
    plan: TrainingPlan | None
    layers: list[Layer]
    sizes: dict[str, int]
    wishes: Wishes
    dtypes: tuple[str, ...]
    draws: int
    batch: int
    weights: dict[str, Array]  # the first ones
    sides: dict[str, Side] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many batches are trained on."""
        return self.wishes.steps * self.accumulate

    @property
    def accumulate(self) -> int:
        return self.plan.accumulate if self.plan is not None else 1


def prepare(
    analysis: Analysis, chosen: ModelAnalysis, backends: list[Backend], wishes: Wishes, folder: Path
) -> Pair:
    """Write what the probes need below `folder`.

    Raises:
        Problem: a backend cannot express the model, or its weights are a library's own.
    """
    layers = layers_of(chosen.graph)
    for backend in backends:
        refused = unsupported(chosen.graph, backend)
        if refused:
            raise Problem(
                f"there is no {backend.title} script to compare: {refused[0].message}",
                refused[0].fixes[0].message if refused[0].fixes else "",
            )
    plan = model_section(analysis, chosen, backends[0])[2]
    total = sum(prod(shape) for layer in layers for shape in layer.shapes.values())
    pair = Pair(
        analysis,
        chosen,
        plan,
        layers,
        free_sizes(chosen.graph),
        wishes,
        _dtypes(chosen, wishes),
        draws=min(8, max(1, ENOUGH // max(total, 1))),
        batch=wishes.batch or min(8, (plan.batch or 8) if plan is not None else 8),
        weights=draw(layers, wishes.seed),
    )
    count = min(pair.steps, MOST_BATCHES)
    data = make(chosen.graph, plan, pair.sizes, wishes.seed, pair.batch, count)
    for backend in backends:
        pair.sides[backend.name] = _side(pair, backend, data, folder / backend.name)
    return pair


def _dtypes(chosen: ModelAnalysis, wishes: Wishes) -> tuple[str, ...]:
    """float64 first, which judges; TensorFlow pools no float64 volumes on CPUs."""
    volumes = (AvgPool3D, MaxPool3D)
    if any(isinstance(node.word, volumes) for node in chosen.graph.nodes()):
        return ("float32",)
    return ("float64", "float32") if wishes.precision == "both" else (wishes.precision,)


def _side(pair: Pair, backend: Backend, data: dict[str, Array], folder: Path) -> Side:
    folder.mkdir(parents=True)
    analysis, chosen = pair.analysis, pair.chosen
    planned, section, training = model_section(analysis, chosen, backend)
    assert analysis.source is not None
    script = Script("spec", planned.model.name, Path(analysis.source.name).name)
    text = render_script(script, section, backend.target, training)
    marked, marks = with_marks(text, section)
    side = Side(backend, section, text, marks, kept_by(analysis, chosen, backend), folder)
    plain_path, marked_path = folder / "spec.py", folder / "spec_marked.py"
    plain_path.write_text(text, encoding="utf-8")
    marked_path.write_text(marked, encoding="utf-8")
    np.savez(folder / "data.npz", **data)  # type: ignore[arg-type]
    (folder / "request.json").write_text(
        json.dumps(
            {
                "plain": str(plain_path),
                "marked": str(marked_path),
                "data": str(folder / "data.npz"),
                "weights": dict(_weights(pair, side, folder)),
                "dtypes": pair.dtypes,
                "draws": pair.draws,
                "threads": 1,
                **_facts(pair, section),
            }
        ),
        encoding="utf-8",
    )
    return side


def _weights(pair: Pair, side: Side, folder: Path) -> Iterator[tuple[str, str]]:
    """The first weights, and for PyTorch those whose last digit is another: how much that changes is what rounding
    may change."""
    kind, ending = FILES[side.backend.name]
    versions = {"": pair.weights}
    if kind == "torch":
        random = np.random.default_rng(pair.wishes.seed)
        versions["-again"] = {name: _beside(array, random) for name, array in pair.weights.items()}
    for name, arrays in versions.items():
        path = folder / f"first{name}{ending}"
        kept = to_framework(arrays, side.kept)
        path.write_bytes(encoded(kind, kept, "spec.dl", pair.chosen.definition.name))
        yield name, str(path)


def _beside(array: Array, random: np.random.Generator) -> Array:
    """Every number, or one of its neighbours in float32. Zeros stay: biases would get what no rounding makes."""
    ends = np.array([-np.inf, np.inf], "float32")[random.integers(0, 2, array.shape)]
    moved = np.nextafter(array, ends).astype("float32")
    return np.where(array == 0, array, moved).astype("float32")


def _facts(pair: Pair, section: ModelSection) -> dict[str, Any]:
    graph, plan = pair.chosen.graph, pair.plan
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    first = section.channels_first
    counted = {o.name for o in plan.outputs if o.task == "classes"} if plan is not None else set()
    return {
        "inputs": inputs,
        "outputs": outputs,
        "several": len(inputs) > 1 or len(outputs) > 1,
        "first": sorted(first),
        "turned": sorted(first - counted),
        "trains": plan is not None,
        "classes": _classes(plan),
        "mixed": plan is not None and plan.mixed,
        "accumulate": pair.accumulate,
        "steps": pair.steps,
        "batch": pair.batch,
    }


def _classes(plan: TrainingPlan | None) -> int | None:
    """How many names of classes the script loads with the data; None where there are none."""
    from dslc.codegen.data import data_context

    if plan is None or not data_context(plan, "keras")["labelled"]:
        return None
    return plan.outputs[0].classes
