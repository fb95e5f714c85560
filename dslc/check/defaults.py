"""Rules of `defaults` that no layer follows: a rule for nothing is a slip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dslc.diagnostics import Diagnostic, Edit, Fix, error
from dslc.graph import Graph
from dslc.graph.roles import roles
from dslc.spec import ir
from dslc.spec.defaults import speaks_for
from dslc.vocab.sections import OF_FILE, ROLES
from dslc.vocab.word import Word, parameters


def check_defaults(spec: ir.Spec, graphs: Sequence[Graph]) -> list[Diagnostic]:
    """A diagnostic for every rule that touches no layer of any model. The models have no other mistakes."""
    section = spec.sections.get("defaults")
    if section is None or section.torn or not graphs:
        return []
    layers = [*_layers(graphs)]
    found: list[Diagnostic] = []
    for name, setting in section.settings.items():
        if name in OF_FILE:
            continue
        if setting.value is not None and not any(speaks_for(word, name) for word, _ in layers):
            found.append(_untouched(name, setting, "layer", layers))
    for name, part in section.parts.items():
        if name in ROLES:
            its = [(word, role) for word, role in layers if role == name]
            for key, setting in part.settings.items():
                if not any(speaks_for(word, key) for word, _ in its):
                    found.append(_untouched(key, setting, f"`{name}` layer", its))
        elif not any(word.word == name for word, _ in layers):
            message = f"no model has a `{name}`: this rule is for nothing"
            found.append(error("E0426", message, part.span, fixes=[Fix("remove it")]))
    return found


def _layers(graphs: Sequence[Graph]) -> Iterator[tuple[type[Word], str]]:
    """The word of every layer, and of those inside it, with its role."""
    for graph in graphs:
        by_role = roles(graph)
        for node in graph.nodes():
            word = node.word
            if word is None:
                continue
            role = by_role.get(node.index, "")
            yield type(word), role
            for _, value in word:
                if isinstance(value, Word) and value.kind == "layer":
                    yield type(value), role


def _untouched(
    name: str, setting: ir.Setting, which: str, layers: list[tuple[type[Word], str]]
) -> Diagnostic:
    own = sorted({word.word for word, _ in layers if name in parameters(word)})
    message = f"no {which} takes `{name}` from here: this rule is for nothing"
    fix = Fix("remove it", (Edit(setting.key_span.to(setting.span), ""),))
    if own:
        notes = [f"`{word}` has a default of its own" for word in own]
        fix = Fix(f"write {own[0]} {{ {name} = {setting.span.text} }}")
        return error("E0426", message, setting.key_span, notes=notes, fixes=[fix])
    return error("E0426", message, setting.key_span, fixes=[fix])
