"""Both scripts draw first weights by the law that the spec says, and add the same penalties to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dslc.vocab import initializers as laws

pytestmark = pytest.mark.framework

# A layer with its input, and for each array (fan_in, fan_out) as the reference of the word says.
LAYERS: dict[str, tuple[str, str, list[tuple[int, int]]]] = {
    "Dense": ("150", "Dense(220{0})", [(150, 220)]),
    "Conv1D": ("9x40", "Conv1D(120, 5{0})", [(200, 600)]),
    "Conv2D": ("5x5x30", "Conv2D(80, 3x3{0})", [(270, 720)]),
    "Conv2D same": ("5x5x30", "Conv2D(80, 3x3, stride=2, padding=same{0})", [(270, 720)]),
    "grouped": ("5x5x40", "Conv2D(80, 3x3, groups=4{0})", [(90, 720)]),
    "Conv3D": ("3x3x3x20", "Conv3D(30, 2x3x3{0})", [(360, 540)]),
    "transposed": ("4x4x30", "Conv2DTranspose(80, 3x3{0})", [(720, 270)]),
    "depthwise": ("5x5x900", "DepthwiseConv2D(5x5{0})", [(25, 25)]),
    "depthwise x2": ("5x5x600", "DepthwiseConv2D(5x3, multiplier=2{0})", [(15, 30)]),
    "depthwise x4": ("5x5x300", "DepthwiseConv2D(5x3, multiplier=4{0})", [(15, 60)]),
    "separable": ("5x5x400", "SeparableConv2D(50, 5x5{0})", [(25, 25), (400, 50)]),
}
SCALED: list[type[Any]] = [
    laws.GlorotUniform, laws.GlorotNormal, laws.HeUniform, laws.HeNormal, laws.LecunUniform, laws.LecunNormal,
]  # fmt: skip


def drawn(given: str, step: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The kernels that (Keras, torch) draw: arrays of more than one axis, in order."""
    from parity import both, model_text

    pair = both(model_text(given, f"x -> {step}"), fill=False)
    mine = [np.asarray(v) for layer in pair.keras_layers for v in layer.weights]
    other = [p.detach().numpy() for module in pair.torch_modules for p in module.parameters()]
    return [a for a in mine if a.ndim > 1], [a for a in other if a.ndim > 1]


def bounds(law: Any, fan_in: int, fan_out: int) -> tuple[float, float]:
    """Standard deviation and largest size of values drawn by `law`."""
    spread = law.spread(fan_in, fan_out)
    if law.truncated_normal:
        return spread, 2 * spread / laws.TRUNCATED_SPREAD
    return spread / 3**0.5, spread


@pytest.mark.parametrize("law", SCALED, ids=lambda law: law.word)
@pytest.mark.parametrize("layer", LAYERS)
def test_kernels_follow_the_law_of_the_spec(layer: str, law: type[Any]) -> None:
    given, step, fans = LAYERS[layer]
    for found in drawn(given, step.format(f", init={law.word}")):
        assert len(found) == len(fans)
        for array, (fan_in, fan_out) in zip(found, fans, strict=True):
            std, most = bounds(law(), fan_in, fan_out)
            assert np.abs(array).max() <= most * (1 + 1e-6)
            assert np.abs(array).max() >= most * 0.97
            assert array.std() == pytest.approx(std, rel=0.03)
            assert abs(array.mean()) < 0.05 * std


