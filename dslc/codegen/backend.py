"""What a backend offers: how its scripts are written, and which words it refuses.

Backends are found through the entry-point group `dslc.backends`; none imports its framework.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

from dslc.codegen.emission import Table
from dslc.codegen.page import ModelSection, Target
from dslc.codegen.regions import Regions
from dslc.plan.model import ModelPlan


@dataclass(frozen=True)
class ModelRequest:
    """What the model section of a script is made from. The last activation of the outputs in `logits` is left to
    the loss and to `predict`. `regions` are the parts that its training must find again."""

    plan: ModelPlan
    logits: frozenset[str] = frozenset()
    regions: Regions = field(default_factory=Regions)


class CannotKeepNames(Exception):
    """The function for this block cannot be written with names for its sizes. The driver plans it with numbers;
    it never reaches a user."""

    def __init__(self, block: str) -> None:
        super().__init__(block)
        self.block = block


@dataclass(frozen=True)
class Backend:
    """`name` as on the command line, `title` as in prose."""

    name: str
    title: str
    table: Table
    target: Target
    write_model: Callable[[ModelRequest], ModelSection]


@cache
def load_backend(name: str) -> Backend | None:
    """The backend called `name`, or None."""
    for point in entry_points(group="dslc.backends"):
        if point.name == name:
            found: Backend = point.load()
            return found
    return None


def backend_names() -> list[str]:
    return sorted(point.name for point in entry_points(group="dslc.backends"))
