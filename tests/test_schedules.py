"""Learning-rate schedules: the function in the scripts gives the rates that the formula says, update by update."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from compiled import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from dslc.codegen.schedules import rate_function, takes_epochs
from dslc.vocab import optimizers, schedules
from dslc.vocab.experiment import Schedule
from dslc.vocab.word import words

# The same curves, written down from the papers and other libraries, as functions of time and length in epochs.


def restarts(t: float, first: float, growth: float, decay: float) -> float:
    """Where in its cosine the time is, and how high that one is."""
    start, length, height = 0.0, first, 1.0
    while t >= start + length:
        start, length, height = start + length, length * growth, height * decay
    return height * (1 + math.cos(math.pi * (t - start) / length)) / 2


def cycle(t: float, length: float) -> float:
    peak, low, last = 0.3 * length, 0.04, 4e-6
    if t < peak:
        return low + (1 - low) * (1 - math.cos(math.pi * t / peak)) / 2
    return last + (1 - last) * (1 + math.cos(math.pi * (t - peak) / (length - peak))) / 2


Curve = Callable[[float, float], float]
CURVES: list[tuple[Schedule, Curve]] = [
    (schedules.Constant(lr=0.1), lambda t, e: 0.1),
    (schedules.Step(lr=0.1, every=3, factor=0.5), lambda t, e: 0.1 * 0.5 ** math.floor(t / 3)),
    (
        schedules.Piecewise(rates=(0.1, 0.03, 0.01), at=(2, 7)),
        lambda t, e: 0.1 if t < 2 else 0.03 if t < 7 else 0.01,
    ),
    (schedules.Exponential(lr=0.1, factor=0.9), lambda t, e: 0.1 * math.exp(t * math.log(0.9))),
    (
        schedules.Exponential(lr=0.1, factor=0.9, staircase=True),
        lambda t, e: 0.1 * 0.9 ** int(t),
    ),
    (
        schedules.Cosine(lr=0.1, end=0.01),
        lambda t, e: 0.01 + 0.09 * (1 + math.cos(math.pi * t / e)) / 2,
    ),
    (
        schedules.CosineRestarts(lr=0.1, first=2, growth=2, decay=0.5, end=0.01),
        lambda t, e: 0.01 + 0.09 * restarts(t, 2, 2, 0.5),
    ),
    (schedules.Linear(lr=0.1, end=0.02), lambda t, e: 0.1 - 0.08 * t / e),
    (schedules.OneCycle(lr=0.1), lambda t, e: 0.1 * cycle(t, e)),
]
FROM_THE_START = (schedules.Step, schedules.Piecewise)


def rates(schedule: Schedule, batches: int, epochs: int, accumulate: int = 1) -> list[float]:
    """The rate of every update of a training."""
    names: dict[str, Any] = {"math": math}
    exec(rate_function(schedule, accumulate), names)
    length = (epochs,) if takes_epochs(schedule) else ()
    updates = range(batches * epochs // accumulate)
    return [names["learning_rate"](update, batches, *length) for update in updates]


def test_every_schedule_is_tried() -> None:
    assert {type(schedule) for schedule, _ in CURVES} == set(words("schedule").values())


@pytest.mark.parametrize(("schedule", "curve"), CURVES, ids=lambda v: getattr(v, "word", ""))
@pytest.mark.parametrize(("batches", "accumulate"), [(1, 1), (7, 1), (8, 4), (7, 3)])
def test_rates_are_those_of_the_formula(
    schedule: Schedule, curve: Curve, batches: int, accumulate: int
) -> None:
    found = rates(schedule, batches, 10, accumulate)
    wanted = [curve(t * accumulate / batches, 10) for t in range(len(found))]
    assert found == pytest.approx(wanted, rel=1e-12)
    assert len(found) == 10 * batches // accumulate


WARMED = [(s, c) for s, c in CURVES if "warmup" in type(s).model_fields]


@pytest.mark.parametrize(("schedule", "curve"), WARMED, ids=lambda v: getattr(v, "word", ""))
@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize(("warmup", "accumulate"), [(2.0, 1), (1.3, 1), (1.0, 3)])
def test_a_warm_up_rises_to_the_first_rate(
    schedule: Schedule, curve: Curve, shape: str, warmup: float, accumulate: int
) -> None:
    word = schedule.model_copy(update={"warmup": warmup, "warmup_shape": shape})
    found = rates(word, 7, 10, accumulate)
    length = warmup * 7 / accumulate  # of the warm-up, in updates
    moved = 0.0 if isinstance(schedule, FROM_THE_START) else warmup
    for update, rate in enumerate(found):
        time = update * accumulate / 7
        if update < length:
            share = min(1.0, (update + 1) / length)
            share = share if shape == "linear" else math.sin(math.pi * share / 2) ** 2
            assert rate == pytest.approx(share * 0.1, rel=1e-12), update
        else:
            assert rate == pytest.approx(curve(time - moved, 10 - moved), rel=1e-12), update
    assert min(found) > 0
    assert found[math.ceil(length) - 1] == pytest.approx(0.1, rel=1e-12)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(
    numbers(1e-4, 10), numbers(0, 0.99), numbers(0, 4.9), st.integers(1, 9), st.integers(1, 4)
)  # fmt: skip
def test_rates_fall_from_their_peak_and_never_reach_zero(
    lr: float, end: float, warmup: float, batches: int, accumulate: int
) -> None:
    for kind in (schedules.Cosine, schedules.Linear):
        found = rates(kind(lr=lr, end=end * lr, warmup=warmup), batches, 5, accumulate)
        assert all(0 < rate <= lr * (1 + 1e-9) for rate in found)
        top = found.index(max(found)) if found else 0
        behind = found[top:]
        assert behind == sorted(behind, reverse=True)


def test_a_constant_without_warm_up_is_a_number() -> None:
    word = optimizers.SGD(lr=schedules.Constant(lr=0.25))
    assert (word.schedule, word.rate) == (None, 0.25)
    assert optimizers.SGD(lr=0.5).rate == 0.5
    piecewise = optimizers.SGD(lr=schedules.Piecewise(rates=(0.1, 0.01), at=(3,)))
    assert (piecewise.schedule, piecewise.rate) == (piecewise.lr, 0.1)


def test_the_functions_are_as_the_tools_would_write_them(tmp_path: Any) -> None:
    long = schedules.OneCycle(lr=0.1234567, rise=0.3456789, start=0.0123456, end=0.0000123)
    found = [(s, 1) for s, _ in CURVES if not s.steady] + [(long, 2)]
    for schedule, _ in WARMED:
        for shape in ("linear", "cosine"):
            update = {"warmup": 2.5, "warmup_shape": shape}
            found.append((schedule.model_copy(update=update), 3))
    for number, (schedule, accumulate) in enumerate(found):
        text = rate_function(schedule, accumulate)
        math_is_used = "import math\n\n\n" if "math." in text else ""
        (tmp_path / f"rate_{number}.py").write_text(f"{math_is_used}{text}\n")
    assert complaints(tmp_path) == ""


def test_the_function_holds_the_numbers_of_the_spec_and_the_formula_of_the_vocabulary() -> None:
    text = rate_function(schedules.Cosine(lr=0.1, warmup=5), 4)
    assert text.splitlines() == [
        "def learning_rate(update, batches, epochs, lr=0.1, end=0.0, warmup=5):",
        '    """Return the rate of an update (from 0): half a cosine from `lr` to `end`."""',
        "    epoch = 4 * update / batches  # 4 batches make an update",
        "    if epoch < warmup:",
        "        return lr * min(1, 4 * (update + 1) / (warmup * batches))",
        "    epoch, epochs = epoch - warmup, epochs - warmup",
        f"    {schedules.Cosine.formula[0]}",
    ]
