"""Rules of `defaults`: what each layer gets, and that both scripts have it where roles differ between uses."""

from __future__ import annotations

from typing import Any

import pytest
from sections import graph_of, written

from dslc.graph.roles import roles

BLOCKS = """
block Stage(n) { input x
  x -> Dense(n) -> relu
}
block Two(n) { input x
  x -> Stage(n) -> Stage(n)
}
block Residual(n) { input x
  y = x -> Dense(n) -> relu -> Dense(n)
  add(x, y) -> relu
}
block Either(wide) { input x
  x -> match { wide: Dense(8) -> relu  else: Dense(4) }
}
"""
# Of each flow: the shape of `x`, and the roles of its layers with weights: h or o.
FLOWS: dict[str, tuple[str, str]] = {
    "x -> Dense(4)": ("8", "o"),
    "x -> Dense(4) -> relu -> Dense(3) -> softmax": ("8", "ho"),
    "x -> Dense(6) -> relu -> Dense(6) -> Reshape(3x2) -> Flatten -> tanh": ("8", "ho"),
    "x -> Dense(6) -> BatchNorm -> relu": ("8", "oo"),
    "x -> Dense(6) -> LayerNorm -> Dense(2) -> BatchNorm": ("8", "hhoo"),
    "a = x -> Dense(4)\n  b = x -> Dense(4) -> relu -> Dense(4)\n  add(a, b) -> softmax": ("8", "oho"),
    "x -> Dense(8) * 3": ("8", "hho"),
    "x -> (Dense(8) -> relu) * 3": ("8", "hho"),
    "x -> (Dense(6) -> relu -> Dense(8)) * 2": ("8", "hhho"),
    "x -> Stage(8) * 3": ("8", "hho"),
    "x -> Stage(16) * 2 -> Dense(4)": ("8", "hho"),
    "x -> Stage(4) -> Stage(6)": ("8", "ho"),
    "x -> Two(8) * 2": ("8", "hhho"),
    "x -> Two(4) -> Dense(8) -> Two(8)": ("8", "hhhho"),
    "x -> Residual(8) * 2": ("8", "hoho"),  # by way of the shortcut
    "x -> Residual(8) * 2 -> Stage(3)": ("8", "hhhho"),
    "x -> Either(true) -> Either(true) -> Either(false)": ("8", "hho"),
    "f = Dense(8)\n  x -> f -> relu -> f": ("8", "oo"),
    "f = Dense(8)\n  x -> f -> relu -> Dense(8) -> f -> Dense(2)": ("8", "hhho"),
    "f = Stage(8)\n  x -> f -> f": ("8", "oo"),
    "output a: x -> Dense(3)\n  h = x -> Dense(4)\n  output b: h -> Dense(2)": ("8", "oho"),
    "h = x -> Dense(4)\n  output a: h -> Dense(3)\n  output b: h": ("8", "oo"),
    "x -> Bidirectional(LSTM(4)) -> Dense(3)": ("5x3", "ho"),
    "x -> Dense(4) -> Bidirectional(GRU(4, sequences=true))": ("5x3", "ho"),
    "x -> Conv2D(4, 3x3) -> relu -> Conv2D(2, 1x1) -> GlobalAvgPool2D -> softmax": ("8x8x3", "ho"),
}  # fmt: skip
RULES = "defaults { hidden { init = constant(0.25)  bias_init = ones } output { init = constant(0.5) } }"


def spec(flow: str, rules: str = RULES, shape: str = "8") -> str:
    return f"{BLOCKS}\nmodel Net {{\n  input x: {shape}\n  {flow}\n}}\n{rules}\n"


def layers(text: str) -> list[Any]:
    """The words of a model that have arrays, in order; that inside `Bidirectional` in its place."""
    _, graph = graph_of(text)
    found = [node.word for node in graph.nodes() if node.word and graph.used_weights(node)]
    return [getattr(word, "layer", word) for word in found]


@pytest.mark.parametrize("flow", FLOWS)
def test_roles(flow: str) -> None:
    shape, wanted = FLOWS[flow]
    _, graph = graph_of(spec(flow, "", shape))
    found = roles(graph)
    assert "".join(found[i][0] for i in sorted(found)) == wanted


@pytest.mark.parametrize("flow", FLOWS)
def test_layers_get_what_their_role_says(flow: str) -> None:
    shape, wanted = FLOWS[flow]
    for word, role in zip(layers(spec(flow, shape=shape)), wanted, strict=True):
        if "init" in type(word).model_fields:
            assert word.init.value == (0.25 if role == "h" else 0.5)
            assert word.bias_init.word == ("ones" if role == "h" else "zeros")


# --------------------------------------------------------------------------- what counts most


def inits(flow: str, rules: str, shape: str = "8") -> list[str]:
    return [word.init.word for word in layers(spec(flow, f"defaults {{ {rules} }}", shape))]


def test_the_more_special_rule_counts_more() -> None:
    flow = "x -> Dense(4) -> Dense(4, init=ones) -> Dense(4)"
    assert inits(flow, "") == ["glorot_uniform", "ones", "glorot_uniform"]
    assert inits(flow, "init = zeros") == ["zeros", "ones", "zeros"]
    assert inits(flow, "init = zeros  Dense { init = he_normal }") == [
        "he_normal", "ones", "he_normal",
    ]  # fmt: skip
    rules = "init = zeros  output { init = normal }  Dense { init = he_normal }"
    assert inits(flow, rules) == ["he_normal", "ones", "normal"]
    rules = "hidden { init = uniform }  output { init = normal }  Dense { init = he_normal }"
    assert inits(flow, rules) == ["uniform", "ones", "normal"]


