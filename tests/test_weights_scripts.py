"""Both scripts start from the same weights, go on with each other's, and say in one line what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from compiled import wanted
from lab import BACKENDS, Lab

from dslc.cli import call
from dslc.driver import analyse
from dslc.weights.convert import from_framework
from dslc.weights.places import kept_by
from dslc.weights.saved import load

pytestmark = pytest.mark.framework

# The whole training part in one batch and one rate: what a run does depends on its weights alone.
SPEC = """
block Part(n) { input x  x -> Conv2D(n, 3x3, padding=same) -> BatchNorm -> tanh }
model Net {
  input image: 8x8x1
  image -> Part(6) -> AvgPool2D(2x2) -> Part(8) * 2 -> Flatten -> Dense(16) -> tanh -> Dense(10) -> softmax
}
data { source = digits  split = stratified(20, 20, 60)  scale = 0..1  batch = full }
train { loss = cross_entropy  optimizer = SGD(lr=0.05)  metrics = [accuracy]  epochs = 3 }
"""
FINAL = {"torch": "final.pt", "keras": "final.keras"}
NATIVE = {"torch": "start.pt", "keras": "start.weights.h5"}


@pytest.fixture
def labs(tmp_path: Path) -> dict[str, Lab]:
    found = {}
    for backend in BACKENDS:
        folder = tmp_path / backend
        folder.mkdir()
        found[backend] = Lab(folder, backend)
        found[backend].compile(SPEC)
    (tmp_path / "spec.dl").write_text(SPEC)
    return found


def weights(*arguments: object) -> None:
    assert call(["weights", *map(str, arguments)]) == 0


@pytest.mark.parametrize("first", BACKENDS)
def test_training_goes_on_in_the_other_framework(
    first: str, labs: dict[str, Lab], tmp_path: Path
) -> None:
    """From the same start the curves agree from the first step on, and three epochs here and three there are six
    there: loss and weights."""
    second = "torch" if first == "keras" else "keras"
    spec = tmp_path / "spec.dl"
    for backend, lab in labs.items():
        weights("init", spec, "--seed", 5, "-o", tmp_path / NATIVE[backend])
        epochs = 3 if backend == first else 6
        lab.run("--init-weights", tmp_path / NATIVE[backend], "--epochs", epochs)
    whole = labs[second].read("history.json")["loss"]
    wanted_weights = canonical(labs[second], spec)
    part = labs[first].read("history.json")["loss"]
    assert np.allclose(part, whole[:3], rtol=2e-5)
    moved = tmp_path / f"moved{''.join(Path(NATIVE[second]).suffixes)}"
    weights("convert", labs[first].out / FINAL[first], moved, "--spec", spec)
    labs[second].run("--init-weights", moved, "--epochs", 3)
    part += labs[second].read("history.json")["loss"]
    assert np.allclose(part, whole, rtol=5e-5)
    for name, array in canonical(labs[second], spec).items():
        assert np.allclose(array, wanted_weights[name], atol=2e-4), name


def canonical(lab: Lab, spec: Path) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    analysis = analyse(spec)
    places = kept_by(analysis, analysis.models[-1], wanted(lab.backend))
    return from_framework(load(lab.out / FINAL[lab.backend]).arrays, places, "it")


def wrong_shape(path: Path, lab: Lab) -> None:
    other = path.with_name("other.dl")
    other.write_text(SPEC.replace("Dense(16)", "Dense(17)"))
    weights("init", other, "-o", path)


def nothing(path: Path, lab: Lab) -> None:
    assert not path.exists()


def noise(path: Path, lab: Lab) -> None:
    path.write_bytes(b"noise")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (nothing, "there are no weights at"),
        (noise, "does not hold"),
        (wrong_shape, "does not hold"),
    ],
)
def test_a_file_that_does_not_fit(
    backend: str,
    make: Callable[[Path, Lab], None],
    why: str,
    labs: dict[str, Lab],
    tmp_path: Path,
) -> None:
    path = tmp_path / NATIVE[backend]
    make(path, labs[backend])
    line = labs[backend].refusal("--init-weights", path)
    assert why in line and str(path) in line and line.startswith("spec.py: ")


@pytest.mark.parametrize("backend", BACKENDS)
def test_resume_has_weights_of_its_own(backend: str, labs: dict[str, Lab]) -> None:
    done = labs[backend].run("--resume", "--init-weights", "x", ok=False)
    assert done.code == 2
    assert "--resume goes on with the weights of the run: leave out --init-weights" in done.err


def test_checkpoints_of_scripts_are_read(labs: dict[str, Lab], tmp_path: Path) -> None:
    """`last.pt` holds more than weights, all of it harmless."""
    labs["torch"].run("--epochs", 1)
    out = labs["torch"].out
    assert sorted(load(out / "last.pt").arrays) == sorted(load(out / "final.pt").arrays)
    weights("diff", out / "last.pt", out / "final.pt")


RESNET = Path(__file__).parent.parent / "specs" / "zoo" / "resnet18.dl"


def test_a_resnet_of_torchvision_in_keras(tmp_path: Path) -> None:
    """Random weights of torchvision's ResNet-18 give its logits in the generated Keras script."""
    pytest.importorskip("torchvision")
    import torch
    from paired import KERAS, keras, run_section, tf
    from sections import graph_of, section
    from torchvision.models import resnet18

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(3)
    theirs = resnet18(weights=None).eval()
    with torch.no_grad():
        for name, array in theirs.state_dict().items():
            if name.endswith(("running_var", "running_mean", "bias")):
                array.copy_(torch.rand_like(array) + (0.5 if "var" in name else -0.5))
    torch.save(theirs.state_dict(), tmp_path / "resnet18.pth")
    text = RESNET.read_text().replace("224x224x3", "64x64x3").replace("-> softmax", "")
    (tmp_path / "spec.dl").write_text(text)
    target = tmp_path / "resnet18.weights.h5"
    arguments = [tmp_path / "resnet18.pth", target, "--spec", tmp_path / "spec.dl"]
    weights("convert", *arguments, "--from", "torchvision")

    found = section(*graph_of(text), wanted("keras").write_model)
    names = {"keras": keras, "layers": keras.layers, "tf": tf, "np": np}
    mine = run_section(found, KERAS, names)["build_model"]()
    mine.load_weights(target)
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
    with torch.no_grad():
        logits = theirs(torch.tensor(images.transpose(0, 3, 1, 2).copy())).numpy()
    largest = np.abs(logits).max()
    assert 0.5 < largest < 1e3
    assert np.abs(np.asarray(mine(images, training=False)) - logits).max() < 1e-4 * max(1, largest)
