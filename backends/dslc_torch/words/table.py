"""The table of torch's rows and what many of them share."""

from __future__ import annotations

from typing import Any, get_args

from dslc.codegen.departures import Departure
from dslc.codegen.emission import Context, Layout, Op, Table
from dslc.codegen.nodes import Attr, Call, Expr, Kw, Ref, call
from dslc.vocab import initializers
from dslc.vocab.kinds import Computed, Param
from dslc.vocab.layers import recurrent
from dslc.vocab.word import Word
from dslc_torch.weights import Law

TABLE = Table()
EXPRESSIONS = get_args(Expr)


def module(
    context: Context,
    name: str,
    *args: Expr,
    layout: Layout = "any",
    stem: str = "",
    weights: tuple[Law, ...] = (),
    **options: Any,
) -> Op:
    """`nn.<name>(args, option=…)` (or a helper class without a dot); an option that is None is left out."""
    given = tuple(
        Kw(key, item if isinstance(item, EXPRESSIONS) else context.write(item))
        for key, item in options.items()
        if item is not None
    )
    return Op(Call(Ref(name), args, given), stem=stem, layout=layout, weights=weights)


def unless(value: Any, default: Any) -> Any:
    """`value`, or None where it is what torch does anyway."""
    if isinstance(value, (Param, Computed)):
        return value
    return None if value == default else value


# What fills a tensor by a law of no parameters. torch's normal laws are not cut: those are helpers.
PLAIN = {
    "glorot_uniform": "nn.init.xavier_uniform_",
    "orthogonal": "nn.init.orthogonal_",
    "zeros": "nn.init.zeros_",
    "ones": "nn.init.ones_",
}
CUT_NORMAL = ("glorot_normal", "he_normal", "lecun_normal")
UNCUT_NORMAL: dict[str, tuple[str, dict[str, str]]] = {
    "glorot_normal": ("nn.init.xavier_normal_", {}),
    "he_normal": ("nn.init.kaiming_normal_", {"nonlinearity": "relu"}),
    "lecun_normal": ("nn.init.kaiming_normal_", {"nonlinearity": "linear"}),
}
UNCUT = Departure(
    "uncut_normal",
    "first weights have the same variance, but are not cut at two standard deviations",
    "`glorot_normal`, `he_normal`, `lecun_normal`",
)
UNSHRUNK = Departure(
    "max_norm",
    "weights within the limit stay as they are; by the language's formula each update makes them shorter by 1e-7",
    "`max_norm`",
    updates=True,
)
DEPARTURES = (UNCUT, UNSHRUNK)
GAINS = {"he_uniform": "relu", "lecun_uniform": "linear"}


def law(
    context: Context,
    attribute: str,
    word: Word,
    *,
    present: bool | None = True,
    penalty: Word | None = None,
    constraint: Word | None = None,
    units: int = 0,
    owner: str = "",
    table: bool = False,
) -> Law:
    """How `word` fills the parameter `attribute` of a layer, or of its parts of the class `owner`.

    A `table` has its axes as in the spec; other parameters have those of the outputs first.
    """
    for _, item in word:
        context.number(item)  # the laws of all layers stand together, outside of blocks
    key = word.word, table, tuple(item for _, item in word)
    turned = table and isinstance(word, initializers._Scaled) and word.over == "fan_in"
    function = None if turned else _function(context, word)

    def init(tensor: Expr) -> Expr:
        if turned:
            return law(context, attribute, word).init(Attr(tensor, "T"))
        if function is not None:
            return Call(function, (tensor,))
        return _fill(context, word, tensor)

    if present is False:
        penalty = constraint = None
    if constraint is not None and constraint.word == "max_norm":
        context.own(UNSHRUNK, word=constraint.word)
    return Law(attribute, init, key, function, present, penalty, owner, None, "", constraint, units)


def _function(context: Context, word: Word) -> Expr | None:
    """The function that fills a tensor, where it needs nothing but that."""
    if word.word in CUT_NORMAL:
        if context.own(UNCUT, word=word.word):
            function, options = UNCUT_NORMAL[word.word]
            return Ref(function) if not options else None
        context.need_helper(f"{word.word}_")
        return Ref(f"{word.word}_")
    plain = all(item == type(word).model_fields[name].default for name, item in word)
    return Ref(PLAIN[word.word]) if plain and word.word in PLAIN else None


def _fill(context: Context, word: Any, tensor: Expr) -> Expr:
    write = context.write
    match word:
        case initializers._Scaled() if word.word in UNCUT_NORMAL:
            function, options = UNCUT_NORMAL[word.word]
            return call(function, tensor, **options)
        case initializers._Scaled():
            return call("nn.init.kaiming_uniform_", tensor, nonlinearity=GAINS[word.word])
        case initializers.Orthogonal():
            return call("nn.init.orthogonal_", tensor, gain=write(word.gain))
        case initializers.Normal():
            return call("nn.init.normal_", tensor, write(word.mean), write(word.std))
        case initializers.TruncatedNormal():
            low, high = word.mean - 2 * word.std, word.mean + 2 * word.std
            given = (write(item) for item in (word.mean, word.std, low, high))
            return call("nn.init.trunc_normal_", tensor, *given)
        case initializers.Uniform():
            return call("nn.init.uniform_", tensor, write(word.low), write(word.high))
        case initializers.Constant():
            return call("nn.init.constant_", tensor, write(word.value))
        case recurrent.ForgetBias():
            context.need_helper("forget_bias_")
            inner = law(context, "", word.others)
            return call("forget_bias_", inner.init(tensor))
    raise AssertionError(word)
