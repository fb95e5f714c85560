"""A run that is killed, twenty times and at random moments, ends as one that was left alone: the same weights, history
and files to the last bit, each epoch once in its table, in TensorBoard and in MLflow."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, ENV, Lab

pytestmark = pytest.mark.framework
CALLBACKS = """
model Net {
  input row: 4
  row -> Dense(8) -> BatchNorm -> relu -> Dropout(0.3) -> Dense(3) -> softmax
}
data { source = iris  split = stratified(60, 20, 20)  scale = zscore  batch = 16 }
train {
  loss = cross_entropy  metrics = [accuracy]  optimizer = SGD(lr=0.03, momentum=0.9)  epochs = 12
  track = mlflow
  EarlyStopping(patience=4, min_delta=0.1, restore_best=true)
  ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.1, cooldown=1)
  ModelCheckpoint(monitor=val_accuracy, file="{epoch:03d}-{val_loss:.4f}", save_weights_only=true)
  CSVLogger
  TensorBoard
}
"""

# What lies between a batch and the next: pictures that change, rates, gradients and averages.
UPDATES = """
model Net {
  input image: 8x8x1
  image -> Flatten -> Dense(12) -> relu -> Dropout(0.3) -> Dense(10) -> softmax
}
data { source = digits  split = stratified(20, 20, 60)  scale = 0..1  batch = 64 }
augment { HorizontalFlip(p=0.5)  GaussNoise(std=0.1, p=0.5)  MixUp(alpha=0.2) }
train {
  loss = cross_entropy  metrics = [accuracy]
  optimizer = Adam(lr=cosine(0.01, warmup=1))  epochs = 5
  accumulate = 4  ema = 0.9  track = mlflow
  ModelCheckpoint(save_best_only=false, every=2)
  CSVLogger
  TensorBoard
}
"""
# What changes from phase to phase: what trains, optimizers, callbacks.
PHASES = """
block Unit(units) {
  input x
  x -> Dense(units) -> BatchNorm -> relu -> Dropout(0.1)
}
block Features {
  input x
  x -> Unit(8) as early -> Unit(6) as late
}
model Net {
  input row: 4
  row -> Features as backbone -> Dense(3) -> softmax
}
data { source = iris  split = stratified(60, 20, 20)  scale = zscore  batch = 16 }
train { loss = cross_entropy  metrics = [accuracy]  CSVLogger  TensorBoard }
finetune backbone {
  phase head { freeze = all  epochs = 3  optimizer = SGD(lr=0.1, momentum=0.9)  ModelCheckpoint }
  phase tune {
    unfreeze = from(late)  epochs = 8  optimizer = Adam(lr=1e-2)
    ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.1)
    EarlyStopping(patience=3, min_delta=0.05, restore_best=true)
  }
  phase all { unfreeze = all  epochs = 3  optimizer = SGD(lr=linear(0.01)) }
}
"""
SPECS = {"callbacks": (CALLBACKS, 8), "updates": (UPDATES, 6), "phases": (PHASES, 6)}  # and kills


class Killer:
    """A process that runs a script in forks that it kills."""

    def __init__(self, backend: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed.py")), backend],
            env={**ENV, **mlflow(folder), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, here: Lab, *args: str, **how: float) -> dict[str, Any]:
        task = {"folder": str(here.folder), "args": args, **how}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        done: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert done["code"] == 0, (here.folder / "log.txt").read_text()
        return done


def mlflow(folder: Path) -> dict[str, str]:
    """Where MLflow keeps runs: in files, which needs no database."""
    return {"MLFLOW_TRACKING_URI": f"file://{folder}/mlruns", "MLFLOW_ALLOW_FILE_STORE": "true"}


@pytest.fixture
def killer(backend: str, tmp_path: Path) -> Iterator[Killer]:
    found = Killer(backend, tmp_path)
    with found.process:
        yield found


@pytest.mark.parametrize("backend", BACKENDS)
def test_twenty_kills_change_nothing(backend: str, killer: Killer, tmp_path: Path) -> None:
    rng = random.Random(backend)
    assert sum(times for _, times in SPECS.values()) == 20
    for name, (spec, times) in SPECS.items():
        here = Lab(tmp_path / name, backend)
        here.folder.mkdir()
        here.compile(spec)
        whole = killer.run(here, "--out", "runs/whole")
        expected = found_in(here, "whole")
        at_stake(name, expected)
        killer.run(here, "--resume", "--out", "runs/whole")  # killed when all was done
        assert found_in(here, "whole") == expected
        kills, number = 0, 1
        while True:
            how: dict[str, float] = {}
            if kills < times:
                uses, seconds = rng.randrange(1, 90), rng.uniform(0, 0.8) * whole["seconds"]
                how = {"before": uses} if rng.random() < 0.5 else {"after": seconds}
            done = killer.run(here, "--resume", "--out", f"runs/{number}", **how)
            kills += done["killed"]
            if not done["killed"]:
                assert found_in(here, str(number)) == expected, f"the run {number}"
                number += 1
                if not how:
                    break
        said = (here.folder / "log.txt").read_text()
        assert "nothing to resume in runs/1: starting at the beginning" in said


def at_stake(name: str, found: dict[str, Any]) -> None:
    """A run that does nothing could well be repeated."""
    history, files = found["history"], found["files"]
    if name == "callbacks":
        assert 5 < len(history["loss"]) < 12 and len(set(history["learning_rate"])) > 1
        assert len([file for file in files if "-" in file]) > 1
    elif name == "phases":
        assert set(history["phase"]) == {1, 2, 3} and len(set(history["learning_rate"])) > 5
    else:
        assert {file.partition(".")[0] for file in files} >= {"epoch_002", "epoch_004"}


def found_in(here: Lab, name: str) -> dict[str, Any]:
    """What a run leaves, and what it told others."""
    folder = here.folder / "runs" / name
    files, board = here.evaluate(
        f"[contents(spec, {str(folder)!r}), scalars({str(folder)!r})]",
        "from contents import contents, scalars",
    )
    history = json.loads((folder / "history.json").read_text())
    rows = (folder / "log.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["epoch", *map(str, range(len(rows) - 1))]
    assert len(rows) - 1 == len(history["loss"])
    tracked = metrics_of(here, name)
    for series, values in history.items():
        if series == "phase":
            continue
        part = "validation" if series.startswith("val_") else "train"
        shown = board[f"{part}/epoch_{series.removeprefix('val_')}"]
        assert shown == [[at, pytest.approx(value)] for at, value in enumerate(values)]
        assert not tracked or tracked[series] == [*enumerate(values)]
    return {"files": files, "board": board, "history": history, "tracked": tracked}


def metrics_of(here: Lab, name: str) -> dict[str, list[tuple[int, float]]]:
    """The steps and values in MLflow of the run that went through, if it is tracked."""
    state = "spec.torch.load(path, weights_only=True)['state']"
    if here.backend == "keras":
        state = "spec.json.loads(str(spec.np.load(path)['state']))"
    last = here.folder / "runs" / name / ("last.npz" if here.backend == "keras" else "last.pt")
    run = here.evaluate(f"({state}).get('mlflow_run')", f"path = {str(last)!r}")
    if run is None:
        return {}
    (folder,) = here.folder.parent.glob(f"mlruns/*/{run}")
    found = {}
    for path in sorted((folder / "metrics").iterdir()):
        lines = [line.split() for line in path.read_text().splitlines()]
        found[path.name] = [(int(step), float(value)) for _, value, step in lines]
    artifacts = sorted(p.name for p in (folder / "artifacts").iterdir() if p.name[0] != ".")
    assert artifacts == ["curves.png", "history.json", "metrics.json"]
    return found