def test_a_rule_for_a_kind_reaches_special_defaults() -> None:
    flow = "x -> Dense(4) -> prelu -> Dense(4)"
    assert inits(flow, "init = ones  hidden { init = ones }") == ["ones", "constant", "ones"]
    assert inits(flow, "init = ones  prelu { init = zeros }") == ["ones", "zeros", "ones"]


def test_a_rule_for_a_kind_gives_any_parameter_with_a_default() -> None:
    rules = "defaults { BatchNorm { momentum = 0.5  scale = false }  Dense { bias = false } }"
    dense, norm, last = layers(spec("x -> Dense(4) -> BatchNorm -> Dense(2, bias=true)", rules))
    assert (norm.momentum, norm.scale, norm.center) == (0.5, False, True)
    assert (dense.bias, last.bias) == (False, True)
    rules = "defaults { Conv2D { stride = 2  padding = same } }"
    _, graph = graph_of(spec("x -> Conv2D(4, 3x3) -> Conv2D(4, 3x3, stride=1)", rules, "9x9x1"))
    assert [str(node.output) for node in graph.nodes()] == ["9x9x1", "5x5x4", "5x5x4"]


def test_rules_reach_the_layer_inside_another() -> None:
    flow = "x -> Bidirectional(LSTM(4)) -> Dense(2)"
    assert inits(flow, "init = ones", "5x3") == ["ones", "ones"]
    assert inits(flow, "LSTM { init = ones }", "5x3") == ["ones", "glorot_uniform"]
    assert inits(flow, "hidden { init = ones }", "5x3") == ["ones", "glorot_uniform"]
    said = "x -> Bidirectional(LSTM(4, init=zeros)) -> Dense(2)"
    assert inits(said, "init = ones", "5x3") == ["zeros", "ones"]


def test_none_takes_a_rule_back() -> None:
    rules = (
        "defaults { regularizer = l2(0.1)  constraint = unit_norm  output { constraint = none } }"
    )
    first, last = layers(spec("x -> Dense(4, regularizer=none) -> Dense(2)", rules))
    assert (first.regularizer, first.constraint.word) == (None, "unit_norm")
    assert (last.regularizer.word, last.constraint) == ("l2", None)


def test_the_bias_of_a_role_is_counted() -> None:
    from dslc.check.summary import summarise

    _, graph = graph_of(spec("x -> Stage(4) -> Stage(4)", "defaults { output { bias = false } }"))
    assert summarise(graph).trainable == 8 * 4 + 4 + 4 * 4


# --------------------------------------------------------------------------- blocks in several roles


@pytest.mark.parametrize("backend", ["keras", "torch"])
def test_a_block_is_written_twice_only_where_roles_matter(backend: str) -> None:
    flow, name = "x -> Stage(8) -> Stage(8)", {"keras": "def stage2(", "torch": "class Stage2("}
    plain = "defaults { init = he_normal }"
    same = "defaults { hidden { init = ones } output { init = ones } }"
    other = "defaults { output { init = ones } }"
    norms = "defaults { hidden { init = ones } }"
    assert name[backend] not in written(spec(flow, plain), backend)
    assert name[backend] not in written(spec(flow, same), backend)
    assert name[backend] in written(spec(flow, other), backend)
    assert name[backend] not in written(spec(f"{flow} -> Dense(2)", norms), backend)


def test_a_loop_ends_before_the_turn_with_another_role() -> None:
    text = written(spec("x -> Dense(8) * 3", "defaults { output { init = ones } }"), "keras")
    assert "for " not in text
    assert text.count("layers.Dense(8)") == 2
    assert text.count('layers.Dense(8, kernel_initializer="ones")') == 1
    assert "for _ in range(3)" in written(spec("x -> Dense(8) * 3 -> Dense(1)"), "keras")


@pytest.mark.framework
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("flow", FLOWS)
def test_both_scripts_draw_by_role(flow: str) -> None:
    import numpy as np
    from paired import both

    shape, wanted = FLOWS[flow]
    pair = both(spec(flow, shape=shape), fill=False)
    kernels = {
        "keras": [
            np.asarray(v)
            for layer in pair.keras_layers
            for v in layer.weights
            if len(v.shape) > 1 and "recurrent" not in v.path and "gru_cell/bias" not in v.path
        ],
        "torch": [
            p.detach().numpy()
            for module in pair.torch_modules
            for name, p in module.named_parameters()
            if p.ndim > 1 and "_hh" not in name
        ],
    }
    expected: list[float] = []
    for node, arrays in pair.arrays or _arrays(pair):
        role = roles(pair.graph)[node.index]
        value = 0.25 if role == "hidden" else 0.5
        expected += [
            value for name in arrays if name.endswith("kernel") and "recurrent" not in name
        ]
    for backend, arrays in kernels.items():
        found = [float(array.flat[0]) for array in arrays if (array == array.flat[0]).all()]
        assert found == expected, (backend, wanted)


def _arrays(pair: Any) -> list[Any]:
    return [
        (node, pair.graph.weights(node)) for node in pair.graph.nodes() if pair.graph.weights(node)
    ]
