"""Every word says what it means: docstring, parameters, examples that compile, aliases that name one word."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from shape_cases import CASES

from dslc.driver import analyse_source
from dslc.source import Source
from dslc.vocab.initializers import fans
from dslc.vocab.kinds import BareName, Param
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.tensor import FlowWord, Tensor, Weight, count
from dslc.vocab.word import Example, Word, aliases, defaults, kind_of, parameters, words

MODEL_KINDS = ("layer", "activation", "merge", "initializer", "regularizer", "constraint")
WORDS = [(kind, name) for kind in MODEL_KINDS for name in words(kind)]
EXAMPLES = [
    pytest.param(example, id=f"{name}: {example}")
    for kind, name in WORDS
    for example in words(kind)[name].examples
    if isinstance(example, Example)
]


def word_of(kind: str, name: str) -> type[Word]:
    return words(kind)[name]


@pytest.mark.parametrize(("kind", "name"), WORDS)
def test_a_word_is_documented(kind: str, name: str) -> None:
    word = word_of(kind, name)
    text = inspect.getdoc(word) or ""
    own = word.__doc__ or ""
    assert own.strip(), "no docstring of its own"
    if issubclass(word, FlowWord):
        assert re.search(r"`[^`]*(\)|…) -> [^`]*`", text), "no shape rule"
    for parameter, field in parameters(word).items():
        assert field.description, parameter
        assert kind_of(field).describe
        assert not field.description.endswith("."), parameter
    assert word.examples, "no example"
    assert all(isinstance(example, Example) for example in word.examples)
    assert word.positional >= 0


@pytest.mark.parametrize(("kind", "name"), WORDS)
def test_names_follow_the_language(kind: str, name: str) -> None:
    word = word_of(kind, name)
    if issubclass(word, Backbone):
        assert re.fullmatch(r"[A-Z]\w+", name)  # the names of its paper
    elif kind == "layer":
        assert re.fullmatch(r"([A-Z][a-z]*|[A-Z]+|\dD)+", name)
    else:
        assert name == name.lower()
    assert name not in word.aliases
    required = [p for p, field in parameters(word).items() if field.is_required()]
    assert required == list(parameters(word))[: len(required)] or kind == "regularizer"


def test_an_alias_names_one_word() -> None:
    owners: dict[str, str] = {}
    for name, word in words("flow").items():
        for alias in word.aliases:
            assert alias not in words("flow"), f"{alias} is a word"
            assert owners.setdefault(alias, name) == name, f"{alias} names two words"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Linear", "Dense"),
        ("BatchNormalization", "BatchNorm"),
        ("BatchNorm2d", "BatchNorm"),
        ("MaxPooling2D", "MaxPool2D"),
        ("AvgPool2d", "AvgPool2D"),
        ("Conv2d", "Conv2D"),
        ("ConvTranspose2d", "Conv2DTranspose"),
        ("GlobalAveragePooling2D", "GlobalAvgPool2D"),
        ("LeakyReLU", "leaky_relu"),
        ("ReLU", "relu"),
        ("swish", "silu"),
        ("linear", "identity"),
        ("Concatenate", "concat"),
        ("cat", "concat"),
        ("MultiheadAttention", "MultiHeadAttention"),
        ("UpSampling2D", "Upsample"),
        ("Dropout2d", "SpatialDropout"),
    ],
)
def test_names_of_other_frameworks_are_known(theirs: str, ours: str) -> None:
    assert aliases("flow")[theirs] == ours


def test_every_word_of_a_flow_has_cases() -> None:
    """Networks of the libraries have tests of their own: test_backbones."""
    networks = {name for name, word in words("flow").items() if issubclass(word, Backbone)}
    assert set(CASES) == set(words("flow")) - networks


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_compiles(example: Example) -> None:
    text = f"model Example {{\n  input x: {example.input}\n  {example}\n}}\n"
    analysis = analyse_source(Source("example.dl", text))
    assert [d.message for d in analysis.diagnostics if d.severity == "error"] == []


def bound(name: str, **values: Any) -> FlowWord:
    word = words("flow")[name](**values)
    assert isinstance(word, FlowWord)
    return word


def test_defaults_are_bound_as_if_written() -> None:
    written = bound("Conv2D", filters=8, kernel=3, stride=1)
    assert written.stride == (1, 1)  # type: ignore[attr-defined]
    assert bound("Conv2D", filters=8, kernel=3) == written
    constructed = words("flow")["Conv2D"].model_construct(filters=8, kernel=(3, 3))
    assert constructed == written
    assert constructed.model_fields_set == {"filters", "kernel"}
    assert defaults(words("flow")["MaxPool2D"])["stride"] is None


@pytest.mark.parametrize(
    ("word", "values", "text"),
    [
        ("Conv2D", {"filters": 8, "kernel": 3, "stride": 2, "dilation": 2}, "cannot both"),
        ("Conv2D", {"filters": 9, "kernel": 3, "groups": 2}, "multiple of `groups`"),
        ("DepthwiseConv2D", {"kernel": 3, "stride": (1, 2)}, "equal for both axes"),
        ("DepthwiseConv2D", {"kernel": 3, "stride": 2, "dilation": 2}, "cannot both"),
        ("Conv2DTranspose", {"filters": 8, "kernel": 3, "output_padding": 1}, "no meaning"),
        (
            "Conv2DTranspose",
            {"filters": 8, "kernel": 3, "padding": 1, "output_padding": 1},
            "below `stride`",
        ),
        ("MaxPool2D", {"size": 2, "padding": 2}, "at most half"),
        ("MaxPool2D", {"size": 2, "padding": BareName("same"), "ceil": True}, "no meaning"),
        ("Reshape", {"shape": (-1, -1)}, "one -1 only"),
        ("Reshape", {"shape": (0, 3)}, "holds a 0"),
        ("Reshape", {"shape": (1, 2, 3, 4, 5)}, "at most 4"),
        ("Permute", {"order": (1, 1)}, "every axis from 1 to 2 once"),
    ],
)
def test_parameters_that_contradict_each_other(
    word: str, values: dict[str, Any], text: str
) -> None:
    problems = list(bound(word, **values).problems())
    assert len(problems) >= 1
    assert text in problems[0]


@pytest.mark.parametrize("word", words("flow"))
def test_parameters_of_a_block_contradict_nothing(word: str) -> None:
    """Inside of a block every parameter may be one of the block's own."""
    open_values = {name: Param(name) for name in parameters(words("flow")[word])}
    assert list(words("flow")[word](**open_values).problems()) == []


