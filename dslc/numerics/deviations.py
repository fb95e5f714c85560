"""What a script with `numerics = stock` does otherwise than the language says, place by place."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from dslc.codegen.backend import Backend
from dslc.codegen.departures import Changed, Departure, Noted
from dslc.codegen.page import ModelSection
from dslc.graph import Graph
from dslc.numerics.measured import Measured, measured
from dslc.plan.training import TrainingPlan
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.tensor import Tensor

WIDTH = 88
MOST_PLACES = 8  # that are named


@dataclass(frozen=True)
class Deviation:
    """A place of a spec where a framework's own class computes otherwise. `what` is a clause, `size` the largest
    difference (None: there is no number), `of` what of; `setup` says where it was measured, or what makes it so
    large here. `line` is that of the span; in a file that is imported, with its name. `updates`: it
    shows in what updates make of equal gradients, wherever it stands."""

    span: Span
    line: str
    word: str
    backend: str  # torch
    key: str
    what: str
    size: float | None
    of: str
    setup: str
    updates: bool


@dataclass(frozen=True)
class Use:
    """One deviation of one word, with all lines of the spec where it is."""

    first: Deviation  # the largest
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        """`BatchNorm (lines 5, 8)`, `BatchNorm (line 5, blocks/stage.dl:1)`."""
        own = [line for line in self.lines if line.isdigit()]
        places = [line for line in self.lines if not line.isdigit()]
        if own:
            own[0] = f"line{'s' if len(own) > 1 else ''} {own[0]}"
        places = [*own, *places]
        if len(places) > MOST_PLACES:
            places[MOST_PLACES:] = [f"and {len(places) - MOST_PLACES:,} more"]
        return f"{self.first.word} ({', '.join(places)})"

    @property
    def text(self) -> str:
        """What differs, and by how much."""
        return f"{self.first.what}: {self.size}"

    @property
    def size(self) -> str:
        """`0.032 of the variance`."""
        return Measured(self.first.key, self.first.size, self.first.of, self.first.setup).text


def deviations(
    spec: ir.Spec,
    graph: Graph,
    plan: TrainingPlan | None,
    section: ModelSection,
    backend: Backend,
) -> list[Deviation]:
    """Those of the script that has this model and training, in the order of the spec; none with `numerics = exact`."""
    inputs: dict[Span, list[tuple[Tensor, ...] | None]] = {}
    for node in graph.nodes() if section.departures else ():
        inputs.setdefault(node.span, []).append(graph.input_tensors(node))
    found = [
        _sized(_made(noted.departure, noted.word, noted.span, spec, backend), noted, inputs, plan)
        for noted in section.departures
        if noted.departure.matters(plan)
    ]
    if plan is not None and plan.stock:
        for changed in backend.target.departures(plan, section):
            span = _place(changed, spec)
            found.append(_made(changed.departure, changed.word, span, spec, backend))
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda d: (d.span.source.name, d.span.start, d.key))


def _made(
    departure: Departure, word: str, span: Span, spec: ir.Spec, backend: Backend
) -> Deviation:
    size: Measured = measured(departure.key)
    line = str(span.source.line_column(span.start)[0])
    if span.source is not spec.source:
        there = os.path.relpath(span.source.name, os.path.dirname(spec.source.name) or ".")
        line = f"{PurePath(there).as_posix()}:{line}"
    return Deviation(
        span,
        line,
        word,
        backend.name,
        departure.key,
        departure.what,
        size.size,
        size.of,
        size.setup,
        departure.updates,
    )


def _sized(
    deviation: Deviation,
    noted: Noted,
    inputs: Mapping[Span, Sequence[tuple[Tensor, ...] | None]],
    plan: TrainingPlan | None,
) -> Deviation:
    """With the size that it has here, where the departure knows it: the largest of those of all uses."""
    sized = noted.departure.sized
    if sized is None or plan is None:
        return deviation
    uses = [each for each in inputs.get(noted.span, ()) if each is not None]
    sizes = [found for each in uses if (found := sized(each, plan))]
    if not sizes:
        return deviation
    size, setup = max(sizes)
    return replace(deviation, size=size, setup=setup)


def _place(changed: Changed, spec: ir.Spec) -> Span:
    """Where the setting stands: in its phase, or in `train`."""
    train = spec.sections["train"]
    finetune = spec.sections.get("finetune")
    phases = finetune.inner if finetune is not None else ()
    own = [p for p in phases if p.label is not None and p.label.text == changed.phase]
    for section in (*own, train):
        setting = section.settings.get(changed.key)
        if setting is not None and setting.value is not None:
            return setting.span
        if changed.key in section.parts:
            return section.parts[changed.key].span
    return train.span


def grouped(found: Iterable[Deviation]) -> list[Use]:
    """What is said once of a word: the same deviation in several lines."""
    lines: dict[tuple[str, str], list[Deviation]] = {}
    for each in found:
        lines.setdefault((each.key, each.word), []).append(each)
    return [
        Use(max(those, key=lambda d: d.size or 0.0), tuple(dict.fromkeys(d.line for d in those)))
        for those in lines.values()
    ]


def paragraph(found: Sequence[Deviation], title: str) -> str:
    """What the docstring of a script says of its numerics; nothing where nothing differs."""
    if not found:
        return ""
    start = (
        f"Numerics are those of {title}'s own classes (numerics = stock). They differ from those of the spec; "
        "docs/numerics.md of dslc tells how sizes were measured:"
    )
    lines = textwrap.wrap(start, WIDTH)
    for use in grouped(found):
        text = f"{use.place}: {use.text}"
        lines += textwrap.wrap(
            text, WIDTH, initial_indent="    ", subsequent_indent=" " * 8, break_long_words=False
        )
    return "\n".join(lines)
