"""Selectors, strategies and phases against the model; what `dslc check` and the scripts say. Needs no framework."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from compiled import BACKENDS, compiled, complaints

from dslc.check.parts import Tuned, tuned
from dslc.check.tuning import choose, phases
from dslc.driver import analyse_source
from dslc.plan.experiment import plan_training
from dslc.plan.training import TrainingPlan
from dslc.source import Source
from dslc.vocab.selectors import All, Auto, From, Last, Nothing, Selector, Until
from dslc_torch.phases import shortest
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]  # the fixture `dslc`
MODEL = """
block Unit(n) { input x  x -> Conv2D(n, 3x3, padding=same) -> BatchNorm -> relu }
block Features {
  input x
  x -> Conv2D(4, 3x3, padding=same) -> relu as edges
  -> Unit(4) * 2 as middle
  -> concat(x -> Conv2D(2, 1x1) as side)
  -> Unit(8) as late
}
model M {
  input x: 8x8x1
  x -> Features as backbone -> Flatten -> Dense(16) as hidden -> relu -> Dense(10) -> softmax
}
data { source = digits  split = stratified(70, 15, 15) }
"""
TRAIN = "train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 8 }\n"
NETWORK = """
model M {
  input x: 64x64x3
  x -> ResNet50(weights=none) as backbone -> GlobalAvgPool2D -> Dense(3) -> softmax
}
data { source = npz("photos.npz")  split = random(70, 15, 15) }
"""


def model(text: str = MODEL) -> Tuned:
    analysis = analyse_source(Source("spec.dl", text + TRAIN))
    assert not analysis.diagnostics, analysis.diagnostics
    return tuned(analysis.models[-1].graph, "backbone")[0]


def plan(finetune: str, text: str = MODEL, train: str = TRAIN) -> TrainingPlan:
    source = Source("spec.dl", f"{text}{train}finetune backbone {{ {finetune} }}\n")
    analysis = analyse_source(source)
    assert analysis.ok and analysis.spec is not None, analysis.diagnostics
    found = plan_training(analysis.spec, analysis.models[-1].graph)
    assert found is not None and found.tuning is not None
    return found


# --- selectors ---------------------------------------------------------------------------------------


def test_the_parts_of_a_backbone_are_its_steps() -> None:
    found = model()
    assert [part.names for part in found.parts] == [
        ("edges",),
        ("middle", "Unit"),
        ("side",),
        ("late", "Unit"),
    ]
    assert [part.trained for part in found.parts] == [40, 2 * 156, 4, 448 - 8 + 16]
    assert [part.norms for part in found.parts] == [0, 16, 0, 16]
    assert [head.names for head in found.heads] == [("hidden",)]
    assert found.total == sum(p.trained for p in found.parts) + 512 * 16 + 16 + 170


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((All(),), {0, 1, 2, 3}),
        ((Nothing(),), set()),
        ((From(name="middle"),), {1, 2, 3}),
        ((Until(name="middle"),), {0, 1}),
        ((From(name="Unit"),), {1, 2, 3}),  # the first of them
        ((Until(name="Unit"),), {0, 1, 2, 3}),  # the last of them
        (("Unit",), {1, 3}),
        (("*d*e*",), {0, 1, 2}),
        ((Last(amount=1),), {3}),
        ((Last(amount=0.5),), {2, 3}),
        ((Last(amount=0.01),), {3}),  # at least one
        (("edges", Last(amount=1)), {0, 3}),
    ],
)
def test_selectors_name_parts(items: tuple[Selector | str, ...], expected: set[int]) -> None:
    assert choose(model(), items)[0] == expected


def test_networks_have_the_names_of_the_field() -> None:
    for found in tuned(
        analyse_source(Source("a.dl", NETWORK + TRAIN)).models[-1].graph, "backbone"
    ):
        stages = [part.names[0] for part in found.parts]
        late = {i for i, stage in enumerate(stages) if stage in ("conv4", "conv5")}
        assert choose(found, (From(name="conv4"),))[0] == late
        assert choose(found, (From(name="layer3"),))[0] == late  # torchvision's name
        assert choose(found, (Last(amount=0.3),))[0] == set(range(74, 106))
        assert len(stages) == 106


def test_names_of_modules_are_as_short_as_can_be() -> None:
    found = tuned(analyse_source(Source("a.dl", NETWORK + TRAIN)).models[-1].graph, "backbone")[1]
    units = [part.unit for part in found.parts if part.unit is not None]
    chosen = [u for u in units if u.stage in ("conv4", "conv5")]
    assert shortest(chosen, units) == ["layer3", "layer4"]
    names = shortest([u for u in units if u.name.startswith("layer4.2")], units)
    assert names == ["layer4.2"]
    assert shortest(units[:1], units) == ["conv1"]


# --- strategies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("similarity", "data", "word", "parts"),
    [
        ("high", "small", "classifier", [0]),
        ("high", "large", "partial", [0, 1]),
        ("low", "small", "partial", [0, 2]),
        ("low", "large", "full", [0, 4]),
    ],
)
def test_auto_is_the_rule_of_four_quadrants(
    similarity: str, data: str, word: str, parts: list[int]
) -> None:
    strategy = f"auto(similarity={similarity}, data={data})"
    source = Source("spec.dl", f"{MODEL}{TRAIN}finetune backbone {{ strategy = {strategy} }}\n")
    analysis = analyse_source(source)
    assert analysis.ok and analysis.spec is not None
    made = phases(analysis.spec, analysis.models[-1].graph)[1]
    assert [len(phase.trains["torch"]) for phase in made] == parts[: len(made)]
    assert len(made) == (1 if word == "classifier" else 2)
    assert Auto(similarity=similarity, data=data).choice().word == word  # type: ignore[arg-type]
    assert sum(phase.epochs for phase in made) == 8


def test_a_strategy_makes_its_phases() -> None:
    head, tune = plan("strategy = partial(from=middle)").phases
    assert (head.name, head.epochs, head.optimizer.rate) == ("head", 2, 1e-3)
    assert (tune.name, tune.epochs, tune.optimizer.rate) == ("tune", 6, 1e-4)
    schedule = TRAIN.replace("lr=1e-3", "lr=cosine(1e-3, end=1e-5)")
    slow = plan("strategy = full", train=schedule).phases[1].optimizer.schedule
    assert slow is not None and (slow.constants["lr"], slow.constants["end"]) == (1e-4, 1e-6)
    (only,) = plan("strategy = full", train=TRAIN.replace("epochs = 8", "epochs = 1")).phases
    assert (only.name, only.epochs) == ("tune", 1)


def test_what_a_phase_does_not_say_is_as_in_train() -> None:
    train = TRAIN.replace("epochs = 8", "epochs = 8  EarlyStopping(patience=2)")
    first, second = plan(
        "phase a { freeze = all  epochs = 3 }  "
        "phase b { unfreeze = late  optimizer = SGD(lr=0.1)  EarlyStopping(patience=5) }",
        train=train,
    ).phases
    assert (first.epochs, first.optimizer.word, first.stoppers[0].patience) == (3, "Adam", 2)
    assert (second.epochs, second.optimizer.word, second.stoppers[0].patience) == (8, "SGD", 5)


def test_phases_that_share_a_checkpoint_write_files_of_their_own() -> None:
    shared = (
        'ModelCheckpoint(file="kept") ModelCheckpoint(file="{epoch:03d}", save_best_only=false)'
    )
    train = TRAIN.replace("epochs = 8", f"epochs = 8  {shared}")
    two = "phase head { freeze = all }  phase tune { unfreeze = all }"
    found = plan(two, train=train)
    assert [[k.file for k in p.savers] for p in found.phases] == [
        ["head_kept", "{epoch:03d}"],
        ["tune_kept", "{epoch:03d}"],
    ]
    (alone,) = plan("phase head { freeze = all }", train=train).phases
    assert [k.file for k in alone.savers] == ["kept", "{epoch:03d}"]


def test_rates_belong_to_the_narrowest_group() -> None:
    phase = plan(
        "phase a { unfreeze = all  rates { backbone = 1e-5  late = 1e-4  head = 1e-2 } }"
    ).phases[0]
    assert phase.optimizer.rate == 1e-2 and phase.trains is not None
    found = [(group.rate, group.segments, group.head) for group in phase.trains.groups]
    assert found == [(1e-2, (), True), (1e-5, ("edges",), False), (1e-4, ("late",), False)]


# --- what is shown -----------------------------------------------------------------------------------


FINETUNE = """finetune backbone {
  phase head { freeze = all  epochs = 2 }
  phase tune { unfreeze = from(middle)  rates { late = 1e-4 } }
}
"""


def test_check_shows_what_trains_when(tmp_path: Path, dslc: Dslc) -> None:
    path = tmp_path / "spec.dl"
    path.write_text(MODEL + TRAIN + FINETUNE, encoding="utf-8")
    code, output, _ = dslc("check", path)
    assert code == 0
    rows = [line.split() for line in output.splitlines()]
    assert [
        "head",
        "2",
        "Adam(lr=0.001)",
        "backbone",
        "stays",
        "as",
        "it",
        "is",
        "8,378",
        "812",
    ] in rows
    assert [row[:2] for row in rows if row[-2:] == ["9,118", "72"]] == [["tune", "8"]]
    assert "bn = frozen" in output
    said = json.loads(dslc("check", "--phases", path)[1])
    assert [phase["trainable"]["torch"] for phase in said] == [8378, 9118]
    assert said[1]["rates"] == [1e-3, 1e-4]


def test_check_tells_the_libraries_apart(tmp_path: Path, dslc: Dslc) -> None:
    path = tmp_path / "spec.dl"
    strategy = "finetune backbone { strategy = auto(similarity=low, data=large)  bn = train }"
    path.write_text(NETWORK + TRAIN + strategy, encoding="utf-8")
    output = dslc("check", path)[1]
    assert "23,540,739 (Keras) / 23,514,179 (PyTorch)" in output
    assert "auto(similarity=low, data=large) is full: the features do not fit" in output
    assert "bn = train" in output


@pytest.mark.parametrize("backend", BACKENDS)
def test_scripts_are_clean(backend: str, tmp_path: Path) -> None:
    more = "EarlyStopping(patience=2, start_from_epoch=1, restore_best=true)  ReduceLROnPlateau"
    texts = {
        "rates": MODEL + TRAIN + FINETUNE,
        "strategy": MODEL + TRAIN + "finetune backbone { strategy = full  bn = train }",
        "keep": MODEL
        + TRAIN
        + "finetune backbone { phase a { freeze = [all, hidden]  "
        + more
        + " } "
        "phase b { freeze = none  optimizer = Adam(lr=cosine(1e-4))  optimizer_state = keep } }",
        "network": NETWORK + TRAIN + FINETUNE.replace("middle", "conv4").replace("late", "conv5"),
        "kernels": MODEL + TRAIN + "finetune backbone { phase a { freeze = all  "
        "optimizer = AdamW(lr=1e-3, weight_decay=0.1, decays=kernels)  rates { head = 1e-2 } } "
        "phase b { freeze = none  optimizer = AdamW(lr=constant(1e-4, warmup=1), weight_decay=0.1) "
        "rates { backbone = 1e-5 } } }",
        "one": MODEL + TRAIN + "finetune backbone { strategy = classifier }",
    }
    for name, text in texts.items():
        path = tmp_path / f"{name}.dl"
        path.write_text(text, encoding="utf-8")
        (tmp_path / f"{name}.py").write_text(compiled(path, backend), encoding="utf-8")
        path.unlink()
    assert complaints(tmp_path) == ""


def test_check_counts_what_decays_in_each_phase(tmp_path: Path, dslc: Dslc) -> None:
    path = tmp_path / "a.dl"
    phase = "phase {} {{ {}  optimizer = AdamW(lr=1e-3, weight_decay=0.1, decays={}) }}"
    phases = f"{phase.format('a', 'freeze = all', 'all')}\n{phase.format('b', 'unfreeze = from(late)', 'kernels')}"
    path.write_text(f"{MODEL}{TRAIN}finetune backbone {{ {phases} }}\n")
    _, out, _ = dslc("check", path)
    assert "a: weight_decay 0.1: 4 of 4 arrays decay (all that is trained)" in out
    assert "b: weight_decay 0.1: 3 of 6 arrays decay (kernels and embeddings)" in out
    said = json.loads(dslc("check", "--phases", path)[1])
    assert [phase["arrays"]["trainable"] for phase in said] == [4, 6]
