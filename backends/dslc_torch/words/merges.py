"""Rows for merges: operators on tensors. Images and volumes come with their channels first."""

from __future__ import annotations

from functools import reduce

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import BinOp, Expr, Index, Lit, Slice, call, lit, method
from dslc.vocab import merges
from dslc_torch.words.table import TABLE


def _joined(operator: str, xs: tuple[Expr, ...]) -> Expr:
    return reduce(lambda a, b: BinOp(operator, a, b), xs)


@TABLE.row(merges.Add)
def add(word: merges.Add, context: Context) -> Op:
    return Op(inline=lambda *xs: _joined("+", xs))


@TABLE.row(merges.Subtract)
def subtract(word: merges.Subtract, context: Context) -> Op:
    return Op(inline=lambda *xs: _joined("-", xs))


@TABLE.row(merges.Average)
def average(word: merges.Average, context: Context) -> Op:
    return Op(inline=lambda *xs: BinOp("/", _joined("+", xs), Lit(len(xs))))


@TABLE.row(merges.Maximum)
def maximum(word: merges.Maximum, context: Context) -> Op:
    return Op(inline=lambda *xs: reduce(lambda a, b: call("torch.maximum", a, b), xs))


@TABLE.row(merges.Multiply)
def multiply(word: merges.Multiply, context: Context) -> Op:
    """Features among images stand at every place: `s[:, :, None, None]`."""
    ranks = [x.rank for x in context.apply.inputs]
    whole = max(ranks)

    def spread(x: Expr, rank: int) -> Expr:
        if rank == whole:
            return x
        new = (Lit(None),) * (whole - rank)
        return Index(x, (Slice(), *new) if whole == 2 else (Slice(), Slice(), *new))

    return Op(inline=lambda *xs: _joined("*", tuple(map(spread, xs, ranks))))


@TABLE.row(merges.Concat)
def concat(word: merges.Concat, context: Context) -> Op:
    rank = context.apply.output.rank
    axis = context.number(word.axis)
    axis = axis if axis > 0 else rank + 1 + axis  # counts from 1 behind the batch, channels last
    channels, place = (1, axis + 1) if rank >= 3 else (-1, axis)
    dim = channels if axis == rank else place
    return Op(inline=lambda *xs: call("torch.cat", lit(list(xs)), dim=dim))


@TABLE.row(merges.Dot)
def dot(word: merges.Dot, context: Context) -> Op:
    if context.number(word.normalize):
        return Op(inline=lambda a, b: method(call("F.cosine_similarity", a, b), "unsqueeze", -1))
    return Op(inline=lambda a, b: method(BinOp("*", a, b), "sum", -1, keepdim=True))
