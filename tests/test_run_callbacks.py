"""Callbacks of running scripts: they stop, keep and write as the spec says; checkpoints that do not fit are refused."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, LAST, Lab, only_line, worker

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)
IRIS = """
model Net {{ input row: 4
  row -> Dense(6) -> relu -> Dense(3) -> softmax }}
data {{ source = iris  split = stratified(60, 20, 20)  scale = zscore }}
train {{
  loss = cross_entropy  metrics = [accuracy]  optimizer = {}  epochs = {}
  {}
}}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Callable[..., Lab]:
    def made(backend: str, *found: str, epochs: int = 6, optimizer: str = "SGD(lr=0.1)") -> Lab:
        here = Lab(tmp_path, backend)
        here.compile(IRIS.format(optimizer, epochs, "\n  ".join(found)))
        return here

    return made


def files(here: Lab) -> set[str]:
    """The files with weights."""
    return {p.name for p in here.out.iterdir() if p.suffix in (".pt", ".keras", ".h5")} - {
        "last.pt"
    }


# --- what is decided ---------------------------------------------------------------------------------


@ON
def test_early_stopping_stops_where_the_rule_says(backend: str, lab: Callable[..., Lab]) -> None:
    patience, delta, start = 3, 0.03, 4
    rule = f"EarlyStopping(patience={patience}, min_delta={delta}, start_from_epoch={start})"
    here = lab(backend, rule, epochs=30, optimizer="SGD(lr=0.5)")
    here.run()
    losses = here.read("history.json")["val_loss"]
    best, best_at = losses[start], start
    for at in range(start + 1, len(losses)):
        if losses[at] < best - delta:
            best, best_at = losses[at], at
        assert (at - best_at >= patience) == (at == len(losses) - 1), (at, losses)
    assert start + patience < len(losses) < 30


@ON
def test_the_plateau_lowers_the_rate_in_steps(backend: str, lab: Callable[..., Lab]) -> None:
    rule = "ReduceLROnPlateau(factor=0.5, patience=1, min_delta=10, cooldown=2, min_lr=0.03)"
    here = lab(backend, rule, epochs=10)
    here.run()
    rates = here.read("history.json")["learning_rate"]
    # The first value is the best for ever; a reduction, two epochs of rest, and again.
    expected = [0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.03, 0.03, 0.03, 0.03]
    assert rates == pytest.approx(expected, rel=1e-6)


@ON
def test_checkpoints_are_called_as_the_template_says(backend: str, lab: Callable[..., Lab]) -> None:
    here = lab(
        backend,
        'ModelCheckpoint(monitor=val_accuracy, file="{epoch:03d}-{val_loss:.4f}")',
        'ModelCheckpoint(save_best_only=false, file="all {epoch}", every=2, save_weights_only=true)',
    )
    here.run()
    history = here.read("history.json")
    best, expected = -1.0, set()
    whole, weights = (".pt", ".pt") if backend == "torch" else (".keras", ".weights.h5")
    for epoch, (loss, accuracy) in enumerate(
        zip(history["val_loss"], history["val_accuracy"], strict=True), 1
    ):
        if accuracy > best:
            best = accuracy
            report = f"{epoch:03d}-{loss:.4f}{whole}"
            expected.add(report)
        if epoch % 2 == 0:
            expected.add(f"all {epoch}{weights}")
    assert files(here) == expected
    # The test is made with the best of them.
    setup = f"path = 'runs/spec-{backend}/{report}'"
    if backend == "torch":
        setup += """
model = spec.build_model()
saved = spec.torch.load(path, weights_only=True)
assert set(saved) == {"model", "optimizer"}
model.load_state_dict(saved["model"])
alone = spec.torch.load("runs/spec-torch/all 2.pt", weights_only=True)
assert set(alone) == set(saved["model"])
test = spec.DataLoader(spec.Batches(spec.load_data(0)[0][2], 32), batch_size=None)
right = (spec.predict(model, test).argmax(1) == test.dataset.y).mean()
"""
    else:
        setup += """
model = spec.keras.models.load_model(path)
assert model.optimizer.iterations > 0
spec.build_model().load_weights("runs/spec-keras/all 2.weights.h5")
test = spec.Batches(spec.load_data(0)[0][2], 32)
right = (spec.predict(model, test).argmax(1) == test.y).mean()
"""
    assert here.evaluate("float(right)", setup) == pytest.approx(
        here.read("metrics.json")["test_accuracy"]
    )


