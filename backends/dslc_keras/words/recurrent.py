"""Rows for recurrent layers."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Expr
from dslc.vocab.layers import recurrent
from dslc_keras.words.table import TABLE, constraint, initializer, layer, regularizer, unless


@TABLE.row(recurrent.SimpleRNN, recurrent.LSTM, recurrent.GRU)
def one_way(word: recurrent.Recurrent, context: Context) -> Op:
    return Op(_made(word, context), stem=word.word.lower())


def _made(word: recurrent.Recurrent, context: Context) -> Expr:
    made = layer(
        context,
        word.word,
        context.write(word.units),
        return_sequences=unless(word.sequences, False),
        kernel_initializer=initializer(word.init, context, "glorot_uniform"),
        recurrent_initializer=initializer(word.recurrent_init, context, "orthogonal"),
        bias_initializer=initializer(word.bias_init, context, "zeros"),
        kernel_regularizer=regularizer(word.regularizer, context),
        recurrent_regularizer=regularizer(word.recurrent_regularizer, context),
        bias_regularizer=regularizer(word.bias_regularizer, context),
        kernel_constraint=constraint(word.constraint, context, 0),
        recurrent_constraint=constraint(word.recurrent_constraint, context, 0),
    )
    assert made.make is not None
    return made.make


@TABLE.row(recurrent.Bidirectional)
def both_ways(word: recurrent.Bidirectional, context: Context) -> Op:
    return layer(context, "Bidirectional", _made(word.layer, context))
