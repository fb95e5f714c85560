"""Inlay hints: behind every step the shape that comes out of it, and how many parameters it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from dslc.lint.trees import walk
from dslc.lsp.document import Document
from dslc.lsp.steps import Use, shown, values_of
from dslc.syntax import tree


@dataclass(frozen=True)
class HintSettings:
    """What the client wants to see: `{"hints": {"shapes": true, "parameters": true}}`, or `{"hints": false}`."""

    shapes: bool = True
    parameters: bool = True

    @classmethod
    def of(cls, options: object) -> HintSettings:
        """The settings in what a client sends; what it leaves out is on."""
        hints: Any = options.get("hints", {}) if isinstance(options, Mapping) else {}
        if isinstance(hints, bool):
            return cls(hints, hints)
        if not isinstance(hints, Mapping):
            return cls()
        return cls(hints.get("shapes") is not False, hints.get("parameters") is not False)


ALL = HintSettings()


def hints(
    document: Document, range: types.Range | None = None, settings: HintSettings = ALL
) -> list[types.InlayHint]:
    """The hints of the steps that end in `range`, in the order of the text."""
    if document.file is None or not (settings.shapes or settings.parameters):
        return []
    whole = (0, len(document.source.text))
    start, end = whole if range is None else document.positions.offsets(range)
    found: list[tuple[int, types.InlayHint]] = []
    for place, use in document.uses.items():
        step = document.steps.get(place)
        at = step.times.span.end if step is not None and step.times is not None else place[1]
        if start <= at <= end and (text := label(use, settings)):
            found.append((at, _hint(document, at, text, use)))
    if settings.shapes:
        shapes = [*_patterns(document), *_shared(document)]
        found += [(at, h) for at, h in shapes if start <= at <= end]
    return [hint for _, hint in sorted(found, key=lambda one: one[0])]


def label(use: Use, settings: HintSettings = ALL) -> str:
    """`28x28x32 · 320 params`; of a block the shapes of its uses where they differ."""
    if not any(once.word is not None for once in use.all) and not _is_block(use):
        return ""  # an input: its shape is written
    parts = [shown(use.outputs)] if settings.shapes and use.outputs else []
    if settings.parameters and use.trainable:
        parts.append(f"{shown(use.trainable)} params")
    elif settings.parameters and use.outputs and any(once.shared for once in use.all):
        parts.append("shared")
    return " · ".join(parts)


def _is_block(use: Use) -> bool:
    """Whether the text here is a use of a block, not the name of an input."""
    return use.span.text[:1].isupper() or "(" in use.span.text


def _hint(document: Document, at: int, text: str, use: Use) -> types.InlayHint:
    return types.InlayHint(
        position=document.positions.position(at),
        label=text,
        kind=types.InlayHintKind.Type,
        tooltip=types.MarkupContent(types.MarkupKind.Markdown, details(use)),
        padding_left=True,
    )


def details(use: Use) -> str:
    """What is known of a step, line by line."""
    rows = [("in", use.inputs), ("out", use.outputs), ("parameters", use.trainable)]
    rows += [("not trained", use.kept), ("multiply-adds", use.work)]
    lines = [f"- {name}: {shown(values)}" for name, values in rows if values and values != [""]]
    if use.turns > 1:
        lines.append(
            f"- computed {use.turns} times, each with weights of its own; the numbers are of all together"
        )
    if len(use.frames) > 1:
        lines.append(f"- {len(use.frames)} uses of this block")
    if any(once.shared for once in use.all):
        lines.append("- shares the weights of an earlier use")
    return "\n".join(lines)


def _patterns(document: Document) -> list[tuple[int, types.InlayHint]]:
    """The shapes that the inputs of blocks meet: `input x` says none, `(H, W, C)` only names."""
    analysis, found = document.analysis, []
    if analysis is None or document.file is None:
        return []
    for d in document.file.declarations:
        if not isinstance(d, tree.Definition) or d.kind != "block":
            continue
        for statement in d.body:
            if isinstance(statement, tree.Input):
                shapes = values_of(analysis, d.name.text, statement.name.text)
                span = statement.shape.span if statement.shape is not None else statement.name.span
                if shapes and shapes != [span.text]:
                    found.append((span.end, _plain(document, span.end, shapes)))
    return found


def _shared(document: Document) -> list[tuple[int, types.InlayHint]]:
    """The shapes that come out of a layer with a name, at each of its uses."""
    found = []
    for node in document.index.definitions.values():
        layers = {
            s.name.text: document.uses.get((s.value.span.start, s.value.span.end))
            for s in node.body
            if isinstance(s, tree.Let)
        }
        places: dict[str, list[tree.Name]] = {}
        for step in walk(*node.body):
            if isinstance(step, tree.Step) and isinstance(step.target, tree.Name):
                places.setdefault(step.target.text, []).append(step.target)
        for name, use in layers.items():
            for i, target in enumerate(places.get(name, ())):
                turns = (
                    [t for t in use.frames.values() if len(t) == len(places[name])] if use else []
                )
                shapes = list(dict.fromkeys(str(t[i].output) for t in turns if t[i].output))
                if shapes and use is not None and len(turns) == len(use.frames):
                    found.append((target.span.end, _plain(document, target.span.end, shapes)))
    return found


def _plain(document: Document, at: int, shapes: list[str]) -> types.InlayHint:
    """A hint that says shapes alone."""
    kind, place = types.InlayHintKind.Type, document.positions.position(at)
    return types.InlayHint(place, shown(shapes), kind, padding_left=True)
