"""Callbacks before they run: which files are kept under which names, what the page writes for them, what a hostile
file name can do."""

from __future__ import annotations

import ast
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from compiled import complaints, wanted
from hypothesis import given, settings
from hypothesis import strategies as st
from training_plans import DIGITS, TARGETS, cnn, render

from dslc.driver import analyse_source, choose_model, compile_model
from dslc.plan.keepers import Keeper
from dslc.source import Source
from dslc.vocab import callbacks
from dslc.vocab.experiment import Callback

STOP, CHECKPOINT = callbacks.EarlyStopping, callbacks.ModelCheckpoint


def savers(*found: Callback) -> tuple[Keeper, ...]:
    return replace(DIGITS, callbacks=found).phases[0].savers


# --- what is kept ------------------------------------------------------------------------------------


def test_what_comes_back_and_what_is_asked_for_are_one_file() -> None:
    rule = STOP(restore_best=True), CHECKPOINT(file="{epoch}", save_weights_only=True)
    assert savers(*rule) == (Keeper("{epoch}", "val_loss", False, weights_only=True),)
    assert savers(STOP(restore_best=True), CHECKPOINT()) == (Keeper("best", "val_loss", False),)


def test_rules_that_differ_have_files_of_their_own() -> None:
    found = savers(
        CHECKPOINT(monitor="val_accuracy"),
        STOP(restore_best=True, start_from_epoch=2),
        STOP(monitor="val_accuracy", min_delta=0.1, restore_best=True),
        CHECKPOINT(every=3),
        CHECKPOINT(save_best_only=False),
        CHECKPOINT(save_best_only=False, file="{epoch}", every=2),
    )
    assert [keeper.file for keeper in found] == [
        "best",  # what comes back goes first
        "best_val_accuracy",
        "best_val_accuracy_2",
        "best_val_loss",
        "epoch_{epoch:03d}",
        "{epoch}",
    ]
    assert found[0].start == 2 and found[3].every == 3 and found[1].min_delta == 0.1
    assert [keeper.best_only for keeper in found] == [True] * 4 + [False] * 2


def test_names_that_are_given_are_not_given_again() -> None:
    found = savers(CHECKPOINT(monitor="val_accuracy", file="Best"), CHECKPOINT())
    assert [keeper.file for keeper in found] == ["Best", "best_val_loss"]


def test_a_phase_has_files_of_its_own() -> None:
    phase = replace(replace(DIGITS, callbacks=(CHECKPOINT(),)).phases[0], name="head")
    assert [keeper.file for keeper in phase.savers] == ["head_best"]


# --- what the page writes ----------------------------------------------------------------------------


def random_callbacks(rng: random.Random) -> list[Callback]:
    """Any number of callbacks, each with some of its parameters."""
    found: list[Callback] = []
    for monitor in rng.sample(("loss", "val_loss", "val_accuracy"), 2):
        delta = rng.choice((0, 0.01))
        stop: dict[str, Any] = {
            "restore_best": rng.random() < 0.5,
            "baseline": rng.choice((None, 0.5)),
            "start_from_epoch": rng.choice((0, 3)),
        }
        plateau: dict[str, Any] = {
            "cooldown": rng.choice((0, 2)),
            "min_lr": rng.choice((0, 1e-5)),
        }
        kept: dict[str, Any] = {
            "file": rng.choice((None, f"{monitor}_{{epoch:03d}}-{{val_loss:.4f}}")),
            "every": rng.choice((1, 1, 4)),
            "save_weights_only": rng.random() < 0.5,
        }
        found += rng.sample(
            [
                STOP(monitor=monitor, patience=3, min_delta=delta, **stop),
                callbacks.ReduceLROnPlateau(monitor=monitor, min_delta=delta, **plateau),
                CHECKPOINT(monitor=monitor, **kept),
                CHECKPOINT(save_best_only=False, **kept),
            ],
            rng.randrange(3),
        )
    return [*found, *rng.sample([callbacks.CSVLogger(), callbacks.TensorBoard()], rng.randrange(3))]


def test_pages_with_any_callbacks_are_as_ruff_and_black_want_them(tmp_path: Path) -> None:
    rng = random.Random(3)
    for at in range(36):
        plan = replace(
            DIGITS, callbacks=tuple(random_callbacks(rng)), track=rng.choice((None, "mlflow"))
        )
        folder = tmp_path / ("both" if at < 6 else "ruff")
        folder.mkdir(exist_ok=True)
        for backend in TARGETS:
            text = render(backend, plan, cnn(backend, 8, 8, 1, 10), f"s{at}")
            (folder / f"s{at}_{backend}.py").write_text(text, encoding="utf-8")
    assert complaints(tmp_path, black=False) == ""
    assert complaints(tmp_path / "both") == ""


@pytest.mark.parametrize("backend", TARGETS)
def test_nothing_is_written_that_nobody_asked_for(backend: str) -> None:
    text = render(backend, replace(DIGITS, callbacks=()), cnn(backend, 8, 8, 1, 10))
    for name in ("improves", "EarlyStopping", "ModelCheckpoint", "write_table", "Board", "Tracker"):
        assert name not in text, name


# --- hostile names -----------------------------------------------------------------------------------

SPEC = """model M {{ input x: 8x8x1  x -> Flatten -> Dense(10) -> softmax }}
data {{ source = digits  split = stratified(70, 15, 15) }}
train {{ loss = cross_entropy  metrics = [accuracy]  optimizer = Adam  epochs = 9
  ModelCheckpoint(save_best_only={}, file={})  CSVLogger({}) }}
"""
PIECES = st.sampled_from(
    "{epoch} {epoch:03d} {val_loss:.4f} {loss} { } {{ }} {0} {} {epoch.__class__} {epoch!r} {epoch:>9} {__class__} "
    "{logs} {self} {epoch:{loss}} {epoch:99999d} / \\ .. . - _ a B : %s ' \" \n \x00 ; # é ( ) $ ~ con .pt .py".split(
        " "
    )
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(PIECES, max_size=5).map("".join),
    st.lists(PIECES, max_size=4).map("".join),
    st.booleans(),
)
def test_a_file_name_is_plain_or_refused(file: str, table: str, best: bool) -> None:
    """What passes names a file in the folder of the run for every epoch, and is one literal of the script."""

    def quoted(text: str) -> str:
        plain = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{plain}"'.replace("\n", "\\n").replace("\x00", "\\u0000")

    spec = SPEC.format(str(best).lower(), quoted(file), quoted(table))
    found = analyse_source(Source("hostile.dl", spec))
    if not found.ok:
        assert {d.code for d in found.diagnostics} <= {"E0422", "E0409", "E0205"}
        assert all(d.fixes for d in found.diagnostics)
        return
    logs = {"loss": 0.5, "accuracy": 1.0, "val_loss": float("nan"), "val_accuracy": 1e-9}
    names = [file.format(epoch=epoch, **logs) for epoch in (1, 2, 9)]
    assert best or len({*names}) == 3
    for name in (*names, table):
        assert name and len(name) < 255 and Path(name).name == name and not name.startswith(".")
        assert name.isprintable() and not set(name) & set('/\\:*?"<>|')
    model, _ = choose_model(found, None)
    assert model is not None
    text, problems = compile_model(found, model, wanted("torch"), "hostile")
    assert text is not None, problems
    literals = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant)}
    assert {file + ".pt", table} <= literals
