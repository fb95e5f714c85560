"""First weights follow the laws of the initialisers, with the fans that the layers declare."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from weighing import first_weights, layers, spec_of

from dslc.vocab import initializers as laws
from dslc.vocab.layers.recurrent import ForgetBias
from dslc.vocab.tensor import Weight
from dslc.vocab.word import Word, words
from dslc.weights.draw import LAWS, draw_array, truncated

SHAPE = (3, 3, 40, 60)
FAN_IN, FAN_OUT = 9 * 40, 9 * 60
BOUND = 5 / sqrt(np.prod(SHAPE))  # five deviations of a mean of standard values


def drawn(word: Word, shape: tuple[int, ...] = SHAPE) -> np.ndarray[Any, Any]:
    found = draw_array("a/kernel", 3, Weight(shape, word), shape)
    assert found.dtype == np.float32 and found.shape == shape
    return found.astype(np.float64)


def test_every_law_is_there() -> None:
    assert set(LAWS) == {*words("initializer").values(), ForgetBias}


@pytest.mark.parametrize(
    ("word", "variance"),
    [
        (laws.GlorotUniform(), 2 / (FAN_IN + FAN_OUT)),
        (laws.GlorotNormal(), 2 / (FAN_IN + FAN_OUT)),
        (laws.HeUniform(), 2 / FAN_IN),
        (laws.HeNormal(), 2 / FAN_IN),
        (laws.LecunUniform(), 1 / FAN_IN),
        (laws.LecunNormal(), 1 / FAN_IN),
    ],
)
def test_scaled_laws(word: laws._Scaled, variance: float) -> None:
    values = drawn(word)
    spread = sqrt(variance)
    assert abs(values.mean()) < BOUND * spread
    assert values.std() == pytest.approx(spread, rel=BOUND)
    limit = 2 * spread / laws.TRUNCATED_SPREAD if word.truncated_normal else sqrt(3) * spread
    assert 0.97 * limit < np.abs(values).max() <= limit * (1 + 1e-6)


def test_the_cut_of_a_normal() -> None:
    """The law of what is left: its distribution function at some places."""
    values = truncated(np.random.default_rng(0), (200_000,))
    for place, share in ((-1.0, 0.14239), (0.0, 0.5), (0.5, 0.70062), (1.5, 0.95382)):
        assert (values <= place).mean() == pytest.approx(share, abs=0.006)


def test_other_laws() -> None:
    normal = drawn(laws.Normal(mean=2.0, std=0.5))
    assert normal.mean() == pytest.approx(2.0, abs=BOUND)
    assert normal.std() == pytest.approx(0.5, rel=BOUND)
    assert np.abs(normal - 2).max() > 1.5  # not cut
    cut = drawn(laws.TruncatedNormal(mean=1.0, std=0.5))
    assert np.abs(cut - 1).max() <= 1 + 1e-6
    assert cut.std() == pytest.approx(0.5 * laws.TRUNCATED_SPREAD, rel=BOUND)
    uniform = drawn(laws.Uniform(low=-1.0, high=3.0))
    assert uniform.min() >= -1 and uniform.max() <= 3
    assert uniform.mean() == pytest.approx(1.0, abs=4 * BOUND)
    assert (drawn(laws.Zeros()) == 0).all()
    assert (drawn(laws.Ones()) == 1).all()
    assert np.allclose(drawn(laws.Constant(value=-4.6)), -4.6)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (2, 3, 4, 10)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = drawn(laws.Orthogonal(gain=1.5), shape).reshape(-1, shape[-1])
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    assert np.allclose(product, 1.5**2 * np.eye(len(product)), atol=1e-5)


def test_the_fans_that_a_layer_declares() -> None:
    text = "model Net { input x: 9x9x6  x -> DepthwiseConv2D(3x3, multiplier=2, init=he_uniform) }"
    kernel = first_weights(text)[_kernel(text)]
    limit = sqrt(6 / 9)  # windows of one channel
    assert 0.9 * limit < np.abs(kernel).max() <= limit


def _kernel(text: str) -> str:
    (layer,) = layers(spec_of(text))
    return layer.key(next(iter(layer.weights)))


def test_an_lstm_remembers_at_first() -> None:
    arrays = first_weights("model Net { input x: 5x3  x -> LSTM(4) }")
    bias = arrays["LSTM/bias"]
    assert bias.tolist() == [0] * 4 + [1] * 4 + [0] * 8
    recurrent = arrays["LSTM/recurrent_kernel"].astype(float)
    assert np.allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-5)


def test_running_statistics_begin_as_a_standard_law() -> None:
    arrays = first_weights("model Net { input x: 5  x -> BatchNorm }")
    assert [array.tolist() for array in arrays.values()] == [[1] * 5, [0] * 5, [0] * 5, [1] * 5]
