"""Losses, metrics and penalties of both scripts: the numbers of scikit-learn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab

from dslc.vocab.word import words

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)

# --- losses and metrics ------------------------------------------------------------------------------

# A model with an output for each loss, another with outputs of several places; data of their own.
ROWS = """
model Rows {
  input row: 6
  h = row -> Dense(8) -> tanh
  output kind: h -> Dense(4) -> softmax
  output soft_kind: h -> Dense(4) -> softmax
  output flag: h -> Dense(1) -> sigmoid
  output soft_flags: h -> Dense(3) -> sigmoid
  output squares: h -> Dense(2)
  output lines: h -> Dense(2)
  output bends: h -> Dense(2)
  output wide_bends: h -> Dense(2)
}
"""
PLACES = """
model Places {
  input series: 5x4
  input picture: 4x4x2
  output tags: series -> Dense(3) -> softmax
  output mask: picture -> Conv2D(1, 1x1) -> sigmoid
  output zones: picture -> Conv2D(3, 3x3, padding=same) -> softmax
  output depth: picture -> Conv2D(1, 1x1)
}
"""
# Of each output: its task, the shape of its targets, its loss, its metrics.
OUTPUTS: dict[str, dict[str, tuple[str, str, str, str]]] = {
    ROWS: {
        "kind": ("classes", "()", "cross_entropy", "accuracy precision recall f1 top_k(2)"),
        "soft_kind": ("classes", "()", "cross_entropy(label_smoothing=0.1)", "accuracy"),
        "flag": ("binary", "(1,)", "binary_cross_entropy", "accuracy precision recall f1 auc"),
        "soft_flags": ("binary", "(3,)", "binary_cross_entropy(label_smoothing=0.2)", "accuracy auc"),
        "squares": ("numbers", "(2,)", "mse", "mae rmse"),
        "lines": ("numbers", "(2,)", "mae", "rmse"),
        "bends": ("numbers", "(2,)", "huber", ""),
        "wide_bends": ("numbers", "(2,)", "huber(delta=0.25)", ""),
    },
    PLACES: {
        "tags": ("classes", "(5,)", "cross_entropy(label_smoothing=0.3)", "accuracy f1 top_k(2)"),
        "mask": ("binary", "(4, 4, 1)", "binary_cross_entropy", "accuracy precision recall f1 auc"),
        "zones": ("classes", "(4, 4)", "cross_entropy", "accuracy precision recall top_k(2)"),
        "depth": ("numbers", "(4, 4, 1)", "mse", "mae rmse"),
    },
}  # fmt: skip
PICTURES = {
    ROWS: {
        "confusion_kind", "confusion_soft_kind", "confusion_flag",
        "predictions_squares", "predictions_lines", "predictions_bends", "predictions_wide_bends",
    },
    PLACES: {"confusion_tags", "confusion_mask", "confusion_zones"},
}  # fmt: skip
WORD = re.compile(r"(\w+)(?:\((?:(\w+)=)?([\d.]+)\))?")


def parts(use: str) -> tuple[str, dict[str, float]]:
    """The word and its parameter: `top_k(2)`, `huber(delta=0.25)`."""
    found = WORD.fullmatch(use)
    assert found is not None, use
    word, name, value = found.groups()
    return word, {name or "k": float(value) if name else int(value)} if value else {}


def experiment(model: str) -> str:
    outputs = OUTPUTS[model].items()
    losses = "\n".join(f"    {name} = {loss}" for name, (_, _, loss, _) in outputs)
    metrics = "\n".join(
        f"    {name} = [{', '.join(found.split())}]" for name, (_, _, _, found) in outputs if found
    )
    return (
        f'{model}\ndata {{ source = npz("rows.npz")  split = random(50, 25, 25)  batch = 16 }}\n'
        f"train {{\n  loss {{\n{losses}\n  }}\n  metrics {{\n{metrics}\n  }}\n"
        "  optimizer = Adam(lr=0.01)\n  epochs = 1\n}\n"
    )


def write_examples(path: Path, model: str) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    count, arrays = 200, {}
    for name, shape in re.findall(r"input (\w+): ([\dx]+)", model):
        arrays[name] = rng.normal(size=(count, *map(int, shape.split("x"))))
    for name, (task, shape, _, _) in OUTPUTS[model].items():
        full = (count, *eval(shape))
        if task == "numbers":
            arrays[name] = rng.normal(size=full)
        else:
            arrays[name] = rng.integers(0, 2 if task == "binary" else 3, full)
    np.savez(path, **arrays)


@ON
@pytest.mark.parametrize("model", OUTPUTS, ids=["rows", "places"])
def test_losses_and_metrics_are_those_of_scikit_learn(
    backend: str, model: str, tmp_path: Path
) -> None:
    here = Lab(tmp_path, backend)
    write_examples(tmp_path / "rows.npz", model)
    here.compile(experiment(model))
    here.run()
    wanted: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, (task, _, loss, metrics) in OUTPUTS[model].items():
        for use in (loss, *metrics.split()):
            word, values = parts(use)
            label = "loss" if use == loss else f"top_{values['k']}" if word == "top_k" else word
            wanted[f"test_{name}_{label}"] = (name, {"word": word, "task": task, **values})
    expected = here.evaluate(
        f"{{k: measure(y=y[n], p=p[n], **v) for k, (n, v) in {wanted!r}.items()}}",
        "from pathlib import Path\nfrom measured import measure, predictions\n"
        f"y, p = predictions(spec, Path({str(here.out)!r}), 'rows.npz')",
    )
    found = here.read("metrics.json")
    assert set(found) == {*expected, "test_loss"}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name
    total = sum(value for name, value in expected.items() if name.endswith("_loss"))
    assert found["test_loss"] == pytest.approx(total, rel=1e-4)
    drawn = {path.stem for path in here.out.glob("*.png")}
    assert drawn == {"curves"} | PICTURES[model]


def test_every_loss_and_metric_is_among_them() -> None:
    outputs = [output for found in OUTPUTS.values() for output in found.values()]
    assert {parts(loss)[0] for _, _, loss, _ in outputs} == set(words("loss"))
    assert {parts(use)[0] for *_, found in outputs for use in found.split()} == set(words("metric"))
    given = {(parts(loss)[0], name) for _, _, loss, _ in outputs for name in parts(loss)[1]}
    every = {(name, field) for name, word in words("loss").items() for field in word.model_fields}
    assert given == every


SINGLE = {
    "wine": ("13", "Dense(3) -> softmax", "cross_entropy", "accuracy f1", "classes"),
    "breast_cancer": ("30", "Dense(1) -> sigmoid", "binary_cross_entropy", "auc recall", "binary"),
    "diabetes": ("10", "Dense(1)", "mse", "mae rmse", "numbers"),
}


@ON
@pytest.mark.parametrize("source", SINGLE)
def test_a_single_output_is_measured_alike(backend: str, source: str, tmp_path: Path) -> None:
    shape, last, loss, metrics, task = SINGLE[source]
    here = Lab(tmp_path, backend)
    split = "random" if task == "numbers" else "stratified"
    here.compile(
        f"model Net {{ input row: {shape}\n row -> {last} }}\n"
        f"data {{ source = {source}  split = {split}(60, 20, 20)  scale = zscore  batch = 64 }}\n"
        f"train {{ loss = {loss}  metrics = [{', '.join(metrics.split())}]\n"
        "  optimizer = SGD(lr=0.01)  epochs = 1 }\n"
    )
    here.run()
    expected = here.evaluate(
        f"{{'test_loss': measure({loss!r}, {task!r}, y, p)}} | "
        f"{{f'test_{{w}}': measure(w, {task!r}, y, p) for w in {metrics.split()!r}}}",
        "from pathlib import Path\nfrom measured import measure, predictions\n"
        f"y, p = predictions(spec, Path({str(here.out)!r}))",
    )
    assert here.read("metrics.json") == pytest.approx(expected, rel=1e-4, abs=1e-6)
    picture = "predictions" if task == "numbers" else "confusion"
    assert {path.stem for path in here.out.glob("*.png")} == {"curves", picture}


# --- penalties ---------------------------------------------------------------------------------------

PENALISED = """
model Net {
  input x: 5
  x -> Dense(6, regularizer=l1(0.01), bias_init=constant(0.5), bias_regularizer=l2(0.1)) -> tanh
  -> Dense(4, regularizer=l2(0.05)) -> tanh
  -> Dense(1, regularizer=l1_l2(l1=0.03, l2=0.02))
}
data { source = npz("rows.npz")  split = random(60, 20, 20)  batch = 500 }
train { loss = mse  metrics = [rmse]  optimizer = SGD(lr=0.1)  epochs = 1 }
"""
PENALTIES = """
from pathlib import Path
import numpy as np
out = Path(OUT)

