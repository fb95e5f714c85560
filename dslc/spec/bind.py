"""A word and its arguments become a bound word, or diagnostics that say what to type.

Two steps, because names of parameters can be checked once and values only when they are known:
`match_arguments` pairs arguments with parameters, `bind` evaluates and validates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec.values import UNKNOWN, Result, Scope, evaluate
from dslc.syntax import tree
from dslc.vocab.word import Word, kind_of, parameters, unit_of

# What other libraries call a parameter: the fix-it that follows from it.
PARAMETER_ALIASES = {
    "out_features": "units",
    "out_channels": "filters",
    "kernel_size": "kernel",
    "strides": "stride",
    "pool_size": "size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "kernel_initializer": "init",
    "bias_initializer": "bias_init",
    "kernel_regularizer": "regularizer",
    "learning_rate": "lr",
    "eps": "epsilon",
    "p": "rate",
    "num_heads": "heads",
    "return_sequences": "sequences",
    "negative_slope": "slope",
    "restore_best_weights": "restore_best",
}


def match_arguments(
    word: type[Word], node: tree.Call | tree.Name
) -> tuple[dict[str, tree.Expr], list[Diagnostic]]:
    """The arguments of `node` by parameter name; diagnostics for unknown, doubled, missing ones."""
    fields = parameters(word)
    given = node.arguments if isinstance(node, tree.Call) else ()
    return pair_arguments(
        word.word,
        given,
        node,
        list(fields),
        positional=word.positional,
        required=[name for name, info in fields.items() if info.is_required()],
    )


def pair_arguments(
    owner: str,
    given: tuple[tree.Argument, ...],
    node: tree.Node,
    names: list[str],
    *,
    positional: int,
    required: list[str],
) -> tuple[dict[str, tree.Expr], list[Diagnostic]]:
    """Pair arguments with the parameters `names` of `owner`, a word or a block."""
    paired: dict[str, tree.Expr] = {}
    found: list[Diagnostic] = []
    spots: dict[str, tree.Argument] = {}
    for index, argument in enumerate(given):
        if argument.name is None:
            if index >= min(positional, len(names)):
                found.append(_too_many(owner, argument, names, positional))
                continue
            name = names[index]
        else:
            name = argument.name.text
            if name not in names:
                found.append(_unknown_parameter(owner, argument.name, names))
                continue
        if name in paired:
            first = Label(spots[name].span, "first given here")
            message = f"`{name}` is given twice to `{owner}`"
            found.append(error("E0205", message, argument.span, secondary=[first]))
            continue
        paired[name] = argument.value
        spots[name] = argument
    unknown = any(d.code == "E0202" for d in found)
    missing = [name for name in required if name not in paired]
    if missing and not unknown:
        listed = ", ".join(f"`{name}`" for name in missing)
        span = node.name.span if isinstance(node, tree.Call) else node.span
        message = f"`{owner}` needs {listed}"
        example = f"{owner}({', '.join(f'{name}=…' for name in missing)})"
        found.append(error("E0204", message, span, fixes=[Fix(f"write {example}")]))
    return paired, found


def _unknown_parameter(owner: str, name: tree.Name, names: list[str]) -> Diagnostic:
    alias = PARAMETER_ALIASES.get(name.text)
    if alias not in names:
        alias = None
    close = alias or did_you_mean(name.text, names)
    fixes = []
    if close:
        fix = f"write `{close}`" if alias else f"did you mean `{close}`?"
        fixes = [Fix(fix, (Edit(name.span, close),), safe=alias is not None)]
    elif name.text == "activation":
        fixes = [Fix(f"put the activation behind it: {owner}(…) -> relu")]
    listed = ", ".join(names) if names else "no parameters"
    return error(
        "E0202",
        f"`{owner}` has no parameter `{name.text}`",
        name.span,
        notes=[f"`{owner}` takes {listed}"],
        fixes=fixes,
    )


def _too_many(
    owner: str, argument: tree.Argument, names: list[str], positional: int
) -> Diagnostic:
    if len(names) > positional:
        rest = ", ".join(names[positional:])
        fixes = [Fix(f"give it by name; left are {rest}")]
    else:
        fixes = [Fix("remove it", (Edit(argument.span, ""),))]
    limit = min(positional, len(names))
    count = f"{limit} argument{'s' if limit != 1 else ''}" if limit else "no arguments"
    message = f"`{owner}` takes {count} without a name"
    return error("E0221", message, argument.span, "this one is too many", fixes=fixes)


def bind(
    word: type[Word],
    node: tree.Call | tree.Name,
    arguments: Mapping[str, tree.Expr],
    scope: Scope,
    defaults: Mapping[str, Any] | None = None,
) -> Result:
    """The word with its values; `UNKNOWN` and diagnostics when a value is wrong. `defaults` fill parameters
    that the spec does not give (the `defaults` section)."""
    fields = parameters(word)
    values: dict[str, Any] = {}
    found: list[Diagnostic] = []
    for name, expr in arguments.items():
        kind = kind_of(fields[name])
        value, new = evaluate(expr, scope, kind)
        if value is UNKNOWN:
            found += new
            continue
        if value is None and fields[name].default is None:
            values[name] = None
            continue
        try:
            values[name] = kind.accept(value)
        except (ValueError, TypeError):
            found.append(_bad_value(word, name, expr, value))
    if found:
        return UNKNOWN, found
    for name, default in (defaults or {}).items():
        if name not in arguments and name in fields and _is_usual(fields[name].default, name):
            values[name] = default
    try:
        bound = word.model_construct(**values)
    except (
        ValidationError
    ) as problem:  # a kind that disagrees with itself is a bug of ours
        raise AssertionError(problem) from problem
    problems = [
        error("E0203", message, node.span, label="") for message in bound.problems()
    ]
    return (UNKNOWN, problems) if problems else (bound, [])


def _bad_value(word: type[Word], name: str, expr: tree.Expr, value: Any) -> Diagnostic:
    info = parameters(word)[name]
    kind = kind_of(info)
    unit = unit_of(info)
    shown = show_value(value)
    written = expr.span.text
    got = (
        f"got {shown}"
        if written == shown
        else f"got `{_short(written)}`, which is {shown}"
    )
    fixes = []
    if isinstance(value, str) and kind.choices:
        close = did_you_mean(value, kind.choices)
        if close:
            fixes = [Fix(f"did you mean `{close}`?", (Edit(expr.span, close),))]
    message = f"`{name}` of `{word.word}` must be {kind.describe}{f' ({unit})' if unit else ''}"
    return error(
        "E0203", message, expr.span, got, fixes=fixes, notes=_hint(name, value)
    )


def _hint(name: str, value: Any) -> list[str]:
    if name == "rate" and isinstance(value, (int, float)) and 1 < value <= 100:
        return [f"a rate is the share that is dropped: {value:g} % is {value / 100:g}"]
    return []


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"


def show_value(value: Any) -> str:
    """A value as the language writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    text = getattr(value, "text", None)
    if text is not None:
        return str(text)
    if isinstance(value, tuple) and value and all(type(v) is int for v in value):
        return "x".join(map(str, value))
    if isinstance(value, tuple):
        return f"({', '.join(map(show_value, value))})"
    if isinstance(value, Word):
        return f"the {value.kind} `{value.word}`"
    if hasattr(value, "shape"):
        return f"the tensor {value}"
    return str(value)


def _is_usual(default: Any, name: str) -> bool:
    """Whether a parameter's own default is what most layers do: only then does `defaults` speak for it. An
    embedding or a `prelu` has first values of its own kind."""
    usual = {"init": "glorot_uniform", "bias_init": "zeros"}
    return bool(getattr(default, "word", default) == usual.get(name, default))
