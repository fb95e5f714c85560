"""Codes E0425 and E0426: weights of classes, and rules of `defaults` that nothing follows."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0425",
        "Class weights that do not fit the output",
        "`class_weight` multiplies the loss of an example by a number for its class: one number for each class, in "
        "the order of the classes, not all of them 0. That needs an output whose examples have one class each: "
        "`cross_entropy`, or `binary_cross_entropy` with one `sigmoid`.",
        "train { loss = cross_entropy  class_weight = [1, 2] … }   # three classes",
        "train { loss = cross_entropy  class_weight = [1, 2, 1] … }",
    ),
    Code(
        "E0426",
        "A rule for nothing",
        "A rule of `defaults` speaks for the layers that have the parameter and say nothing themselves. One that no "
        "layer follows is a slip: a layer that is not in the model, a role whose layers have no such parameter, or "
        "layers whose own default is special, as the first values of an `Embedding` are.",
        "defaults { Conv2D { padding = same } }   # and a model of Dense layers",
        "defaults { Dense { init = he_normal } }",
    ),
)
