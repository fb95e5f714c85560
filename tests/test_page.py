"""Every combination of source, task, scale and callback gives a script that ruff and black leave as it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
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

from dslc.codegen.page import ModelSection, free_names, spaced
from dslc.codegen.reserved import PAGE_NAMES
from dslc.codegen.tidy import tidy
from dslc.plan.training import InputPlan, OutputPlan, TrainingPlan
from dslc.vocab import callbacks, data, losses, metrics, optimizers
from dslc.vocab.kinds import Bounds

HOSTILE = 'a"b\\\n"""; import os  # {{ 7 }}'
TWO_SHARES = data.Stratified(train=85, val=15)


def several() -> TrainingPlan:
    return replace(
        tabular(data.Npz(path="two.npz"), 5, 3, "classes"),
        inputs=(InputPlan("photo", (4, 4, 3)), InputPlan("facts", (5,))),
        outputs=(
            OutputPlan("kind", (3,), losses.CrossEntropy(), (metrics.F1(),), "softmax"),
            OutputPlan(
                "age", (1,), losses.Huber(delta=2.0), (metrics.MeanAbsoluteError(),), weight=0.5
            ),
        ),
    )


def image_plan(source: object, shape: tuple[int, ...], **changes: object) -> TrainingPlan:
    own = getattr(source, "own_test", False)
    split = TWO_SHARES if own else DIGITS.split
    plan = replace(DIGITS, source=source, split=split, inputs=(InputPlan("image", shape),))  # type: ignore[arg-type]
    return replace(plan, **changes)  # type: ignore[arg-type]


def text_plan(task: str, outputs: int) -> TrainingPlan:
    source = data.TextTable(path="t.csv", column="review", target="stars", vocabulary=50)
    inputs = (InputPlan("tokens", (12,), "int"),)
    return tabular(source, 12, outputs, task, inputs=inputs, scale=None)


def csv(**changes: str) -> data.Csv:
    return data.Csv(path="t.csv", target="y").model_copy(update=changes)


PLANS: dict[str, tuple[TrainingPlan, str]] = {
    "digits": (DIGITS, "cnn"),
    "digits_zscore": (replace(DIGITS, scale=data.ZScore()), "cnn"),
    "digits_minus": (replace(DIGITS, scale=Bounds(-1, 1), callbacks=()), "cnn"),
    "digits_flat": (tabular(data.Digits(), 64, 10, "classes"), "dense"),
    "iris": (tabular(data.Iris(), 4, 3, "classes"), "dense"),
    "iris_range": (tabular(data.Iris(), 4, 3, "classes", scale=Bounds(-1, 1)), "dense"),
    "wine_plain": (tabular(data.Wine(), 13, 3, "classes", scale=None, shuffle=False), "dense"),
    "cancer": (tabular(data.BreastCancer(), 30, 1, "binary"), "dense"),
    "diabetes": (tabular(data.Diabetes(), 10, 1, "numbers"), "dense"),
    "csv": (tabular(csv(), 4, 3, "classes"), "dense"),
    "csv_mean": (tabular(csv(missing="mean"), 4, 1, "binary"), "dense"),
    "csv_drop": (tabular(csv(missing="drop"), 4, 1, "numbers"), "dense"),
    "csv_hostile": (tabular(csv(path=HOSTILE, target=HOSTILE), 4, 1, "numbers"), "dense"),
    "npz": (tabular(data.Npz(path="a.npz"), 4, 3, "classes"), "dense"),
    "npz_ids": (
        replace(text_plan("classes", 3), source=data.Npz(path="a.npz"),
                inputs=(InputPlan("tokens", (12,), "int", 50),)),
        "text",
    ),
    "npz_two": (several(), "two"),
    "npz_two_plain": (replace(several(), scale=None, shuffle=False), "two"),
    "text": (text_plan("classes", 3), "text"),
    "text_numbers": (text_plan("numbers", 1), "text"),
    "idx": (image_plan(data.Idx(path="idx/"), (28, 28, 1)), "cnn"),
    "mnist": (image_plan(data.Mnist(), (28, 28, 1), scale=Bounds(-1, 1)), "cnn"),
    "mnist_zscore": (image_plan(data.FashionMnist(), (28, 28, 1), scale=data.ZScore()), "cnn"),
    "cifar10": (image_plan(data.Cifar10(), (32, 32, 3)), "cnn"),
    "images": (image_plan(data.Images(path="photos/"), (16, 12, 3)), "cnn"),
    "images_zscore": (image_plan(data.Images(path="p"), (16, 12, 1), scale=data.ZScore()), "cnn"),
    "images_plain": (image_plan(data.Images(path="p"), (8, 8, 3), scale=None, shuffle=False), "cnn"),
    "smoothing": (
        replace(
            tabular(data.Iris(), 4, 3, "classes"),
            outputs=(
                OutputPlan(
                    "y", (3,), losses.CrossEntropy(label_smoothing=0.1), (metrics.TopK(k=2),), "softmax"
                ),
            ),
        ),
        "dense",
    ),
    "smoothing_binary": (
        replace(
            tabular(data.BreastCancer(), 30, 1, "binary"),
            outputs=(
                OutputPlan("y", (1,), losses.BinaryCrossEntropy(label_smoothing=0.1), (), "sigmoid"),
            ),
        ),
        "dense",
    ),
    "scores": (
        with_metrics(
            tabular(data.Iris(), 4, 3, "classes"),
            metrics.Accuracy(), metrics.Precision(), metrics.Recall(), metrics.F1(),
        ),
        "dense",
    ),
    "scores_binary": (
        with_metrics(
            tabular(data.BreastCancer(), 30, 1, "binary"),
            metrics.Accuracy(), metrics.Precision(), metrics.Recall(), metrics.F1(), metrics.Auc(),
        ),
        "dense",
    ),
    "errors": (
        with_metrics(
            tabular(data.Diabetes(), 10, 1, "numbers"),
            metrics.MeanAbsoluteError(), metrics.RootMeanSquaredError(),
        ),
        "dense",
    ),
    "momentum": (
        replace(
            DIGITS,
            optimizer=optimizers.SGD(lr=0.05, momentum=0.9, nesterov=True),
            deterministic=True,
            callbacks=(
                callbacks.ReduceLROnPlateau(monitor="val_accuracy", cooldown=3, min_lr=1e-5),
                callbacks.ReduceLROnPlateau(monitor="loss", patience=3),
                callbacks.EarlyStopping(monitor="val_accuracy", patience=0, min_delta=0.01, restore_best=True),
                callbacks.EarlyStopping(monitor="loss", patience=9),
                callbacks.ModelCheckpoint(monitor="val_loss"),
                callbacks.ModelCheckpoint(save_best_only=False),
            ),
        ),
        "cnn",
    ),
    "adamw": (replace(DIGITS, optimizer=optimizers.AdamW(beta2=0.99, epsilon=1e-6), callbacks=()), "cnn"),
}  # fmt: skip


