"""Scripts that fine-tune, at work: what they print, how they go on after a kill, what a transfer is worth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from compiled import analysed
from lab import BACKENDS, Lab

from dslc.plan.experiment import plan_training

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)
ROOT = Path(__file__).resolve().parent.parent

BLOCK = """
block Features {
  input x
  x -> Conv2D(4, 3x3, padding=same) -> BatchNorm -> relu as edges
  -> MaxPool2D(2x2) -> Conv2D(8, 3x3, padding=same) -> BatchNorm -> relu as shapes
}
"""
SMALL = f"""{BLOCK}
model Small {{
  input image: 8x8x1
  image -> Features as backbone -> Flatten -> Dropout(0.2) -> Dense(10) -> softmax
}}
data {{ source = digits  split = stratified(40, 30, 30)  scale = 0..1  batch = 128 }}
train {{ loss = cross_entropy  metrics = [accuracy] }}
finetune backbone {{
  phase head {{ freeze = all  epochs = 2  optimizer = SGD(lr=0.1, momentum=0.9)
               ModelCheckpoint(monitor=val_loss) }}
  phase tune {{ unfreeze = shapes  epochs = 3  optimizer = SGD(lr=cosine(0.05), momentum=0.9)
               optimizer_state = keep  rates {{ backbone = 0.01 }}
               EarlyStopping(monitor=val_loss, patience=2, start_from_epoch=1, restore_best=true) }}
}}
"""
# Makes the script end as if killed, after so many epochs.
KILLED = """
owner = spec.Run if hasattr(spec, "Run") else spec.Checkpoint
name = "end_epoch" if hasattr(spec, "Run") else "on_epoch_end"
whole = getattr(owner, name)
class Killed(BaseException):
    pass
def ending(self, *args, **kwargs):
    whole(self, *args, **kwargs)
    if self.state["epoch"] == AT:
        raise Killed
setattr(owner, name, ending)
try:
    spec.main([])
except Killed:
    pass
"""


def counts(text: str, backend: str, folder: Path) -> list[tuple[str, int, int]]:
    """The phases of a spec: name, numbers that train, all numbers, as `dslc check` has them."""
    path = folder / f"{abs(hash(text))}_checked.dl"  # specs are remembered by their path
    path.write_text(text, encoding="utf-8")
    analysis = analysed(path)
    assert analysis.spec is not None
    plan = plan_training(analysis.spec, analysis.models[-1].graph)
    assert plan is not None and plan.tuning is not None
    total = plan.tuning.totals[backend]
    return [(p.name, p.trains.counts[backend], total) for p in plan.phases if p.trains]


def printed(output: str) -> list[tuple[str, int, int]]:
    """The same, as a script prints them."""
    found = re.findall(r"^phase (\w+): \d+ epochs, ([\d,]+) of ([\d,]+) parameters", output, re.M)
    return [(name, int(a.replace(",", "")), int(b.replace(",", ""))) for name, a, b in found]


@ON
def test_a_killed_run_goes_on_in_its_phase(backend: str, tmp_path: Path) -> None:
    here = Lab(tmp_path, backend)
    here.compile(SMALL)
    done = here.run()
    assert printed(done.out) == counts(SMALL, backend, tmp_path)
    whole = here.read("history.json"), here.read("metrics.json")
    phases = whole[0]["phase"]
    assert phases[:3] == [1, 1, 2] and len(phases) == len(whole[0]["loss"])
    assert {"head_best", "tune_best", "final"} <= {p.stem for p in here.out.iterdir()}
    for at in (2, 4):  # at the border, and in the second phase
        here.evaluate("None", KILLED.replace("AT", str(at)))
        assert len(printed(here.run("--resume").out)) == (2 if at < 3 else 1)
        assert (here.read("history.json"), here.read("metrics.json")) == whole


LABELS = """
block Features { input x  x -> Dense(8) as low -> relu -> Dense(8) -> relu as high }
block Fuse { input a  input b  concat(a, b) -> Dense(6) as first -> relu -> Dense(5) as second }
model Labels {
  input row: 4
  row -> Features as backbone
  s = backbone -> Dense(8) as side
  joined = (backbone, s) -> Fuse as fused
  m = joined -> add(backbone -> Dense(5) as extra)
  output kind: m -> Dense(3) as kinds -> softmax
  output size: m -> (BatchNorm -> Dense(1)) * 2 as sizes
}
data { source = npz("rows.npz")  split = random(60, 20, 20) }
train {
  loss { kind = cross_entropy  size = mse }  optimizer = Adam(lr=1e-2)  epochs = 1
}
finetune fused {
  phase first { freeze = [first, side, kinds] }
  phase other { freeze = [all, backbone, extra] }
  phase every { freeze = none  rates { head = 1e-3  second = 1e-4 } }
}
"""
COUNTED = {
    "keras": """
import keras
model, found = spec.build_model(), []
for number, phase in enumerate(spec.PHASES):
    phase[2](model)
    found.append([phase[0], spec.count_weights(model)])
""",
    "torch": """
