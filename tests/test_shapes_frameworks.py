"""Every word against Keras and torch: what they accept, what comes out, how many weights they make."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("keras")
pytest.importorskip("torch")

from shape_cases import CASES, Case
from shape_oracles import Answer, Inexpressible, ask_keras, ask_torch

from dslc.vocab.tensor import Tensor, count
from dslc.vocab.word import words

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]

VALID = 200
EXAMPLES = {
    **dict.fromkeys(words("activation"), 240),
    **dict.fromkeys(("BatchNorm", "LayerNorm", "RMSNorm", "Flatten"), 240),
    **{f"{kind}Pool{n}D": 300 + 200 * n for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "Bidirectional", "MultiHeadAttention"), 340),
    **dict.fromkeys(
        ("Crop", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "dot"), 600
    ),
}

# Where the language refuses what a framework takes, and why.
STRICTER = {
    ("Dense", "E0301"): "an image straight into Dense is a forgotten Flatten",
    ("MultiHeadAttention", "E0301"): "attention over features or images means something else",
    ("dot", "E0301"): "sums over one axis of two images: name the axes by Permute and Flatten",
    ("add", "E0302"): "nothing is broadcast",
    ("subtract", "E0302"): "nothing is broadcast",
    ("average", "E0302"): "nothing is broadcast",
    ("maximum", "E0302"): "nothing is broadcast",
    ("concat", "E0309"): "axis 0 is the batch",
    ("Dropout", "parameters"): "a rate of 1 drops everything",
    ("GaussianDropout", "parameters"): "a rate of 1 has no finite variance",
    ("AlphaDropout", "parameters"): "a rate of 1 drops everything",
    ("DepthwiseConv2D", "parameters"): "TensorFlow fails at run time where strides differ",
    ("SeparableConv2D", "parameters"): "TensorFlow fails at run time where strides differ",
}
# torch reads a tensor with one axis less as one sample without its batch, computes dilated convolutions with
# a stride, and checks `output_padding` only when it runs.
STRICTER_THAN_TORCH = {
    **{(f"Conv{n}D", code): "" for n in (1, 2, 3) for code in ("E0301", "parameters")},
    **{(f"{kind}Pool{n}D", "E0301"): "" for kind in ("Max", "Avg") for n in (1, 2, 3)},
    ("DepthwiseConv2D", "E0301"): "",
    ("SeparableConv2D", "E0301"): "",
    ("Conv2DTranspose", "E0301"): "",
    ("Conv2DTranspose", "parameters"): "",
}


def ours(case: Case) -> Answer | str:
    """What dslc says: the answer, or the code of its refusal."""
    bound = case.bound()
    if isinstance(bound, str):
        return "parameters"
    result = bound.infer(*case.tensors())
    if not isinstance(result, Tensor):
        return result.code
    weights = bound.arrays(*case.tensors()).values()
    sizes = count(weights, trainable=True), count(weights, trainable=False)
    return Answer(result.shape, *sizes)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", CASES)
def test_a_word_means_what_the_frameworks_mean(word: str) -> None:
    agreed: set[str] = set()

    @settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=EXAMPLES.get(word, 420),
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES[word])
    def run(case: Case) -> None:
        mine = ours(case)
        for name, ask in (("keras", ask_keras), ("torch", ask_torch)):
            try:
                theirs = ask(case)
            except Inexpressible:
                continue
            if isinstance(mine, Answer):
                assert theirs == mine, name
                agreed.add(repr(case))
            elif theirs is not None:
                known = (word, mine) in STRICTER
                known |= name == "torch" and (word, mine) in STRICTER_THAN_TORCH
                assert known, f"{name} takes this: {theirs}"

    run()
    assert len(agreed) >= VALID
