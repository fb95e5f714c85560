"""Every spec at work on both backends: its script trains, reports, and has the weights that `check` counts."""

from __future__ import annotations

import gzip
import json
import math
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from compiled import BACKENDS, ROOT, SPECS, TRAINED, ZOO, compiled, main_model

from dslc.codegen.data import IDX_FILES

pytestmark = pytest.mark.framework
FASHION = Path("/usr/share/datasets/fashion-mnist")
ON_FASHION = ("fashion_cnn", "lenet5")
ROWS = {"train": 4000, "t10k": 1000}  # of Fashion-MNIST, to be quick
LAST = {"keras": "last.npz", "torch": "last.pt"}
DRAWN = {"multi_output": {"confusion_digit", "predictions_ink"}, "mlp_tabular": {"predictions"}}
BEST = {"keras": "best.keras", "torch": "best.pt"}
ENV = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Runs:
    """What came of the scripts of one backend, by spec."""

    def __init__(self, folder: Path, done: Mapping[str, dict[str, Any]]) -> None:
        self.folder, self.done = folder, done

    def of(self, stem: str) -> dict[str, Any]:
        found = self.done[stem]
        assert "error" not in found, found["error"]
        return found


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def runs(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp(backend)
    tasks: dict[str, dict[str, Any]] = {}
    for stem, path in SPECS.items():
        script = folder / f"{stem}_{backend}.py"
        script.write_text(compiled(path, backend), encoding="utf-8")
        tasks[stem] = {"script": str(script)}
        if stem in ZOO:
            tasks[stem]["input"] = image_shape(stem)
        else:
            epochs = [] if "phase " in path.read_text(encoding="utf-8") else ["--epochs", "1"]
            tasks[stem]["args"] = [*epochs, "--out", f"runs/{stem}-{backend}"]
        if stem in ON_FASHION and not FASHION.exists():
            del tasks[stem]
        elif stem in ON_FASHION:
            tasks[stem]["args"] += ["--data", str(part_of_fashion(folder / "fashion"))]
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    command = [
        sys.executable,
        str(ROOT / "tests" / "spec_runner.py"),
        backend,
        str(folder / "tasks.json"),
    ]
    (folder / "specs").symlink_to(ROOT / "specs")  # where data are, as seen by whoever runs a spec
    done = subprocess.run(
        command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=1500
    )
    assert done.returncode == 0, done.stderr
    lines = [line[2:] for line in done.stdout.splitlines() if line.startswith("=>")]
    return Runs(folder, {found["name"]: found for found in map(json.loads, lines)})


def image_shape(stem: str) -> list[int]:
    (image,) = main_model(SPECS[stem]).graph.root.inputs.values()
    assert image is not None
    return [int(str(size)) for size in image.shape]


def part_of_fashion(folder: Path) -> Path:
    """The first rows of each of the four files."""
    folder.mkdir(exist_ok=True)
    for name in IDX_FILES:
        with gzip.open(FASHION / f"{name}.gz") as file:
            head = file.read(16 if "images" in name else 8)
            magic, _, *sizes = struct.unpack(f">{len(head) // 4}i", head)
            rows = ROWS[name.partition("-")[0]]
            body = file.read(rows * math.prod(sizes))
        content = struct.pack(f">{len(head) // 4}i", magic, rows, *sizes) + body
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    return folder


def skip_without_data(stem: str) -> None:
    if stem in ON_FASHION and not FASHION.exists():
        pytest.skip("apt-get install dataset-fashion-mnist")


@pytest.mark.parametrize("stem", TRAINED)
def test_a_script_trains_and_reports(stem: str, backend: str, runs: Runs) -> None:
    skip_without_data(stem)
    runs.of(stem)
    out = runs.folder / "runs" / f"{stem}-{backend}"
    if "evaluate {" in SPECS[stem].read_text(encoding="utf-8"):
        reports_of_folds(out)
        return
    history = json.loads((out / "history.json").read_text())
    metrics = json.loads((out / "metrics.json").read_text())
    assert {"loss", "val_loss"} <= set(history)
    text = SPECS[stem].read_text(encoding="utf-8")
    (epochs,) = {len(values) for values in history.values()}
    assert epochs == 1 or "phase " in text
    assert all(math.isfinite(value) for values in history.values() for value in values)
    assert "test_loss" in metrics
    assert all(map(math.isfinite, metrics.values()))
    wanted = {"history.json", "metrics.json", "curves.png", LAST[backend]}
    if "ModelCheckpoint" in text:
        wanted.add(BEST[backend])
    assert wanted <= {path.name for path in out.iterdir()}
    drawn = {path.stem for path in out.glob("*.png")} - {"curves"}
    assert drawn == DRAWN.get(stem, {"confusion"})
    for picture in out.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def reports_of_folds(out: Path) -> None:
    """A protocol leaves one report of all its trainings, and each of them what it came to."""
    report = json.loads((out / "report.json").read_text())
    folds = sorted(path.name for path in out.glob("fold_*"))
    assert len(folds) == report["trainings"] > 1
    for found in report["metrics"].values():
        extra = "estimate" in found  # a bootstrap's model of all rows
        assert len(found["values"]) + extra == len(folds)
        assert found["interval"][0] <= found["mean"] <= found["interval"][1]
    for name in folds:
        metrics = json.loads((out / name / "metrics.json").read_text())
        assert all(map(math.isfinite, metrics.values()))
    assert {path.name for path in out.glob("*.png")} == {"confusion.png", "folds.png"}


@pytest.mark.parametrize("stem", SPECS)
def test_a_model_has_the_weights_that_check_counts(stem: str, runs: Runs) -> None:
    skip_without_data(stem)
    summary = main_model(SPECS[stem]).summary
    assert summary is not None
    found = runs.of(stem)
    assert (found["trainable"], found["weights"]) == (summary.trainable, summary.weights)


@pytest.mark.parametrize("stem", ZOO)
def test_a_model_of_the_zoo_takes_steps(stem: str, runs: Runs) -> None:
    losses = runs.of(stem)["losses"]
    assert all(map(math.isfinite, losses))
    assert len(set(losses)) == len(losses)


def test_digits_are_learned(backend: str, tmp_path: Path) -> None:
    """The whole way as a user goes it: compile, run, read the number."""
    script = tmp_path / f"digits_cnn_{backend}.py"
    script.write_text(compiled(SPECS["digits_cnn"], backend), encoding="utf-8")
    command = [sys.executable, script.name]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "runs" / f"digits_cnn-{backend}" / "metrics.json").read_text())
    assert metrics["test_accuracy"] >= 0.97
    assert f"test_accuracy   {metrics['test_accuracy']:.4f}" in done.stdout


def test_the_data_files_are_what_their_script_makes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "make_data.py"), str(tmp_path)]
    subprocess.run(command, check=True, env=ENV)
    import numpy as np

    kept = ROOT / "specs" / "data"
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in kept.iterdir() if path.name != "README.md")
    for name in made:
        if name.endswith(".csv"):
            assert (tmp_path / name).read_bytes() == (kept / name).read_bytes()
        else:  # the packed bytes are zlib's own affair
            with np.load(tmp_path / name) as new, np.load(kept / name) as old:
                assert list(new) == list(old)
                assert all((new[key] == old[key]).all() for key in new)
        assert (kept / name).stat().st_size < 150_000
