"""The examples of the reference run in both frameworks and give the same numbers."""

from __future__ import annotations

import pytest

from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.word import Example, words

pytestmark = [
    pytest.mark.framework,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]

# Not those of networks of the libraries, which are the libraries' own: see test_run_backbones.py.
EXAMPLES = [
    pytest.param(example, id=f"{example.input} {example}")
    for word in words("flow").values()
    for example in word.examples
    if isinstance(example, Example) and not issubclass(word, Backbone)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example(example: Example) -> None:
    from parity import compare, model_text

    # TensorFlow pools no float64 volumes on CPUs, and keeps float32 constants inside of a few operations.
    single = "Pool3D" in example or "bilinear" in example
    compare(
        model_text(example.input, str(example)),
        dtype="float32" if single else "float64",
        tolerance=1e-5 if single else 1e-7,
        gradient_tolerance=1e-4 if single else 1e-6,
        ids=2,
    )
