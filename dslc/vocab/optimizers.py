"""Optimisers. Formulas are Keras' where the frameworks differ: the learning rate acts inside the velocity of SGD,
Adam's epsilon outside its bias-corrected root, and decay takes a share of a weight, apart from its gradient. All
operations are element by element; g is the gradient of a weight w, t counts updates from 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from dslc.vocab.experiment import LearningRate, Optimizer
from dslc.vocab.kinds import Boolean, NonNegative, Positive, Rate, Real
from dslc.vocab.word import arg

Decay = Annotated[float, Real(0, 1, "[)")]


def _rate(value: float) -> LearningRate:
    default: LearningRate = arg("learning rate: a number, or a schedule", value)
    return default


class SGD(Optimizer):
    """Stochastic gradient descent with momentum m: v = m v - lr g, then w = w + v; with `nesterov`
    w = w + m v - lr g."""

    aliases = ("sgd", "MomentumSGD", "Momentum")
    examples: ClassVar[tuple[str, ...]] = (
        "SGD(lr=0.1, momentum=0.9, nesterov=true)",
        "SGD(lr=cosine(0.1, warmup=5), momentum=0.9, weight_decay=1e-4, decays=kernels)",
    )
    reference = (
        "Sutskever et al., On the importance of initialization and momentum in deep learning, 2013"
    )

    lr: LearningRate = _rate(0.01)
    momentum: Rate = arg("share of the last step that is kept", 0.0)
    nesterov: Boolean = arg("look ahead along the momentum", False)

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.nesterov and not self.momentum:
            yield "`nesterov` needs a `momentum` above 0"


class Adam(Optimizer):
    """Adaptive moments: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g²,
    w = w - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon); with `amsgrad` the largest v so far
    stands for v in the last formula."""

    aliases = ("adam",)
    examples: ClassVar[tuple[str, ...]] = ("Adam", "Adam(lr=3e-4)")
    reference = "Kingma and Ba, Adam: a method for stochastic optimization, 2015 (the form before section 2.1)"

    lr: LearningRate = _rate(1e-3)
    beta1: Decay = arg("decay of the mean of the gradients", 0.9)
    beta2: Decay = arg("decay of the mean of their squares", 0.999)
    epsilon: Positive = arg("added to the root, so that nothing divides by zero", 1e-7)
    amsgrad: Boolean = arg("divide by the largest mean of squares so far", False)


class AdamW(Adam):
    """Adam with decoupled weight decay: w = w - lr weight_decay w before each step of Adam."""

    aliases = ("adamw",)
    examples: ClassVar[tuple[str, ...]] = (
        "AdamW(lr=3e-4, weight_decay=0.05)",
        "AdamW(lr=cosine(3e-4), weight_decay=0.05, decays=kernels)",
    )
    reference = "Loshchilov and Hutter, Decoupled weight decay regularization, 2019"

    weight_decay: NonNegative = arg("share of a weight that decays, times the learning rate", 0.004)


class Adagrad(Optimizer):
    """Divides by all squares so far: a = a + g², from a = `start`; w = w - lr g / sqrt(a + epsilon)."""

    aliases = ("adagrad",)
    examples: ClassVar[tuple[str, ...]] = ("Adagrad(lr=0.01)",)
    reference = "Duchi, Hazan and Singer, Adaptive subgradient methods, 2011"

    lr: LearningRate = _rate(1e-3)
    start: NonNegative = arg("the sum of squares to begin with, a", 0.1)
    epsilon: Positive = arg("added under the root, so that nothing divides by zero", 1e-7)


class RMSprop(Optimizer):
    """Divides by the root of a mean of squares: v = rho v + (1 - rho) g²; s = lr g / sqrt(v + epsilon);
    w = w - s. With `momentum` m: b = m b + s, w = w - b. With `centered` the variance v - a² stands for v, where
    a = rho a + (1 - rho) g."""

    aliases = ("rmsprop",)
    examples: ClassVar[tuple[str, ...]] = ("RMSprop(lr=1e-3)", "RMSprop(momentum=0.9)")
    reference = "Hinton, Neural networks for machine learning, lecture 6e, 2012"

    lr: LearningRate = _rate(1e-3)
    rho: Decay = arg("decay of the mean of the squares", 0.9)
    momentum: Rate = arg("share of the last step that is kept", 0.0)
    centered: Boolean = arg("divide by the deviation of the gradients, not by their size", False)
    epsilon: Positive = arg("added under the root, so that nothing divides by zero", 1e-7)


class Adamax(Optimizer):
    """Adam with the largest gradient in the place of the root: m = beta1 m + (1 - beta1) g,
    u = max(beta2 u, |g|), w = w - lr / (1 - beta1^t) m / u. A weight whose gradient was always 0 stays."""

    aliases = ("adamax",)
    examples: ClassVar[tuple[str, ...]] = ("Adamax(lr=2e-3)",)
    reference = "Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1"

    lr: LearningRate = _rate(1e-3)
    beta1: Decay = arg("decay of the mean of the gradients", 0.9)
    beta2: Decay = arg("decay of the largest gradient", 0.999)


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead. With n(t) = beta1 (1 - 0.96^t / 2) and N(t) the product of n(1) to n(t):
    m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g²,
    h = n(t+1) m / (1 - N(t+1)) + (1 - n(t)) g / (1 - N(t)),
    w = w - lr h / (sqrt(v / (1 - beta2^t)) + epsilon)."""

    aliases = ("nadam", "NAdam")
    examples: ClassVar[tuple[str, ...]] = ("Nadam(lr=1e-3)",)
    reference = "Dozat, Incorporating Nesterov momentum into Adam, 2016"

    lr: LearningRate = _rate(1e-3)
    beta1: Decay = arg("decay of the mean of the gradients", 0.9)
    beta2: Decay = arg("decay of the mean of their squares", 0.999)
    epsilon: Positive = arg("added to the root, so that nothing divides by zero", 1e-7)


class Adadelta(Optimizer):
    """Steps as large as the last ones were: a = rho a + (1 - rho) g²,
    s = sqrt(d + epsilon) / sqrt(a + epsilon) g, d = rho d + (1 - rho) s², w = w - lr s. The paper's rule has
    no learning rate: lr = 1."""

    aliases = ("adadelta",)
    examples: ClassVar[tuple[str, ...]] = ("Adadelta",)
    reference = "Zeiler, ADADELTA: an adaptive learning rate method, 2012"

    lr: LearningRate = _rate(1.0)
    rho: Decay = arg("decay of both means of squares", 0.95)
    epsilon: Positive = arg("added under both roots, so that the first step is not 0", 1e-7)


class Lion(Optimizer):
    """Only the sign of a mean: w = w - lr sign(beta1 m + (1 - beta1) g), then m = beta2 m + (1 - beta2) g. Takes
    rates 3 to 10 times smaller than Adam's, and decay as much larger."""

    aliases = ("lion",)
    examples: ClassVar[tuple[str, ...]] = ("Lion(lr=1e-4, weight_decay=0.1)",)
    reference = "Chen et al., Symbolic discovery of optimization algorithms, 2023"

    lr: LearningRate = _rate(1e-4)
    beta1: Annotated[float, Real(0, 1, "()")] = arg("share of the old mean in the sign", 0.9)
    beta2: Decay = arg("decay of the mean of the gradients", 0.99)
