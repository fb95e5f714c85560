"""Protocols without a framework: the folds are scikit-learn's, the estimates those of the papers, nothing leaks."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import compiled, complaints
from scipy import stats
from script_parts import functions, source
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.model_selection import (
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    train_test_split,
)
from training_plans import TARGETS, bag_of_words, dense, render, tabular

from dslc.codegen.reserved import PAGE_NAMES
from dslc.plan.training import InputPlan, TrainingPlan
from dslc.vocab import data, metrics, protocols
from dslc.vocab.experiment import Protocol, Source
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]

BACKENDS = tuple(TARGETS)
TWO = {"train": 85.0, "val": 15.0}


def planned(
    protocol: Protocol, source: Source | None = None, task: str = "classes", **changes: Any
) -> TrainingPlan:
    source = source or data.Iris()
    features = source.features[0] if source.features else 4
    split = (data.Random if task == "numbers" else data.Stratified)(**TWO)
    plan = tabular(source, features, 3 if task == "classes" else 1, task)
    return replace(plan, protocol=protocol, split=split, **changes)


def script(plan: TrainingPlan, backend: str = "torch") -> str:
    features, outputs = plan.inputs[0].shape[0], plan.outputs[0].shape[0]
    assert features is not None and outputs is not None
    return render(backend, plan, dense(backend, features, outputs))


def folds_of(plan: TrainingPlan, y: np.ndarray, seed: int) -> list[tuple[np.ndarray, ...]]:
    """The folds of a script, which are the same on both backends."""
    texts = [script(plan, backend) for backend in BACKENDS]
    for name in ("make_folds", "split", "make_parts"):
        assert source(texts[0], name) == source(texts[1], name)
    folds = functions(texts[0], "make_folds", "split").make_folds(y, seed)
    assert isinstance(folds, list)
    return folds


# --- which rows ----------------------------------------------------------------------------------------

IRIS, SUGAR = load_iris().target, load_diabetes().target.astype(np.float32)[:, np.newaxis]
SPLITTERS: dict[str, tuple[Protocol, str, Callable[[int], Any]]] = {
    "stratified": (
        protocols.KFold(k=5),
        "classes",
        lambda seed: StratifiedKFold(5, shuffle=True, random_state=seed),
    ),
    "repeated": (
        protocols.KFold(k=4, repeats=3),
        "classes",
        lambda seed: RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=seed),
    ),
    "numbers": (
        protocols.KFold(k=10),
        "numbers",
        lambda seed: KFold(10, shuffle=True, random_state=seed),
    ),
    "repeated numbers": (
        protocols.KFold(k=3, repeats=2),
        "numbers",
        lambda seed: RepeatedKFold(n_splits=3, n_repeats=2, random_state=seed),
    ),
    "leave one out": (protocols.LeaveOneOut(), "classes", lambda seed: LeaveOneOut()),
}


@pytest.mark.parametrize("name", SPLITTERS)
@pytest.mark.parametrize("seed", [0, 7])
def test_folds_are_those_of_scikit_learn(name: str, seed: int) -> None:
    protocol, task, splitter = SPLITTERS[name]
    y = IRIS if task == "classes" else SUGAR
    source = data.Iris() if task == "classes" else data.Diabetes()
    found = folds_of(planned(protocol, source, task), y, seed)
    expected = list(splitter(seed).split(np.zeros(len(y)), y))
    assert len(found) == len(expected) == protocol.trainings(len(y))
    for number, ((train, val, test), (rest, tested)) in enumerate(
        zip(found, expected, strict=True)
    ):
        assert np.array_equal(test, tested)
        by_hand = train_test_split(
            rest,
            train_size=0.85,
            stratify=y[rest] if task == "classes" else None,
            random_state=seed + number + 1,
        )
        assert np.array_equal(train, by_hand[0]) and np.array_equal(val, by_hand[1])


def test_a_column_of_two_classes_is_stratified() -> None:
    plan = planned(protocols.KFold(k=3), data.BreastCancer(), "binary")
    y = np.array([0, 1, 1] * 20, np.float32)[:, np.newaxis]
    expected = StratifiedKFold(3, shuffle=True, random_state=1).split(y, y.ravel())
    for (_, _, test), (_, tested) in zip(folds_of(plan, y, 1), expected, strict=True):
        assert np.array_equal(test, tested)


@pytest.mark.parametrize("word", [protocols.Bootstrap632, protocols.Bootstrap632Plus])
def test_a_bootstrap_draws_as_mlxtend_does(word: type[Any]) -> None:
    y = load_wine().target
    first, *found = folds_of(planned(word(n=6), data.Wine()), y, 3)
    assert sorted([*first[0], *first[1]]) == list(range(len(y))) and first[2] is first[0]
    rng = np.random.RandomState(3)  # mlxtend.evaluate.BootstrapOutOfBag(6, random_seed=3)
    for train, val, test in found:
        drawn = rng.choice(np.arange(len(y)), size=len(y), replace=True)
        assert np.array_equal(test, sorted(set(range(len(y))) - set(drawn)))
        assert sorted([*train, *val]) == sorted(drawn)
        assert not set(train) & set(val)
        assert len(train) > len(set(train))  # with replacement
        assert 0.55 < len({*train, *val}) / len(y) < 0.7
    assert len(found) == 6 and word(n=6).trainings(None) == 7


# The message of each protocol for data that are too few.
TOO_FEW: dict[str, tuple[Protocol, list[int], str]] = {
    "a class": (protocols.KFold(k=5), [0] * 20 + [1] * 20 + [2] * 4, "a class has 4 examples"),
    "parts": (protocols.KFold(k=3), [0, 1, 2] * 3, "cannot split the data"),
    "rows": (protocols.LeaveOneOut(), [0, 1] * 501, "1002 examples would be as many trainings"),
    "draws": (protocols.Bootstrap632(n=50), [0, 1, 2] * 2, "cannot split the data"),
}


@pytest.mark.parametrize("name", TOO_FEW)
def test_data_that_are_too_few_are_refused(name: str) -> None:
    protocol, labels, message = TOO_FEW[name]
    with pytest.raises(SystemExit, match=message):
        folds_of(planned(protocol), np.array(labels), 0)


def test_too_few_numbers_are_refused() -> None:
    plan = planned(protocols.KFold(k=5), data.Diabetes(), "numbers")
    with pytest.raises(SystemExit, match="4 examples are too few for 5 folds"):
        folds_of(plan, np.zeros((4, 1)), 0)


# --- nothing leaks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [data.ZScore(), None])
def test_what_is_tested_changes_nothing_in_training(scale: Any) -> None:
    """Scaling is fitted on the training rows: other rows may be anything."""
    from dslc.vocab.kinds import Bounds

    plan = planned(protocols.KFold(k=5), scale=scale or Bounds(-1, 1))
    parts = functions(script(plan), "make_parts").make_parts
    x, y = load_iris().data.astype(np.float32), IRIS
    before = x.copy()
    for train, val, test in folds_of(plan, y, 0):
        plain = parts(x, y, train, val, test)
        spoilt = x.copy()
        spoilt[test] = 1e6
        changed = parts(spoilt, y, train, val, test)
        assert np.array_equal(plain[0][0], changed[0][0])
        assert np.array_equal(plain[1][0], changed[1][0])
        assert not np.array_equal(plain[2][0], changed[2][0])
        if scale is not None:
            assert np.allclose(plain[0][0].mean(axis=0), 0, atol=1e-5)
            assert np.allclose(plain[0][0].std(axis=0), 1, atol=1e-5)
    assert np.array_equal(x, before)  # the next fold starts from what was read


def test_words_of_a_test_are_unknown_to_training() -> None:
    source = data.TextTable(path="t.csv", column="words", target="kind", vocabulary=10)
    plan = replace(
        planned(protocols.KFold(k=3), source), inputs=(InputPlan("row", (4,), "int", 10),)
    )
    text = render("torch", plan, bag_of_words("torch", 4, 10, 3))
    parts = functions(text, "make_parts", "vocabulary", "encode").make_parts
    texts = [["a", "b"], ["a", "c"], ["b", "d"], ["c", "a", "b"]]
    (first, _), _, (tested, _) = parts(texts, np.arange(4), np.array([0, 1]), [2], [3])
    assert first.tolist() == [[2, 3, 0, 0], [2, 4, 0, 0]]  # a comes first, b and c by alphabet
    assert tested.tolist() == [[4, 2, 3, 0]]
    changed = [*texts[:3], ["b", "b", "new", "b"]]
    (again, _), _, (tested, _) = parts(changed, np.arange(4), np.array([0, 1]), [2], [3])
    assert np.array_equal(first, again)
    assert tested.tolist() == [[3, 3, 1, 3]]  # what training has not seen is any other token


def test_several_inputs_stay_as_they_were_read() -> None:
    text = compiled(Path(__file__).parent / "cases" / "samples" / "folds.dl", "torch")
    parts = functions(text, "make_parts", "scale", "take").make_parts
    x = {"row": np.arange(24.0).reshape(6, 4), "more": np.arange(18.0).reshape(6, 3)}
    y = {"kind": np.arange(6) % 3, "size": np.zeros((6, 1))}
    before = {name: array.copy() for name, array in x.items()}
    first = parts(x, y, np.array([0, 1]), np.array([2]), np.array([3]))
    again = parts(x, y, np.array([0, 1]), np.array([2]), np.array([3]))
    assert all(np.array_equal(x[name], before[name]) for name in x)
    assert np.array_equal(first[0][0]["row"], again[0][0]["row"])


def test_columns_of_a_table_are_as_many_in_every_fold() -> None:
    """A value that the training rows lack is all zeros, as in one training, but keeps its column."""
    for missing in ("error", "mean"):
        source = data.Csv(path="t.csv", target="kind", missing=missing)
        text = script(planned(protocols.KFold(k=3), source))
        encode = functions(text, "encode", "is_number", "to_number").encode
        colour = np.array(["red", "blue", "red", "green"], object)
        found = encode({"colour": colour}, np.array([0, 1]))
        assert found.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]]  # blue green red
        if missing == "mean":
            sizes = np.array(["1", "3", None, "100"], object)
            assert encode({"size": sizes}, np.array([0, 1])).ravel().tolist() == [1, 3, 2, 100]


# --- estimates -----------------------------------------------------------------------------------------


def test_a_summary_is_mean_deviation_and_t_interval() -> None:
    values = np.array([0.9, 0.95, 1.0, 0.85])
    for confidence in (0.95, 0.8):
        plan = planned(protocols.KFold(k=4), confidence=confidence)
        found = functions(script(plan), "summary").summary(values)
        assert found["values"] == values.tolist()
        assert found["mean"] == pytest.approx(0.925)
        assert found["deviation"] == pytest.approx(np.sqrt(((values - 0.925) ** 2).sum() / 3))
        by_hand = stats.t.interval(confidence, 3, loc=values.mean(), scale=stats.sem(values))
        assert found["interval"] == pytest.approx(by_hand)


def test_the_interval_of_a_bootstrap_holds_the_middle_of_the_folds() -> None:
    plan = planned(protocols.Bootstrap632(n=9), data.Wine(), confidence=0.9)
    values = np.random.default_rng(0).random(400)
    found = functions(script(plan), "summary").summary(values)
    assert found["interval"] == pytest.approx(np.percentile(values, [5, 95]))


def err632plus(train: float, test: float, gamma: float) -> float:
    """As Efron and Tibshirani (1997) write it, equations 28 to 32."""
    other = min(test, gamma)
    rate = (other - train) / (gamma - train) if test > train and gamma > train else 0
    err632 = 0.368 * train + 0.632 * other
    return err632 + (other - train) * 0.368 * 0.632 * rate / (1 - 0.368 * rate)


def test_the_632plus_estimate_is_that_of_the_paper() -> None:
    text = script(planned(protocols.Bootstrap632Plus(n=9), data.Wine()))
    estimate = functions(text, "point632plus").point632plus
    errors = np.random.default_rng(0).random((500, 3))
    found = estimate(*errors.T)
    assert np.allclose(found, [err632plus(*row) for row in errors])
    # no overfitting, as much as there can be, and a model worse than chance
    assert estimate(*np.array([[0.2, 0.2, 0.6]]).T) == pytest.approx(0.2)
    assert estimate(*np.array([[0.0, 0.6, 0.6]]).T) == pytest.approx(0.6)
    assert estimate(*np.array([[0.3, 0.9, 0.2]]).T) == pytest.approx(0.368 * 0.3 + 0.632 * 0.2)


def test_the_no_information_rate_is_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    classes = script(planned(protocols.Bootstrap632Plus(n=2), data.Wine()))
    true, predicted = rng.integers(0, 3, 30), rng.integers(0, 3, 30)
    found = functions(classes, "no_information_classes").no_information_classes
    pairs = [[t != p for p in predicted] for t in true]
    assert found(true, predicted, 3) == pytest.approx(np.mean(pairs))

    plan = planned(protocols.Bootstrap632Plus(n=2), data.BreastCancer(), "binary")
    two = functions(script(plan), "no_information_binary").no_information_binary
    true, predicted = rng.random((30, 1)) > 0.3, rng.random((30, 1)) > 0.6
    pairs = [[t != p for p in predicted] for t in true]
    assert two(true.astype(np.float32), predicted) == pytest.approx(np.mean(pairs))

    plan = planned(protocols.Bootstrap632Plus(n=2), data.Diabetes(), "numbers")
    numbers = functions(script(plan), "no_information_numbers").no_information_numbers
    true, predicted = rng.random((30, 1)), rng.random((30, 1))
    pairs_of_numbers = [[abs(t - p) for p in predicted] for t in true]
    assert numbers(true, predicted) == pytest.approx(np.mean(pairs_of_numbers))


# --- scripts -------------------------------------------------------------------------------------------


def test_a_script_without_a_protocol_has_nothing_of_it() -> None:
    for backend in BACKENDS:
        text = script(tabular(data.Iris(), 4, 3, "classes"), backend)
        assert not any(word in text for word in ("fold_", "folds", "scipy", "read_data"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_protocol_reports(backend: str) -> None:
    plan = planned(protocols.KFold(k=5), confidence=0.9)
    assert "90 % interval" in script(plan, backend)
    plus = replace(plan, protocol=protocols.Bootstrap632Plus(n=3))
    several = replace(
        plus, outputs=(replace(plus.outputs[0], metrics=(metrics.Accuracy(), metrics.F1())),)
    )
    text = source(script(several, backend), "report")
    assert '"accuracy"' in text and '"f1"' not in text and '"loss"' not in text


IMAGE = "model M { input x: 8x8x1  x -> Flatten -> Dense(10) -> softmax }"
ROW = "model M { input x: 4  x -> Dense(3) -> softmax }"
NUMBER = "model M { input x: 10  x -> Dense(1) }"
SAID = "model M { input x: 30  x -> Dense(1) -> sigmoid }"
LABELS = "model M { input x: 4  x -> Dense(2) -> sigmoid }"
TEXT = "model M { input x: 6  x -> Embedding(50, 4) -> GlobalAvgPool1D -> Dense(2) -> softmax }"
PHOTO = "model M { input x: 8x8x3  x -> Flatten -> Dense(2) -> softmax }"
MASK = "model M { input x: 8x8x1  x -> Conv2D(3, 3x3, padding=same) -> softmax }"
CLASSES, BINARY = "loss = cross_entropy  metrics = [accuracy]", "loss = binary_cross_entropy"
NUMBERS = "loss = mse  metrics = [mae, rmse]"
MORE = (
    "class_weight = balanced  ema = 0.9  accumulate = 2  clip = global_norm(1.0)  track = mlflow  "
    "CSVLogger  ReduceLROnPlateau  ModelCheckpoint"
)
# Model, source with the rest of `data`, `train`, protocol, and what else stands in the spec.
TRIED: dict[str, tuple[str, str, str, str, str]] = {
    "range": (ROW, "iris  scale = -1..1", CLASSES, "leave_one_out", ""),
    "no scale": (NUMBER, "diabetes  shuffle = false", NUMBERS, "bootstrap632(4)", ""),
    "numbers": (NUMBER, "diabetes", f"{NUMBERS} deterministic = true", "bootstrap632plus(4)", ""),
    "binary": (SAID, "breast_cancer", f"{BINARY} metrics = [accuracy, auc]", "kfold(3)", ""),
    "binary plus": (
        SAID,
        "breast_cancer",
        f"{BINARY} metrics = [accuracy]",
        "bootstrap632plus",
        "",
    ),
    "levels": (IMAGE, "digits  scale = -1..1", CLASSES, "kfold(5, repeats=2)", ""),
    "full": (IMAGE, "digits  batch = full", f"{CLASSES}  {MORE}", "kfold(5)", ""),
    "augmented": (IMAGE, "digits", CLASSES, "bootstrap632(9)", "augment { HorizontalFlip  MixUp }"),
    "csv": (ROW, 'csv("t.csv", target=kind, missing=mean)', CLASSES, "kfold(5)", ""),
    "csv drop": (ROW, 'csv("t.csv", target=kind, missing=drop)', CLASSES, "bootstrap632(2)", ""),
    "text": (TEXT, 'text("t.csv", column=words, target=kind)', CLASSES, "leave_one_out", ""),
    "images": (PHOTO, 'images("photos")  scale = zscore', CLASSES, "bootstrap632plus(3)", ""),
    "labels": (LABELS, 'npz("labels.npz")', f"{BINARY} metrics = [accuracy]", "kfold(3)", ""),
    "labels plus": (
        LABELS,
        'npz("a.npz")',
        f"{BINARY} metrics = [accuracy]",
        "bootstrap632plus",
        "",
    ),
    "places": (MASK, 'npz("a.npz")', CLASSES, "bootstrap632plus(3)", ""),
    "mixed": (IMAGE, "digits", f"{CLASSES}  precision = mixed", "kfold(3)", ""),
}


def test_scripts_are_as_ruff_and_black_want_them(tmp_path: Path) -> None:
    for name, (model, origin, train, protocol, rest) in TRIED.items():
        path = tmp_path / f"{name.replace(' ', '_')}.dl"
        model = model.replace("Embedding(50", "Embedding(10000")
        path.write_text(
            f"{model}\ndata {{ source = {origin}  split = random(85, 15) }}\n"
            f"train {{ {train}  optimizer = Adam  epochs = 2 }}\n{rest}\n"
            f"evaluate {{ protocol = {protocol} }}\n",
            encoding="utf-8",
        )
        for backend in BACKENDS:
            text = compiled(path, backend)
            (tmp_path / f"{path.stem}_{backend}.py").write_text(text, encoding="utf-8")
            if MORE not in train:  # what those bring is held elsewhere
                assert defined(text) - {"M", "build_model"} <= PAGE_NAMES, name
    assert complaints(tmp_path) == ""


def defined(text: str) -> set[str]:
    """The names that a script defines or imports."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    return found