@ON
def test_weights_that_no_epoch_came_into_question_for(
    backend: str, lab: Callable[..., Lab]
) -> None:
    """Training may end before anything is kept: the test uses the weights of the end."""
    here = lab(backend, "EarlyStopping(start_from_epoch=4, patience=1, restore_best=true)")
    here.run("--epochs", 2)
    assert files(here) == set() and len(here.read("history.json")["loss"]) == 2
    assert here.read("metrics.json")["test_loss"] > 0
    here.run()
    assert len(files(here)) == 1


# --- what is written ---------------------------------------------------------------------------------


@ON
def test_the_table_holds_what_keras_would_write(backend: str, lab: Callable[..., Lab]) -> None:
    here = lab(backend, 'CSVLogger("training.csv")', "ReduceLROnPlateau")
    here.run("--epochs", 3)
    with open(here.out / "training.csv", newline="") as file:
        rows = list(csv.reader(file))
    history = here.read("history.json")
    assert rows[0] == ["epoch", *sorted(history)] and "learning_rate" in rows[0]
    for epoch, row in enumerate(rows[1:]):
        assert row == [str(epoch), *(repr(history[name][epoch]) for name in sorted(history))]
    assert len(rows) == 4
    if backend == "keras":
        own = """
logs = spec.keras.callbacks.CSVLogger("own.csv")
logs.set_model(None)
logs.on_train_begin()
for epoch in range(3):
    logs.on_epoch_end(epoch, {name: values[epoch] for name, values in history.items()})
logs.on_train_end()
"""
        here.evaluate("None", f"history = {history!r}\n{own}")
        own_file = (here.folder / "own.csv").read_bytes()
        assert own_file == (here.out / "training.csv").read_bytes()


@ON
@pytest.mark.parametrize("package", ["tensorboard", "mlflow"])
def test_a_package_that_is_missing_is_named_before_training(
    backend: str, package: str, lab: Callable[..., Lab]
) -> None:
    wanted = "TensorBoard" if package == "tensorboard" else "track = mlflow"
    here = lab(backend, wanted)
    hidden = "torch.utils.tensorboard" if package == "tensorboard" else package
    setup = f"""
import sys
known = sys.modules.pop({hidden!r}, None)
sys.modules[{hidden!r}] = None
try:
    spec.main(["--epochs", "1"])
finally:
    del sys.modules[{hidden!r}]
    if known is not None:
        sys.modules[{hidden!r}] = known
"""
    done = worker(backend).run(folder=str(here.folder), setup=setup, expression="None")
    if backend == "keras" and package == "tensorboard":
        assert done.code == 0  # TensorFlow writes its files itself
    else:
        assert f"pip install {package}" in only_line(done)
        assert not list(here.out.glob("last*"))


@ON
def test_a_tracker_that_refuses_ends_in_one_line(backend: str, lab: Callable[..., Lab]) -> None:
    here = lab(backend, "track = mlflow")
    setup = """
import os
os.environ["MLFLOW_TRACKING_URI"] = "nowhere://else"
try:
    spec.main(["--epochs", "1"])
finally:
    del os.environ["MLFLOW_TRACKING_URI"]
"""
    done = worker(backend).run(folder=str(here.folder), setup=setup, expression="None")
    assert "MLflow: " in done.err and done.code == 1 and "Traceback" not in done.err


# --- going on ----------------------------------------------------------------------------------------


@ON
def test_a_full_disk_anywhere_leaves_a_run_that_goes_on(
    backend: str, lab: Callable[..., Lab]
) -> None:
    """Whatever file is the first that does not fit, the run ends in one line and is resumed as if nothing was."""
    here = lab(backend, "ModelCheckpoint", "CSVLogger", "EarlyStopping", epochs=3)
    here.run("--out", "whole")
    whole = here.folder / "whole"
    sizes = sorted(p.stat().st_size for p in whole.iterdir() if p.suffix in LAST[backend] + ".csv")
    for size in (sizes[-1] - 1, 10):
        out = f"out_{size}"
        here.run("--epochs", 1, "--out", out)
        line = here.refusal("--resume", "--out", out, largest_file=size)
        assert "cannot write" in line or "File too large" in line, line
        assert not list((here.folder / out).glob("unfinished*"))
        here.run("--resume", "--out", out)
        for name in ("history.json", "metrics.json", "log.csv"):
            assert (here.folder / out / name).read_bytes() == (whole / name).read_bytes()


