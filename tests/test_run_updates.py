"""Schedules, accumulation, means of weights and mixed precision in whole runs, and behind `--resume`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import BACKENDS, LAST, Lab

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)
SPEC = """
data {{ source = digits  split = stratified(70, 15, 15)  scale = 0..1  batch = {batch} }}
model M {{ input x: 8x8x1  {flow} -> Dense(10) -> softmax }}
train {{ loss = cross_entropy  metrics = [accuracy]  epochs = {epochs}  {train} }}
"""
FLAT = "x -> Flatten"
CNN = "x -> Conv2D(8, 3x3) -> BatchNorm -> relu -> MaxPool2D(2x2) -> Flatten -> Dropout(0.2)"


def spec(train: str, flow: str = FLAT, batch: object = 128, epochs: int = 4) -> str:
    return SPEC.format(train=train, flow=flow, batch=batch, epochs=epochs)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


# Ends a run behind its second epoch, as a kill would.
STOP = """
kind = spec.Run if hasattr(spec, "torch") else spec.Checkpoint
name = "end_epoch" if hasattr(spec, "torch") else "on_epoch_end"
whole = getattr(kind, name)
def stop(self, *args):
    whole(self, *args)
    if self.state["epoch"] == 2:
        raise SystemExit(9)
setattr(kind, name, stop)
try:
    spec.main([])
except SystemExit as end:
    assert end.code == 9, end
"""
# The numbers of a checkpoint, as one text.
DIGEST = """
import hashlib
def numbers(value):
    if isinstance(value, dict):
        return "".join(f"{key}:{numbers(value[key])};" for key in value if key != "history")
    if isinstance(value, (list, tuple)):
        return ",".join(map(numbers, value))
    if hasattr(value, "numpy"):
        value = value.numpy()
    if hasattr(value, "tobytes"):
        return hashlib.sha256(value.tobytes()).hexdigest()
    return repr(value)
if hasattr(spec, "torch"):
    saved = spec.torch.load("runs/spec-torch/last.pt", weights_only=True)
else:
    saved = dict(spec.np.load("runs/spec-keras/last.npz"))
    saved.pop("state")
"""
TRAININGS = {
    # 10 batches an epoch, 3 of them in an update: one waits behind the second epoch.
    "momentum": "optimizer = SGD(lr=cosine(0.1, warmup=1.5), momentum=0.9, weight_decay=1e-3, decays=kernels)"
    "  accumulate = 3  ema = 0.9  clip = global_norm(1.0)",
    "nadam": "optimizer = Nadam(lr=one_cycle(0.01), weight_decay=1e-3)  ema = 0.9",
    "rmsprop": "optimizer = RMSprop(lr=step(0.01, every=1.5), momentum=0.5, centered=true)  accumulate = 3",
}


@pytest.mark.parametrize(
    ("backend", "training"),
    [("keras", "momentum"), ("torch", "momentum"), ("keras", "nadam"), ("torch", "rmsprop")],
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    backend: str, training: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    here.compile(spec(TRAININGS[training]))
    here.run()
    whole = here.evaluate("numbers(saved)", DIGEST), here.read("metrics.json")
    rates = here.read("history.json")["learning_rate"]
    assert len(set(rates)) > 1
    (here.out / LAST[backend]).unlink()
    here.evaluate("0", STOP)
    assert here.evaluate("numbers(saved)", DIGEST) != whole[0]
    here.run("--resume")
    assert here.evaluate("numbers(saved)", DIGEST) == whole[0]
    assert here.read("metrics.json") == whole[1]
    assert here.read("history.json")["learning_rate"] == rates


# How many weights are kept in which precision, and in which the model computes.
KINDS = """
seen = set()
if hasattr(spec, "torch"):
    build = spec.build_model
    def noted():
        model = build()
        for module in model.modules():
            if isinstance(module, spec.nn.Conv2d):
                module.register_forward_hook(lambda m, x, y: seen.add(str(y.dtype)) and None)
        return model
    spec.build_model = noted
    loss = spec.F.cross_entropy
    def checked(logits, *args, **kwargs):
        seen.add(f"loss {logits.dtype}")
        return loss(logits, *args, **kwargs)
    spec.F.cross_entropy = checked
    spec.main([])
    spec.F.cross_entropy = loss
    saved = spec.torch.load("runs/spec-torch/last.pt", weights_only=True)["model"]
    kept = {str(v.dtype) for v in saved.values() if v.is_floating_point()}
