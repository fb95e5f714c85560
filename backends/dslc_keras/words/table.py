"""The table of Keras' rows and what many of them share."""

from __future__ import annotations

from typing import Any, get_args

from dslc.codegen.emission import Context, Op, Table
from dslc.codegen.nodes import Call, Expr, Kw, ListOf, Lit, Ref
from dslc.vocab.kinds import Computed, Param
from dslc.vocab.word import Word

TABLE = Table()
EXPRESSIONS = get_args(Expr)


def layer(context: Context, name: str, *args: Expr, **options: Any) -> Op:
    """`layers.<name>(args, option=…)`; an option that is None is left out."""
    given = tuple(
        Kw(key, value if isinstance(value, EXPRESSIONS) else context.write(value))
        for key, value in options.items()
        if value is not None
    )
    return Op(Call(Ref(f"layers.{name}"), args, given), stem=name.lower())


def unless(value: Any, default: Any) -> Any:
    """`value`, or None where it is what Keras does anyway."""
    if isinstance(value, (Param, Computed)):
        return value
    return None if value == default else value


# Words that Keras has under another name, and their parameters.
NAMES = {
    "normal": ("random_normal", {"std": "stddev"}),
    "truncated_normal": ("truncated_normal", {"std": "stddev"}),
    "uniform": ("random_uniform", {"low": "minval", "high": "maxval"}),
}


def initializer(word: Word, context: Context, default: str) -> Expr | None:
    """The argument for an initialiser; None where it is the layer's default."""
    name, renamed = NAMES.get(word.word, (word.word, {}))
    given = {
        key: context.write(value)
        for key, value in word
        if unless(value, type(word).model_fields[key].default) is not None
    }
    if not given:
        return None if word.word == default else Lit(name)
    function = Ref("keras.initializers." + "".join(map(str.capitalize, name.split("_"))))
    if len(given) == 1 and len(type(word).model_fields) == 1:
        return Call(function, tuple(given.values()))
    return Call(function, (), tuple(Kw(renamed.get(k, k), v) for k, v in given.items()))


def regularizer(word: Word | None, context: Context) -> Expr | None:
    """The argument for a penalty; None where there is none."""
    if word is None:
        return None
    if word.word == "l1_l2":
        options = tuple(Kw(key, context.write(value)) for key, value in word)
        return Call(Ref("keras.regularizers.L1L2"), (), options)
    strength = next(value for _, value in word)
    return Call(Ref(f"keras.regularizers.{word.word.upper()}"), (context.write(strength),))


CONSTRAINTS = {"max_norm": "MaxNorm", "unit_norm": "UnitNorm", "non_negative": "NonNeg"}


def constraint(word: Word | None, context: Context, *axes: int) -> Expr | None:
    """The argument for a constraint; None where there is none. A norm is taken over `axes`: those of the weights
    of one unit."""
    if word is None:
        return None
    limits = tuple(context.write(value) for _, value in word)
    axis: Expr = Lit(axes[0]) if len(axes) == 1 else ListOf(tuple(map(Lit, axes)))
    options = () if word.word == "non_negative" else (Kw("axis", axis),)
    return Call(Ref(f"keras.constraints.{CONSTRAINTS[word.word]}"), limits, options)
