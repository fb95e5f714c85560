"""Whole runs from the same first weights: penalties, constraints, class weights and what goes on around updates give
the same numbers on both backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab

pytestmark = pytest.mark.framework

SPEC = """
model Net {{
  input row: 4
  a = row -> Dense(3, init=constant(0.2))
  b = row -> Dense(3, init=constant(-0.3))
  c = row -> Dense(2, init=constant(0.1), bias_init=constant(0.4))
  concat(a, b, c) -> tanh -> Dense(3, init=constant(0.1)) -> softmax
}}
defaults {{ {rules} }}
data {{ source = iris  split = random(60, 20, 20)  scale = zscore  batch = 32  shuffle = false }}
train {{ loss = cross_entropy(label_smoothing=0.1)  metrics = [accuracy]  epochs = 4
  optimizer = SGD(lr=0.5, momentum=0.9)  {train} }}
"""
RUNS = {
    "penalties": (
        "regularizer = l1_l2(l1=0.001, l2=0.01)  bias_regularizer = l2(0.02)",
        "class_weight = [1, 2.5, 0.5]",
    ),
    "lengths": ("constraint = max_norm(0.5)", "class_weight = [3, 1, 2]  accumulate = 2"),
    "roles": (
        "hidden { constraint = max_norm(0.4) } output { constraint = unit_norm }",
        "ema = 0.9",
    ),
    "signs": (
        "Dense { constraint = non_negative  bias_regularizer = l2(0.01) }",
        "class_weight = balanced  clip = global_norm(0.5)",
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_both_backends_give_the_same_numbers(run: str, tmp_path: Path) -> None:
    rules, train = RUNS[run]
    found: list[dict[str, Any]] = []
    for backend in BACKENDS:
        here = Lab(tmp_path, backend)
        here.compile(SPEC.format(rules=rules, train=train))
        here.run()
        found.append(here.read("history.json") | here.read("metrics.json"))
    mine, other = found
    assert set(mine) == set(other)
    for name, values in mine.items():
        assert other[name] == pytest.approx(values, rel=2e-4, abs=1e-5), name
    assert mine["loss"][0] != pytest.approx(mine["loss"][-1], rel=0.01)
