"""The same callback fed the same values takes the same decisions in both scripts: those of Keras' own callbacks.

A thousand random sequences for each of the three that decide, each with random parameters, and with a process that is
killed on the way.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab
from training_plans import DIGITS, dense

import dslc_keras.callbacks as keras_callbacks
import dslc_torch.callbacks as torch_callbacks
from dslc.codegen.layout import render
from dslc.plan.training import TrainingPlan
from dslc.vocab import callbacks
from dslc.vocab.experiment import Callback
from dslc.vocab.word import words

pytestmark = pytest.mark.framework
SEQUENCES = 1000
NAMES = ("loss", "accuracy", "val_loss", "val_accuracy")
# A plan whose script has the callbacks with all their parameters.
EVERYTHING = replace(
    DIGITS,
    callbacks=(
        callbacks.EarlyStopping(min_delta=0.1, baseline=0.5, start_from_epoch=2, restore_best=True),
        callbacks.EarlyStopping(monitor="val_accuracy", restore_best=True),
        callbacks.ReduceLROnPlateau(cooldown=1, min_lr=0.1),
        callbacks.ReduceLROnPlateau(monitor="val_accuracy"),
        callbacks.ModelCheckpoint(monitor="loss", file="{epoch}", every=2, save_weights_only=True),
        callbacks.ModelCheckpoint(save_best_only=False),
    ),
)


def random_word(kind: type[Callback], rng: random.Random) -> Any:
    """A callback with random parameters, each at its default now and then."""
    monitor, mode = rng.choice(NAMES), rng.choice(("auto", "auto", "min", "max"))
    delta = rng.choice((0, 0.05, 0.1, 0.25, 1e-4))
    if kind is callbacks.EarlyStopping:
        values: dict[str, Any] = {
            "patience": rng.randrange(5),
            "min_delta": delta,
            "restore_best": rng.random() < 0.5,
            "baseline": rng.choice((None, None, 0.5, 0.85)),
            "start_from_epoch": rng.choice((0, 0, 1, 3)),
        }
    elif kind is callbacks.ReduceLROnPlateau:
        values = {
            "factor": rng.choice((0.1, 0.5, 0.9)),
            "patience": rng.randrange(5),
            "min_delta": delta,
            "cooldown": rng.choice((0, 0, 1, 3)),
            "min_lr": rng.choice((0, 0, 0.05, 0.3, 2.0)),
        }
    elif rng.random() < 0.2:
        file = rng.choice((None, "{epoch}", "e{epoch:03d}-{val_loss:.2f}"))
        return kind(save_best_only=False, file=file, every=rng.choice((1, 1, 2, 3)))
    else:
        values = {
            "save_weights_only": rng.random() < 0.5,
            "file": rng.choice((None, "w", "{epoch:03d}-{val_loss:.4f}", "{accuracy:e}_{loss}")),
            "every": rng.choice((1, 1, 1, 2, 3)),
        }
    return kind(monitor=monitor, mode=mode, **values)


def random_values(rng: random.Random) -> list[dict[str, float]]:
    """Values that rise, fall and repeat, and often differ by just what is asked for; now and then none at all."""
    step = rng.choice((0.05, 0.1, 0.25, 1e-4))
    noise = rng.choice((0, 0, 1))
    odd = (float("nan"), float("inf")) if rng.random() < 0.1 else ()

    def value() -> float:
        if odd and rng.random() < 0.2:
            return rng.choice(odd)
        return rng.randrange(1, 20) * step + noise * rng.random() / 9

    return [{name: value() for name in NAMES} for _ in range(rng.randrange(5, 14))]


@cache
def cases(kind: type[Callback]) -> list[tuple[Any, dict[str, Any]]]:
    """Callbacks, each with its values and where it is killed."""
    rng = random.Random(kind.word)
    found = []
    for _ in range(SEQUENCES):
        word, values = random_word(kind, rng), random_values(rng)
        found.append((word, {"values": values, "killed": rng.randrange(-6, len(values))}))
    return found


def text_of(word: Callback, backend: str) -> str:
    """The callbacks of a script that has this one, as the backend writes them."""
    plan = replace(DIGITS, callbacks=(word,))
    whole = replace(plan, callbacks=(word, *EVERYTHING.callbacks))
    write = {"torch": torch_callbacks, "keras": keras_callbacks}[backend].callback_setup
    made: Any = write(plan.phases[0], whole)  # type: ignore[operator]
    return render((made[0] if backend == "torch" else made).value)


def keras_own(word: Any, plan: TrainingPlan = DIGITS) -> str:
    """The callback of Keras itself, from the names that its users know."""
    mode = plan.phases[0].mode(word)
    if isinstance(word, callbacks.ModelCheckpoint):
        ending = ".weights.h5" if word.save_weights_only else ".keras"
        file = word.file or ("best" if word.save_best_only else "epoch_{epoch:03d}")
        given = {
            "save_best_only": word.save_best_only,
            "save_weights_only": word.save_weights_only,
            "filepath": file + ending,
        }
    else:
        given = {"restore_best_weights": True, "min_delta": word.min_delta}
        given |= {
            name: getattr(word, name) for name in ("patience", "baseline", "start_from_epoch")
        }
    given |= {"monitor": word.monitor, "mode": mode}
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"[keras.callbacks.{word.word}({arguments})]"


def decided(here: Lab, found: list[dict[str, Any]], what: str = "decide") -> list[Any]:
    (here.folder / "cases.json").write_text(json.dumps(found), encoding="utf-8")
    result: list[Any] = here.evaluate(
        f"{what}(spec, 'cases.json')", f"from decisions import {what}"
    )
    return result


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    found = {}
    for backend in BACKENDS:
        folder: Path = tmp_path_factory.mktemp(backend)
        found[backend] = Lab(folder, backend)
        found[backend].write(replace(EVERYTHING, scale=None), dense(backend, 64, 10))
    return found


@pytest.mark.parametrize(
    "kind", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau, callbacks.ModelCheckpoint]
)
def test_both_scripts_decide_alike(kind: type[Callback], labs: dict[str, Lab]) -> None:
    """For early stopping and plateaus, the callbacks of the Keras script are Keras' own."""
    traces = {}
    for backend in BACKENDS:
        found = [case | {"callbacks": text_of(word, backend)} for word, case in cases(kind)]
        traces[backend] = decided(labs[backend], found)
    for (word, case), torch, keras in zip(
        cases(kind), traces["torch"], traces["keras"], strict=True
    ):
        assert torch == keras, (word, case)
    acted = sum(trace != [[False, 1.0, []]] * len(trace) for trace in traces["torch"])
    assert acted > SEQUENCES / 2


