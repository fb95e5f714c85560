"""The program behind `dslc preview`: the data section and the augmentation of a script, and a sheet of pictures in
place of the training. What it shows is what a script trains on, because it is made by the same lines."""

from __future__ import annotations

from typing import Any

from dslc.codegen.data import TEMPLATES, data_context
from dslc.codegen.page import ModelSection, Script, Target, finished
from dslc.plan.training import TrainingPlan

ONLY_DATA = ModelSection(text="")


def needs_backend(plan: TrainingPlan) -> bool:
    """Whether only a framework can load the data."""
    return TEMPLATES[type(plan.source)] == "fetched"


def render_preview(script: Script, plan: TrainingPlan, target: Target | None) -> str:
    """The text of the program. `target` loads what `needs_backend` does."""
    context: dict[str, Any] = {
        "script": script,
        "plan": plan,
        **data_context(plan, "torch" if target is None else target.name),
        "threads": False,
        "dataset": "",
    }
    if target is not None:
        facts = target.emit(plan, ONLY_DATA)
        context |= {name: facts[name] for name in ("dataset", "data_path") if name in facts}
    head = f"Pictures of {script.spec}, augmented as its scripts do."
    return finished("preview.py.jinja", context, head, target)
