"""What dropout and noise do in training: the law that the reference states, on both backends."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]

COUNT = 40_000
ALPHA = -1.6732632423543772 * 1.0507009873554805


def noisy(step: str, value: float, shape: str = "50") -> dict[str, tuple[Any, Any]]:
    """Of each backend: what a layer makes of a constant input, in training and in prediction."""
    import numpy as np
    from paired import keras, run_section, tf, torch
    from sections import graph_of, model_text, section
    from torch import nn
    from torch.nn import functional as F

    from dslc_keras.model import write_model as write_keras
    from dslc_keras.training import TARGET as KERAS
    from dslc_torch.model import write_model as write_torch
    from dslc_torch.training import TARGET as TORCH

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    torch.set_default_dtype(torch.float32)
    keras.utils.set_random_seed(1)
    torch.manual_seed(2)
    spec, graph = graph_of(model_text(shape, f"x -> {step}"))
    sizes = [int(s) for s in shape.split("x")]
    x = np.full((COUNT // math.prod(sizes), *sizes), value, "float32")
    names = {"keras": keras, "layers": keras.layers, "tf": tf}
    one = run_section(section(spec, graph, write_keras), KERAS, names)["build_model"]()
    names = {"torch": torch, "nn": nn, "F": F}
    for_torch = section(spec, graph, write_torch)
    other = run_section(for_torch, TORCH, names)["build_model"]()
    first = bool(for_torch.channels_first)
    given = torch.tensor(np.moveaxis(x, -1, 1) if first else x)
    found = [other.train()(given), other.eval()(given)]
    last = [np.moveaxis(y.numpy(), 1, -1) if first else y.numpy() for y in found]
    return {
        "keras": (np.asarray(one(x, training=True)), np.asarray(one(x, training=False))),
        "torch": (last[0], last[1]),
    }


def near(values: Any, mean: float, std: float) -> None:
    """Mean and standard deviation, to five standard errors."""
    assert values.mean() == pytest.approx(mean, abs=5 * std / math.sqrt(values.size) + 1e-6)
    assert values.std() == pytest.approx(std, rel=0.05, abs=1e-6)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(rate: float) -> None:
    for trained, predicted in noisy(f"Dropout({rate})", 2.0).values():
        assert (predicted == 2).all()
        near(trained, 2, 2 * math.sqrt(rate / (1 - rate)))
        kept = trained[trained != 0]
        assert kept == pytest.approx(2 / (1 - rate))
        assert abs(kept.size / trained.size - (1 - rate)) < 0.02


@pytest.mark.parametrize("shape", ["4x50", "4x4x50", "2x2x2x50"])
def test_spatial_dropout_drops_whole_channels(shape: str) -> None:
    for trained, predicted in noisy("SpatialDropout(0.25)", 3.0, shape).values():
        assert (predicted == 3).all()
        channels = trained.reshape(len(trained), -1, trained.shape[-1])
        assert (channels == channels[:, :1]).all()
        firsts = channels[:, 0]
        assert firsts[firsts != 0] == pytest.approx(4.0)
        assert (firsts == 0).mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("std", [0.0, 0.3, 2.5])
def test_gaussian_noise_is_added(std: float) -> None:
    for trained, predicted in noisy(f"GaussianNoise({std})", 2.0).values():
        assert (predicted == 2).all()
        near(trained, 2, std)
        near(
            trained[trained > 2] if std else trained, 2 + std * math.sqrt(2 / math.pi), std * 0.603
        )


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.8])
def test_gaussian_dropout_multiplies(rate: float) -> None:
    for trained, predicted in noisy(f"GaussianDropout({rate})", 2.0).values():
        assert (predicted == 2).all()
        near(trained, 2, 2 * math.sqrt(rate / (1 - rate)))


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.8])
def test_alpha_dropout_has_two_values(rate: float) -> None:
    a = ((1 - rate) * (1 + rate * ALPHA**2)) ** -0.5
    b = -a * ALPHA * rate
    for trained, predicted in noisy(f"AlphaDropout({rate})", 0.5).values():
        assert (predicted == 0.5).all()
        dropped = abs(trained - (a * ALPHA + b)) < 1e-5
        kept = abs(trained - (a * 0.5 + b)) < 1e-5
        assert (dropped ^ kept).all()
        assert dropped.mean() == pytest.approx(rate, abs=0.02)
