"""Scripts with a protocol at work on both backends: their report, what it is made of, and going on after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import BACKENDS, LAST, Lab
from scipy import stats
from sklearn import metrics
from sklearn.datasets import load_iris, load_wine
from test_protocols import err632plus

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


def spec(source: str, features: int, head: str, train: str, protocol: str) -> str:
    return f"""
model M {{ input row: {features}  row -> {head} }}
data {{ source = {source}  split = random(85, 15)  scale = zscore  batch = 16 }}
train {{ {train}  optimizer = Adam(lr=0.05)  epochs = 3 }}
evaluate {{ {protocol} }}
"""


CLASSES = "loss = cross_entropy  metrics = [accuracy, f1]"
KFOLD = spec("iris", 4, "Dense(3) -> softmax", CLASSES, "protocol = kfold(3)  confidence = 0.9")
PLUS = spec("wine", 13, "Dense(3) -> softmax", CLASSES, "protocol = bootstrap632plus(2)")


@ON
def test_cross_validation_is_what_scikit_learn_makes_of_it(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    """The report, from the predictions of the script alone."""
    here = lab(backend)
    here.compile(KFOLD)
    done = here.run()
    assert sum(line.startswith("fold ") for line in done.out.splitlines()) == 3
    assert "epoch" not in done.out  # a line is a fold
    report = here.read("report.json")
    y = load_iris().target
    values: dict[str, list[float]] = {"accuracy": [], "f1": [], "loss": []}
    tested, said = [], []
    for number in (1, 2, 3):
        folder = here.out / f"fold_0{number}"
        with np.load(folder / "predictions.npz") as saved:
            rows, predictions = saved["rows"], saved["predictions"]
        guess = predictions.argmax(axis=1)
        values["accuracy"].append(metrics.accuracy_score(y[rows], guess))
        values["f1"].append(metrics.f1_score(y[rows], guess, average="macro"))
        values["loss"].append(-np.log(predictions[np.arange(len(rows)), y[rows]]).mean())
        tested += rows.tolist()
        said += guess.tolist()
        assert len(here.read(f"fold_0{number}/history.json")["val_loss"]) == 3
        assert (folder / LAST[backend]).exists()
    assert sorted(tested) == list(range(150))
    assert list(report["metrics"]) == ["loss", "accuracy", "f1"]
    for name, expected in values.items():
        found = report["metrics"][name]
        assert found["values"] == pytest.approx(expected, abs=1e-5)
        assert found["mean"] == pytest.approx(np.mean(expected), abs=1e-5)
        assert found["deviation"] == pytest.approx(np.std(expected, ddof=1), abs=1e-5)
        interval = stats.t.interval(0.9, 2, loc=np.mean(expected), scale=stats.sem(expected))
        assert found["interval"] == pytest.approx(interval, abs=1e-4)
    matrix = metrics.confusion_matrix(y[tested], said)
    assert report["confusion"] == {
        "classes": ["setosa", "versicolor", "virginica"],
        "matrix": matrix.tolist(),
    }
    facts = {name: report[name] for name in ("protocol", "trainings", "seed", "confidence")}
    assert facts == {"protocol": "kfold(3)", "trainings": 3, "seed": 0, "confidence": 0.9}
    assert report["interval"] == "of the mean, by the t-distribution"
    for name in ("folds.png", "confusion.png"):
        assert (here.out / name).read_bytes().startswith(b"\x89PNG")
    assert f"accuracy {report['metrics']['accuracy']['mean']:.4f}" in done.out


# The rows that each fold tests, and what its model says of them by the weights that it left.
SAID = {
    "torch": """
import numpy as np, torch
x, y, classes = spec.read_data()
seen = []
for number, rows in enumerate(spec.make_folds(y, 0)):
    parts = spec.make_parts(x, y, *rows)
    model = spec.build_model()
    model.load_state_dict(torch.load(f"runs/spec-torch/fold_0{number}/final.pt"))
    guess = model.eval()(torch.from_numpy(parts[2][0])).argmax(1).tolist()
    seen.append([rows[2].tolist(), guess])