else:
    spec.main([])
    model = spec.build_model()
    seen = {model.layers[1].compute_dtype}
    kept = {v.dtype for v in model.trainable_variables}
"""


@ON
def test_mixed_precision_computes_in_bfloat16_and_keeps_float32(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    train = "optimizer = Adam(lr=0.01)  precision = mixed"
    here.compile(spec(train, CNN, epochs=3))
    seen, kept = here.evaluate("[sorted(seen), sorted(kept)]", KINDS)
    if backend == "torch":
        assert seen == ["loss torch.float32", "torch.bfloat16"]
        assert kept == ["torch.float32"]
    else:
        assert (seen, kept) == (["bfloat16"], ["float32"])
    assert here.read("metrics.json")["test_accuracy"] > 0.8


@ON
def test_the_test_is_taken_with_the_means_of_the_weights(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    """A mean that hardly moves stays near the weights after the first update, whatever training does."""
    here = lab(backend)
    train = "optimizer = SGD(lr=0.1, momentum=0.9)  {}"
    here.compile(spec(train.format("ema = 0.9999"), CNN))
    here.run()
    slow = here.read("metrics.json")["test_accuracy"]
    history = here.read("history.json")
    assert history["accuracy"][-1] > 0.8
    assert slow < 0.6 and history["val_accuracy"][-1] < 0.6
    keeper = train.format("ema = 0.5  ModelCheckpoint(monitor=val_loss)")
    here.compile(spec(keeper, CNN))
    here.run()
    best = min(here.read("history.json")["val_loss"])
    assert here.read("metrics.json")["test_loss"] == pytest.approx(best, rel=1)
    assert here.read("metrics.json")["test_accuracy"] > 0.8


@ON
def test_a_full_batch_is_all_of_the_training_part(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.compile(spec("optimizer = SGD(lr=0.5)", batch="full", epochs=2))
    sizes = """
parts = spec.load_data(0)[0]
full, some = spec.Batches(parts[0], None), spec.Batches(parts[0], 100)
sizes = [len(full), len(full[0][1]), len(some), len(parts[0][1])]
"""
    found = here.evaluate("sizes", sizes)
    assert found == [1, found[3], -(-found[3] // 100), found[3]]
    here.run()
    assert len(here.read("history.json")["loss"]) == 2
    assert "examples in a batch: all of them" in " ".join(here.run("--help").out.split())
    here.run("--batch-size", 500, "--epochs", 1)


def test_both_backends_log_the_same_rates(lab: Callable[[str], Lab]) -> None:
    """That of the last update: behind an epoch of 10 batches with 4 in an update, two wait."""
    rates = []
    for backend in BACKENDS:
        here = lab(backend)
        here.compile(spec("optimizer = SGD(lr=linear(0.5))  accumulate = 4", epochs=3))
        here.run()
        rates.append(here.read("history.json")["learning_rate"])
    wanted = [0.5 * (1 - update * 4 / 30) for update in (1, 4, 6)]
    assert rates[0] == pytest.approx(wanted, rel=1e-6)  # a float32 in Keras
    assert rates[1] == pytest.approx(wanted, rel=1e-12)


@ON
def test_a_run_without_an_update_says_so(backend: str, lab: Callable[[str], Lab]) -> None:
    """The options of a run may leave fewer batches than dslc could count."""
    here = lab(backend)
    here.compile(spec("optimizer = SGD(lr=0.1)  accumulate = 4", epochs=3))
    said = here.refusal("--batch-size", 5000)
    assert said.endswith("there are fewer than the 4 batches that make an update")
