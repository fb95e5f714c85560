"""What scripts say about penalties, constraints and class weights: clean code, and nothing that the spec does not
ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiled import BACKENDS, compiled, complaints

PICTURES = "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }"
ROWS = 'data { source = npz("rows.npz")  split = random(60, 20, 20) }'
NET = "model Net { input x: 8x8x1  x -> Conv2D(8, 3x3) -> relu -> Flatten -> Dense(10) -> softmax }"
CANCER = "model Cancer { input x: 30  x -> Dense(1) -> sigmoid }"
BREAST = "data { source = breast_cancer  split = stratified(70, 15, 15) }"
TWO = """model Two {
  input x: 6
  h = x -> Dense(8) -> AlphaDropout(0.1)
  output kind: h -> Dense(3) -> softmax
  output flag: h -> Dense(1) -> sigmoid
  output size: h -> Dense(1)
}"""
PLACES = "model Places { input x: 5x4  x -> LSTM(8, sequences=true) -> Dense(3) -> softmax }"
MASK = (
    "model Mask { input x: 8x8x2  x -> Conv2D(4, 3x3, padding=same) -> Conv2D(1, 1x1) -> sigmoid }"
)
EVERY = """model Every {
  input x: 9x9x2
  x -> Conv2D(4, 3x3, padding=same) -> DepthwiseConv2D(3x3) -> SeparableConv2D(4, 1x1)
  -> Conv2DTranspose(4, 3x3) -> GaussianDropout(0.2) -> Reshape(81x4)
  -> Bidirectional(LSTM(3, sequences=true)) -> GRU(4) -> Dense(10) -> softmax
}"""
ONE = "loss = cross_entropy"
MANY = "loss { kind = cross_entropy  flag = binary_cross_entropy  size = mse }"
LISTED = ", ".join(["1"] * 9 + ["2.5"])
SPECS = {
    "plain": (NET, PICTURES, ONE, ""),
    "weights": (NET, PICTURES, f"{ONE}  class_weight = [{LISTED}]", ""),
    "two": (CANCER, BREAST, "loss = binary_cross_entropy  class_weight = [1, 2.5]", ""),
    "balanced": (NET, PICTURES, f"{ONE}(label_smoothing=0.1)  class_weight = balanced", ""),
    "parts": (TWO, ROWS, f"{MANY}  class_weight {{ kind = balanced  flag = [1, 4] }}", ""),
    "places": (PLACES, ROWS, f"{ONE}  class_weight = balanced", ""),
    "mask": (MASK, ROWS, "loss = binary_cross_entropy  class_weight = [1, 20]", ""),
    "lengths": (NET, PICTURES, ONE, "constraint = max_norm(3)  regularizer = l2(1e-4)"),
    "some": (NET, PICTURES, ONE, "hidden { constraint = unit_norm }  output { init = he_normal }"),
    "every": (EVERY, ROWS, ONE, "constraint = max_norm(2)  LSTM { recurrent_constraint = unit_norm }"),
    "signs": (EVERY, ROWS, ONE, "Dense { constraint = non_negative  bias_regularizer = l1(1e-3) }"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All scripts, by name and backend."""
    made = tmp_path_factory.mktemp("regularised")
    for name, (model, data, train, rules) in SPECS.items():
        spec = made / f"{name}.dl"
        defaults = f"defaults {{ {rules} }}\n" if rules else ""
        spec.write_text(
            f"{model}\n{defaults}{data}\ntrain {{ {train}  optimizer = SGD(lr=0.1)  epochs = 5 }}\n"
        )
        for backend in BACKENDS:
            (made / f"{name}_{backend}.py").write_text(compiled(spec, backend), encoding="utf-8")
    return made


def script(folder: Path, name: str, backend: str) -> str:
    return (folder / f"{name}_{backend}.py").read_text(encoding="utf-8")


def test_scripts_are_as_ruff_and_black_want_them(folder: Path) -> None:
    assert complaints(folder) == ""


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_said_that_is_not_asked_for(folder: Path, backend: str) -> None:
    text = script(folder, "plain", backend)
    for word in (
        "penal",
        "constrain(",
        "constraint",
        "weight=",
        "class_weight",
        "balanced",
        "Weighted",
        "norm_",
    ):
        assert word not in text, word
    assert "def balanced" not in script(folder, "weights", backend)
    assert "penal" not in script(folder, "weights", backend)
    assert "class_weight" not in script(folder, "lengths", backend)


def test_a_constraint_of_a_whole_class_is_said_once(folder: Path) -> None:
    text = script(folder, "lengths", "torch")
    assert "constrained(" not in text and "penalised(" not in text
    assert "if isinstance(module, (nn.Conv2d, nn.Linear)):" in text
    assert "max_norm_(module.weight, 3.0)" in text
    step = text.index("self.optimizer.step()")
    assert text[step:].split("\n")[1].strip() == "constrain(self.model)"
    some = script(folder, "some", "torch")
    assert "unit_norm_(module.weight)" in some and "def max_norm_" not in some


def test_norms_are_taken_over_the_weights_of_a_unit(folder: Path) -> None:
    text = " ".join(script(folder, "every", "keras").split())
    for argument in (
        "kernel_constraint=keras.constraints.MaxNorm(2.0, axis=[0, 1, 2])",
        "depthwise_constraint=keras.constraints.MaxNorm(2.0, axis=[0, 1])",
        "pointwise_constraint=keras.constraints.MaxNorm(2.0, axis=[0, 1, 2])",
        "kernel_constraint=keras.constraints.MaxNorm(2.0, axis=[0, 1, 3])",
        "kernel_constraint=keras.constraints.MaxNorm(2.0, axis=0)",
        "recurrent_constraint=keras.constraints.UnitNorm(axis=0)",
    ):
        assert argument in text, argument


def test_one_output_with_one_class_takes_keras_own_argument(folder: Path) -> None:
    long = " ".join(script(folder, "weights", "keras").split())
    assert "class_weight = { 0: 1.0, " in long and "class_weight=class_weight, " in long
    assert "class_weight={0: 1.0, 1: 2.5}, " in " ".join(script(folder, "two", "keras").split())
    assert "class_weight=dict(enumerate(balanced(train.y, 10)))" in script(
        folder, "balanced", "keras"
    )
    for name in ("parts", "places", "mask"):
        text = script(folder, name, "keras")
        assert "class_weight=" not in text and "train = Weighted(parts[0]" in text
        assert ("class MeanLoss" in text) == (name == "parts")


def test_torch_weights_only_while_training(folder: Path) -> None:
    text = script(folder, "balanced", "torch")
    assert "if training:\n                    loss = loss * self.class_weight[y]" in text
    assert "balanced(train.dataset.y, 10), device=self.device" in " ".join(text.split())
