"""What `dslc diff` finds: plain values, which `text`, `markdown` and `plain` write out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from dslc.vocab.dims import Dim

Kind = Literal["added", "removed", "changed", "replaced", "moved", "rewired", "renamed"]
Effect = Literal["function", "training", "names"]  # what a change makes a difference to


class Verdict(StrEnum):
    """How far two models are the same, the farther the later."""

    SAME = "same"  # in meaning: at most layout, comments and spelling differ
    TRAINING = "training"  # they compute the same, and are trained in another way
    NAMES = "names"  # they compute the same under other names
    FUNCTION = "function"  # they compute something else


SAYS: Mapping[Verdict, str] = {
    Verdict.SAME: "no difference in meaning",
    Verdict.TRAINING: "the same function; the training differs",
    Verdict.NAMES: "the same function, under other names",
    Verdict.FUNCTION: "another function",
}

EFFECTS: Mapping[Effect, Verdict] = {
    "function": Verdict.FUNCTION,
    "names": Verdict.NAMES,
    "training": Verdict.TRAINING,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter or setting with its value before and after, as a spec writes them; None where it is not there.
    `usual` says on which side nothing was written, so that a default holds. `trains` means that it makes a
    difference in training only, `spelt` that a value shows parameters that nobody wrote."""

    name: str
    old: str | None
    new: str | None
    usual: tuple[bool, bool] = (False, False)
    trains: bool = False
    spelt: bool = False


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One difference of the model. `old` and `new` are layers as a spec writes them, or blocks with `layers` layers;
    `times` says how often the same happens (a block used several times). Lines are those of the specs, 0 where there
    is none."""

    kind: Kind
    effect: Effect
    old: str | None
    new: str | None
    where: str = ""
    changes: tuple[Change, ...] = ()
    shapes: tuple[str, str] | None = None  # of the result, where they differ
    times: int = 1
    layers: int = 1
    lines: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A layer that is as it was, but for the shape of its result."""

    name: str
    shapes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of the model in both versions. `unit` is "" or `bytes`."""

    name: str
    old: Dim
    new: Dim
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Array:
    """An array of weights: its name in the spec, its shape, how many numbers it holds (None: only a library knows)."""

    name: str
    shape: str
    numbers: Dim | None


@dataclass(frozen=True, slots=True)
class Weights:
    """Which arrays saved with the old version fit the new one, by the names and shapes of the spec.

    `astray` are names that both versions have, with the same shape, for different layers: they load, but into the
    wrong one."""

    loads: tuple[Array, ...] = ()
    renamed: tuple[tuple[Array, Array], ...] = ()
    reshaped: tuple[tuple[Array, Array], ...] = ()
    new: tuple[Array, ...] = ()
    lost: tuple[Array, ...] = ()
    astray: tuple[str, ...] = ()

    @property
    def all_load(self) -> bool:
        return not (self.renamed or self.reshaped or self.new or self.lost)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """Two models that are versions of each other. What is None differs in that one of them is missing."""

    old: str | None
    new: str | None
    verdict: Verdict
    layers: tuple[LayerChange, ...] = ()
    reshaped: tuple[Reshaped, ...] = ()
    costs: tuple[Cost, ...] = ()
    weights: Weights = Weights()


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section of the training. Whole sections come and go; `moved` are words that stand in another order."""

    name: str
    kind: Literal["added", "removed", "changed"]
    changes: tuple[Change, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    effect: Effect = "training"


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A block of a file without a model: what it does depends on what uses it."""

    kind: Literal["added", "removed", "changed"]
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two versions of a spec; one of them may not be there."""

    name: str
    old: str | None
    new: str | None
    models: tuple[ModelChange, ...] = ()
    sections: tuple[SectionChange, ...] = ()
    blocks: tuple[BlockChange, ...] = ()

    @property
    def verdict(self) -> Verdict:
        found = [model.verdict for model in self.models]
        found += [EFFECTS[section.effect] for section in self.sections]
        if self.blocks or self.old is None or self.new is None:
            found.append(Verdict.FUNCTION)
        return max(found, key=list(Verdict).index, default=Verdict.SAME)
