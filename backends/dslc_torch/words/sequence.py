"""Rows for tokens and sequences: embeddings and attention."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Call, Expr, method
from dslc.vocab.layers import sequence
from dslc_torch.words.table import TABLE, law, module, unless


@TABLE.row(sequence.Embedding)
def embedding(word: sequence.Embedding, context: Context) -> Op:
    (x,) = context.apply.inputs
    made = module(
        context,
        "nn.Embedding",
        context.write(word.vocabulary),
        context.write(word.dim),
        stem="embedding",
        weights=(
            law(
                context,
                "weight",
                word.init,
                penalty=word.regularizer,
                constraint=word.constraint,
                table=True,
            ),
        ),
    )
    if x.rank < 2:
        return made

    def channels_first(layer: Expr, ids: Expr) -> Expr:
        return method(Call(layer, (ids,)), "movedim", -1, 1)

    return Op(made.make, call=channels_first, stem=made.stem, weights=made.weights)


@TABLE.row(sequence.PositionEmbedding)
def position_embedding(word: sequence.PositionEmbedding, context: Context) -> Op:
    (x,) = context.apply.inputs
    context.need_helper("PositionEmbedding")
    return module(
        context,
        "PositionEmbedding",
        context.write(word._length(x)),
        context.write(x.channels),
        layout="last",
        stem="positions",
        weights=(law(context, "weight", word.init, table=True),),
    )


@TABLE.row(sequence.MultiHeadAttention)
def attention(word: sequence.MultiHeadAttention, context: Context) -> Op:
    query, value = context.apply.inputs[0], context.apply.inputs[-1]
    context.need_helper("MultiHeadAttention")
    present = word.bias if context.known(word.bias) else None
    return module(
        context,
        "MultiHeadAttention",
        context.write(query.channels),
        context.write(word.heads),
        key_dim=word.key_dim,
        value_channels=None if value.channels == query.channels else value.channels,
        causal=unless(word.causal, False),
        bias=unless(word.bias, True),
        dropout=unless(word.dropout, 0.0),
        layout="last",
        stem="attention",
        weights=(
            law(context, "weight", word.init, penalty=word.regularizer, owner="nn.Linear"),
            law(
                context,
                "bias",
                word.bias_init,
                present=present,
                penalty=word.bias_regularizer,
                owner="nn.Linear",
            ),
        ),
    )
