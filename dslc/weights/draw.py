"""First weights, drawn with numpy: each array by its name, so that another layer does not change it.

The generator of an array is seeded with the seed and the SHA-256 of its name. Values are drawn in float64 and kept in
float32. The laws are those of `vocab.initializers`, with the fans that a layer declares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.vocab import initializers as laws
from dslc.vocab.layers.recurrent import ForgetBias
from dslc.vocab.tensor import Weight
from dslc.vocab.word import Word
from dslc.weights.layers import Layer

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def draw(layers: Sequence[Layer], seed: int) -> dict[str, Array]:
    """The first weights of a model, in the order of its layers."""
    return {
        layer.key(name): draw_array(layer.key(name), seed, weight, layer.shapes[name])
        for layer in layers
        for name, weight in layer.weights.items()
    }


def draw_array(name: str, seed: int, weight: Weight, shape: Shape) -> Array:
    fans = weight.fans or laws.fans(shape)
    return LAWS[type(weight.init)](weight.init, shape, fans, generator(name, seed)).astype(
        np.float32
    )


def generator(name: str, seed: int) -> np.random.Generator:
    """The source of randomness for the array called `name`."""
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[at : at + 4], "little") for at in range(0, 32, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


Fans = tuple[Any, Any]
Drawn = Callable[[Any, Shape, Fans, np.random.Generator], Array]
LAWS: dict[type[Word], Drawn] = {}


def _law(*words: type[Word]) -> Callable[[Drawn], Drawn]:
    def register(function: Drawn) -> Drawn:
        LAWS.update(dict.fromkeys(words, function))
        return function

    return register


def truncated(random: np.random.Generator, shape: Shape) -> Array:
    """A standard normal cut at ±2: what lies outside is drawn again."""
    values = random.standard_normal(prod(shape))
    outside = np.flatnonzero(np.abs(values) > 2)
    while len(outside):
        values[outside] = random.standard_normal(len(outside))
        outside = outside[np.abs(values[outside]) > 2]
    return values.reshape(shape)


@_law(
    laws.GlorotUniform,
    laws.GlorotNormal,
    laws.HeUniform,
    laws.HeNormal,
    laws.LecunUniform,
    laws.LecunNormal,
)
def _scaled(word: laws._Scaled, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    spread = word.spread(*fans)
    if word.truncated_normal:
        return truncated(random, shape) * (spread / laws.TRUNCATED_SPREAD)
    return random.uniform(-spread, spread, shape)


@_law(laws.Orthogonal)
def _orthogonal(
    word: laws.Orthogonal, shape: Shape, fans: Fans, random: np.random.Generator
) -> Array:
    rows, columns = prod(shape[:-1]), shape[-1]
    values = random.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(values)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return float(word.gain) * (q if rows >= columns else q.T).reshape(shape)


@_law(laws.Normal)
def _normal(word: laws.Normal, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    return random.standard_normal(shape) * float(word.std) + float(word.mean)


@_law(laws.TruncatedNormal)
def _truncated_normal(
    word: laws.TruncatedNormal, shape: Shape, fans: Fans, random: np.random.Generator
) -> Array:
    return truncated(random, shape) * float(word.std) + float(word.mean)


@_law(laws.Uniform)
def _uniform(word: laws.Uniform, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    return random.uniform(float(word.low), float(word.high), shape)


@_law(laws.Zeros)
def _zeros(word: laws.Zeros, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    return np.zeros(shape)


@_law(laws.Ones)
def _ones(word: laws.Ones, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    return np.ones(shape)


@_law(laws.Constant)
def _constant(word: laws.Constant, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    return np.full(shape, float(word.value))


@_law(ForgetBias)
def _forget_bias(word: ForgetBias, shape: Shape, fans: Fans, random: np.random.Generator) -> Array:
    values = LAWS[type(word.others)](word.others, shape, fans, random)
    units = shape[-1] // 4
    values[units : 2 * units] = 1.0
    return values
