"""What a plan says of a backbone that is trained further: its parts, and what trains in each phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dslc.source import Span
from dslc.vocab.architecture import Unit
from dslc.vocab.experiment import Callback, Optimizer


@dataclass(frozen=True)
class Segment:
    """A run of parts of a backbone of one's own that every phase treats alike. `start` is the place of its first step
    in the spec; it ends where the next one begins."""

    name: str
    start: Span


@dataclass(frozen=True)
class Group:
    """Weights that train at one learning rate: `rate`, `factor` times that of the optimiser.

    Of the backbone these are the named `segments`, or the `units` of a network by library; with `head`
    everything outside of it that is not frozen, too. `whole` means the backbone with all its parts.
    """

    segments: tuple[str, ...] = ()
    units: Mapping[str, tuple[Unit, ...]] = field(default_factory=dict)
    whole: bool = False
    head: bool = False
    rate: float = 0.0
    factor: float = 1.0


@dataclass(frozen=True)
class Trains:
    """What trains in a phase. `everything` is all of it as one group; `groups` has one for each learning rate, that
    of the optimiser first.
    `frozen_heads` are labels of steps outside the backbone that stay as they are; `counts` are the numbers that
    train, by library; `keep` means that the optimiser goes on with its state. `says` is for the reader."""

    everything: Group
    groups: tuple[Group, ...]
    frozen_heads: tuple[str, ...]
    counts: Mapping[str, int]
    keep: bool
    says: str


@dataclass(frozen=True)
class Stretch:
    """A phase before the plan knows what is logged."""

    name: str
    epochs: int
    optimizer: Optimizer
    callbacks: tuple[Callback, ...]
    trains: Trains


@dataclass(frozen=True)
class TuningPlan:
    """The backbone: its label, its segments where phases cut it, whether it is a network of the libraries, the labelled
    steps outside that some phase freezes, and what its BatchNorm layers do (`none` where it has none), as well as
    those that a phase freezes outside of it."""

    label: str
    network: bool
    segments: tuple[Segment, ...]
    heads: tuple[str, ...]
    norms: Literal["none", "frozen", "train"]
    head_norms: Literal["none", "frozen", "train"]
    stretches: tuple[Stretch, ...]
    totals: Mapping[str, int]  # numbers that training without phases would change, by library
    units: Mapping[str, tuple[Unit, ...]]  # the layers with weights of a network, by library