@pytest.mark.parametrize(
    ("init", "mean", "std", "low", "high"),
    [
        ("normal(std=0.2)", 0.0, 0.2, -1.2, 1.2),
        ("normal(mean=1.0, std=0.2)", 1.0, 0.2, -0.2, 2.2),
        ("truncated_normal(mean=0.5, std=0.1)", 0.5, 0.0879626, 0.3, 0.7),
        ("uniform(-0.1, 0.3)", 0.1, 0.4 / 12**0.5, -0.1, 0.3),
        ("constant(0.25)", 0.25, 0.0, 0.25, 0.25),
        ("ones", 1.0, 0.0, 1.0, 1.0),
        ("zeros", 0.0, 0.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("layer", ["Dense", "Conv2D", "depthwise"])
def test_kernels_of_other_laws(
    layer: str, init: str, mean: float, std: float, low: float, high: float
) -> None:
    given, step, _ = LAYERS[layer]
    for (array,) in drawn(given, step.format(f", init={init}")):
        assert array.mean() == pytest.approx(mean, abs=0.05 * std + 1e-9)
        assert array.std() == pytest.approx(std, rel=0.03, abs=1e-9)
        assert low - 1e-9 <= array.min() and array.max() <= high + 1e-9


@pytest.mark.parametrize("init", ["orthogonal", "orthogonal(gain=2)"])
@pytest.mark.parametrize("layer", ["Dense", "Conv2D", "transposed"])
def test_orthogonal_kernels(layer: str, init: str) -> None:
    given, step, _ = LAYERS[layer]
    gain = 2 if "2" in init else 1
    mine, other = drawn(given, step.format(f", init={init}"))
    matrices = [mine[0].reshape(-1, mine[0].shape[-1]), other[0].reshape(other[0].shape[0], -1)]
    for matrix in matrices:
        small = matrix if matrix.shape[0] < matrix.shape[1] else matrix.T
        np.testing.assert_allclose(small @ small.T, gain**2 * np.eye(len(small)), atol=1e-5)


MODELS = {
    "one law": "x -> Dense(4, regularizer=l2(0.1)) -> Dense(3, regularizer=l2(0.1))",
    "some": "x -> Dense(4, regularizer=l1(0.1)) -> relu -> Dense(3)",
    "two laws": "x -> Dense(4, regularizer=l1_l2(l1=0.1, l2=0.3)) -> Dense(3, regularizer=l2(0.2))",
    "biases": "x -> Dense(4, regularizer=l2(0.1), bias_regularizer=l1(0.5)) -> Dense(2)",
    "classes": "x -> Conv2D(3, 2x2, regularizer=l2(0.1)) -> Flatten -> Dense(2, regularizer=l1(0.2))",
    "padded": "x -> Conv2D(3, 3x3, stride=2, padding=same, regularizer=l2(0.1)) -> Conv2D(2, 1x1)",
    "separable": "x -> SeparableConv2D(3, 2x2, regularizer=l2(0.1), bias_regularizer=l2(0.2))",
    "shared": "d = Dense(6, regularizer=l2(0.1))\n  x -> d -> relu -> d",
}


@pytest.mark.parametrize("name", MODELS)
def test_penalties(name: str) -> None:
    from parity import both, close, model_text

    flow = MODELS[name]
    pair = both(model_text("5x4x6" if "Conv" in flow else "6", flow))
    mine = np.asarray(sum(np.asarray(loss) for loss in pair.keras.losses))
    other = pair.torch_names["penalty"](pair.torch).detach().numpy()
    assert mine > 0
    close(mine, other, 1e-6, "penalty")  # Keras keeps strengths in float32


def test_a_penalty_whose_strength_is_a_parameter() -> None:
    from parity import both, close, model_text

    block = "block D(strength) {\n  input x\n  x -> Dense(4, regularizer=l2(strength)) -> relu\n}\n"
    pair = both(model_text("6", "x -> D(0.1) -> D(0.3)", block))
    mine = np.asarray(sum(np.asarray(loss) for loss in pair.keras.losses))
    close(mine, pair.torch_names["penalty"](pair.torch).detach().numpy(), 1e-6, "penalty")


def test_laws_of_some_layers_do_not_reach_others() -> None:
    """`own_init` stays with its layer, also where its class has another law and the bias is missing."""
    from parity import both, model_text

    flow = "x -> Dense(4, init=ones, bias_init=constant(2)) -> Dense(4, bias=false) -> Dense(4)"
    pair = both(model_text("6", f"{flow} -> Dense(4, init=constant(3))"), fill=False)
    for arrays in (
        [np.asarray(v) for layer in pair.keras_layers for v in layer.weights],
        [p.detach().numpy() for module in pair.torch_modules for p in module.parameters()],
    ):
        kernels = [a for a in arrays if a.ndim == 2]
        biases = [a for a in arrays if a.ndim == 1]
        assert (kernels[0] == 1).all() and (kernels[3] == 3).all()
        assert kernels[1].std() > 0.1 and kernels[2].std() > 0.1
        assert [float(b[0]) for b in biases] == [2.0, 0.0, 0.0]
