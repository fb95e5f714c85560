"""Constraints on weights: the same numbers in both frameworks, and true after every update of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab

from dslc.vocab.word import words

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]

# Of each case: the input, the flow, and for each constrained array its index among the weights of the model
# and the axes over which a norm is taken.
LAYERS: dict[str, tuple[str, str, dict[int, tuple[int, ...]]]] = {
    "Dense": ("6", "x -> Dense(4, {}) -> relu -> Dense(3)", {0: (0,)}),
    "all of a class": ("6", "x -> Dense(4, {0}) -> Dense(3, {0})", {0: (0,), 2: (0,)}),
    "Conv1D": ("9x3", "x -> Conv1D(4, 3, {})", {0: (0, 1)}),
    "Conv2D": ("6x6x3", "x -> Conv2D(4, 3x2, {})", {0: (0, 1, 2)}),
    "padded": ("7x7x3", "x -> Conv2D(4, 3x3, stride=2, padding=same, {})", {0: (0, 1, 2)}),
    "grouped": ("6x6x4", "x -> Conv2D(6, 3x3, groups=2, {})", {0: (0, 1, 2)}),
    "Conv3D": ("4x4x4x2", "x -> Conv3D(3, 2x2x3, {})", {0: (0, 1, 2, 3)}),
    "Conv2DTranspose": ("4x4x3", "x -> Conv2DTranspose(5, 3x3, {})", {0: (0, 1, 3)}),
    "DepthwiseConv2D": ("6x6x3", "x -> DepthwiseConv2D(3x3, multiplier=2, {})", {0: (0, 1)}),
    "SeparableConv2D": ("6x6x3", "x -> SeparableConv2D(4, 3x3, {})", {0: (0, 1), 1: (0, 1, 2)}),
    "Embedding": ("5", "x -> Embedding(7, 4, {}) -> Flatten -> Dense(2)", {0: (1,)}),
    "SimpleRNN": ("5x3", "x -> SimpleRNN(4, {0}, recurrent_{0})", {0: (0,), 1: (0,)}),
    "LSTM": ("5x3", "x -> LSTM(4, {0}, recurrent_{0})", {0: (0,), 1: (0,)}),
    "GRU": ("5x3", "x -> GRU(4, {0}, recurrent_{0})", {0: (0,), 1: (0,)}),
    "state alone": ("5x3", "x -> GRU(4, recurrent_{0})", {1: (0,)}),
    "both ways": (
        "5x3",
        "x -> Bidirectional(LSTM(4, {0}, recurrent_{0}))",
        dict.fromkeys((0, 1, 3, 4), (0,)),
    ),
    "one and both ways": (
        "5x3",
        "x -> Bidirectional(GRU(4, {0}, sequences=true)) -> GRU(3, {0})",
        {0: (0,), 3: (0,), 6: (0,)},
    ),
    "beside attention": ("5x4", "x -> MultiHeadAttention(2) -> Dense(3, {})", {8: (0,)}),
    "shared": ("6", "f = Dense(6, {})\n  x -> f -> relu -> f", {0: (0,)}),
}
RULES = ("max_norm(0.75)", "unit_norm", "non_negative")


def norms(array: Any, axes: tuple[int, ...]) -> Any:
    return (array**2).sum(axis=axes) ** 0.5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("layer", LAYERS)
def test_both_backends_bring_weights_back_alike(layer: str, rule: str) -> None:
    import numpy as np
    from parity import both, buffers, model_text

    shape, flow, places = LAYERS[layer]
    pair = both(model_text(shape, flow.format(f"constraint={rule}")))
    variables = [v for one in pair.keras_layers for v in one.weights]
    before = [np.array(v) for v in variables]
    for variable in variables:
        if variable.constraint is not None:
            variable.assign(variable.constraint(variable))
    pair.torch_names["constrain"](pair.torch)
    buffers(pair, 1e-14)
    for index, (old, variable) in enumerate(zip(before, variables, strict=True)):
        new = np.array(variable)
        if index not in places:
            assert (old == new).all()
        elif rule == "non_negative":
            assert (new == np.maximum(old, 0)).all() and (new != old).any()
        else:
            lengths, wanted = norms(new, places[index]), norms(old, places[index])
            wanted = np.minimum(wanted, 0.75) if "max" in rule else np.ones_like(wanted)
            np.testing.assert_allclose(lengths, wanted, rtol=1e-5)


def test_every_constraint_is_among_them() -> None:
    assert {rule.partition("(")[0] for rule in RULES} == set(words("constraint"))


def test_limits_of_blocks_stay_their_own() -> None:
    import numpy as np
    from parity import both, buffers, model_text

    blocks = """block Limited(limit) { input x\n  x -> Dense(4, constraint=max_norm(limit)) -> relu }
block Ruled(rule) { input x\n  x -> Dense(5, constraint=rule) -> relu }"""
    flow = "x -> Limited(0.5) -> Limited(0.25) -> Ruled(unit_norm) -> Ruled(none) -> Dense(2)"
    pair = both(model_text("6", flow, blocks))
    variables = [v for one in pair.keras_layers for v in one.weights]
    free = np.array(variables[6])
    for variable in variables:
        if variable.constraint is not None:
            variable.assign(variable.constraint(variable))
    pair.torch_names["constrain"](pair.torch)
    buffers(pair, 1e-14)
    found = [norms(np.array(v), (0,)).max() for v in variables[:6:2]]
    assert found == pytest.approx([0.5, 0.25, 1], rel=1e-5)
    assert (np.array(variables[6]) == free).all()


def test_a_model_without_constraints_has_no_word_about_them() -> None:
    from sections import model_text, written

    for backend in BACKENDS:
        assert "constrai" not in written(model_text("6", "x -> Dense(4) -> relu"), backend)


# --- in training -------------------------------------------------------------------------------------

TRAINED = """
model Net {
  input row: 4
  row -> Dense(8, constraint=max_norm(0.5)) -> relu -> Dense(6, constraint=non_negative) -> relu
  -> Dense(3, constraint=unit_norm) -> softmax
}
data { source = iris  split = stratified(60, 20, 20)  scale = zscore  batch = 30 }
train { loss = cross_entropy  optimizer = SGD(lr=1.0)  epochs = 4 }
"""
WATCHED = """
import numpy as np
seen = []

def watch(weights):
    first, second, third = [np.array(w, dtype=float) for w in weights]
    seen.append([float((first**2).sum(0).max() ** 0.5), float(second.min()),
                 float(abs((third**2).sum(0) ** 0.5 - 1).max())])

if hasattr(spec, "torch"):
    constrain = spec.constrain
    def constrain_and_watch(model):
        constrain(model)
        watch([p.detach().numpy().T for p in model.parameters() if p.ndim == 2])
    spec.constrain = constrain_and_watch
else:
    def on_train_batch_end(self, batch, logs=None):
        watch([w.numpy() for w in self.model.trainable_weights if len(w.shape) == 2])
    spec.Checkpoint.on_train_batch_end = on_train_batch_end
spec.main([])
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_they_hold_after_every_update(backend: str, tmp_path: Path) -> None:
    here = Lab(tmp_path, backend)
    here.compile(TRAINED)
    seen = here.evaluate("seen", WATCHED)
    assert len(seen) == 4 * 3  # 90 rows in batches of 30
    for longest, least, off in seen:
        assert longest <= 0.5 + 1e-6
        assert least >= 0
        assert off < 1e-5
    assert max(longest for longest, *_ in seen) > 0.49  # the limit was met
