"""`data { … }`, `train { … }`, `defaults { … }`: settings and words, bound."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.bind import _bad_value, show_value
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.kinds import WordOf
from dslc.vocab.sections import SECTIONS, Section
from dslc.vocab.word import kind_of, parameters, words


def bind_sections(
    sections: list[tree.Section],
) -> tuple[dict[str, ir.SectionSpec], list[Diagnostic]]:
    """Every section of a file, each at most once."""
    bound: dict[str, ir.SectionSpec] = {}
    found: list[Diagnostic] = []
    for node in sections:
        keyword = node.keyword.text
        if keyword in bound:
            there = [Label(bound[keyword].span, "first written here")]
            message = f"a spec has one `{keyword}` section"
            found.append(error("E0225", message, node.keyword.span, secondary=there))
            continue
        section = SECTIONS.get(keyword)
        if section is None:
            found.append(_unknown_section(node))
            continue
        bound[keyword], new = _bind_section(section, node)
        found += new
    return bound, found


def _unknown_section(node: tree.Section) -> Diagnostic:
    close = did_you_mean(node.keyword.text, SECTIONS)
    fixes = (
        [Fix(f"did you mean `{close}`?", (Edit(node.keyword.span, close),))]
        if close
        else []
    )
    message = f"there is no section `{node.keyword.text}`"
    notes = [f"the sections are {', '.join(SECTIONS)}"]
    return error("E0214", message, node.keyword.span, fixes=fixes, notes=notes)


def _bind_section(
    section: type[Section], node: tree.Section
) -> tuple[ir.SectionSpec, list[Diagnostic]]:
    settings: dict[str, ir.Setting] = {}
    bound_words: list[ir.Bound] = []
    parts: dict[str, ir.SectionSpec] = {}
    found: list[Diagnostic] = []
    fields = parameters(section)
    broken: set[str] = set()
    if node.name is not None:
        message = f"`{section.word}` takes no name"
        found.append(error("E0214", message, node.name.span))
    for entry in node.entries:
        match entry:
            case tree.Let():
                key = entry.name.text
                new = _setting(section, entry, settings)
                broken |= {key} if new else set()
                found += new
            case tree.Bare():
                word, new = _entry(section, entry)
                found += new
                if word is not None:
                    bound_words.append(word)
            case tree.Section():
                part, new = _part(section, entry)
                broken |= {entry.keyword.text} if new else set()
                found += new
                if part is not None:
                    parts[entry.keyword.text] = part
    given = settings.keys() | parts.keys() | broken
    missing = [n for n, info in fields.items() if info.is_required() and n not in given]
    if missing and not any(d.code == "E0213" for d in found):
        listed = ", ".join(f"`{n}`" for n in missing)
        hints = [f"{n}: {fields[n].description}" for n in missing]
        message = f"`{section.word}` needs {listed}"
        found.append(error("E0204", message, node.keyword.span, notes=hints))
    for name, info in fields.items():
        if name not in given and not info.is_required():
            settings[name] = ir.Setting(
                info.default, node.keyword.span, node.keyword.span
            )
    return (
        ir.SectionSpec(
            section.word, node.keyword.span, settings, tuple(bound_words), parts
        ),
        found,
    )


def _setting(
    section: type[Section], entry: tree.Let, settings: dict[str, ir.Setting]
) -> list[Diagnostic]:
    key = entry.name.text
    fields = parameters(section)
    if key not in fields:
        return [_unknown_key(section, entry.name)]
    if key in settings:
        there = [Label(settings[key].key_span, "first given here")]
        message = f"`{key}` is given twice"
        return [error("E0205", message, entry.name.span, secondary=there)]
    value, found = _value(section, key, entry.value)
    if value is not UNKNOWN:
        settings[key] = ir.Setting(value, entry.value.span, entry.name.span)
    return found


def _value(
    section: type[Section], key: str, expr: tree.Expr
) -> tuple[Any, list[Diagnostic]]:
    kind = kind_of(parameters(section)[key])
    value, found = evaluate(expr, {}, kind)
    if value is UNKNOWN:
        return UNKNOWN, found
    if value is None and parameters(section)[key].default is None:
        return None, found
    try:
        return kind.accept(value), found
    except (ValueError, TypeError):
        return UNKNOWN, [*found, _bad_value(section, key, expr, value)]


def _unknown_key(section: type[Section], name: tree.Name) -> Diagnostic:
    close = did_you_mean(name.text, parameters(section))
    fixes = (
        [Fix(f"did you mean `{close}`?", (Edit(name.span, close),))] if close else []
    )
    notes = [f"`{section.word}` takes {', '.join(parameters(section))}"]
    message = f"`{section.word}` has no setting `{name.text}`"
    return error("E0213", message, name.span, fixes=fixes, notes=notes)


def _entry(
    section: type[Section], entry: tree.Bare
) -> tuple[ir.Bound | None, list[Diagnostic]]:
    node = entry.value
    if not section.entries:
        message = f"`{section.word}` holds settings: key = value"
        return None, [error("E0226", message, entry.span)]
    phrase = " or ".join(f"a {kind}" for kind in section.entries)
    kind = WordOf(section.entries, phrase)
    value, found = evaluate(node, {}, kind)
    if value is UNKNOWN:
        return None, found
    try:
        return ir.Bound(kind.parse(value), entry.span), found
    except ValueError:
        known = ", ".join(w for k in section.entries for w in words(k))
        message = f"{phrase} or `key = value` must stand here, got {show_value(value)}"
        return None, [
            error("E0226", message, entry.span, notes=[f"known here: {known}"])
        ]


def _part(
    section: type[Section], node: tree.Section
) -> tuple[ir.SectionSpec | None, list[Diagnostic]]:
    """`loss { species = cross_entropy }`: one value for each output."""
    key = node.keyword.text
    if key not in section.per_output:
        return None, [_unknown_key(section, node.keyword)]
    settings: dict[str, ir.Setting] = {}
    found: list[Diagnostic] = []
    for entry in node.entries:
        if not isinstance(entry, tree.Let):
            message = f"`{key}` holds one value for each output: name = value"
            found.append(error("E0226", message, entry.span))
            continue
        if entry.name.text in settings:
            there = [Label(settings[entry.name.text].key_span, "first given here")]
            message = f"`{entry.name.text}` is given twice"
            found.append(error("E0205", message, entry.name.span, secondary=there))
            continue
        value, new = _value(section, key, entry.value)
        found += new
        if value is not UNKNOWN:
            settings[entry.name.text] = ir.Setting(
                value, entry.value.span, entry.name.span
            )
    return ir.SectionSpec(key, node.keyword.span, settings), found