""",
    "keras": """
import numpy as np
x, y, classes = spec.read_data()
seen = []
for number, rows in enumerate(spec.make_folds(y, 0)):
    parts = spec.make_parts(x, y, *rows)
    model = spec.build_model()
    model.load_weights(f"runs/spec-keras/fold_0{number}/final.keras")
    guess = model.predict(parts[2][0], verbose=0).argmax(1).tolist()
    seen.append([rows[2].tolist(), guess])
""",
}


@ON
def test_the_632plus_bootstrap_is_what_the_paper_makes_of_it(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    here.compile(PLUS)
    done = here.run()
    y = load_wine().target
    (known, said), *others = here.evaluate("seen", SAID[backend])
    train = np.mean(np.array(said) != y[known])
    gamma = np.mean([[true != guess for guess in said] for true in y[known]])
    test = [np.mean(np.array(said) != y[rows]) for rows, said in others]
    assert len(known) == int(0.85 * 178) and len(test) == 2
    report = here.read("report.json")
    assert report["trainings"] == 3 and list(report["metrics"]) == ["accuracy"]
    found = report["metrics"]["accuracy"]
    assert found["estimate"] == pytest.approx(1 - err632plus(train, np.mean(test), gamma))
    assert f"accuracy {found['estimate']:.4f}" in done.out
    parts = [1 - train, 1 - np.mean(test), 1 - gamma]
    assert [found[name] for name in ("train", "test", "chance")] == pytest.approx(parts)
    expected = [1 - err632plus(train, error, gamma) for error in test]
    assert found["values"] == pytest.approx(expected, abs=1e-6)
    assert found["mean"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert found["interval"] == pytest.approx(np.quantile(expected, [0.025, 0.975]), abs=1e-6)
    assert report["interval"] == "percentiles of the folds"
    assert sum(map(sum, report["confusion"]["matrix"])) == sum(len(rows) for rows, _ in others)


@ON
def test_the_632_bootstrap_weighs_every_metric(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    train = "loss = mse  metrics = [mae]"
    here.compile(spec("diabetes", 10, "Dense(1)", train, "protocol = bootstrap632(2)"))
    here.run("--epochs", 1)
    report = here.read("report.json")
    for name in ("loss", "mae"):
        train, *test = [
            here.read(f"fold_0{number}/metrics.json")[f"test_{name}"] for number in (0, 1, 2)
        ]
        found = report["metrics"][name]
        assert found["values"] == pytest.approx([0.368 * train + 0.632 * value for value in test])
        assert found["estimate"] == pytest.approx(0.368 * train + 0.632 * np.mean(test))
    assert (here.out / "predictions.png").exists() and "confusion" not in report


# Ctrl-C in the third epoch of the second fold, before anything of that epoch is kept.
KILLED = {
    "torch": "spec.Run, 'end_epoch'",
    "keras": "spec.Checkpoint, 'on_epoch_end'",
}
KILL = """
owner, name = {place}
count, plain = [0], getattr(owner, name)
def end(*args, **more):
    count[0] += 1
    if count[0] == 6:
        raise KeyboardInterrupt
    return plain(*args, **more)
setattr(owner, name, end)
try:
    spec.main([])
    said = "finished"
except SystemExit as error:
    said = str(error)