def penalty(model):
    if hasattr(spec, "torch"):
        weights = [w.detach().numpy() for w in model.parameters()]
    else:
        weights = [w.numpy() for w in model.trainable_weights]
    kernels = [w for w in weights if w.ndim == 2]
    bias = next(w for w in weights if w.ndim == 1)
    strengths = [(0.01, 0), (0, 0.05), (0.03, 0.02)]
    found = [l1 * np.abs(k).sum() + l2 * (k**2).sum() for k, (l1, l2) in zip(kernels, strengths)]
    return float(sum(found) + 0.1 * (bias**2).sum())

if hasattr(spec, "torch"):
    spec.torch.manual_seed(0)
    model = spec.build_model()
    first = penalty(model)
    model.load_state_dict(spec.torch.load(out / "final.pt"))
else:
    spec.keras.utils.set_random_seed(0)
    model = spec.build_model()
    first = penalty(model)
    model.load_weights(out / "final.keras")
"""


@ON
def test_reported_losses_hold_the_penalty(backend: str, tmp_path: Path) -> None:
    """In the training part (one step: that of the first weights), and in the others."""
    import numpy as np

    here = Lab(tmp_path, backend)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "rows.npz", x=rng.normal(size=(100, 5)), y=rng.normal(size=(100, 1)))
    here.compile(PENALISED)
    here.run()
    expected = here.evaluate(
        "[first, penalty(model)]", PENALTIES.replace("OUT", repr(str(here.out)))
    )
    history, scores = here.read("history.json"), here.read("metrics.json")
    found = [
        history["loss"][0] - history["rmse"][0] ** 2,
        history["val_loss"][0] - history["val_rmse"][0] ** 2,
        scores["test_loss"] - scores["test_rmse"] ** 2,
    ]
    first, last = expected
    assert abs(first - last) > 1e-3
    assert found == pytest.approx([first, last, last], rel=1e-3)
