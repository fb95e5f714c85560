"""Rows for recurrent layers: torch's own, which give all states and the last one as a pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dslc.codegen.departures import Departure
from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import (
    Assign,
    Attr,
    Call,
    Expr,
    Index,
    Lit,
    Ref,
    Slice,
    Statement,
    TupleOf,
    UnaryOp,
    call,
    method,
)
from dslc.vocab import initializers
from dslc.vocab.layers import recurrent
from dslc_torch.weights import Law
from dslc_torch.words.table import TABLE, law, module

TWO_BIASES = Departure(
    "two_biases",
    "torch has two biases, and both train: their sum moves twice as far, and there is one more to count",
    "`LSTM`, `SimpleRNN`",
    updates=True,
)
DEPARTURES = (TWO_BIASES,)
CLASSES: dict[type[recurrent.Recurrent], str] = {
    recurrent.SimpleRNN: "nn.RNN",
    recurrent.LSTM: "nn.LSTM",
    recurrent.GRU: "nn.GRU",
}


@TABLE.row(recurrent.SimpleRNN, recurrent.LSTM, recurrent.GRU)
def one_way(word: recurrent.Recurrent, context: Context) -> Op:
    return _layer(word, context, both_ways=False)


@TABLE.row(recurrent.Bidirectional)
def both_ways(word: recurrent.Bidirectional, context: Context) -> Op:
    return _layer(word.layer, context, both_ways=True)


def _layer(word: recurrent.Recurrent, context: Context, *, both_ways: bool) -> Op:
    (x,) = context.apply.inputs
    made = module(
        context,
        CLASSES[type(word)],
        context.write(x.channels),
        context.write(word.units),
        batch_first=True,
        bidirectional=both_ways or None,
        layout="last",
        stem=word.word.lower().removeprefix("simple"),
        weights=tuple(_laws(word, context, "", True) + _laws(word, context, "_reverse", both_ways)),
    )
    call_, steps = _reading(
        context.number(word.sequences), isinstance(word, recurrent.LSTM), both_ways
    )
    return Op(made.make, None, call_, made.stem, made.layout, weights=made.weights, steps=steps)


def _reading(sequences: bool, cell: bool, both_ways: bool) -> tuple[Any, Any]:
    """How the result is taken from the pair: as one expression, and as statements."""

    def last(states: Expr) -> Expr:
        """From the last states, (directions, N, units)."""
        if both_ways:
            return call("torch.cat", TupleOf((_at(states, 0), _at(states, 1))), dim=-1)
        return _at(states, -1)

    def call_(layer: Expr, x: Expr) -> Expr:
        every = Index(Call(layer, (x,)), (Lit(0),))
        if sequences:
            return every
        if not both_ways:
            return Index(every, (Slice(), UnaryOp("-", Lit(1))))
        states = Index(Call(layer, (x,)), (Lit(1),))
        states = Index(states, (Lit(0),)) if cell else states
        return method(method(states, "transpose", 0, 1), "flatten", 1)

    def steps(layer: Expr, variable: Expr, x: Expr) -> tuple[tuple[Statement, ...], Expr]:
        skip = Ref("_")
        if sequences:
            return (Assign((TupleOf((variable, skip)),), Call(layer, (x,))),), variable
        states: Expr = TupleOf((variable, skip)) if cell else variable
        return (Assign((TupleOf((skip, states)),), Call(layer, (x,))),), last(variable)

    return call_, steps


def _at(value: Expr, index: int) -> Expr:
    return Index(value, (Lit(index) if index >= 0 else UnaryOp("-", Lit(-index)),))


def _second_bias(word: recurrent.Recurrent, context: Context, ending: str) -> Law:
    if context.own(TWO_BIASES, word=word.word):
        return law(context, f"bias_hh_l0{ending}", initializers.Zeros())
    return Law(
        f"bias_hh_l0{ending}",
        lambda w: method(call("nn.init.zeros_", w), "requires_grad_", False),
        "none",
        comment="" if ending else "one bias is enough",
    )


def _laws(word: recurrent.Recurrent, context: Context, ending: str, present: bool) -> list[Law]:
    """The four parameters of one direction. Where the spec has one bias, torch's second one stays zero."""
    guard = (lambda module: Attr(module, "bidirectional")) if ending else None
    bias: Any = word._bias_law()
    found = [
        law(
            context,
            f"weight_ih_l0{ending}",
            word.init,
            penalty=word.regularizer,
            constraint=word.constraint,
        ),
        law(
            context,
            f"weight_hh_l0{ending}",
            word.recurrent_init,
            penalty=word.recurrent_regularizer,
            constraint=word.recurrent_constraint,
        ),
        law(context, f"bias_ih_l0{ending}", bias, penalty=word.bias_regularizer),
        law(context, f"bias_hh_l0{ending}", bias, penalty=word.bias_regularizer)
        if isinstance(word, recurrent.GRU)
        else _second_bias(word, context, ending),
    ]
    if not present:
        found = [replace(each, penalty=None, constraint=None) for each in found]
    return [replace(each, present=present, guard=guard) for each in found]
