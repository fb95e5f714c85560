"""Rendered scripts at work: they resume, stop, report, refuse and use the device as they say. Needs both frameworks."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest
from lab import BACKENDS, BEST, ENV, LAST, Lab
from terminal import open_process
from training_plans import DIGITS, cnn, dense, tabular, with_metrics

from dslc.cli import call
from dslc.vocab import callbacks, data, metrics, optimizers

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)
QUICK = replace(DIGITS, batch=128)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


# --- runs --------------------------------------------------------------------------------------------


@ON
def test_a_run_leaves_its_report(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(QUICK, cnn(backend, 8, 8, 1, 10))
    done = here.run("--epochs", 3)
    assert here.read("metrics.json")["test_accuracy"] >= 0.7
    assert f"{here.read('metrics.json')['test_accuracy']:.4f}" in done.out
    assert {p.name for p in here.out.iterdir()} == {
        "confusion.png", "curves.png", "history.json", "metrics.json", LAST[backend],
        BEST[backend],
    }  # fmt: skip


@ON
def test_a_resumed_run_repeats_an_uninterrupted_one(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    plan = replace(
        QUICK,
        optimizer=optimizers.SGD(lr=0.05, momentum=0.9),
        callbacks=(
            callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.5),
            callbacks.EarlyStopping(monitor="val_accuracy", patience=3, min_delta=0.5),
        ),
    )
    here.write(plan, cnn(backend, 8, 8, 1, 10))
    here.run("--epochs", 6)
    whole = here.read("history.json"), here.read("metrics.json")
    here.run("--epochs", 2)
    here.run("--epochs", 6, "--resume")
    assert (here.read("history.json"), here.read("metrics.json")) == whole
    stopped = len(whole[0]["loss"])
    assert stopped < 6  # early, and so did the resumed run
    done = here.run("--epochs", 6, "--resume")
    assert f"the run had stopped early, after epoch {stopped}" in done.out
    assert "made with --seed 0" in here.refusal("--resume", "--seed", 1)
    assert "made with --batch-size " in here.refusal("--resume", "--batch-size", 7)
    done = here.run("--epochs", 6, "--resume", "--out", "elsewhere")
    assert "nothing to resume in elsewhere: starting at the beginning" in done.out
    again = here.folder / "elsewhere" / "history.json"
    assert again.read_bytes() == (here.out / "history.json").read_bytes()


@ON
def test_ctrl_c_reports_what_was_reached(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
    command = [sys.executable, "-u", "spec.py", "--epochs", "500"]
    with open_process(
        command, cwd=here.folder, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            if "val_loss" in line and "val_loss" not in printed:
                time.sleep(0.1)
                process.send_signal(signal.SIGINT)
            printed += line
    assert process.returncode == 0, printed
    assert "interrupted after epoch" in printed and "test_accuracy" in printed
    assert (here.out / LAST[backend]).exists()


@ON
def test_a_full_disk_spares_the_last_checkpoint(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(QUICK, cnn(backend, 8, 8, 1, 10))
    here.run("--epochs", 1)
    before = (here.out / LAST[backend]).read_bytes()
    line = here.refusal("--epochs", 2, "--resume", largest_file=30_000)
    assert "cannot write" in line
    assert (here.out / LAST[backend]).read_bytes() == before
    assert not list(here.out.glob("unfinished*"))


@ON
def test_a_loss_that_is_no_number_stops_the_run(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    plan = replace(tabular(data.Diabetes(), 10, 1, "numbers"), optimizer=optimizers.SGD(lr=1e6))
    here.write(replace(plan, epochs=20), dense(backend, 10, 1))
    assert "smaller learning rate" in here.refusal()


# Where the weights are after training on the second of Keras' two CPUs.
USED = """
made, build = [], spec.build_model
spec.build_model = lambda: made.append(build()) or made[-1]
if hasattr(spec, "torch"):
    spec.main(["--epochs", "1", "--device", "cpu"])
    used = sorted({str(weight.device) for weight in made[0].parameters()})
else:
    spec.main(["--epochs", "1", "--device", "cpu:1"])
    weights = made[0].variables + made[0].optimizer.variables
    used = sorted({weight.value.device[-5:] for weight in weights})
"""


@ON
def test_a_device_is_used_or_refused(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(tabular(data.Iris(), 4, 3, "classes"), dense(backend, 4, 3))
    used = here.evaluate("used", USED)
    assert used == (["cpu"] if backend == "torch" else ["CPU:1"])
    if here.out.exists():
        rmtree(here.out)
    for name in ("cuda:7", "gpu:7", "teapot", ""):
        assert f"no device {name!r}; there is cpu" in here.refusal("--device", name)
    assert not here.out.exists()


@ON
def test_numbers_out_of_range_are_refused(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(tabular(data.Iris(), 4, 3, "classes"), dense(backend, 4, 3))
    for flag, value, message in (
        ("--batch-size", 0, "--batch-size: must be 1 or more, not 0"),
        ("--epochs", -3, "--epochs: must be 1 or more, not -3"),
        ("--epochs", "x", "--epochs: invalid positive value: 'x'"),
        ("--seed", -1, "--seed must be from 0 to 4294967295"),
    ):
        done = here.run(flag, value, ok=False)
        assert done.code == 2 and message in done.err
    said = " ".join(here.run("--help").out.split())
    assert "examples in a batch: 16" in said and "go on with the run in OUT" in said


def test_metrics_hold_no_graph(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    plan = tabular(data.Diabetes(), 10, 1, "numbers")
    errors = (metrics.MeanAbsoluteError(), metrics.RootMeanSquaredError())
    here.write(with_metrics(plan, *errors), dense("torch", 10, 1))
    setup = """
