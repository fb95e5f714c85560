"""Rows for activations."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import ListOf, Lit, call
from dslc.vocab import activations
from dslc_keras.words.table import TABLE, initializer, layer, unless

# Activations with a layer of their own, and those that Keras knows by a name.
LAYERS: dict[type[activations.Activation], str] = {
    activations.ReLU: "ReLU",
    activations.Softmax: "Softmax",
    activations.Identity: "Identity",
}
NAMES: dict[type[activations.Activation], str] = {
    activations.ReLU6: "relu6",
    activations.SELU: "selu",
    activations.SiLU: "silu",
    activations.Mish: "mish",
    activations.Sigmoid: "sigmoid",
    activations.HardSigmoid: "hard_sigmoid",
    activations.HardSwish: "hard_silu",
    activations.Tanh: "tanh",
    activations.Softplus: "softplus",
}


@TABLE.row(*LAYERS)
def plain(word: activations.Activation, context: Context) -> Op:
    return layer(context, LAYERS[type(word)])


@TABLE.row(*NAMES)
def named(word: activations.Activation, context: Context) -> Op:
    return layer(context, "Activation", Lit(NAMES[type(word)]))


@TABLE.row(activations.LeakyReLU)
def leaky_relu(word: activations.LeakyReLU, context: Context) -> Op:
    return layer(context, "LeakyReLU", negative_slope=unless(word.slope, 0.3))


@TABLE.row(activations.ELU)
def elu(word: activations.ELU, context: Context) -> Op:
    return layer(context, "ELU", alpha=unless(word.alpha, 1.0))


@TABLE.row(activations.PReLU)
def prelu(word: activations.PReLU, context: Context) -> Op:
    (x,) = context.apply.inputs
    places = ListOf(tuple(Lit(axis) for axis in range(1, x.rank)))
    return layer(
        context,
        "PReLU",
        alpha_initializer=initializer(word.init, context, "zeros"),
        shared_axes=places if places.items else None,
    )


@TABLE.row(activations.GELU)
def gelu(word: activations.GELU, context: Context) -> Op:
    if word.approximate == "none":
        return layer(context, "Activation", Lit("gelu"))
    return Op(inline=lambda x: call("keras.activations.gelu", x, approximate=True), stem="gelu")
