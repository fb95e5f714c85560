"""Every optimiser, with its options, moves weights as its formula says, and in the same way on both backends.

Both training sections run in float64 on the same batches from the same weights. Hyper-parameters are powers of two,
since TensorFlow rounds some to float32.
"""

from __future__ import annotations

import pytest
from updating import follow, spec

pytestmark = pytest.mark.framework

MLP = "input x: 6  x -> Dense(8) -> tanh -> Dense(3)"
BETAS = "beta1=0.875, beta2=0.9990234375, epsilon=1.1920928955078125e-7"
OPTIMIZERS = {
    "sgd": "SGD(lr=0.125)",
    "momentum": "SGD(lr=0.125, momentum=0.875)",
    "nesterov": "SGD(lr=0.125, momentum=0.875, nesterov=true)",
    "adam": f"Adam(lr=0.015625, {BETAS})",
    "amsgrad": f"Adam(lr=0.015625, {BETAS}, amsgrad=true)",
    "adamw": f"AdamW(lr=0.015625, weight_decay=0.5, {BETAS})",
    "adagrad": "Adagrad(lr=0.125, start=0.125, epsilon=1.1920928955078125e-7)",
    "rmsprop": "RMSprop(lr=0.015625, rho=0.875, epsilon=1.1920928955078125e-7)",
    "rmsprop centered": "RMSprop(lr=0.015625, rho=0.875, epsilon=0.0009765625, centered=true)",
    "rmsprop momentum": "RMSprop(lr=0.015625, rho=0.875, epsilon=1.1920928955078125e-7, momentum=0.5)",
    "adamax": "Adamax(lr=0.015625, beta1=0.875, beta2=0.9990234375)",
    "nadam": f"Nadam(lr=0.015625, {BETAS})",
    "adadelta": "Adadelta(lr=1, rho=0.9375, epsilon=1.1920928955078125e-7)",
    "lion": "Lion(lr=0.015625, beta1=0.875, beta2=0.9375)",
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_both_backends_make_the_same_updates(name: str) -> None:
    found = follow(spec(MLP, f"optimizer = {OPTIMIZERS[name]}  epochs = 3"))
    print(name, found.gap)
    assert found.gap < 1e-10