# --- the command line ----------------------------------------------------------------------------------


CHECKED = {
    "kfold(5, repeats=2)": "10 trainings of 20 epochs",
    "leave_one_out": "150 trainings of 20 epochs",
    "bootstrap632(200)": "201 trainings of 20 epochs",
    "holdout": "",
}


def spec(protocol: str, source: str = "iris") -> str:
    split = "stratified(70, 15, 15)" if protocol == "holdout" else "stratified(85, 15)"
    return (
        f"{ROW}\ndata {{ source = {source}  split = {split} }}\n"
        f"train {{ {CLASSES}  optimizer = Adam  epochs = 20 }}\n"
        f"evaluate {{ protocol = {protocol} }}\n"
    )


@pytest.mark.parametrize("protocol", CHECKED)
def test_check_says_how_many_trainings_a_protocol_means(
    protocol: str, dslc: Dslc, tmp_path: Path
) -> None:
    (tmp_path / "a.dl").write_text(spec(protocol), encoding="utf-8")
    code, out, _ = dslc("check", "a.dl")
    assert code == 0
    expected = CHECKED[protocol]
    assert f"{protocol}: {expected}" in out if expected else "trainings" not in out


def test_check_does_not_know_how_many_rows_a_file_has(dslc: Dslc, tmp_path: Path) -> None:
    text = spec("leave_one_out", 'csv("t.csv", target=kind)')
    (tmp_path / "a.dl").write_text(text, encoding="utf-8")
    assert "leave_one_out: a training of 20 epochs for each row" in dslc("check", "a.dl")[1]


def test_holdout_is_what_happens_anyway(tmp_path: Path) -> None:
    said, silent = tmp_path / "said" / "a.dl", tmp_path / "silent" / "a.dl"
    for path, text in ((said, spec("holdout")), (silent, spec("holdout").split("evaluate")[0])):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    for backend in BACKENDS:
        assert compiled(said, backend) == compiled(silent, backend)
