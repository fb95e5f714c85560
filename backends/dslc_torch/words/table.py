"""The table of torch's rows and what many of them share."""

from __future__ import annotations

from typing import Any, get_args

from dslc.codegen.emission import Context, Layout, Op, Table
from dslc.codegen.nodes import Call, Expr, Kw, Ref, call
from dslc.vocab.kinds import Computed, Param
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


# Laws that torch has under another name. Normal laws are truncated, which torch's are not: those are helpers.
PLAIN = {
    "glorot_uniform": "nn.init.xavier_uniform_",
    "zeros": "nn.init.zeros_",
    "ones": "nn.init.ones_",
}
HELPERS = ("glorot_normal", "he_normal", "lecun_normal", "he_uniform", "lecun_uniform")


def law(
    context: Context,
    attribute: str,
    word: Word,
    *,
    present: bool | None = True,
    penalty: Word | None = None,
) -> Law:
    """How `word` fills the parameter `attribute` of a layer."""
    if word.word in PLAIN:
        function: Expr = Ref(PLAIN[word.word])
    elif word.word in HELPERS:
        context.need_helper(f"{word.word}_")
        function = Ref(f"{word.word}_")
    else:
        raise AssertionError(word)
    return Law(attribute, lambda tensor: call(function, tensor), word, function, present, penalty)
