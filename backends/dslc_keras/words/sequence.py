"""Rows for tokens and sequences: embeddings and attention."""

from __future__ import annotations

from dataclasses import replace

from dslc.codegen.departures import Departure
from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Call, Expr, Kw, Ref, call
from dslc.plan.training import TrainingPlan
from dslc.vocab.dims import equal
from dslc.vocab.layers import sequence
from dslc.vocab.optimizers import SGD
from dslc.vocab.tensor import Tensor
from dslc_keras.words.table import TABLE, constraint, initializer, layer, regularizer, unless


def _squares(plan: TrainingPlan | None) -> bool:
    """Whether gradients are squared: by optimisers that adapt, and by clips."""
    return plan is None or any(p.clip or not isinstance(p.optimizer, SGD) for p in plan.phases)


SPARSE = Departure(
    "sparse_gradient",
    "the gradient of the table has a row for each token of the batch: those of a token that is there twice are "
    "squared, or clipped, before they are added",
    "`Embedding`, unless `SGD` trains it without a clip",
    _squares,
    updates=True,
)


@TABLE.row(sequence.Embedding)
def embedding(word: sequence.Embedding, context: Context) -> Op:
    """With a penalty, if only of zero: it makes the gradient of the table dense.

    A sparse gradient has a row for each token of the batch, and Keras' optimisers and clipping square the rows
    of a repeated token before they add them.
    """
    penalty = regularizer(word.regularizer, context)
    sparse = penalty is None and context.own(SPARSE)
    made = layer(
        context,
        "Embedding",
        context.write(word.vocabulary),
        context.write(word.dim),
        embeddings_initializer=initializer(word.init, context, "uniform"),
        embeddings_regularizer=None if sparse else penalty or call("keras.regularizers.L2", 0.0),
        embeddings_constraint=constraint(word.constraint, context, 1),
    )
    if penalty is not None or sparse:
        return made
    return replace(
        made,
        note="The zero penalty makes the gradient of the table dense: in a sparse one Keras"
        " squares the rows of a repeated token before it adds them.",
    )


@TABLE.row(sequence.PositionEmbedding)
def position_embedding(word: sequence.PositionEmbedding, context: Context) -> Op:
    (x,) = context.apply.inputs
    context.need_helper("PositionEmbedding")
    made = layer(
        context,
        "PositionEmbedding",
        context.write(word._length(x)),
        initializer=initializer(word.init, context, "uniform"),
    )
    assert isinstance(made.make, Call)
    return replace(made, make=replace(made.make, func=Ref("PositionEmbedding")))


def _one_axis_for_heads(
    word: sequence.MultiHeadAttention, inputs: tuple[Tensor, ...]
) -> str | None:
    """Keras' addition takes biases of the shape (heads, 1) for one number per step where there are as many steps
    as heads."""
    if word.bias is not True or word.head_size(inputs[0]) != 1 or word.heads == 1:
        return None
    if all(equal(x.shape[0], word.heads) is False for x in inputs):
        return None
    return "Keras misplaces the biases of heads of size 1 where there are as many steps: write `bias=false`"


TABLE.limits[sequence.MultiHeadAttention] = _one_axis_for_heads


@TABLE.row(sequence.MultiHeadAttention)
def attention(word: sequence.MultiHeadAttention, context: Context) -> Op:
    made = layer(
        context,
        "MultiHeadAttention",
        context.write(word.heads),
        context.write(word.head_size(context.apply.inputs[0])),
        dropout=unless(word.dropout, 0.0),
        use_bias=unless(word.bias, True),
        kernel_initializer=initializer(word.init, context, "glorot_uniform"),
        bias_initializer=initializer(word.bias_init, context, "zeros"),
        kernel_regularizer=regularizer(word.regularizer, context),
        bias_regularizer=regularizer(word.bias_regularizer, context),
    )
    causal = unless(word.causal, False)
    mask = () if causal is None else (Kw("use_causal_mask", context.write(causal)),)

    def attend(attention: Expr, query: Expr, value: Expr | None = None) -> Expr:
        return Call(attention, (query, query if value is None else value), mask)

    return replace(made, call=attend)
