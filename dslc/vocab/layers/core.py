"""Layers of single features: Dense, Flatten's counterpart to every convolution."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.constraints import MaybeConstraint
from dslc.vocab.dims import Dim, product
from dslc.vocab.initializers import GlorotUniform, Initial, VectorInitial, Zeros
from dslc.vocab.kinds import Boolean, Count
from dslc.vocab.refusals import need_channels
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor, Weight
from dslc.vocab.word import Example, arg


class Layer(FlowWord):
    """A layer: a step of a flow that may have weights."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "layer"


class Dense(Layer):
    """A fully connected layer: y = x·W + b over the last axis.

    `(C) -> (units)`; a sequence keeps its steps, `(T, C) -> (T, units)`, each with the same W.
    """

    aliases: ClassVar[tuple[str, ...]] = ("Linear", "FullyConnected", "Affine", "InnerProduct")
    reference: ClassVar[str] = "Rosenblatt 1958, https://doi.org/10.1037/h0042519"
    examples: ClassVar[tuple[str, ...]] = (
        Example("784", "x -> Dense(128) -> relu"),
        Example("20x64", "x -> Dense(10, bias=false, init=he_normal, regularizer=l2(1e-4))"),
    )

    units: Count = arg("number of outputs")
    bias: Boolean = arg("whether to add b", True)
    init: Initial = arg("law of the first W", GlorotUniform())
    bias_init: VectorInitial = arg("law of the first b", Zeros())
    regularizer: MaybeRegularizer = arg("penalty on W", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on b", None)
    constraint: MaybeConstraint = arg("what W may be: the weights of a unit are its column", None)

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        return need_channels(self, x, (1, 2)) or Tensor((*x.spatial, self.units))

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        (x,) = xs
        shape = (x.channels, self.units)
        kernel = Weight(shape, self.init, regularizer=self.regularizer, constraint=self.constraint)
        found = {"kernel": kernel}
        if self.bias:
            found["bias"] = Weight((self.units,), self.bias_init, regularizer=self.bias_regularizer)
        return found

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        return product(y.shape) * xs[0].channels