"""


def everything(here: Lab) -> dict[str, Any]:
    """All that the folds and the report say."""
    found = {"report": here.read("report.json")}
    for path in sorted(here.out.glob("fold_*/*.json")):
        found[f"{path.parent.name}/{path.name}"] = path.read_text()
    return found


@ON
def test_a_run_that_was_killed_in_a_fold_goes_on_there(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    here.compile(KFOLD.replace("kfold(3)", "kfold(2)"))
    here.run()
    whole = everything(here)
    assert len(whole) == 5
    said = here.evaluate("said", KILL.format(place=KILLED[backend]))
    assert "interrupted in fold 2: --resume goes on from there" in said
    left = {path.name for path in here.out.glob("fold_02/*.json")} - {"history.json"}
    assert not left, "what an earlier run left must not look like this one's"
    first = (here.out / "fold_01" / "metrics.json").stat().st_mtime_ns
    here.run("--resume")
    assert everything(here) == whole
    assert (here.out / "fold_01" / "metrics.json").stat().st_mtime_ns == first
    refused = here.refusal("--resume", "--seed", 5)
    assert "was made with --seed 0 --epochs 3 --batch-size 16: resume with it" in refused
    assert "was made with --seed 0" in here.refusal("--resume", "--epochs", 9)
    assert "nothing to resume" in here.run("--resume", "--epochs", 1, "--out", "new").out
    with np.load(here.out / "fold_02" / "predictions.npz") as saved:
        arrays = dict(saved)
    arrays["rows"][0] += 1
    np.savez(here.out / "fold_02" / "predictions.npz", **arrays)
    assert "was made with other data" in here.refusal("--resume")


SEVERAL = (Path(__file__).parent / "cases" / "samples" / "folds.dl").read_text(encoding="utf-8")


@ON
def test_several_outputs(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    rng = np.random.default_rng(0)
    arrays = {"row": rng.random((40, 4)), "more": rng.random((40, 3)), "size": rng.random((40, 1))}
    np.savez(here.folder / "two.npz", kind=np.arange(40) % 3, **arrays)
    here.compile(SEVERAL.replace("bootstrap632plus(3)", "bootstrap632plus(2)"))
    here.run("--epochs", 1)
    report = here.read("report.json")
    assert list(report["metrics"]) == ["kind_accuracy", "size_mae"]
    assert np.shape(report["confusion_kind"]["matrix"]) == (3, 3)
    assert {p.name for p in here.out.glob("*.png")} == {
        "folds.png", "confusion_kind.png", "predictions_size.png",
    }  # fmt: skip


def test_leave_one_out_tests_every_row(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    rng = np.random.default_rng(0)
    np.savez(here.folder / "few.npz", x=rng.random((12, 4)), y=rng.random((12, 1)))
    train = "loss = mse  metrics = [mae]"
    here.compile(spec('npz("few.npz")', 4, "Dense(1)", train, "protocol = leave_one_out"))
    here.run("--epochs", 1)
    report = here.read("report.json")
    assert report["trainings"] == 12 and len(report["metrics"]["mae"]["values"]) == 12
    assert all(map(math.isfinite, report["metrics"]["mae"]["interval"]))
    assert (here.out / "fold_012").exists()


def test_a_table_and_pictures_are_read_once(lab: Callable[[str], Lab]) -> None:
    """Words, columns and statistics are fitted in every fold; what was read stays."""
    here = lab("torch")
    lines = [f"{row},{'good' if row % 2 else 'bad'} day {row},{'ab'[row % 2]}" for row in range(30)]
    (here.folder / "t.csv").write_text("\n".join(["size,words,kind", *lines]))
    text = spec(
        'csv("t.csv", target=kind)', 31, "Dense(2) -> softmax", CLASSES, "protocol = kfold(2)"
    )
    here.compile(text)
    here.run("--epochs", 1)
    assert here.read("report.json")["confusion"]["classes"] == ["a", "b"]
    words = 'text("t.csv", column=words, target=kind, vocabulary=20)'
    model = "Embedding(20, 4) -> GlobalAvgPool1D -> Dense(2) -> softmax"
    here.compile(
        spec(words, 3, model, CLASSES, "protocol = kfold(2)").replace("scale = zscore", "")
    )
    here.run("--epochs", 1)
    assert sum(map(sum, here.read("report.json")["confusion"]["matrix"])) == 30
