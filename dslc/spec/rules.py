"""`Conv2D { padding = same }` and `output { init = glorot_uniform }` in `defaults`: rules for a kind of layer, or
for a role."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.damage import Damage
from dslc.spec.entries import joined, no_equals
from dslc.spec.habits import PARAMETER_ALIASES
from dslc.spec.refuse import bad_value
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.sections import ROLES, Defaults
from dslc.vocab.word import Word, aliases, kind_of, parameters, words

# What people call the roles of layers.
ROLE_ALIASES = {"last": "output", "final": "output", "head": "output", "inner": "hidden"}


def layers() -> dict[str, type[Word]]:
    """The words that a rule may name: those of a flow that have something to be said about."""
    found = {**words("layer"), **words("activation")}
    return {name: word for name, word in found.items() if optional(word)}


def optional(word: type[Word]) -> list[str]:
    """The parameters that a rule may give."""
    return [name for name, info in parameters(word).items() if not info.is_required()]


def bind_rule(node: tree.Section, damage: Damage) -> tuple[ir.SectionSpec | None, list[Diagnostic]]:
    """A rule with its values; diagnostics for names that nothing has. No rule where it is not known for what."""
    key = node.keyword
    word: type[Word] | None = {**ROLES, **layers()}.get(key.text)
    if word is None:
        return None, [] if damage.touches(key.span) else [_unknown_layer(key)]
    found: list[Diagnostic] = []
    if node.name is not None:
        fix = Fix("remove it", (Edit(node.name.span, ""),))
        message = f"`{key.text}` in `defaults` takes no name"
        found.append(error("E0214", message, node.name.span, fixes=[fix]))
    settings: dict[str, ir.Setting] = {}
    first: dict[str, tree.Name] = {}
    for entry in joined(node.entries, lambda name: _forgotten(name, word, found)):
        if damage.near(entry.span):
            continue
        if not isinstance(entry, tree.Let):
            found.append(_no_setting(key, word, entry))
        elif entry.name.text not in optional(word):
            found.append(_unknown_parameter(key, word, entry))
        elif first.setdefault(entry.name.text, entry.name) is not entry.name:
            there = [Label(first[entry.name.text].span, "first given here")]
            message = f"`{entry.name.text}` is given twice"
            fix = Fix("keep one of them")
            span = entry.name.span
            found.append(error("E0205", message, span, secondary=there, fixes=[fix]))
        else:
            value, new = _value(word, entry, key.text)
            found.extend(new)
            if value is not UNKNOWN:
                name = entry.name
                settings[name.text] = ir.Setting(value, entry.value.span, name.span)
    return ir.SectionSpec(key.text, key.span, settings), found


def _forgotten(name: tree.Name, word: type[Word], found: list[Diagnostic]) -> bool:
    """`init he_normal`: whether the `=` behind a key is missing. Reports it."""
    if name.text in optional(word):
        found.append(no_equals(name))
        return True
    return False


def _value(word: type[Word], entry: tree.Let, owner: str) -> tuple[Any, list[Diagnostic]]:
    name, expr = entry.name.text, entry.value
    info = parameters(word)[name]
    kind = kind_of(info)
    value, found = evaluate(expr, {}, kind, f"`{name}` of `{owner}`")
    if value is UNKNOWN or (value is None and info.default is None):
        return value, found
    try:
        return kind.accept(value), found
    except (ValueError, TypeError, OverflowError):
        return UNKNOWN, [*found, bad_value(word, name, expr, value)]


def _unknown_layer(key: tree.Name) -> Diagnostic:
    text = key.text
    role = ROLE_ALIASES.get(text)
    if role is not None:
        message = f"the role of `{text}` is called `{role}` here"
        fix = Fix(f"write `{role}`", (Edit(key.span, role),))
        return error("E0212", message, key.span, fixes=[fix])
    alias = next((aliases(k)[text] for k in ("layer", "activation") if text in aliases(k)), None)
    if alias in layers():
        fix = Fix(f"write `{alias}`", (Edit(key.span, str(alias)),), safe=True)
        return error("E0212", f"`{text}` is called `{alias}` here", key.span, fixes=[fix])
    if text in words("flow"):
        message = f"`{text}` has nothing that `defaults` could say"
        return error("E0201", message, key.span, fixes=[Fix("remove this rule")])
    settings = [*parameters(Defaults)]
    if text in settings:
        message = f"`{text}` has one value: it takes `=`, not braces"
        return error("E0226", message, key.span, fixes=[Fix(f"write {text} = …")])
    close = did_you_mean(text, [*ROLES, *layers()])
    fix = Fix("write the name of a layer, or `hidden` or `output`")
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(key.span, close),))
    message = f"`defaults` has rules for layers and roles; `{text}` is neither"
    return error("E0201", message, key.span, fixes=[fix])


def _no_setting(key: tree.Name, word: type[Word], entry: tree.Bare | tree.Section) -> Diagnostic:
    fix = Fix(f"write one of {', '.join(optional(word))}, with `=` and a value")
    message = f"`{key.text}` in `defaults` holds settings: key = value"
    span = entry.span if isinstance(entry, tree.Bare) else entry.keyword.span
    return error("E0226", message, span, fixes=[fix])


def _unknown_parameter(key: tree.Name, word: type[Word], entry: tree.Let) -> Diagnostic:
    name = entry.name
    known = optional(word)
    role = key.text in ROLES
    notes = [f"a rule for `{key.text}` may give {', '.join(known)}"]
    alias = PARAMETER_ALIASES.get(name.text)
    close = did_you_mean(name.text, known)
    if name.text in parameters(word):
        message = f"every `{key.text}` says its own `{name.text}`: there is no default for it"
        fix = Fix("remove it")
        return error("E0202", message, name.span, notes=notes, fixes=[fix])
    message = f"`{key.text}` has no parameter `{name.text}`"
    if role:
        message = f"a rule for the role `{key.text}` cannot give `{name.text}`"
    if alias in known:
        fix = Fix(f"write `{alias}`", (Edit(name.span, str(alias)),), safe=True)
    elif role and name.text in parameters(Defaults):
        fix = Fix("give it to a kind of layer, Conv2D { … }, or to all of them")
    elif close:
        fix = Fix(f"did you mean `{close}`?", (Edit(name.span, close),))
    else:
        fix = Fix("give it to a kind of layer that has it" if role else "remove it")
    return error("E0202", message, name.span, notes=notes, fixes=[fix])