@ON
def test_a_checkpoint_that_is_damaged_is_refused(backend: str, lab: Callable[..., Lab]) -> None:
    here = lab(backend)
    here.run("--epochs", 1)
    last = here.out / LAST[backend]
    good = last.read_bytes()
    other = here.folder / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("state.npy", json.dumps({"seed": 0}))
    damaged: dict[str, bytes] = {
        "empty": b"",
        "text": b"hello\n" * 100,
        "pickle": b"cos\nsystem\n(S'touch pwned'\ntR.",
        "zip": other.read_bytes(),
        **{f"cut at {share}": good[: int(len(good) * share)] for share in (0.3, 0.99)},
        "bits": good[:200] + bytes(100) + good[300:],
    }
    for name, content in damaged.items():
        last.write_bytes(content)
        line = here.refusal("--resume", "--epochs", 2)
        assert f"{last.relative_to(here.folder)} " in line, (name, line)
        assert last.read_bytes() == content, name
    assert not (here.folder / "pwned").exists()


@ON
def test_a_checkpoint_of_another_training_is_refused(backend: str, lab: Callable[..., Lab]) -> None:
    lab(backend, "EarlyStopping(patience=3)").run("--epochs", 1)
    last = f"runs/spec-{backend}/{LAST[backend]}"
    others: list[dict[str, Any]] = [
        {"optimizer": "Adam"},
        {"found": ["ReduceLROnPlateau"]},
        {"found": []},
    ]
    for other in others:
        found = other.get("found", ["EarlyStopping(patience=3)"])
        here = lab(backend, *found, optimizer=other.get("optimizer", "SGD(lr=0.1)"))
        line = here.refusal("--resume")
        assert f"{last} was made by another model, optimizer or callbacks" in line or (
            not found and f"{last} was made by another model or optimizer" in line
        )
    # What may differ: how long callbacks wait, and what is written besides.
    here = lab(backend, "EarlyStopping(patience=5)", "CSVLogger")
    here.run("--resume", "--epochs", 2)
    assert len((here.out / "log.csv").read_text().splitlines()) == 3


@ON
def test_a_run_from_the_beginning_forgets_the_one_before(
    backend: str, lab: Callable[..., Lab]
) -> None:
    """Killed in its first epoch, it must not go on with what an earlier run left."""
    here = lab(backend)
    here.run("--epochs", 2)
    setup = """
def killed(*args, **kwargs):
    raise SystemExit("killed")

if hasattr(spec, "torch"):
    spec.Run.fit = killed
else:
    spec.keras.Model.fit, fit = killed, spec.keras.Model.fit
try:
    spec.main(["--epochs", "3"])
except SystemExit as end:
    said = str(end)
finally:
    if not hasattr(spec, "torch"):
        spec.keras.Model.fit = fit
"""
    assert here.evaluate("said", setup) == "killed"
    assert not (here.out / LAST[backend]).exists()
    done = here.run("--resume", "--epochs", 3)
    assert f"nothing to resume in runs/spec-{backend}: starting at the beginning" in done.out
    assert len(here.read("history.json")["loss"]) == 3


# Ctrl-C in front of the n-th file that a run writes.
INTERRUPTED = """
import contextlib, io
said, left, write = io.StringIO(), [N], spec.replace_file

def replace_file(path, make):
    left[0] -= 1
    if left[0] == 0:
        raise KeyboardInterrupt
    write(path, make)

spec.replace_file = replace_file
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    spec.main(["--out", OUT])
"""


@ON
def test_ctrl_c_anywhere_leaves_a_run_that_goes_on(backend: str, lab: Callable[..., Lab]) -> None:
    """In an epoch or between the files of one: what is reported is what the checkpoint holds."""
    here = lab(backend, "ModelCheckpoint", "CSVLogger", "EarlyStopping(patience=2)", epochs=4)
    here.run("--out", "whole")
    whole = here.folder / "whole"
    history = json.loads((whole / "history.json").read_text())
    for n in (1, 6):  # the best weights of the first epoch, the checkpoint of the second
        out = here.folder / f"out_{n}"
        setup = INTERRUPTED.replace("N]", f"{n}]").replace("OUT", repr(out.name))
        said = here.evaluate("said.getvalue()", setup)
        reached = (n - 1) // 3
        assert (f"interrupted after epoch {reached}" in said) == (reached > 0), said
        if reached:
            reported = json.loads((out / "history.json").read_text())
            assert reported == {name: values[:reached] for name, values in history.items()}
        for name in (LAST[backend], "best.pt", "best.keras", "log.csv"):  # do no harm
            (out / f"unfinished.{name}").write_bytes(b"half a fi")
        here.run("--resume", "--out", out.name)
        for name in ("history.json", "metrics.json", "log.csv"):
            assert (out / name).read_bytes() == (whole / name).read_bytes(), n
