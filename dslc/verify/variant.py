"""A spec with other sizes, so that a large network can be compared in a minute: inputs and parameters of its model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dslc.diagnostics import did_you_mean
from dslc.driver import Analysis, analyse, analyse_source, choose_model
from dslc.source import Source, Span
from dslc.weights.problem import Problem

PROMISE = "E0405"  # `assert params == …`, which holds for the sizes of the spec


def analysed(
    path: Path, model: str | None, inputs: Sequence[str] = (), sets: Sequence[str] = ()
) -> Analysis:
    """The spec at `path` with the sizes that are asked for, if any.

    Raises:
        Problem: it has no such input or parameter.
    """
    found = analyse(path)
    if not (inputs or sets) or not found.ok or found.source is None:
        return found
    chosen, _ = choose_model(found, model)
    if chosen is None:
        return found
    edits = [_input(chosen.definition.inputs, text) for text in inputs]
    edits += [_parameter(chosen.definition.parameters, text) for text in sets]
    text = found.source.text
    for span, new in sorted(edits, key=lambda edit: -edit[0].start):
        text = text[: span.start] + new + text[span.end :]
    other = analyse_source(Source(found.source.name, text), path)
    other.diagnostics = [d for d in other.diagnostics if d.code != PROMISE]
    return other


def _input(known: Sequence[object], text: str) -> tuple[Span, str]:
    """`64x64` is for the one image of a model, `photo=64x64x3` for an input by its name."""
    name, named, size = text.rpartition("=")
    shapes = {i.name: i.shape.span for i in known if i.shape is not None}  # type: ignore[attr-defined]
    if not named:
        if len(shapes) != 1:
            raise Problem(
                f"which input is to be {size}?",
                f"write --input {next(iter(shapes), 'name')}={size}",
            )
        (name,) = shapes
    if name not in shapes:
        raise Problem(f"the model has no input `{name}`", _meant(name, shapes))
    if not re.fullmatch(r"\d+(x\d+)*", size):
        raise Problem(f"`{size}` is not a size", "write it as in a spec: 64x64 or 64x64x3")
    text = shapes[name].text
    listed = text.startswith("(")  # as (T, 3), where a size has a name
    old = text.strip("()").split(",") if listed else text.split("x")
    axes = size.split("x")
    if len(axes) == len(old) - 1 and len(old) > 1:
        axes.append(old[-1].strip())  # the channels stay
    if len(axes) != len(old):
        raise Problem(f"`{size}` has another number of axes than {text}")
    return shapes[name], f"({', '.join(axes)})" if listed else "x".join(axes)


def _parameter(known: Sequence[object], text: str) -> tuple[Span, str]:
    name, named, value = text.partition("=")
    places = {p.name: p.default.span for p in known if p.default is not None}  # type: ignore[attr-defined]
    if not named or not value:
        raise Problem(f"`{text}` sets nothing", "write --set name=value")
    if name not in places:
        raise Problem(f"the model has no parameter `{name}`", _meant(name, places))
    if not re.fullmatch(r"[\w.+-]+", value):
        raise Problem(f"`{value}` is not a value", "write a number or a name")
    return places[name], value


def _meant(name: str, known: dict[str, Span]) -> str:
    close = did_you_mean(name, known)
    if close:
        return f"did you mean `{close}`?"
    return f"it has {', '.join(known)}" if known else "it has none"
