"""A word and its arguments become a bound word, or diagnostics that say what to type.

Two steps, because names of parameters can be checked once and values only when they are known:
`match_arguments` pairs arguments with parameters, `bind` evaluates and validates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec.defaults import LayerDefaults
from dslc.spec.habits import (
    INFERRED,
    PARAMETER_ALIASES,
    argument_gone,
    misread_arguments,
    other_library,
)
from dslc.spec.refuse import bad_value, not_concrete, show_value
from dslc.spec.values import UNKNOWN, Result, Scope, evaluate
from dslc.syntax import tree
from dslc.vocab.dims import Sym
from dslc.vocab.kinds import BareName, Computed, Flag, Kind, OrNone, Param, Real, Sizes
from dslc.vocab.word import Word, kind_of, parameters, words
from dslc.vocab.word import defaults as defaults_of

__all__ = ["bind", "blocks", "match_arguments", "pair_arguments", "part_of", "show_value"]

MAX_WHOLE = 10**9


def blocks(found: list[Diagnostic]) -> bool:
    """Whether these mistakes leave a use without a meaning; names of other libraries do not."""
    return any(not (d.fixes and d.fixes[0].safe) for d in found)


def match_arguments(
    word: type[Word], node: tree.Call | tree.Name
) -> tuple[dict[str, tree.Expr], list[Diagnostic]]:
    """The arguments of `node` by parameter name; diagnostics for unknown, doubled, missing ones."""
    fields = parameters(word)
    misread = misread_arguments(word, node)
    if misread is not None:
        return {}, [misread]
    return pair_arguments(
        word.word,
        node,
        {name: info.description or "" for name, info in fields.items()},
        positional=word.positional,
        required=[name for name, info in fields.items() if info.is_required()],
    )


def pair_arguments(
    owner: str,
    node: tree.Call | tree.Name,
    names: Mapping[str, str],
    *,
    positional: int,
    required: list[str],
) -> tuple[dict[str, tree.Expr], list[Diagnostic]]:
    """Pair the arguments of `node` with the parameters of `owner`, a word or a block: `names` with what they
    mean. A name of another library counts as ours."""
    given = node.arguments if isinstance(node, tree.Call) else ()
    ordered = list(names)
    limit = min(positional, len(ordered))
    surplus = [a for a in given[limit:] if a.name is None]
    paired: dict[str, tree.Expr] = {}
    found: list[Diagnostic] = []
    spots: dict[str, tree.Argument] = {}
    for index, argument in enumerate(given):
        if argument.name is None:
            if index >= limit:
                if argument is surplus[0]:
                    found.append(_too_many(owner, surplus, given, ordered, limit))
                continue
            name = ordered[index]
        else:
            name = argument.name.text
            if name not in names:
                assert isinstance(node, tree.Call)
                found.append(_unknown_parameter(owner, argument, node, ordered))
                name = PARAMETER_ALIASES.get(name, "")
                if name not in names:
                    continue
        if name in paired:
            found.append(_twice(owner, name, argument, spots[name], given))
            continue
        paired[name] = argument.value
        spots[name] = argument
    missing = [name for name in required if name not in paired]
    if missing and not blocks(found):
        found.append(_missing(owner, node, missing, names))
    return paired, found


def _missing(
    owner: str, node: tree.Call | tree.Name, missing: list[str], names: Mapping[str, str]
) -> Diagnostic:
    listed = " and ".join(f"`{name}`" for name in missing)
    span = node.name.span if isinstance(node, tree.Call) else node.span
    written = ", ".join(f"{name}=…" for name in missing)
    if isinstance(node, tree.Call):
        given = ", ".join(a.span.text for a in node.arguments)
        written = f"{given}, {written}" if given else written
    notes = [f"{name}: {names[name]}" for name in missing if names[name]]
    fix = Fix(f"write {owner}({written})")
    return error("E0204", f"`{owner}` needs {listed}", span, notes=notes, fixes=[fix])


def _twice(
    owner: str,
    name: str,
    argument: tree.Argument,
    first: tree.Argument,
    given: tuple[tree.Argument, ...],
) -> Diagnostic:
    there = [Label(first.span, "first given here")]
    fix = Fix("remove one of them", (argument_gone(argument, given),))
    message = f"`{name}` is given twice to `{owner}`"
    return error("E0205", message, argument.span, secondary=there, fixes=[fix])


def _unknown_parameter(
    owner: str, argument: tree.Argument, node: tree.Call, names: list[str]
) -> Diagnostic:
    assert argument.name is not None
    name = argument.name
    notes = [f"`{owner}` takes {', '.join(names)}" if names else f"`{owner}` takes no parameters"]
    message = f"`{owner}` has no parameter `{name.text}`"
    if name.text == "activation" and owner in words("flow"):
        return _activation(owner, node, argument)
    alias = PARAMETER_ALIASES.get(name.text)
    elsewhere = other_library(owner, argument, node)
    if elsewhere is not None:
        return error("E0202", message, name.span, notes=notes, fixes=[elsewhere])
    close = did_you_mean(name.text, names)
    if alias in names:
        fix = Fix(f"write `{alias}`", (Edit(name.span, str(alias)),), safe=True)
    elif name.text in INFERRED:
        notes = [f"`{name.text}` is inferred, or decided by the backend"]
        fix = Fix("remove it", (argument_gone(argument, node.arguments),), safe=True)
    elif close:
        fix = Fix(f"did you mean `{close}`?", (Edit(name.span, close),))
    else:
        fix = Fix("remove it", (argument_gone(argument, node.arguments),))
    return error("E0202", message, name.span, notes=notes, fixes=[fix])


def _activation(owner: str, node: tree.Call, argument: tree.Argument) -> Diagnostic:
    """`Dense(10, activation=relu)`: here an activation is a step of its own."""
    value = argument.value
    name = value.value if isinstance(value, tree.String) else value.span.text
    edits = (argument_gone(argument, node.arguments), Edit(node.span.after(), f" -> {name}"))
    fix = Fix(f"write -> {name} behind `{owner}`", edits, safe=name in words("activation"))
    message = "an activation is a step of its own, not a parameter"
    return error("E0202", message, argument.span, fixes=[fix])


def activation_argument(word: type[Word], node: tree.Call | tree.Name) -> Diagnostic | None:
    """`Conv2D(32, 3x3, relu)`: the activation as an argument without a name."""
    kinds = [kind_of(info) for info in parameters(word).values()]
    if any("activation" in kind.word_kinds for kind in kinds):
        return None
    for argument in node.arguments if isinstance(node, tree.Call) else ():
        value = argument.value
        name = value.text if isinstance(value, tree.Name) else ""
        if argument.name is None and name in words("activation"):
            assert isinstance(node, tree.Call)
            return _activation(word.word, node, argument)
    return None


def _too_many(
    owner: str,
    surplus: list[tree.Argument],
    given: tuple[tree.Argument, ...],
    names: list[str],
    limit: int,
) -> Diagnostic:
    """Arguments that must be named: one can only be guessed, several are in the order of the parameters."""
    taken = {a.name.text for a in given if a.name is not None}
    rest = [name for name in names[limit:] if name not in taken]
    first, several = surplus[0], len(surplus) > 1
    fix = Fix("remove it", (argument_gone(first, given),))
    label = "these are too many" if several else "this one is too many"
    if several and len(surplus) <= len(rest):
        pairs = [*zip(surplus, rest, strict=False)]
        written = ", ".join(f"{name}={a.span.text}" for a, name in pairs)
        edits = tuple(Edit(a.span.before(), f"{name}=") for a, name in pairs)
        fix = Fix(f"give them by name: {written}", edits)
    elif several:
        fix = Fix("remove them")
    elif rest:
        edit = Edit(first.span.before(), f"{rest[0]}=")
        fix = Fix(f"give it by name: {' or '.join(rest[:6])}", (edit,) if len(rest) == 1 else ())
    count = f"{limit} argument{'s' if limit != 1 else ''}" if limit else "no arguments"
    message = f"`{owner}` takes {count} without a name"
    span = first.span.to(surplus[-1].span)
    return error("E0221", message, span, label, fixes=[fix])


def bind(
    word: type[Word],
    node: tree.Call | tree.Name,
    arguments: Mapping[str, tree.Expr],
    scope: Scope,
    defaults: LayerDefaults | None = None,
    *,
    names: bool = False,
) -> Result:
    """The word with its values; `UNKNOWN` and diagnostics when a value is wrong. `defaults` fill parameters
    that the spec does not give (the `defaults` section). With `names`, values may be names of a block."""
    values, found = bind_values(word, arguments, scope, names=names)
    if found or len(values) < len(arguments):
        return UNKNOWN, found
    bound = word.model_construct(**values)
    if defaults is not None:
        bound = defaults.settle(bound)
    for message in bound.problems():
        fix = _way_out(word, message, values, arguments)
        return UNKNOWN, [error("E0203", message, node.span, fixes=[fix])]
    return bound, []


def _way_out(
    word: type[Word], message: str, values: Mapping[str, Any], arguments: Mapping[str, tree.Expr]
) -> Fix:
    """One value that, at its default, would let the others stand; those that the message names come first."""
    usual = defaults_of(word)
    latest = [*arguments][::-1]
    ordered = sorted(latest, key=lambda name: f"`{name}" not in message)
    for name in ordered:
        if name not in usual or usual[name] == values.get(name):
            continue
        for other in [*_neighbours(values.get(name), message), usual[name]]:
            tried = word.model_construct(**{**values, name: other})
            if next(tried.problems(), None) is None:
                shown = _usual_text(other)
                edits = (Edit(arguments[name].span, shown),)
                return Fix(f"write {name}={shown}", edits)
    return Fix(f"give `{ordered[0]}` another value" if ordered else "change one of these values")


def _neighbours(value: Any, message: str) -> list[int]:
    """The whole numbers next to `value` that the message offers: `3 or 5`."""
    if type(value) is not int:
        return []
    return [n for n in (value + 1, value - 1) if f" {n}" in message]


def _usual_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    if isinstance(value, Word):
        return value.word
    return show_value(value)


def bind_values(
    word: type[Word], arguments: Mapping[str, tree.Expr], scope: Scope, *, names: bool = False
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The value of every argument that has one."""
    fields = parameters(word)
    values: dict[str, Any] = {}
    found: list[Diagnostic] = []
    for name, expr in arguments.items():
        kind = kind_of(fields[name])
        value, new = evaluate(expr, scope, kind, f"`{name}` of `{word.word}`")
        found += new
        if value is UNKNOWN:
            continue
        if isinstance(value, Word) and value.word in kind.choices:
            value = BareName(value.word)  # `tanh` is an activation, and a choice of some layers
        if not names and _open(value, kind):
            found.append(not_concrete(word, name, expr, value))
        elif names and not _can_be_written(value, kind):
            continue
        elif value is None and fields[name].default is None:
            values[name] = None
        else:
            try:
                values[name] = _accept(kind, value)
            except (ValueError, TypeError, OverflowError):
                found.append(bad_value(word, name, expr, value))
    return values, found


