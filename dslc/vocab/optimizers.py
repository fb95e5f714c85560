"""Optimisers. Formulas are Keras' where the frameworks differ: the learning rate acts inside the velocity of SGD,
Adam's epsilon outside its bias-corrected root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from dslc.vocab.experiment import Optimizer
from dslc.vocab.kinds import Boolean, NonNegative, Positive, Rate, Real
from dslc.vocab.word import arg

Decay = Annotated[float, Real(0, 1, "[)")]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum m: v = m v - lr g, then w = w + v; with `nesterov`
    w = w + m v - lr g."""

    aliases = ("sgd", "MomentumSGD")
    positional = 1
    examples: ClassVar[tuple[str, ...]] = ("SGD(lr=0.1, momentum=0.9, nesterov=true)",)
    reference = (
        "Sutskever et al., On the importance of initialization and momentum in deep learning, 2013"
    )

    lr: Positive = arg("learning rate", 0.01)
    momentum: Rate = arg("share of the last step that is kept", 0.0)
    nesterov: Boolean = arg("look ahead along the momentum", False)

    def problems(self) -> Iterator[str]:
        if self.nesterov and not self.momentum:
            yield "`nesterov` needs a `momentum` above 0"


class Adam(Optimizer):
    """Adaptive moments: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g²,
    w = w - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon) at step t."""

    aliases = ("adam",)
    positional = 1
    examples: ClassVar[tuple[str, ...]] = ("Adam", "Adam(lr=3e-4)")
    reference = "Kingma and Ba, Adam: a method for stochastic optimization, 2015 (the form before section 2.1)"

    lr: Positive = arg("learning rate", 1e-3)
    beta1: Decay = arg("decay of the mean of the gradients", 0.9)
    beta2: Decay = arg("decay of the mean of their squares", 0.999)
    epsilon: Positive = arg("added to the root, so that nothing divides by zero", 1e-7)


class AdamW(Optimizer):
    """Adam with decoupled weight decay: w = w - lr weight_decay w before each step of Adam, for every weight."""

    aliases = ("adamw",)
    positional = 1
    examples: ClassVar[tuple[str, ...]] = ("AdamW(lr=3e-4, weight_decay=0.05)",)
    reference = "Loshchilov and Hutter, Decoupled weight decay regularization, 2019"

    lr: Positive = arg("learning rate", 1e-3)
    weight_decay: NonNegative = arg("share of a weight that decays, times the learning rate", 0.01)
    beta1: Decay = arg("decay of the mean of the gradients", 0.9)
    beta2: Decay = arg("decay of the mean of their squares", 0.999)
    epsilon: Positive = arg("added to the root, so that nothing divides by zero", 1e-7)
