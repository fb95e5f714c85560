"""Whether what a script draws follows the law that the spec names.

Draws are held against the distribution function of the law (Kolmogorov and Smirnov's test), and against its limits.
What is told from chance is rarer than one in ten thousand million.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, log, prod, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.vocab import initializers as laws
from dslc.vocab.layers.recurrent import ForgetBias
from dslc.vocab.tensor import Weight
from dslc.vocab.word import Word

Array = npt.NDArray[Any]
MOST = 3.5  # of D √n
RARE = -30.0  # the logarithm of the probability that uniform draws stay so far from their limit
MANY = 40_000  # draws say enough of the shape of a law
STRAY = 7.0
KURTOSIS = {"uniform": 1.8, "normal": 3.0, "cut": 2.4}
PROPER = 1e-4  # how far from orthogonal float32 may be


@dataclass(frozen=True)
class Drawn:
    """What was found of an array: the law's standard deviation, that of the draws, D √n, and what is wrong with it."""

    key: str
    word: Word
    wanted: float
    got: float
    statistic: float
    wrong: str = ""


def judge(key: str, weight: Weight, shape: tuple[int, ...], draws: list[Array]) -> Drawn | None:
    """Draws of one array against its law; None where there is no way to tell."""
    values = np.stack(draws).astype("float64")
    word = weight.init
    match word:
        case laws.Zeros() | laws.Ones() | laws.Constant():
            number = {laws.Zeros: 0.0, laws.Ones: 1.0}.get(type(word))
            number = float(word.value) if isinstance(word, laws.Constant) else float(number or 0.0)
            return _constant(key, word, values, np.full(shape, number))
        case ForgetBias() if isinstance(word.others, laws.Zeros):
            wanted = np.zeros(shape)
            units = shape[-1] // 4
            wanted[units : 2 * units] = 1.0
            return _constant(key, word, values, wanted)
        case laws.Orthogonal():
            return _orthogonal(key, word, values, shape)
    law = _law(word, weight, shape)
    return None if law is None else _distributed(key, word, values.reshape(-1), *law)


def _constant(key: str, word: Word, values: Array, wanted: Array) -> Drawn:
    gap = float(np.abs(values - wanted).max())
    wrong = "" if gap <= 1e-6 else f"is not {word.word}: it is up to {gap:.3g} away"
    return Drawn(key, word, float(wanted.std()), float(values.std()), 0.0, wrong)


def _orthogonal(key: str, word: laws.Orthogonal, values: Array, shape: tuple[int, ...]) -> Drawn:
    gain = float(word.gain)
    worst = 0.0
    for value in values:
        matrix = value.reshape(prod(shape[:-1]), shape[-1])
        if matrix.shape[0] < matrix.shape[1]:
            matrix = matrix.T
        product = matrix.T @ matrix - gain**2 * np.eye(matrix.shape[1])
        worst = max(worst, float(np.abs(product).max()))
    wrong = "" if worst <= PROPER * max(1.0, gain**2) else f"is not orthogonal: {worst:.2g} off"
    spread = gain / sqrt(max(prod(shape[:-1]), shape[-1]))
    return Drawn(key, word, spread, float(np.sqrt((values**2).mean())), 0.0, wrong)


Law = tuple[str, float, float, float]  # its kind, its mean, its scale, its standard deviation


def _law(word: Word, weight: Weight, shape: tuple[int, ...]) -> Law | None:
    """Half the width of a uniform law, or the deviation of a normal one before its cut."""
    fans: Any = weight.fans or laws.fans(shape)
    match word:
        case laws._Scaled():
            spread = word.spread(*fans)
            if word.truncated_normal:
                return "cut", 0.0, spread / laws.TRUNCATED_SPREAD, spread
            return "uniform", 0.0, spread, spread / sqrt(3)
        case laws.TruncatedNormal():
            std = float(word.std)
            return "cut", float(word.mean), std, std * laws.TRUNCATED_SPREAD
        case laws.Normal():
            return "normal", float(word.mean), float(word.std), float(word.std)
        case laws.Uniform():
            low, high = float(word.low), float(word.high)
            half = (high - low) / 2
            return "uniform", (low + high) / 2, half, half / sqrt(3)
    return None


def _distributed(
    key: str, word: Word, values: Array, kind: str, mean: float, scale: float, spread: float
) -> Drawn:
    every = (values - mean) / scale
    z = np.sort(every[:: max(1, every.size // MANY)])
    share = _below(kind, z)
    steps = np.arange(1, z.size + 1) / z.size
    distance = float(np.maximum(steps - share, share - steps + 1 / z.size).max())
    statistic = distance * sqrt(z.size)
    got = float(values.std())
    edge = float(np.abs(every).max())
    limit = {"uniform": 1.0, "cut": 2.0}.get(kind, np.inf)
    # How far the standard deviation of draws strays, in units of its own: the kurtosis of the law decides.
    stray = spread * sqrt((KURTOSIS[kind] - 1) / (4 * every.size))
    wrong = ""
    if statistic > MOST or edge > limit * (1 + 1e-5) or abs(got - spread) > STRAY * stray:
        wrong = _told(word, spread, got)
    elif kind == "uniform" and every.size * log(max(edge, 1e-300)) < RARE:
        wrong = f"never comes near the limit {scale:.4g} of {word.word}: at most {edge * scale:.4g}"
    return Drawn(key, word, spread, got, statistic, wrong)


def _told(word: Word, wanted: float, got: float) -> str:
    if abs(got / wanted - 1) < 0.02:
        return f"has another shape than {word.word}"
    return f"has standard deviation {got:.4g}, with {word.word} it is {wanted:.4g}"


def _below(kind: str, z: Array) -> Array:
    """The share of a law below z."""
    if kind == "uniform":
        return np.clip((z + 1) / 2, 0, 1)
    normal = np.array([(1 + erf(value / sqrt(2))) / 2 for value in z])
    if kind == "normal":
        return normal
    low = (1 + erf(-sqrt(2))) / 2
    return np.clip((normal - low) / (1 - 2 * low), 0, 1)
