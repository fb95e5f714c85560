"""What a backend offers: how its scripts are written, and which words it refuses.

Backends are found through the entry-point group `dslc.backends`; none imports its framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from dslc.codegen.departures import Departure
from dslc.codegen.emission import Table
from dslc.codegen.nodes import Statement
from dslc.codegen.origins import Holder, Shapes, Trail
from dslc.codegen.page import ModelSection, Target
from dslc.codegen.regions import Regions
from dslc.plan.model import ModelPlan
from dslc.vocab.tensor import Tensor


@dataclass(frozen=True)
class ModelRequest:
    """What the model section of a script is made from. The last activation of the outputs in `logits` is left to
    the loss and to `predict`. `regions` are the parts that its training must find again. `stock` wants the
    framework's own classes where the language's numerics would need others."""

    plan: ModelPlan
    logits: frozenset[str] = frozenset()
    regions: Regions = field(default_factory=Regions)
    stock: bool = False


class CannotKeepNames(Exception):
    """The function for this block cannot be written with names for its sizes. The driver plans it with numbers;
    it never reaches a user."""

    def __init__(self, block: str) -> None:
        super().__init__(block)
        self.block = block


@dataclass(frozen=True)
class Entry:
    """Where a framework keeps an array of a layer, or one `part` of its first axis: under `key` in its files.

    `there` gives the array as the framework has it, `back` the canonical one, of the shape that it is told.
    """

    array: str
    key: str
    there: Callable[[Any], Any]
    back: Callable[[Any, tuple[int, ...]], Any]
    part: int | None = None


@dataclass(frozen=True)
class Extra:
    """What a framework keeps besides: zeros of the shape of the entry `like`, to which they are added on the way
    back, or a count that nothing depends on."""

    key: str
    like: str | None


@dataclass(frozen=True)
class Places:
    """How the arrays of a model are found in the files of a framework.

    `holders` follows the program of a model section, with the shapes of the inputs of every use of a block.
    `entries` says of a word, its inputs and the names of its arrays where its holders keep them.
    """

    holders: Callable[[Sequence[Statement], Mapping[Trail, Sequence[Shapes]]], list[Holder]]
    entries: Callable[
        [Any, tuple[Tensor, ...], Sequence[str], Sequence[Holder]],
        tuple[list[Entry], list[Extra]],
    ]


@dataclass(frozen=True)
class Backend:
    """`name` as on the command line, `title` as in prose."""

    name: str
    title: str
    table: Table
    target: Target
    write_model: Callable[[ModelRequest], ModelSection]
    places: Places
    departures: tuple[Departure, ...] = ()  # all that its scripts may note with `numerics = stock`


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
