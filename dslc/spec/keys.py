"""Names of sections and settings: where they belong, how they are written, which stand twice."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.syntax import tree
from dslc.vocab.sections import SECTIONS, Section
from dslc.vocab.word import parameters


def home(setting: str) -> str | None:
    """The section that has a setting of this name, if one has."""
    return next((s.word for s in SECTIONS.values() if setting in parameters(s)), None)


def nameless(section: type[Section], node: tree.Section) -> Diagnostic:
    word = section.word
    name = {"finetune": "backbone", "phase": "tune"}.get(word, "name")
    fix = Fix(f"write {word} {name} {{ … }}", (Edit(node.keyword.span.after(), f" {name}"),))
    message = f"`{word}` needs a name: {section.label}"
    return error("E0440", message, node.keyword.span, fixes=[fix])


def doubled(value: Any, expr: tree.Expr) -> list[Diagnostic]:
    """`[accuracy, accuracy]`: words that would be logged under one name."""
    found: list[Diagnostic] = []
    first: dict[str, tree.Expr] = {}
    items = expr.items if isinstance(expr, tree.Tuple) and isinstance(value, tuple) else ()
    for at, (item, word) in enumerate(zip(items, value if items else (), strict=True)):
        name = getattr(word, "label", None)
        if name is not None and first.setdefault(name, item) is not item:
            there = [Label(first[name].span, "first given here")]
            gone = item.span.source.span(items[at - 1].span.end, item.span.end)
            fix = Fix("remove one of them", (Edit(gone, ""),))
            message = f"`{name}` is given twice"
            found.append(error("E0205", message, item.span, secondary=there, fixes=[fix]))
    return found


def example(section: type[Section], name: str) -> str:
    """How a setting may look, from the examples of its section."""
    for text in section.examples:
        _, _, rest = text.partition(f"{name} = ")
        if rest:
            return rest.split("  ")[0].removesuffix(" }")
    return "…"