def test_checkpoints_are_those_of_keras(labs: dict[str, Lab]) -> None:
    """Its own ModelCheckpoint writes files of the same names after the same epochs."""
    alike = [(w, c | {"killed": -1}) for w, c in cases(callbacks.ModelCheckpoint) if w.every == 1]
    assert len(alike) > SEQUENCES / 2
    ours = decided(labs["torch"], [c | {"callbacks": text_of(w, "torch")} for w, c in alike])
    own = decided(labs["keras"], [c | {"callbacks": keras_own(w)} for w, c in alike])
    for case, first, second in zip(alike, ours, own, strict=True):
        assert first == second, case


def test_the_epoch_that_comes_back_is_that_of_keras(labs: dict[str, Lab]) -> None:
    """`restore_best` keeps the weights that `restore_best_weights` of Keras would take."""
    found = [(w, c) for w, c in cases(callbacks.EarlyStopping) if w.restore_best]
    finite = [
        (w, c) for w, c in found if all(abs(v) < 9 for logs in c["values"] for v in logs.values())
    ]
    ours = decided(labs["torch"], [c | {"callbacks": text_of(w, "torch")} for w, c in finite])
    own = decided(labs["keras"], [c | {"callbacks": keras_own(w)} for w, c in finite], "restored")
    assert len(finite) > SEQUENCES / 3
    for case, trace, epoch in zip(finite, ours, own, strict=True):
        kept = [at for at, (_, _, files) in enumerate(trace) if files]
        assert (kept or [-1])[-1] == epoch, case


def test_every_parameter_is_drawn() -> None:
    for kind in (callbacks.EarlyStopping, callbacks.ReduceLROnPlateau, callbacks.ModelCheckpoint):
        drawn = [word for word, _ in cases(kind)]
        for field in words("callback")[kind.word].model_fields:
            assert len({repr(getattr(word, field)) for word in drawn}) > 1, (kind, field)
