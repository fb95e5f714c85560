"""Every optimiser, with its options, moves weights as its formula says, and in the same way on both backends.

Both training sections run in float64 on the same batches from the same weights. Hyper-parameters are powers of two,
since TensorFlow rounds some to float32.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from updating import Followed, follow, keras_weights, spec

pytestmark = pytest.mark.framework

MLP = "input x: 6  x -> Dense(8) -> tanh -> Dense(3)"
BETAS = "beta1=0.875, beta2=0.9990234375"
TINY = "epsilon=1.1920928955078125e-7"
OPTIMIZERS = {
    "sgd": "SGD({}0.125)",
    "momentum": "SGD({}0.125, momentum=0.875)",
    "nesterov": "SGD({}0.125, momentum=0.875, nesterov=true)",
    "adam": f"Adam({{}}0.015625, {BETAS}, {TINY})",
    "amsgrad": f"Adam({{}}0.015625, {BETAS}, {TINY}, amsgrad=true)",
    "adamw": f"AdamW({{}}0.015625, {BETAS}, {TINY})",
    "adagrad": f"Adagrad({{}}0.125, start=0.125, {TINY})",
    "rmsprop": f"RMSprop({{}}0.015625, rho=0.875, {TINY})",
    "rmsprop centered": "RMSprop({}0.015625, rho=0.875, epsilon=0.0009765625, centered=true)",
    "rmsprop momentum": f"RMSprop({{}}0.015625, rho=0.875, {TINY}, momentum=0.5)",
    "adamax": f"Adamax({{}}0.015625, {BETAS})",
    "nadam": f"Nadam({{}}0.015625, {BETAS}, {TINY})",
    "adadelta": f"Adadelta({{}}1, rho=0.9375, {TINY})",
    "lion": "Lion({}0.015625, beta1=0.875, beta2=0.9375)",
}
# Keras takes the 0.96 of Nadam's schedule in float32.
TOLERANCE = dict.fromkeys(OPTIMIZERS, 1e-10) | {"nadam": 1e-7}


def optimizer(name: str, more: str = "", schedule: str = "") -> str:
    """The word of an optimiser, with a schedule around its rate and `more` arguments."""
    head, rate, rest = OPTIMIZERS[name].partition("{}")
    assert rate
    number, comma, rest = rest.partition("," if "," in rest else ")")
    lr = schedule.format(number) if schedule else number
    end = f"{comma}{rest}"
    return f"optimizer = {head}lr={lr}{end[:-1]}{more})  epochs = 3"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_both_backends_make_the_same_updates(name: str) -> None:
    """With decay and a rate that changes with every update, which is where optimisers of libraries differ."""
    decays = "kernels" if name in ("momentum", "adamw", "rmsprop", "nadam") else "all"
    more = f", weight_decay=0.25, decays={decays}"
    found = follow(spec(MLP, optimizer(name, more, "linear({}, warmup=0.5)")))
    assert found.gap < TOLERANCE[name]
    assert found.moved > 0.01


@pytest.mark.parametrize("name", ["momentum", "adam", "adagrad"])
def test_both_backends_agree_at_a_constant_rate(name: str) -> None:
    found = follow(spec(MLP, optimizer(name)), eager=name != "adam")
    assert found.gap < 1e-10
    assert found.moved > 0.01


# --- one update, by hand -----------------------------------------------------------------------------


def steps(found: Followed) -> list[dict[str, np.ndarray]]:
    """How the weights changed in the first epoch, on each backend."""
    return [
        {name: weights[0][name] - found.before[name] for name in found.before}
        for weights in (found.keras, found.torch)
    ]


TOKENS = "input x: 5  x -> Embedding(7, 4) -> GRU(3) -> Dense(2)"
FULL = "batch = full"


def test_clips_cut_what_is_too_large() -> None:
    """A step of SGD at rate 1 is the gradient; token ids come twice, and a GRU has two biases in torch."""
    train = "optimizer = SGD(lr=1)  epochs = 1  {}"
    free = steps(follow(spec(TOKENS, train.format(""), FULL), epochs=1, ids=7))
    arrays = [name for name in free[0] if not name.endswith("bias_hh_l0")]

    def norm(step: dict[str, np.ndarray], name: str) -> float:
        """Of an array as the language has it."""
        names = [name, name.replace("bias_ih", "bias_hh")] if "bias_ih" in name else [name]
        return float(np.sqrt(sum((step[n] ** 2).sum() for n in names)))

    whole = [np.sqrt(sum((g**2).sum() for g in step.values())) for step in free]
    assert whole[0] == pytest.approx(whole[1], rel=1e-10) and whole[0] > 0.25
    cut = steps(
        follow(spec(TOKENS, train.format("clip = global_norm(0.25)"), FULL), epochs=1, ids=7)
    )
    for step, was, size in zip(cut, free, whole, strict=True):
        for name in step:
            assert step[name] == pytest.approx(was[name] * 0.25 / size, abs=1e-10)
    cut = steps(follow(spec(TOKENS, train.format("clip = norm(0.0625)"), FULL), epochs=1, ids=7))
    for step, was in zip(cut, free, strict=True):
        assert any(norm(was, name) > 0.0625 for name in arrays)
        for name in arrays:
            wanted = min(norm(was, name), 0.0625)
            assert norm(step, name) == pytest.approx(wanted, abs=1e-10), name
    cut = steps(
        follow(spec(TOKENS, train.format("clip = value(0.0078125)"), FULL), epochs=1, ids=7)
    )
    for step, was in zip(cut, free, strict=True):
        for name in step:
            assert step[name] == pytest.approx(was[name].clip(-0.0078125, 0.0078125), abs=1e-10)


WIDE = "input x: 6  x -> Dense(8) -> BatchNorm -> prelu -> Dense(4) -> LayerNorm -> Dense(3)"


@pytest.mark.parametrize("word", ["SGD(lr=0.5", "Adam(lr=0.5", "Lion(lr=0.5"])
@pytest.mark.parametrize(("decays", "count"), [("all", 11), ("kernels", 3)])
def test_as_many_arrays_decay_as_is_said(word: str, decays: str, count: int) -> None:
    """What a step with decay does beyond the same step without is lr · weight_decay · w, where it decays."""
    free = follow(spec(WIDE, f"optimizer = {word})  epochs = 1", FULL), epochs=1)
    more = f"optimizer = {word}, weight_decay=0.125, decays={decays})  epochs = 1"
    less = follow(spec(WIDE, more, FULL), epochs=1)
    trained = [name for name in free.before if "running" not in name]
    assert len(trained) == 11
    for one, two in zip(steps(free), steps(less), strict=True):
        lost = {name: one[name] - two[name] for name in trained}
        decayed = [name for name in trained if np.abs(lost[name]).max() > 1e-12]
        assert len(decayed) == count
        for name in decayed:
            assert lost[name] == pytest.approx(0.0625 * free.before[name], abs=1e-10)


# --- several batches, several updates ----------------------------------------------------------------


def test_accumulated_gradients_are_those_of_a_large_batch() -> None:
    small = "optimizer = Adam(lr=0.015625)  epochs = 2  accumulate = 4"
    large = small.replace("accumulate = 4", "")
    one = follow(spec(MLP, small, "batch = 4"), epochs=2, count=16)
    two = follow(spec(MLP, large, FULL), epochs=2, count=16)
    for mine, other in ((one.keras, two.keras), (one.torch, two.torch)):
        for name in mine[-1]:
            assert mine[-1][name] == pytest.approx(other[-1][name], abs=1e-7)
    assert len(one.torch_rates) == len(two.torch_rates) == 2


@pytest.mark.parametrize("eager", [True, False])
def test_gradients_wait_across_epochs_and_means_follow_updates(eager: bool) -> None:
    """Five batches an epoch, two of them in an update: an update in the middle of the second epoch."""
    train = (
        "optimizer = SGD(lr=cosine(0.125, warmup=1), momentum=0.875, weight_decay=0.25)  epochs = 3"
        "  accumulate = 2  ema = 0.75  clip = global_norm(0.5)"
    )
    found = follow(spec(MLP, train), eager=eager)
    assert found.gap < 1e-7
    assert len(found.torch_rates) == 7
    # The rate of the update that a batch belongs to.
    assert found.keras_rates[1:14:2] == pytest.approx(found.torch_rates, rel=1e-12)


def test_validation_sees_the_running_mean_of_the_weights() -> None:
    train = "optimizer = SGD(lr=0.125, momentum=0.5)  epochs = 4  {}"
    raw = follow(spec(MLP, train.format(""), FULL), epochs=4)
    mean = follow(spec(MLP, train.format("ema = 0.75"), FULL), epochs=4)
    assert mean.gap < 1e-10
    for weights, means in ((raw.keras, mean.keras), (raw.torch, mean.torch)):
        for name in raw.before:
            wanted = weights[0][name]
            for after, seen in zip(weights, means, strict=True):
                wanted = 0.75 * wanted + 0.25 * after[name]
                assert seen[name] == pytest.approx(wanted, abs=1e-7)
    behind = keras_weights(mean.pair)  # `fit`
    assert all((behind[name] == mean.keras[-1][name]).all() for name in behind)


def test_a_full_batch_is_one_update_an_epoch_and_a_batch_of_one_as_many_as_there_are_samples() -> (
    None
):
    train = "optimizer = SGD(lr=0.015625)  epochs = 3"
    assert len(follow(spec(MLP, train, FULL)).torch_rates) == 3
    alone = follow(spec(MLP, train, "batch = 1"), epochs=1, count=7)
    assert len(alone.torch_rates) == len(alone.keras_rates) == 7
    assert alone.gap < 1e-10


RATES: dict[str, Callable[[int], float]] = {
    "linear(0.125)": lambda t: 0.125 * (1 - t / 15),
    "piecewise([0.125, 0.0625], at=[1.4])": lambda t: 0.125 if t < 7 else 0.0625,
    "constant(0.125, warmup=1)": lambda t: 0.125 * min(1, (t + 1) / 5),
}


@pytest.mark.parametrize("schedule", RATES)
def test_every_update_has_the_rate_of_its_time(schedule: str) -> None:
    found = follow(spec(MLP, f"optimizer = SGD(lr={schedule})  epochs = 3"))
    wanted = [RATES[schedule](update) for update in range(15)]
    assert found.torch_rates == pytest.approx(wanted, rel=1e-12)
    assert found.keras_rates == pytest.approx(wanted, rel=1e-12)
