"""Parts of a model that a script must find again, because phases of the training freeze them.

A part is a labelled step of the model, or in the block of a backbone a run of steps from one place of the spec to the
next. The model writers give each a place of its own: modules in PyTorch, a scope of names in Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dslc.plan import model as plan
from dslc.plan.tuning import TuningPlan
from dslc.source import Span


@dataclass(frozen=True)
class Regions:
    """`labels` are those of steps of the model, `networks` among them those that are one layer, a model of its own;
    `starts` are the places at which a part of a block begins."""

    labels: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    starts: Mapping[Span, str] = field(default_factory=dict)

    def beginning(self, step: plan.Step) -> str | None:
        """The part that begins with `step`, or that it belongs to."""
        if not self.starts:
            return None
        span = _place(step)
        for start, name in self.starts.items():
            inside = span is not None and start.source is span.source
            if inside and start.start <= span.start and span.end <= start.end:  # type: ignore[union-attr]
                return name
        return None


def regions_of(tuning: TuningPlan | None) -> Regions:
    """The parts that the phases of a plan freeze or train apart."""
    if tuning is None:
        return Regions()
    starts = {segment.start: segment.name for segment in tuning.segments}
    networks = frozenset({tuning.label} if tuning.network else ())
    return Regions(frozenset({tuning.label, *tuning.heads}), networks, starts)


def _place(step: plan.Step) -> Span | None:
    """Where a step stands in the spec: the first word or block in it."""
    target: Any = step.target
    while True:
        match target:
            case plan.Apply() | plan.Invoke():
                return target.span
            case plan.Shared():
                return target.target.span
            case plan.Loop():
                target = target.first[0].target
            case plan.Turns():
                target = target.turns[0][0].target
            case plan.Branch():
                target = target.arms[0][1][0].target if target.arms[0][1] else None
            case _:
                return None
