"""The limits of `numerics = exact`, measured in Keras and PyTorch side by side: see tools/measure_numerics.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LIMITS: dict[str, tuple[str, str, Callable[[], float]]] = {}
Measure = Callable[[], float]


def measures(key: str, of: str, setup: str) -> Callable[[Measure], Measure]:
    """Register what measures a limit."""

    def register(function: Measure) -> Measure:
        LIMITS[key] = (of, setup, function)
        return function

    return register


def limit(key: str, folder: Path) -> tuple[float, str, str]:
    """The size of a limit, what it is a size of, and where it was found."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    of, setup, function = LIMITS[key]
    return function(), of, setup


def _gradients(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], at: list[float]) -> float:
    """How far the gradients of two functions of a vector are apart."""
    import tensorflow as tf
    import torch

    x = tf.Variable(np.array(at, "float32"))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(ours(x))
    other = torch.tensor(at, requires_grad=True)
    theirs(other).sum().backward()
    assert other.grad is not None
    return float(np.abs(tape.gradient(total, x).numpy() - other.grad.numpy()).max())


@measures("selu_at_zero", "between the gradients", "selu at 0")
def selu_at_zero() -> float:
    import keras
    import torch.nn.functional as F

    return _gradients(keras.activations.selu, F.selu, [0.0])


@measures("prelu_at_zero", "between the gradients", "prelu with a slope of 0.25, at 0")
def prelu_at_zero() -> float:
    import keras
    import torch
    import torch.nn.functional as F

    ours = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
    return _gradients(
        lambda x: ours(x[None]), lambda x: F.prelu(x[None], torch.tensor(0.25)), [0.0]
    )


@measures("cosine_of_zero", "between the gradients", "dot(normalize=true) of (0, 0) and (1, 2)")
def cosine_of_zero() -> float:
    import keras
    import torch.nn.functional as F

    ours = keras.layers.Dot(1, normalize=True)
    return _gradients(
        lambda x: ours([x[None, :2], x[None, 2:]]),
        lambda x: F.cosine_similarity(x[None, :2], x[None, 2:]),
        [0.0, 0.0, 1.0, 2.0],
    )


@measures("maximum_ties", "between the gradients", "the maximum of two equal numbers")
def maximum_ties() -> float:
    import keras
    import torch

    return _gradients(
        lambda x: keras.ops.maximum(x[:1], x[1:]), lambda x: torch.maximum(x[:1], x[1:]), [1.0, 1.0]
    )


def _outputs(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], x: Any) -> float:
    """How far two functions are apart in float64."""
    import keras
    import torch

    found = keras.ops.convert_to_numpy(ours(keras.ops.convert_to_tensor(x, "float64")))
    return float(np.abs(found - theirs(torch.tensor(x)).detach().numpy()).max())


NUMBERS = np.random.default_rng(0).normal(size=(64, 16))
NORMAL = "1,024 numbers from a normal distribution, in float64"


@measures("gelu", "between the outputs", NORMAL)
def gelu() -> float:
    import keras
    import torch.nn.functional as F

    return _outputs(lambda x: keras.activations.gelu(x, approximate=False), F.gelu, NUMBERS)


@measures("leaky_relu", "between the outputs", NORMAL)
def leaky_relu() -> float:
    import keras
    import torch.nn.functional as F

    return _outputs(
        keras.layers.LeakyReLU(0.01, dtype="float64"), lambda x: F.leaky_relu(x, 0.01), NUMBERS
    )


@measures("softplus", "between the outputs", "numbers from 0 to 30, in float64")
def softplus() -> float:
    import keras
    import torch.nn.functional as F

    return _outputs(keras.activations.softplus, F.softplus, np.linspace(0, 30, 1001))


@measures("bilinear", "between the outputs", "images of 8x8x2 made 24x24, in float64")
def bilinear() -> float:
    import keras
    import torch

    images = np.random.default_rng(0).normal(size=(2, 8, 8, 2))
    ours = keras.layers.UpSampling2D(3, interpolation="bilinear", dtype="float64")
    theirs = torch.nn.Upsample(scale_factor=3, mode="bilinear")
    return _outputs(ours, lambda x: theirs(x.movedim(-1, 1)).movedim(1, -1), images)


