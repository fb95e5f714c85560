"""Rendered scripts at work: they learn, resume, stop, report and refuse as they say. Needs both frameworks."""

from __future__ import annotations

import csv
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_page import several, text_plan
from training_plans import (
    DIGITS,
    TARGETS,
    bag_of_words,
    cnn,
    dense,
    render,
    tabular,
    two_by_two,
    with_metrics,
)

from dslc.codegen.page import ModelSection
from dslc.plan.training import InputPlan, TrainingPlan
from dslc.vocab import callbacks, data, metrics, optimizers

pytestmark = pytest.mark.framework
BACKENDS = pytest.mark.parametrize("backend", TARGETS)
LAST = {"keras": "last.npz", "torch": "last.pt"}


class Lab:
    """A folder with a script; `run` runs it there."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder, self.backend = folder, backend
        self.out = folder / "runs" / f"spec-{backend}"
        self.env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

    def write(self, plan: TrainingPlan, model: ModelSection) -> None:
        (self.folder / "spec.py").write_text(render(self.backend, plan, model), encoding="utf-8")

    def run(self, *args: object, ok: bool = True, **kw: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "spec.py", *map(str, args)]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
            **kw,
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done

    def refusal(self, *args: object, **kw: Any) -> str:
        """The one line that the script ends with."""
        done = self.run(*args, ok=False, **kw)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr.strip().splitlines()[-1]

    def evaluate(self, code: str, setup: str = "") -> Any:
        """The value of an expression in the script's module, by JSON."""
        program = f"import json, spec\n{setup}\nprint('=>' + json.dumps(({code})))"
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.rpartition("=>")[2])

    def read(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


# --- learning ----------------------------------------------------------------------------------------


@BACKENDS
def test_digits_are_learned(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
    done = here.run()
    assert here.read("metrics.json")["test_accuracy"] >= 0.97
    assert f"{here.read('metrics.json')['test_accuracy']:.4f}" in done.stdout
    assert {p.name for p in here.out.iterdir()} == {
        "confusion.png", "curves.png", "history.json", "metrics.json", LAST[backend],
        {"keras": "best.keras", "torch": "best.pt"}[backend],
    }  # fmt: skip


@BACKENDS
def test_a_resumed_run_repeats_an_uninterrupted_one(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    plan = replace(
        DIGITS,
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
    assert len(whole[0]["loss"]) < 6  # stopped early, and so did the resumed run
    assert "made with --seed 0" in here.refusal("--resume", "--seed", 1)
    assert "nothing to resume" in here.refusal("--resume", "--out", "elsewhere")


@BACKENDS
def test_ctrl_c_reports_what_was_reached(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
    command = [sys.executable, "-u", "spec.py", "--epochs", "500"]
    with subprocess.Popen(
        command,
        cwd=here.folder,
        env=here.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
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


@BACKENDS
def test_a_full_disk_spares_the_last_checkpoint(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
    here.run("--epochs", 1)
    before = (here.out / LAST[backend]).read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    assert "cannot write" in here.refusal("--epochs", 2, "--resume", preexec_fn=limit)
    assert (here.out / LAST[backend]).read_bytes() == before
    assert not list(here.out.glob("unfinished*"))


@BACKENDS
def test_a_loss_that_is_no_number_stops_the_run(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    plan = replace(tabular(data.Diabetes(), 10, 1, "numbers"), optimizer=optimizers.SGD(lr=1e6))
    here.write(replace(plan, epochs=20), dense(backend, 10, 1))
    assert "smaller learning rate" in here.refusal()


def test_an_unknown_device_is_refused(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    here.write(DIGITS, cnn("torch", 8, 8, 1, 10))
    assert "no device 'cuda:7'" in here.refusal("--device", "cuda:7")
    assert "no device 'teapot'" in here.refusal("--device", "teapot")


DECISIONS = """
import math, random, types, numpy as np, keras, torch
from keras.callbacks import EarlyStopping, ReduceLROnPlateau


def keras_decisions(values):
    optimizer = types.SimpleNamespace(learning_rate=np.float64(1.0))
    model = types.SimpleNamespace(optimizer=optimizer, stop_training=False, metrics=[])
    found = [
        EarlyStopping(monitor="v", mode="max", patience=2, min_delta=0.25),
        ReduceLROnPlateau(
            monitor="v", mode="max", factor=0.5, patience=2, min_delta=0.25, cooldown=2, min_lr=0.05
        ),
    ]
    trace = []
    for callback in found:
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, value in enumerate(values):
        for callback in found:
            callback.on_epoch_end(epoch, {"v": value})
        trace.append((bool(model.stop_training), float(optimizer.learning_rate)))
        model.stop_training = False
    return trace


def torch_decisions(values):
    run = spec.Run(spec.build_model(), "cpu", None, 0)
    group = run.optimizer.param_groups[0]
    group["lr"] = 1.0
    trace = []
    run.save = lambda value, name: None
    for value in values:
        run.end_epoch({"val_accuracy": value})
        trace.append((bool(run.state["stopped"]), group["lr"]))
    return trace


rng = random.Random(0)
runs = [[rng.randrange(5) / 4 + rng.random() / 9 for _ in range(14)] for _ in range(40)]
"""


def test_callbacks_decide_as_those_of_keras(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    found = (
        callbacks.EarlyStopping(monitor="val_accuracy", patience=2, min_delta=0.25),
        callbacks.ReduceLROnPlateau(
            monitor="val_accuracy", factor=0.5, patience=2, min_delta=0.25, cooldown=2, min_lr=0.05
        ),
    )
    here.write(replace(DIGITS, callbacks=found), cnn("torch", 8, 8, 1, 10))
    code = "[sum(keras_decisions(r) != torch_decisions(r) for r in runs), keras_decisions(runs[0])]"
    different, trace = here.evaluate(code, DECISIONS)
    assert different == 0
    assert len({rate for _, rate in trace}) > 1  # something was decided


# --- the same data, the same numbers -----------------------------------------------------------------


def test_both_backends_see_the_same_batches(lab: Callable[[str], Lab]) -> None:
    seen = []
    for backend in TARGETS:
        here = lab(backend)
        here.write(DIGITS, cnn(backend, 8, 8, 1, 10))
        code = (
            "[[int(v) for v in b[i][1]] for e in (0, 3) for i in (0, 1) if b.set_epoch(e) is None]"
        )
        seen.append(here.evaluate(code, "b = spec.Batches(spec.load_data(0)[0][0], 32, 0)"))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][2]


SCORES = {
    "classes": (
        metrics.Accuracy(),
        metrics.Precision(),
        metrics.Recall(),
        metrics.F1(),
        metrics.TopK(k=2),
    ),
    "binary": (
        metrics.Accuracy(),
        metrics.Precision(),
        metrics.Recall(),
        metrics.F1(),
        metrics.Auc(),
    ),
    "numbers": (metrics.MeanAbsoluteError(), metrics.RootMeanSquaredError()),
}
SETUP = """
import numpy as np, sklearn.metrics as sk
out = __import__("pathlib").Path(OUT)
parts, *_ = spec.load_data(0) if isinstance(spec.load_data(0), tuple) else (spec.load_data(0),)
test = spec.Batches(parts[2], 16)
model = spec.build_model()
if hasattr(spec, "torch"):
    model.load_state_dict(spec.torch.load(out / "final.pt"))
    batches = spec.DataLoader(test, batch_size=None)
else:
    model.load_weights(out / "final.keras")
    batches = test
y, p = test.y, spec.predict(model, batches)
hard = p.argmax(1) if p.shape[1] > 1 else (p[:, 0] > 0.5) * 1
"""
EXPECTED = {
    "classes": "dict(test_accuracy=sk.accuracy_score(y, hard), test_precision=sk.precision_score("
    "y, hard, average='macro', zero_division=0), test_recall=sk.recall_score(y, hard, average='macro'), "
    "test_f1=sk.f1_score(y, hard, average='macro'), test_top_2=sk.top_k_accuracy_score(y, p, k=2), "
    "test_loss=sk.log_loss(y, p.astype(float)))",
    "binary": "dict(test_accuracy=sk.accuracy_score(y, hard), test_precision=sk.precision_score(y, hard), "
    "test_recall=sk.recall_score(y, hard), test_f1=sk.f1_score(y, hard), "
    "test_auc=sk.roc_auc_score(y, p), test_loss=sk.log_loss(y, p.astype(float)))",
    "numbers": "dict(test_mae=float(abs(y - p).mean()), test_rmse=float(((y - p) ** 2).mean() ** 0.5), "
    "test_loss=float(((y - p) ** 2).mean()))",
}


@BACKENDS
@pytest.mark.parametrize("task", SCORES)
def test_metrics_are_those_of_scikit_learn(
    backend: str, task: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    source, features, outputs = {
        "classes": (data.Wine(), 13, 3),
        "binary": (data.BreastCancer(), 30, 1),
        "numbers": (data.Diabetes(), 10, 1),
    }[task]
    plan = with_metrics(tabular(source, features, outputs, task), *SCORES[task])  # type: ignore[arg-type]
    here.write(plan, dense(backend, features, outputs))
    here.run("--epochs", 1)
    expected = here.evaluate(EXPECTED[task], SETUP.replace("OUT", repr(str(here.out))))
    found = here.read("metrics.json")
    assert set(found) == set(expected)
    for name, value in expected.items():
        tolerance = 2e-3 if name == "test_auc" else 1e-5 * max(1, abs(value))
        assert abs(found[name] - value) < tolerance, (name, found[name], value)


# --- sources -----------------------------------------------------------------------------------------


def write_csv(path: Path, rows: list[list[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def table(rows: int = 60) -> list[list[object]]:
    body = [[i, f"{i / 7:.3f}", "red" if i % 3 else "blue", "abc"[i % 3]] for i in range(rows)]
    return [["size", "width", "colour", "kind"], *body]


@BACKENDS
def test_a_table(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    source = data.Csv(path="t.csv", target="kind")
    here.write(tabular(source, 4, 3, "classes"), dense(backend, 4, 3))
    assert "t.csv" in here.refusal()
    write_csv(here.folder / "t.csv", table())
    here.run("--epochs", 1)
    code = "[p[0].shape for p in spec.load_data('t.csv', 0)[0]], spec.load_data('t.csv', 0)[1]"
    assert here.evaluate(code) == [[[36, 4], [12, 4], [12, 4]], ["a", "b", "c"]]


REFUSED: dict[str, tuple[Callable[[list[list[object]]], object], str]] = {
    "no target": (
        lambda rows: rows[0].__setitem__(3, "sort"),
        "no column 'kind'; it has size, width",
    ),
    "missing": (lambda rows: rows[5].__setitem__(1, "NA"), "missing cells (1 in width)"),
    "ragged": (lambda rows: rows[5].pop(), "line 6: 3 cells under 4 headings"),
    "classes": (lambda rows: rows[5].__setitem__(3, "d"), "has 4 classes, the model 3: a, b, c, d"),
    "features": (lambda rows: rows[5].__setitem__(2, "green"), "features, the model takes 4"),
    "empty": (lambda rows: rows.__delitem__(slice(1, None)), "has no rows"),
}


def test_a_table_that_cannot_be_used_is_refused(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    source = data.Csv(path="t.csv", target="kind")
    here.write(
        tabular(source, 4, 3, "classes", split=data.Random(train=98, val=1, test=1)),
        dense("torch", 4, 3),
    )
    for name, (spoil, message) in REFUSED.items():
        rows = table(100)
        spoil(rows)
        write_csv(here.folder / "t.csv", rows)
        assert message in here.refusal(), name
    write_csv(here.folder / "t.csv", table(4))
    here.write(tabular(source, 4, 3, "classes"), dense("torch", 4, 3))
    assert "cannot split the data" in here.refusal()


@pytest.mark.parametrize("missing", ["drop", "mean"])
def test_missing_cells(missing: str, lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    rows = table(100)
    rows[5][1], rows[6][2], rows[7][3] = "", "?", "NaN"
    write_csv(here.folder / "t.csv", rows)
    source = data.Csv(path="t.csv", target="kind", missing=missing)  # type: ignore[arg-type]
    here.write(tabular(source, 4, 3, "classes"), dense("torch", 4, 3))
    done = here.run("--epochs", 1)
    assert f"{3 if missing == 'drop' else 1} of 100 rows left out" in done.stdout


@BACKENDS
def test_an_archive(backend: str, lab: Callable[[str], Lab]) -> None:
    np = pytest.importorskip("numpy")
    here = lab(backend)
    here.write(several(), two_by_two(backend))
    rng = np.random.default_rng(0)
    arrays = {
        "photo": rng.normal(size=(80, 4, 4, 3)),
        "facts": rng.normal(size=(80, 5)),
        "kind": rng.integers(0, 3, 80),
        "age": rng.normal(size=80),
    }
    np.savez(here.folder / "two.npz", **arrays)
    here.run("--epochs", 2)
    assert set(here.read("metrics.json")) == {
        "test_loss", "test_kind_loss", "test_kind_f1", "test_age_loss", "test_age_mae",
    }  # fmt: skip
    found = here.read("metrics.json")
    assert abs(found["test_loss"] - found["test_kind_loss"] - 0.5 * found["test_age_loss"]) < 1e-5
    arrays["kind"][3] = 3
    np.savez(here.folder / "two.npz", **arrays)
    assert "labels 0 to 3, the model 3 classes" in here.refusal()
    del arrays["age"]
    np.savez(here.folder / "two.npz", **arrays)
    assert "no array 'age'; it has photo, facts, kind" in here.refusal()


@BACKENDS
def test_text(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(text_plan("classes", 3), bag_of_words(backend, 12, 50, 3))
    words = ["Große Freude!", "it's bad, bad", "so so"]
    rows = [["review", "stars"], *([f"{words[i % 3]} w{i}", "123"[i % 3]] for i in range(60))]
    write_csv(here.folder / "t.csv", rows)
    here.run("--epochs", 1)
    assert here.evaluate('spec.tokenize("Große, it\'s")') == ["große", "it's"]
    code = "spec.vocabulary([['b', 'a'], ['c', 'c']])"
    assert here.evaluate(code) == {"c": 2, "a": 3, "b": 4}
    code = "spec.encode(['a', 'z'] + ['b'] * 20, {'a': 2, 'b': 3}).tolist()"
    assert here.evaluate(code) == [2, 1] + [3] * 10


def write_idx(path: Path, array: Any, compress: bool) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    content = head + array.tobytes()
    if compress:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)


@BACKENDS
def test_files_of_mnist(backend: str, lab: Callable[[str], Lab]) -> None:
    np = pytest.importorskip("numpy")
    here = lab(backend)
    plan = replace(
        DIGITS,
        source=data.FashionMnist(),
        split=data.Stratified(train=80, val=20),
        inputs=(InputPlan("image", (28, 28, 1)),),
    )
    here.write(plan, cnn(backend, 28, 28, 1, 10))
    folder = here.folder / "files"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 100), ("t10k", 30)):
        pixels = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte", pixels, part == "train")
        labels = (np.arange(count) % 10).astype(np.uint8)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels, part != "train")
    here.run("--epochs", 1, "--data", "files")
    code = "[[len(p[1]), float(p[0].max())] for p in spec.load_data('files', 0)[0]]"
    assert here.evaluate(code) == [[80, 1.0], [20, 1.0], [30, 1.0]]
    (folder / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1\0\0\0\5abc")
    assert "is damaged" in here.refusal("--data", "files")


@BACKENDS
def test_pictures(backend: str, lab: Callable[[str], Lab]) -> None:
    image = pytest.importorskip("PIL.Image")
    np = pytest.importorskip("numpy")
    here = lab(backend)
    plan = replace(
        DIGITS,
        source=data.Images(path="photos/"),
        inputs=(InputPlan("image", (16, 12, 3)),),
        outputs=(replace(DIGITS.outputs[0], shape=(2,)),),
        workers=2,
        batch=8,
    )
    here.write(plan, cnn(backend, 16, 12, 3, 2))
    rng = np.random.default_rng(0)
    for name, colour in (("blue", 2), ("red", 0)):
        (here.folder / "photos" / name).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(0, 80, (20, 30, 3)).astype(np.uint8)
            pixels[..., colour] += 150
            photo = image.fromarray(pixels)
            photo = photo.convert("RGBA") if i % 3 == 0 else photo
            photo.save(here.folder / "photos" / name / f"{i}.png")
    here.run("--epochs", 4)
    assert here.read("metrics.json")["test_accuracy"] == 1.0
    (here.folder / "photos" / "green").mkdir()
    assert "3 folders, one a class; the model has 2" in here.refusal()
    (here.folder / "photos" / "green").rmdir()
    broken = here.folder / "photos" / "red" / "7.png"
    broken.write_bytes(broken.read_bytes()[:300])
    line = here.refusal("--epochs", 1)
    assert "cannot read the picture" in line and "7.png" in line
    image.fromarray(np.zeros((4, 4), np.uint16)).save(broken)
    assert "8 bits" in here.refusal("--epochs", 1)