def test_problems_of_initializers() -> None:
    assert list(words("initializer")["uniform"](low=1.0, high=0.0).problems())
    assert not list(words("initializer")["uniform"]().problems())


def test_weights_are_counted_as_both_frameworks_do() -> None:
    x = Tensor((8, 8, 16))
    weights = bound("BatchNorm").arrays(x).values()
    assert count(weights) == 64
    assert count(weights, trainable=True) == 32
    assert count(weights, trainable=False) == 32


def kernel_fans(weight: Weight) -> tuple[Any, Any]:
    return weight.fans or fans(weight.shape)


def test_fans_are_what_a_unit_sums_over() -> None:
    image, steps = Tensor((8, 8, 16)), Tensor((10, 64))
    conv = bound("Conv2D", filters=32, kernel=3).arrays(image)["kernel"]
    assert kernel_fans(conv) == (144, 288)
    depthwise = bound("DepthwiseConv2D", kernel=3, multiplier=2).arrays(image)["kernel"]
    assert kernel_fans(depthwise) == (9, 18)
    attention = bound("MultiHeadAttention", heads=4).arrays(steps)
    assert attention["query_kernel"].shape == (64, 4, 16)
    assert kernel_fans(attention["query_kernel"]) == (64, 64)
    assert kernel_fans(attention["output_kernel"]) == (64, 64)
    assert kernel_fans(bound("LSTM", units=32).arrays(steps)["kernel"]) == (64, 128)


def test_the_spread_of_scaled_laws() -> None:
    laws = words("initializer")
    spread = {name: laws[name]().spread(100, 50) for name in laws if hasattr(laws[name], "spread")}  # type: ignore[attr-defined]
    assert spread == pytest.approx(
        {
            "glorot_uniform": (6 / 150) ** 0.5,
            "glorot_normal": (2 / 150) ** 0.5,
            "he_uniform": (6 / 100) ** 0.5,
            "he_normal": (2 / 100) ** 0.5,
            "lecun_uniform": (3 / 100) ** 0.5,
            "lecun_normal": (1 / 100) ** 0.5,
        }
    )


def test_the_forget_gate_starts_open() -> None:
    bias = bound("LSTM", units=3).arrays(Tensor((5, 2)))["bias"]
    assert bias.shape == (12,)
    assert bias.init.word == "forget_bias"
    assert "forget_bias" not in words("initializer")
    both = bound("Bidirectional", layer=bound("LSTM", units=3)).arrays(Tensor((5, 2)))
    assert list(both)[:3] == ["forward_kernel", "forward_recurrent_kernel", "forward_bias"]


def test_only_recurrent_layers_run_both_ways() -> None:
    with pytest.raises(ValueError, match="layer"):
        bound("Bidirectional", layer=bound("Dense", units=3))