def part_of(word: type[Word], arguments: Mapping[str, tree.Expr], scope: Scope) -> Any:
    """The word without the values that are wrong: asking for one of them is an `AttributeError`."""
    values, _ = bind_values(word, arguments, scope)
    part = word.model_construct(**values)
    for name in parameters(word):
        if name not in values and (name in arguments or parameters(word)[name].is_required()):
            part.__dict__.pop(name, None)
    return part


def _accept(kind: Kind, value: Any) -> Any:
    if type(value) is int and abs(value) > MAX_WHOLE:
        raise ValueError
    if isinstance(value, tuple) and any(type(v) is int and v > MAX_WHOLE for v in value):
        raise ValueError
    return kind.accept(value)


def _open(value: Any, kind: Kind) -> bool:
    """Whether a value that must be known depends on a size that only the data will tell. `Reshape` alone takes
    such sizes."""
    if isinstance(value, tuple) and isinstance(kind, Sizes):
        return any(isinstance(v, (Param, Computed)) for v in value)
    items = value if isinstance(value, tuple) else (value,)
    return any(isinstance(v, (Sym, Param, Computed)) for v in items)


def _can_be_written(value: Any, kind: Kind) -> bool:
    """Whether a name of a block can stand for a value of this kind: arithmetic on sizes needs a `Sym`."""
    items = value if isinstance(value, tuple) else (value,)
    while isinstance(kind, OrNone):
        kind = kind.item
    if isinstance(kind, (Real, Flag)):
        return not (isinstance(kind, Flag) and isinstance(value, Sym))
    return not any(isinstance(v, (Param, Computed)) for v in items)
