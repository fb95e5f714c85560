"""The laws of initialisers and the sums of regularisers against Keras' own."""

from __future__ import annotations

import math

import pytest

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")

from dslc.vocab.initializers import TRUNCATED_SPREAD, fans  # noqa: E402
from dslc.vocab.word import words  # noqa: E402

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]

SCALED = [
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
]


@pytest.mark.parametrize("name", SCALED)
def test_scaled_laws_have_the_spread_of_keras(name: str) -> None:
    word = words("initializer")[name]()
    shape = (3, 3, 40, 90)
    drawn = np.asarray(keras.initializers.get(name)(shape)).ravel()
    spread = word.spread(*fans(shape))  # type: ignore[attr-defined]
    if "uniform" in name:
        assert 0.995 * spread < np.abs(drawn).max() <= 1.0001 * spread
    else:
        assert drawn.std() == pytest.approx(spread, rel=0.01)
        assert np.abs(drawn).max() <= 2.0001 * spread / TRUNCATED_SPREAD


def test_the_cut_normal_keeps_this_share_of_its_deviation() -> None:
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    inside = math.erf(math.sqrt(2))
    assert math.sqrt(1 - 4 * density / inside) == pytest.approx(TRUNCATED_SPREAD, rel=1e-12)


@pytest.mark.parametrize(
    "name", ["normal", "truncated_normal", "uniform", "zeros", "ones", "orthogonal"]
)
def test_plain_laws_have_the_defaults_of_keras(name: str) -> None:
    theirs = keras.initializers.get(
        {"normal": "random_normal", "uniform": "random_uniform"}.get(name, name)
    )
    ours = words("initializer")[name]()
    config = {"std": "stddev", "mean": "mean", "low": "minval", "high": "maxval", "gain": "gain"}
    for parameter in type(ours).model_fields:
        assert getattr(ours, parameter) == theirs.get_config()[config[parameter]]


def test_regularizers_sum_without_a_half() -> None:
    w = np.asarray([[1.0, -2.0], [3.0, -4.0]], dtype="float32")
    l1, l2 = words("regularizer")["l1"](strength=0.5), words("regularizer")["l2"](strength=0.25)
    assert float(keras.regularizers.L1(l1.strength)(w)) == 0.5 * 10  # type: ignore[attr-defined]
    assert float(keras.regularizers.L2(l2.strength)(w)) == 0.25 * 30  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((64, 4, 16), "query"),
        ((4, 16, 64), "output"),
    ],
)
def test_attention_starts_with_the_fans_of_its_matrix(shape: tuple[int, ...], layer: str) -> None:
    attention = keras.layers.MultiHeadAttention(4, 16)
    attention.build((None, 10, 64), (None, 10, 64))
    kernel = getattr(attention, f"_{layer}_dense").kernel
    assert tuple(kernel.shape) == shape
    limit = words("initializer")["glorot_uniform"]().spread(64, 64)  # type: ignore[attr-defined]
    assert 0.98 * limit < np.abs(np.asarray(kernel)).max() <= 1.0001 * limit
