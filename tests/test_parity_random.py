"""Random uses of every word give the same numbers in both scripts: what nobody thought of testing."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from shape_cases import CASES, Case

from dslc.codegen.backend import load_backend
from dslc.vocab.dims import product
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import Word, parameters, words

pytestmark = [
    pytest.mark.framework,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning"),
]

EACH = int(
    os.environ.get("EACH", "8")
)  # uses of a word; more with `pytest --hypothesis-seed` and a larger number here
MERGES = set(words("merge"))
LOOSE = ("gelu", "leaky_relu", "MultiHeadAttention", "Upsample", "prelu", "hard_sigmoid")


def spelled(value: Any) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        inner = ", ".join(spelled(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Word):
        return step(value.word, {name: getattr(value, name) for name in parameters(type(value))})
    return str(value)


def step(word: str, values: dict[str, Any]) -> str:
    default = {name: field.default for name, field in parameters(words("flow")[word]).items()}
    given = [
        f"{name}={spelled(value)}"
        for name, value in values.items()
        if not isinstance(value, Word) or value.kind != "initializer"
        if value is not None or default[name] is not None
    ]
    return f"{word}({', '.join(given)})" if given else word


def size(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))},)" if len(shape) == 1 else "x".join(map(str, shape))


def spec(case: Case) -> str:
    names = [f"x{i}" for i in range(len(case.shapes))]
    inputs = "".join(
        f"  input {name}: {shape[0] if len(shape) == 1 else size(shape)}\n"
        for name, shape in zip(names, case.shapes, strict=True)
    )
    word = step(case.word, case.parameters)
    if case.word in MERGES:
        inside = word.removeprefix(case.word).strip("()")
        flow = f"{case.word}({', '.join(filter(None, [*names, inside]))})"
    else:
        source = names[0] if len(names) == 1 else f"({', '.join(names)})"
        flow = f"{source} -> {word}"
    return f"model Net {{\n{inputs}  {flow}\n}}\n"


def refused(case: Case) -> bool:
    """Whether a backend says that it cannot write this use."""
    word, inputs = case.bound(), tuple(case.tensors())
    assert not isinstance(word, str)
    for name in ("keras", "torch"):
        backend = load_backend(name)
        assert backend is not None
        if backend.table.refusal(word, inputs) is not None:
            return True
    return False


@pytest.mark.parametrize("word", CASES)
def test_random_uses(word: str) -> None:
    from parity import compare

    @settings(
        max_examples=EACH,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES[word])
    def run(case: Case) -> None:
        result = case.result()
        assume(isinstance(result, Tensor))
        assert isinstance(result, Tensor)
        values = [product(result.shape), *(product(shape) for shape in case.shapes)]
        assume(all(int(str(n)) <= 4000 for n in values))
        assume(not refused(case))
        assume(all(case.shapes) and case.parameters.get("rate") != 1.0)
        single = "Pool3D" in word
        loose = word in LOOSE
        compare(
            spec(case),
            dtype="float32" if single else "float64",
            tolerance=1e-5 if single else 1e-6 if loose else 1e-10,
            gradient_tolerance=1e-4 if single else 1e-5 if loose else 1e-9,
            ids=case.parameters.get("vocabulary", 5),
        )

    run()