@measures("attention_scale", "between the outputs", "3 heads of 5, 8 steps, in float64")
def attention_scale() -> float:
    import keras
    import torch
    import torch.nn.functional as F

    x = np.random.default_rng(0).normal(size=(2, 8, 15))
    layer = keras.layers.MultiHeadAttention(3, 5, use_bias=False, dtype="float64")
    layer(x, x)
    kernels = [torch.tensor(w.numpy()) for w in layer.weights]

    def theirs(x: Any) -> Any:
        q, k, v = (torch.einsum("nte,ehd->nhtd", x, kernel) for kernel in kernels[:3])
        return torch.einsum("nhtd,hde->nte", F.scaled_dot_product_attention(q, k, v), kernels[3])

    return _outputs(lambda x: layer(x, x), theirs, x)


@measures("penalty", "of the penalty", "l2(0.1) of 1,024 numbers, in float64")
def penalty() -> float:
    import keras

    ours = keras.regularizers.L2(0.1)(keras.ops.convert_to_tensor(NUMBERS, "float64"))
    return float(abs(float(ours) / (0.1 * (NUMBERS**2).sum()) - 1))


@measures("hyperparameters", "of the way that weights went", "10 steps of SGD, lr=0.1, in float64")
def hyperparameters() -> float:
    import keras

    weight = keras.Variable(np.zeros(16), dtype="float64")
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build([weight])
    velocity = expected = np.zeros(16)
    for gradient in NUMBERS[:10]:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float64")])
        velocity = 0.9 * velocity - 0.1 * gradient
        expected = expected + velocity
    return float(np.abs(weight.numpy() - expected).max() / np.abs(expected).max())


@measures("mixed", "of the largest output", "three times a Dense of 64 units and tanh")
def mixed() -> float:
    import keras
    import torch
    from torch import nn

    x = np.random.default_rng(3).normal(size=(256, 64)).astype("float32")
    keras.config.set_dtype_policy("mixed_bfloat16")
    ours, theirs = keras.Sequential(), nn.Sequential()
    for seed in range(3):
        kernel = np.random.default_rng(seed).normal(size=(64, 64)) / 8
        bias = np.random.default_rng([seed, 1]).normal(size=64)
        dense = nn.Linear(64, 64)
        dense.weight.data = torch.tensor(kernel.T, dtype=torch.float32)
        dense.bias.data = torch.tensor(bias, dtype=torch.float32)
        theirs.extend([dense, nn.Tanh()])
        same = keras.layers.Dense(64, "tanh")
        same.build((None, 64))
        same.set_weights([kernel, bias])
        ours.add(same)
    keras.config.set_dtype_policy("float32")
    found = np.array(keras.ops.cast(ours(x), "float32"))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        other = theirs(torch.tensor(x)).float().numpy()
    return float(np.abs(found - other).max() / np.abs(found).max())


@measures(
    "lost_bias",
    "between the biases of the two",
    "an epoch of digits, Conv2D(8, 3x3) -> BatchNorm, Adam, lr=1e-3",
)
def lost_bias() -> float:
    model = "x -> Conv2D(8, 3x3) -> BatchNorm -> relu -> Flatten -> Dense(10) -> softmax"
    ours, theirs = _both(f"model M {{ input x: 8x8x1  {model} }}", "Adam(lr=1e-3)")
    return float(np.abs(ours.end["Conv2D/bias"] - theirs.end["Conv2D/bias"]).max())


@measures(
    "rounding",
    "of the way that weights went",
    "an epoch of digits, a Dense of 32 tanh units, Adam, lr=1e-3",
)
def rounding() -> float:
    from measure_numerics import way

    model = "x -> Flatten -> Dense(32) -> tanh -> Dense(10) -> softmax"
    ours, theirs = _both(f"model M {{ input x: 8x8x1  {model} }}", "Adam(lr=1e-3)")
    return way(ours, theirs)


def _both(model: str, optimizer: str) -> tuple[Any, Any]:
    """What both scripts of a spec reach from the same start."""
    from tempfile import TemporaryDirectory

    from measure_numerics import Departure, run

    with TemporaryDirectory() as folder:
        found = [
            run(Path(folder), Departure(backend, f"optimizer = {optimizer}", model), "exact")
            for backend in ("keras", "torch")
        ]
    return found[0], found[1]
