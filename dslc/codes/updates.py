"""Codes E0418 to E0420: updates of the weights that a training does not get to, or that teach nothing."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0418",
        "A schedule that reaches beyond the training",
        "Times of a schedule are epochs. A warm-up as long as the training never reaches its rate, and a change "
        "behind the last epoch never comes. (`--epochs` of a script may be another number: then the schedule spans "
        "that many.)",
        "train { optimizer = SGD(lr=step(0.1, every=30))  epochs = 20 … }",
        "train { optimizer = SGD(lr=step(0.1, every=30))  epochs = 90 … }",
    ),
    Code(
        "E0419",
        "A mean of one number",
        "BatchNorm takes mean and variance of a channel over the batch. Behind `Flatten` or `Dense` a batch of one "
        "sample has one number a channel: the number less its mean is 0, whatever came in, so nothing can be learned. "
        "(`accumulate` does not help: it adds up gradients, each of a batch of one.)",
        "data { batch = 1 … }   # model: … Dense(64) -> BatchNorm -> relu …",
        "data { batch = 1 … }   # model: … Dense(64) -> LayerNorm -> relu …",
    ),
    Code(
        "E0420",
        "A training without an update",
        "With `accumulate = n` the weights change after n batches; where a training, or a phase of it, has fewer in "
        "all its epochs, they never change. (With `batch = full` an epoch is one batch.)",
        "data { batch = full … }\ntrain { accumulate = 32  epochs = 20 … }",
        "data { batch = full … }\ntrain { epochs = 20 … }",
    ),
)
