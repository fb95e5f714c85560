"""Initialisers: the law that the first values of a weight are drawn from.

Laws that scale with the size of a layer use its fans: `fan_in`, the inputs that one output sums over, and
`fan_out`, the outputs that one input feeds. `Weight.fans` gives them; without it they follow from the shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Annotated, Any, ClassVar

from dslc.vocab.dims import Dim, product
from dslc.vocab.kinds import NonNegative, Number, Positive, WordOf
from dslc.vocab.word import Example, Word, arg

# The standard deviation of a standard normal cut at ±2: what is left of 1.
TRUNCATED_SPREAD = 0.87962566103423978


def fans(shape: Sequence[Dim]) -> tuple[Dim, Dim]:
    """(fan_in, fan_out) of a weight in the canonical layout (…, in, out), as Keras computes them."""
    if len(shape) < 2:
        size = product(shape)
        return size, size
    window = product(shape[:-2])
    return window * shape[-2], window * shape[-1]


class Initializer(Word):
    """The law of the first values of one array."""

    abstract: ClassVar[bool] = True
    kind: ClassVar[str] = "initializer"


class _Scaled(Initializer):
    """A law whose variance is `gain` over a fan, so that signals keep their size from layer to layer."""

    gain: ClassVar[float] = 1.0
    over: ClassVar[str] = "fan_in"  # or fan_avg, the mean of both
    truncated_normal: ClassVar[bool] = False  # else uniform

    def spread(self, fan_in: int, fan_out: int) -> float:
        """The limit of the uniform law, or the standard deviation of the normal one (after its cut)."""
        fan = fan_in if self.over == "fan_in" else (fan_in + fan_out) / 2
        variance = self.gain / max(fan, 1)
        return sqrt(variance) if self.truncated_normal else sqrt(3 * variance)


_GLOROT = "Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html"
_HE = "He et al. 2015, https://arxiv.org/abs/1502.01852"
_LECUN = (
    "LeCun et al. 1998, Efficient BackProp, http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf"
)


class GlorotUniform(_Scaled):
    """Uniform in ±√(6 / (fan_in + fan_out)): the usual choice before tanh, sigmoid and softmax.

    The default of every layer, on every backend.
    """

    word: ClassVar[str] = "glorot_uniform"
    aliases: ClassVar[tuple[str, ...]] = ("GlorotUniform", "xavier_uniform", "xavier_uniform_")
    reference: ClassVar[str] = _GLOROT
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10, init=glorot_uniform)"),)
    over: ClassVar[str] = "fan_avg"


class GlorotNormal(_Scaled):
    """Normal with variance 2 / (fan_in + fan_out), cut at two standard deviations.

    The variance is that after the cut, as in Keras; torch's own `xavier_normal_` does not cut.
    """

    word: ClassVar[str] = "glorot_normal"
    aliases: ClassVar[tuple[str, ...]] = ("GlorotNormal", "xavier_normal", "xavier_normal_")
    reference: ClassVar[str] = _GLOROT
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10, init=glorot_normal)"),)
    over: ClassVar[str] = "fan_avg"
    truncated_normal: ClassVar[bool] = True


class HeUniform(_Scaled):
    """Uniform in ±√(6 / fan_in): for layers followed by relu."""

    word: ClassVar[str] = "he_uniform"
    aliases: ClassVar[tuple[str, ...]] = ("HeUniform", "kaiming_uniform", "kaiming_uniform_")
    reference: ClassVar[str] = _HE
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(32, init=he_uniform) -> relu"),
    )
    gain: ClassVar[float] = 2.0


class HeNormal(_Scaled):
    """Normal with variance 2 / fan_in, cut at two standard deviations: for layers followed by relu.

    The variance is that after the cut, as in Keras; torch's own `kaiming_normal_` does not cut.
    """

    word: ClassVar[str] = "he_normal"
    aliases: ClassVar[tuple[str, ...]] = ("HeNormal", "kaiming_normal", "kaiming_normal_")
    reference: ClassVar[str] = _HE
    examples: ClassVar[tuple[str, ...]] = (
        Example("32x32x3", "x -> Conv2D(16, 3x3, init=he_normal) -> relu"),
    )
    gain: ClassVar[float] = 2.0
    truncated_normal: ClassVar[bool] = True


class LecunUniform(_Scaled):
    """Uniform in ±√(3 / fan_in)."""

    word: ClassVar[str] = "lecun_uniform"
    aliases: ClassVar[tuple[str, ...]] = ("LecunUniform",)
    reference: ClassVar[str] = _LECUN
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(32, init=lecun_uniform)"),)


class LecunNormal(_Scaled):
    """Normal with variance 1 / fan_in, cut at two standard deviations: what selu needs."""

    word: ClassVar[str] = "lecun_normal"
    aliases: ClassVar[tuple[str, ...]] = ("LecunNormal",)
    reference: ClassVar[str] = _LECUN
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(32, init=lecun_normal) -> selu"),
    )
    truncated_normal: ClassVar[bool] = True


class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times `gain`.

    The weight is taken as the matrix (product of all axes but the last) × (last axis): the Q of the QR
    decomposition of normal values, with the signs of the diagonal of R.
    """

    word: ClassVar[str] = "orthogonal"
    aliases: ClassVar[tuple[str, ...]] = ("Orthogonal", "OrthogonalInitializer", "orthogonal_")
    reference: ClassVar[str] = "Saxe et al. 2014, https://arxiv.org/abs/1312.6120"
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(64, init=orthogonal(gain=1.41)) -> relu"),
    )

    gain: Positive = arg("factor of the whole matrix", 1.0)


