"""What scripts say about updates: clean code, nothing that the spec does not ask for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Dslc, command_line
from compiled import BACKENDS, analysed, compiled, complaints

from dslc.check.updates import decaying
from dslc.vocab.experiment import Optimizer
from dslc.vocab.word import words

__all__ = ["command_line"]
MODEL = "model M { input x: 8x8x1  x -> Flatten -> Dense(16) -> relu -> Dense(10) -> softmax }"
SEQUENCES = "model M { input x: 12  x -> Embedding(30, 8) -> GRU(8) -> Dense(1) }"
DATA = "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }"
ROWS = 'data { source = npz("rows.npz")  split = random(60, 20, 20) }'
EXTRA = {
    "SGD": "momentum=0.9, nesterov=true",
    "Adam": "beta1=0.8, epsilon=1e-8, amsgrad=true",
    "AdamW": "beta2=0.99",
    "Adagrad": "start=0.2",
    "RMSprop": "momentum=0.9, centered=true, rho=0.95",
    "Adamax": "beta2=0.99",
    "Nadam": "beta1=0.85",
    "Adadelta": "rho=0.9",
    "Lion": "beta2=0.95",
}
SETTINGS = {
    "clip": "clip = global_norm(1.0)",
    "norm": "clip = norm(0.5)",
    "value": "clip = value(0.25)",
    "accumulate": "accumulate = 4",
    "ema": "ema = 0.999",
    "mixed": "precision = mixed",
    "all": "clip = global_norm(1.0)  accumulate = 3  ema = 0.99  precision = mixed",
}
PHASES = """
block Features { input x  x -> Conv2D(8, 3x3) -> BatchNorm -> relu -> Flatten }
model M { input x: 8x8x1  x -> Features as body -> Dense(10) -> softmax }
data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }
train { loss = cross_entropy  accumulate = 3  ema = 0.9  clip = norm(1.0)  precision = mixed }
finetune body {
  phase head { freeze = all  epochs = 2  optimizer = SGD(lr=cosine(0.1, warmup=1), momentum=0.9) }
  phase next { freeze = all  epochs = 2  optimizer = Lion(lr=1e-4, weight_decay=0.1) }
  phase tune { unfreeze = all  epochs = 2
               optimizer = AdamW(lr=linear(0.01), weight_decay=0.1, decays=kernels) }
}
"""


def spec(train: str, model: str = MODEL, data: str = DATA) -> str:
    loss = "cross_entropy  metrics = [accuracy]" if model is MODEL else "mse"
    return f"{model}\n{data}\ntrain {{ loss = {loss}  epochs = 20  {train} }}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.dl"
    path.write_text(text, encoding="utf-8")
    return path


def specs() -> dict[str, str]:
    """Every optimiser as it is, with its own parameters, with decay and a schedule; every setting."""
    found = {}
    for name, extra in EXTRA.items():
        found[f"{name}_plain"] = spec(f"optimizer = {name}")
        found[f"{name}_all"] = spec(f"optimizer = {name}({extra}, weight_decay=1e-3)")
        rate = "lr=cosine(0.1, warmup=2.5, warmup_shape=cosine)"
        found[f"{name}_kernels"] = spec(
            f"optimizer = {name}({rate}, {extra}, weight_decay=0.01, decays=kernels)"
        )
    for name, setting in SETTINGS.items():
        found[f"set_{name}"] = spec(f"optimizer = SGD(lr=one_cycle(0.1), momentum=0.9)  {setting}")
        found[f"gru_{name}"] = spec(f"optimizer = Adam  {setting}", SEQUENCES, ROWS)
    found["phases"] = PHASES
    full = DATA.replace("scale", "batch = full  scale")
    found["full"] = spec("optimizer = SGD", data=full)
    return found


def test_every_optimiser_is_tried() -> None:
    assert set(EXTRA) == set(words("optimizer"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_scripts_are_as_the_tools_would_write_them(backend: str, tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, text in specs().items():
        script = compiled(write(tmp_path, name, text), backend)
        (scripts / f"{name}.py").write_text(script, encoding="utf-8")
    assert complaints(scripts) == ""


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_said_that_the_spec_does_not_ask_for(backend: str, tmp_path: Path) -> None:
    plain = compiled(write(tmp_path, "plain", spec("optimizer = SGD(lr=0.1)")), backend)
    for word in ("clip", "decay", "average", "autocast", "dtype_policy", "learning_rate(", "ema"):
        assert word not in plain.lower(), word
    assert "SGD(" in plain and "momentum" not in plain
    adam = compiled(write(tmp_path, "adam", spec("optimizer = Adam")), backend)
    assert ("adam_epsilon" in adam) == (backend == "torch")
    for word in ("keep_velocity", "class Adam", "decay"):
        assert word not in adam


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_constant_schedule_is_a_number(backend: str, tmp_path: Path) -> None:
    number = spec("optimizer = SGD(lr=0.25)")
    constant = spec("optimizer = SGD(lr=constant(0.25))")
    one, two = (
        compiled(write(tmp_path, name, text), backend)
        for name, text in (("numeral", number), ("steadily", constant))
    )
    assert one.replace("numeral", "steadily") == two


def test_the_same_function_stands_in_both_scripts(tmp_path: Path) -> None:
    path = write(tmp_path, "both", spec("optimizer = Adam(lr=linear(0.01, warmup=3))"))
    found = []
    for backend in BACKENDS:
        script = compiled(path, backend)
        start = script.index("def learning_rate(")
        found.append(script[start : script.index("\n\n\n", start)])
    assert found[0] == found[1]


def test_gradients_of_a_gru_are_clipped_as_keras_holds_them(tmp_path: Path) -> None:
    path = write(tmp_path, "gru", spec("optimizer = Adam  clip = norm(1)", SEQUENCES, ROWS))
    assert '.replace("bias_hh", "bias_ih")' in compiled(path, "torch")
    path = write(tmp_path, "mlp", spec("optimizer = Adam  clip = norm(1)"))
    assert "bias_hh" not in compiled(path, "torch")


DEEP = """model M {
  input x: 12
  x -> Embedding(30, 8) -> LSTM(8, sequences=true) -> LayerNorm -> GRU(8) -> Dense(4) -> BatchNorm -> prelu
    -> Dense(1)
}"""


@pytest.mark.parametrize(("decays", "decayed"), [("all", 16), ("kernels", 7)])
def test_which_arrays_decay_is_counted(decays: str, decayed: int, tmp_path: Path) -> None:
    train = f"optimizer = AdamW(weight_decay=0.1, decays={decays})"
    path = write(tmp_path, f"deep_{decays}", spec(train, DEEP, ROWS))
    spec_of = analysed(path).spec
    assert spec_of is not None
    word = spec_of.sections["train"].settings["optimizer"].value
    assert isinstance(word, Optimizer)
    assert decaying(word, analysed(path).models[-1].graph) == (decayed, 16)


def test_check_says_what_decays(dslc: Dslc, tmp_path: Path) -> None:
    train = "optimizer = SGD(lr=cosine(0.1), weight_decay=5e-4, decays={})"
    kernels = write(tmp_path, "decay", spec(train.format("kernels")))
    _, out, _ = dslc("check", kernels)
    assert "weight_decay 5e-4: 2 of 4 arrays decay (kernels and embeddings)" in out
    _, out, _ = dslc("check", write(tmp_path, "all", spec(train.format("all"))))
    assert "weight_decay 5e-4: 4 of 4 arrays decay (all that is trained)" in out
    _, out, _ = dslc("check", write(tmp_path, "none", spec("optimizer = SGD")))
    assert "arrays decay" not in out
    code, out, _ = dslc("check", "--phases", kernels)
    (phase,) = json.loads(out)
    assert code == 0
    assert phase["arrays"] == {"decaying": 2, "trainable": 4}
    assert (phase["optimizer"], phase["lr"], phase["weight_decay"]) == ("SGD", 0.1, 5e-4)


def test_words_show_the_formula_of_a_schedule(dslc: Dslc) -> None:
    _, out, _ = dslc("words", "linear")
    assert "return lr + (end - lr) * epoch / epochs" in out