graphs = []
for name in ("l1_loss", "mse_loss"):
    def error(x, y, loss=getattr(spec.F, name)):
        graphs.append((loss.__name__, x.requires_grad))
        return loss(x, y)
    setattr(spec.F, name, error)
spec.main(["--epochs", "1"])
"""
    found = {tuple(item) for item in here.evaluate("graphs", setup)}
    assert ("l1_loss", True) not in found and ("mse_loss", True) in found


def test_both_backends_see_the_same_batches(lab: Callable[[str], Lab]) -> None:
    seen = []
    for backend in BACKENDS:
        here = lab(backend)
        here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
        code = (
            "[[int(v) for v in b[i][1]] for e in (0, 3) for i in (0, 1) if b.set_epoch(e) is None]"
        )
        seen.append(here.evaluate(code, "b = spec.Batches(spec.load_data(0)[0][0], 32, 0)"))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][2]


# Layers of the script's own, which Keras finds again once the script is imported.
OWN_LAYERS = """
data { source = digits  split = stratified(70, 15, 15)  scale = 0..1  batch = 256 }
model M {
  input image: 8x8x1
  image -> Reshape(8x8) -> PositionEmbedding(init=normal(std=0.5)) -> GaussianNoise(2) -> Flatten
        -> Dense(10) -> softmax
}
train { loss = cross_entropy  optimizer = Adam  metrics = [accuracy]  epochs = 1 }
"""
LOADED = """
import keras, spec
loaded, made = keras.models.load_model("runs/spec-keras/final.keras"), spec.build_model()
made.load_weights("runs/spec-keras/final.keras")
x = spec.load_data(0)[0][2][0]
assert abs(loaded.predict(x, verbose=0) - made.predict(x, verbose=0)).max() < 1e-6
"""


def test_a_saved_model_is_loaded_in_another_process(lab: Callable[[str], Lab]) -> None:
    here = lab("keras")
    here.compile(OWN_LAYERS)
    here.run()
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=here.folder, env=ENV, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shape", ["8x8x1", "8x8x4"])
def test_pictures_may_meet_a_group_norm_first(lab: Callable[[str], Lab], shape: str) -> None:
    """torch's own crashes in the backward pass of pictures with channels last in memory, without a message."""
    import numpy as np

    here = lab("torch")
    rng = np.random.default_rng(0)
    size = tuple(map(int, shape.split("x")))
    np.savez(here.folder / "x.npz", x=rng.normal(size=(40, *size)), y=np.arange(40) % 2)
    here.compile(f"""
model Net {{
  input image: {shape}
  image -> relu -> GroupNorm(1) -> Flatten -> Dense(2) -> softmax
}}
data {{ source = npz("x.npz")  split = stratified(60, 20, 20) }}
train {{ loss = cross_entropy  optimizer = SGD(lr=0.1)  epochs = 1 }}
""")
    assert "test_loss" in here.run().out


SAME_CURVE = {
    "shuffled": """
model Net {
  input row: 4
  row -> Dense(8) -> relu -> Dense(3) -> softmax
}
data { source = iris  split = stratified(70, 15, 15)  scale = zscore  batch = 16 }
train { loss = cross_entropy  optimizer = SGD(lr=0.1)  metrics = [accuracy]  epochs = 3 }
""",
    "augmented": """
model Net {
  input image: 8x8x1
  image -> Conv2D(4, 3x3) -> relu -> Flatten -> Dense(10) -> softmax
}
data { source = digits  split = stratified(10, 10, 80)  scale = 0..1 }
augment { Affine(rotate=15, p=0.9)  GaussNoise(std=0.01..0.05)  MixUp }
train { loss = cross_entropy  optimizer = SGD(lr=0.1)  metrics = [accuracy]  epochs = 3 }
""",
}


@pytest.mark.parametrize("name", SAME_CURVE)
def test_both_scripts_train_along_one_curve(name: str, tmp_path: Path) -> None:
    """From the same weights, through what `fit` really does: order and pixels of every epoch are the same."""
    spec = tmp_path / "net.dl"
    spec.write_text(SAME_CURVE[name])
    found = []
    for backend, ending in (("torch", "pt"), ("keras", "weights.h5")):
        folder = tmp_path / backend
        folder.mkdir()
        here = Lab(folder, backend)
        here.compile(SAME_CURVE[name])
        start = folder / f"start.{ending}"
        assert call(["weights", "init", str(spec), "--backend", backend, "-o", str(start)]) == 0
        here.run("--init-weights", start)
        found.append(here.read("history.json") | here.read("metrics.json"))
        here.run("--init-weights", start, "--epochs", 1)
        here.run("--resume")
        assert here.read("history.json") | here.read("metrics.json") == found[-1]
    torch, keras = found
    assert torch.keys() == keras.keys()
    assert all(keras[name] == pytest.approx(torch[name], rel=1e-4) for name in torch)