def model_for(backend: str, plan: TrainingPlan, kind: str) -> ModelSection:
    shape = plan.inputs[0].shape
    classes = plan.outputs[0].size
    if kind == "cnn":
        return cnn(backend, *shape, classes)  # type: ignore[arg-type]
    if kind == "dense":
        return dense(backend, shape[0], classes)  # type: ignore[arg-type]
    return two_by_two(backend) if kind == "two" else bag_of_words(backend, 12, 50, classes)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for name, (plan, kind) in PLANS.items():
        for backend in TARGETS:
            text = render(backend, plan, model_for(backend, plan, kind), name)
            (folder / f"{name}_{backend}.py").write_text(text, encoding="utf-8")
    for backend in TARGETS:
        text = render(backend, None, dense(backend, 4, 3), "model_only")
        (folder / f"model_only_{backend}.py").write_text(text, encoding="utf-8")
    return folder


def run_tool(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_scripts_are_clean_under_ruff(rendered: Path) -> None:
    assert run_tool("ruff", "check", "--isolated", "--no-cache", str(rendered)) == ""


def test_scripts_are_fixed_points_of_ruff_format(rendered: Path) -> None:
    assert run_tool("ruff", "format", "--isolated", "--no-cache", "--diff", str(rendered)) == ""


def test_scripts_are_fixed_points_of_black(rendered: Path) -> None:
    assert run_tool("black", "--quiet", "--diff", "--check", str(rendered)) == ""


def test_no_line_is_longer_than_88_columns(rendered: Path) -> None:
    long = [
        f"{file.name}:{number}"
        for file in rendered.iterdir()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 88 and "hostile" not in file.name
    ]
    assert long == []


def test_the_text_of_a_spec_stays_a_string(rendered: Path) -> None:
    text = (rendered / "csv_hostile_torch.py").read_text(encoding="utf-8")
    assert compile(text, "script", "exec")
    assert "import os  # {{ 7 }}" in text
    assert "\nimport os  # {{" not in text


def test_rendering_twice_gives_the_same_bytes() -> None:
    plan, kind = PLANS["momentum"]
    model = model_for("torch", plan, kind)
    assert render("torch", plan, model) == render("torch", plan, model)


@pytest.mark.parametrize("backend", TARGETS)
def test_only_what_is_used_is_there(backend: str) -> None:
    text = render(backend, PLANS["wine_plain"][0], dense(backend, 13, 3))
    for unused in ("EarlyStopping", "Plateau", "set_epoch", "--data", 'learning_rate"]', "best"):
        assert unused not in text, unused


def test_no_block_may_take_a_name_of_the_page(rendered: Path) -> None:
    found: set[str] = set()
    for file in rendered.iterdir():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    assert found - {"Model"} <= PAGE_NAMES


def test_free_names_are_those_that_need_an_import() -> None:
    text = (
        "def f(a):\n    b = np.sum(a)\n    return [c for c in b if len(c) > LIMIT]\n\nf(math.pi)\n"
    )
    assert free_names(text) == {"np", "LIMIT", "math"}


def test_blank_lines_follow_black() -> None:
    assert spaced("x = 1\n\n\n\ndef f():\n\n    pass\ny = 2\n") == (
        "x = 1\n\n\ndef f():\n    pass\n\n\ny = 2\n"
    )


def test_tidy_joins_and_splits_statements_and_leaves_comments() -> None:
    assert tidy("f(\n    1,\n    2,\n)\n") == "f(1, 2)\n"
    assert tidy("f(  # why\n    1,\n)\n") == "f(  # why\n    1,\n)\n"
    assert tidy(f"f({'a' * 50}, {'b' * 50})\n") == f"f(\n    {'a' * 50},\n    {'b' * 50},\n)\n"