class Normal(Initializer):
    """Normal with the given mean and standard deviation."""

    word: ClassVar[str] = "normal"
    aliases: ClassVar[tuple[str, ...]] = ("RandomNormal", "random_normal", "normal_")
    positional: ClassVar[int] = 2
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10, init=normal(std=0.02))"),)

    mean: Number = arg("mean of the values", 0.0)
    std: NonNegative = arg("standard deviation of the values", 0.05)


class TruncatedNormal(Initializer):
    """Normal with the given mean and standard deviation, drawn again outside of mean ± 2 std.

    `std` is that before the cut (as in both frameworks); after it, 0.88 of that is left.
    """

    word: ClassVar[str] = "truncated_normal"
    aliases: ClassVar[tuple[str, ...]] = ("TruncatedNormal", "trunc_normal", "trunc_normal_")
    positional: ClassVar[int] = 2
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(10, init=truncated_normal(std=0.02))"),
    )

    mean: Number = arg("mean of the values", 0.0)
    std: Positive = arg("standard deviation before the cut", 0.05)


class Uniform(Initializer):
    """Uniform between `low` and `high`."""

    word: ClassVar[str] = "uniform"
    aliases: ClassVar[tuple[str, ...]] = ("RandomUniform", "random_uniform", "uniform_")
    positional: ClassVar[int] = 2
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(10, init=uniform(-0.1, 0.1))"),
    )

    low: Number = arg("smallest value", -0.05)
    high: Number = arg("largest value", 0.05)

    def problems(self) -> Iterator[str]:
        low, high = self.low, self.high
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low >= high:
            yield f"`low` must be below `high`, got {low:g} and {high:g}"


class Zeros(Initializer):
    """Every value 0: the default of biases."""

    word: ClassVar[str] = "zeros"
    aliases: ClassVar[tuple[str, ...]] = ("Zeros", "zeros_")
    positional: ClassVar[int] = 0
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10, bias_init=zeros)"),)


class Ones(Initializer):
    """Every value 1."""

    word: ClassVar[str] = "ones"
    aliases: ClassVar[tuple[str, ...]] = ("Ones", "ones_")
    positional: ClassVar[int] = 0
    examples: ClassVar[tuple[str, ...]] = (Example("64", "x -> Dense(10, bias_init=ones)"),)


class Constant(Initializer):
    """Every value the same."""

    word: ClassVar[str] = "constant"
    aliases: ClassVar[tuple[str, ...]] = ("Constant", "constant_")
    examples: ClassVar[tuple[str, ...]] = (
        Example("64", "x -> Dense(1, bias_init=constant(-4.6)) -> sigmoid"),
    )

    value: Number = arg("the value")


Initial = Annotated[Word, WordOf(("initializer",), "an initialiser such as he_normal")]


@dataclass(frozen=True)
class VectorLaw(WordOf):
    """An initialiser for one axis of values, which have neither fans nor rows and columns."""

    word_kinds: tuple[str, ...] = ("initializer",)
    phrase: str = "an initialiser that needs no fans, such as zeros or constant(0.1)"

    def parse(self, value: Any) -> Word:
        word = super().parse(value)
        if isinstance(word, (_Scaled, Orthogonal)):
            raise ValueError
        return word


VectorInitial = Annotated[Word, VectorLaw()]
