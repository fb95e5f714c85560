"""Rows for activations: a module for sequences of layers, a function in `forward`."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Expr, Value, call, method
from dslc.vocab import activations
from dslc_torch.words.table import TABLE, law, module, unless

# Activations without parameters: (module, function or method).
PLAIN: dict[type[activations.Activation], tuple[str, str]] = {
    activations.ReLU: ("nn.ReLU", "F.relu"),
    activations.ReLU6: ("nn.ReLU6", "F.relu6"),
    activations.SELU: ("nn.SELU", "F.selu"),
    activations.SiLU: ("nn.SiLU", "F.silu"),
    activations.Mish: ("nn.Mish", "F.mish"),
    activations.Sigmoid: ("nn.Sigmoid", "sigmoid"),
    activations.HardSigmoid: ("nn.Hardsigmoid", "F.hardsigmoid"),
    activations.HardSwish: ("nn.Hardswish", "F.hardswish"),
    activations.Tanh: ("nn.Tanh", "tanh"),
    activations.Softplus: ("nn.Softplus", "F.softplus"),
}


@TABLE.row(*PLAIN)
def plain(word: activations.Activation, context: Context) -> Op:
    name, function = PLAIN[type(word)]

    def inline(x: Expr) -> Expr:
        return call(function, x) if "." in function else method(x, function)

    return Op(call(name), inline=inline, stem=word.word)


def _tuned(word: activations.Activation, context: Context, name: str, *, default: float) -> Op:
    """An activation with one number; `forward` can write it only where it is no name of the constructor."""
    ((_, number),) = word
    given = unless(number, default)
    args: tuple[Value, ...] = () if given is None else (context.write(given),)
    if not context.known(number):
        return Op(call(f"nn.{name}", *args), stem=word.word)
    return Op(
        call(f"nn.{name}", *args), inline=lambda x: call(f"F.{word.word}", x, *args), stem=word.word
    )


@TABLE.row(activations.LeakyReLU)
def leaky_relu(word: activations.LeakyReLU, context: Context) -> Op:
    return _tuned(word, context, "LeakyReLU", default=0.01)


@TABLE.row(activations.ELU)
def elu(word: activations.ELU, context: Context) -> Op:
    return _tuned(word, context, "ELU", default=1.0)


@TABLE.row(activations.PReLU)
def prelu(word: activations.PReLU, context: Context) -> Op:
    (x,) = context.apply.inputs
    return module(
        context,
        "nn.PReLU",
        context.write(x.channels),
        layout="first",
        stem="prelu",
        weights=(law(context, "weight", word.init),),
    )


@TABLE.row(activations.GELU)
def gelu(word: activations.GELU, context: Context) -> Op:
    options: dict[str, Any] = {} if word.approximate == "none" else {"approximate": "tanh"}
    return Op(
        call("nn.GELU", **options), inline=lambda x: call("F.gelu", x, **options), stem="gelu"
    )


@TABLE.row(activations.Softmax)
def softmax(word: activations.Softmax, context: Context) -> Op:
    (x,) = context.apply.inputs
    axis = 1 if x.rank >= 3 else -1  # where the channels are
    return Op(
        call("nn.Softmax", dim=axis),
        inline=lambda x: method(x, "softmax", axis),
        stem="softmax",
        layout="first" if x.rank >= 3 else "last" if x.rank == 2 else "any",
    )


@TABLE.row(activations.Identity)
def identity(word: activations.Identity, context: Context) -> Op:
    return Op(call("nn.Identity"), inline=lambda x: x, stem="identity")