run, found = spec.Run(spec.build_model(), spec.torch.device("cpu"), spec.Path("x"), 0, 16), []
for number, name in enumerate(run.phases):
    run.begin(number)
    trained = [w for group in run.optimizer.param_groups for w in group["params"]]
    assert all(w.requires_grad for w in trained)
    found.append([name, sum(w.numel() for w in trained)])
""",
}


@ON
def test_every_label_is_found_again(backend: str, tmp_path: Path) -> None:
    here = Lab(tmp_path, backend)
    here.compile(LABELS)
    found = here.evaluate("found", COUNTED[backend])
    assert found == [[name, many] for name, many, _ in counts(LABELS, backend, tmp_path)]


@ON
def test_a_network_of_the_library_is_frozen_as_check_says(backend: str, tmp_path: Path) -> None:
    text = """
model Photos {
  input photo: 32x32x3
  photo -> MobileNetV2(weights=none) as backbone -> GlobalAvgPool2D -> Dense(3) -> softmax
}
data { source = npz("photos.npz")  split = random(50, 25, 25)  batch = 4 }
train { loss = cross_entropy  optimizer = SGD(lr=0.001)  epochs = 1 }
finetune backbone {
  phase head { freeze = all }
  phase tune { unfreeze = from(block_13)  rates { backbone = 0.0001 } }
}
"""
    import numpy as np

    random = np.random.default_rng(0)
    x, y = random.random((16, 32, 32, 3)).astype("float32"), np.arange(16) % 3
    np.savez(tmp_path / "photos.npz", x=x, y=y)
    here = Lab(tmp_path, backend)
    here.compile(text)
    assert printed(here.run().out) == counts(text, backend, tmp_path)


@ON
def test_a_transfer_beats_a_frozen_random_backbone(backend: str, tmp_path: Path) -> None:
    """The spec that ships, with fewer epochs: the head alone on random features is worse."""
    texts = {
        name: (ROOT / "specs" / f"{name}.dl").read_text(encoding="utf-8")
        for name in ("digits_low", "digits_transfer")
    }
    low = Lab(tmp_path, backend)
    low.compile(texts["digits_low"].replace("epochs    = 15", "epochs    = 6"))
    done = low.run("--out", f"runs/digits_low-{backend}")
    assert "test_accuracy" in done.out
    (block,) = re.findall(r"^block.*?^}", texts["digits_low"], re.S | re.M)
    transfer = texts["digits_transfer"].replace('import "digits_low.dl" (Features)', block)
    accuracy = {}
    for name, text in {
        "tuned": transfer,
        "random": re.sub(r'\(weights=".*?"\)', "", transfer).replace("from(strokes)", "none"),
    }.items():
        text = re.sub(r"rates \{.*?\}", "", text) if name == "random" else text
        here = Lab(tmp_path, backend)
        here.compile(text.replace("epochs    = 15", "epochs    = 10"))
        done = here.run("--out", name)
        assert printed(done.out) == counts(text, backend, tmp_path)
        accuracy[name] = json.loads((tmp_path / name / "metrics.json").read_text())["test_accuracy"]
    print(backend, accuracy)
    assert accuracy["tuned"] > accuracy["random"]


DENSE = """
block Features { input x  x -> Dense(8) -> relu as low -> Dense(8) -> relu as high }
model M { input row: 4  row -> Features as backbone -> Dense(3) -> softmax }
data { source = iris  split = stratified(70, 15, 15)  scale = zscore  batch = 16  shuffle = false }
train { loss = cross_entropy }
finetune backbone {
  phase a {
    freeze = none  epochs = 3  optimizer = SGD(lr=0.1)  rates { low = 0.01 }
    ReduceLROnPlateau(monitor=val_loss, patience=1, min_delta=5, min_lr=0.04)
  }
}
"""
LOWERED = {
    "keras": """
model = spec.build_model()
callbacks = spec.begin_a(model)
(plateau,) = callbacks
plateau.set_model(model)
def end(epoch):
    plateau.on_epoch_end(epoch, {"val_loss": 1.0})
    rate = float(model.optimizer.learning_rate)
    return sorted({round(rate * share, 6) for share in model.optimizer.shares})
plateau.on_train_begin()
found = [end(epoch) for epoch in range(4)]
""",
    "torch": """
run = spec.Run(spec.build_model(), spec.torch.device("cpu"), spec.Path("x"), 0, 16)
def end(epoch):
    for callback in run.callbacks:
        callback.end_epoch(run, epoch, {"val_loss": 1.0})
    return sorted({round(group["lr"], 6) for group in run.optimizer.param_groups})
found = [end(epoch) for epoch in range(4)]
""",
}


@ON
def test_a_plateau_lowers_all_rates_in_proportion(backend: str, tmp_path: Path) -> None:
    """`min_lr` is for the rate of the optimiser; the others keep their share of it."""
    here = Lab(tmp_path, backend)
    here.compile(DENSE)
    found = here.evaluate("found", LOWERED[backend])
    assert found[0] == [0.01, 0.1] and found[-1] == [0.004, 0.04]
    print(backend, found)
