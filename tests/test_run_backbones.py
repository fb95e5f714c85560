"""Pretrained networks beside the libraries that they come from, and scripts with them at work. Needs both frameworks
and torchvision."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab
from test_backbones import NETWORKS, model

from dslc.vocab.architecture import TOP, Network, architecture
from dslc.vocab.libraries import of_library
from dslc.vocab.tensor import Tensor

for module in ("keras", "torch", "torchvision"):
    pytest.importorskip(module)

pytestmark = [pytest.mark.framework, pytest.mark.filterwarnings("ignore")]
ON = pytest.mark.parametrize("backend", BACKENDS)
IN_KERAS = [name for name in NETWORKS if NETWORKS[name].network("keras")]
STEPS = {"keras": IN_KERAS, "torch": list(NETWORKS)}


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


def some_sizes(name: str, count: int) -> list[tuple[int, int]]:
    """The least size, that of the weights, and others."""
    word, rng = NETWORKS[name], random.Random(name)
    found = [(word.least, word.least), (word.pixels, word.pixels)]
    return [
        *found,
        *((rng.randint(word.least, 300), rng.randint(word.least, 300)) for _ in range(count)),
    ]


def expected(name: str, size: tuple[int, int]) -> tuple[int, ...]:
    found = NETWORKS[name](weights="none").infer(Tensor((*size, 3)))
    assert isinstance(found, Tensor)
    return found.shape  # type: ignore[return-value]


# --- the tables and the shape rules ------------------------------------------------------------------


def held(network: Network, top: bool = True) -> dict[str, tuple[int, int]]:
    units = (u for u in network.units if top or u.stage != TOP)
    return {u.name: (u.trained, u.kept) for u in units}


@pytest.mark.parametrize("name", NETWORKS)
def test_torchvision_builds_what_the_table_says(name: str) -> None:
    import torch
    from torchvision import models

    word, network = NETWORKS[name], NETWORKS[name].network("torch")
    assert network is not None
    options = {"aux_logits": False, "init_weights": False} if name == "InceptionV3" else {}
    with torch.device("meta"):
        made = getattr(models, network.function)(**options).eval()
    theirs: dict[str, tuple[int, int]] = {}
    work: dict[str, int] = {}
    for part, layer in made.named_modules():
        own = [p.numel() for p in layer.parameters(recurse=False)]
        kept = [b.numel() for n, b in layer.named_buffers(recurse=False) if n.startswith("running")]
        if own:
            theirs[part] = sum(own), sum(kept)
            kernel = next(layer.parameters()).numel()
            layer.register_forward_hook(_counting(work, part, kernel))
    assert theirs == held(network)
    features = torch.nn.Sequential(
        *(
            part
            for key, part in made.named_children()
            if key not in ("avgpool", "dropout", "fc", "classifier")
        )
    )
    for size in some_sizes(name, 3):
        work.clear()
        found = features(torch.empty(1, 3, *size, device="meta"))
        height, width, channels = expected(name, size)
        assert tuple(found.shape) == (1, channels, height, width), size
        x = Tensor((*size, 3))
        counted = word(weights="none").multiply_adds(Tensor((height, width, channels)), x)
        assert of_library(counted, "torch") == sum(work.values()), size
    laws = {(m.eps, m.momentum) for m in made.modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert laws == ({network.norm} if network.norm else set())


def _counting(work: dict[str, int], part: str, kernel: int) -> Any:
    import torch

    def hook(layer: torch.nn.Module, _: Any, out: torch.Tensor) -> None:
        if isinstance(layer, torch.nn.Conv2d):
            work[part] = kernel * out.shape[2] * out.shape[3]

    return hook


@pytest.mark.parametrize("name", IN_KERAS)
def test_keras_builds_what_the_table_says(name: str) -> None:
    import keras

    network, word = NETWORKS[name].network("keras"), NETWORKS[name]
    assert network is not None
    make = getattr(keras.applications, network.function)
    keras.backend.clear_session()
    exact = name in ("MobileNetV2", "EfficientNetB0")  # their padding depends on the size
    made = make(
        weights=None,
        include_top=False,
        input_shape=(word.least, word.least + 2, 3) if exact else (None, None, 3),
    )
    theirs = {
        layer.name: (_numbers(layer.trainable_weights), _numbers(layer.non_trainable_weights))
        for layer in made.layers
        if layer.weights
    }
    assert theirs == held(network, top=False)
    for unit in network.units:
        assert unit.stage == TOP or made.layers[unit.at].name == unit.name
    assert architecture(name).stages[-2].keras_end == len(made.layers)
    shape = made.output.shape[1:]
    if exact:
        assert shape == expected(name, (word.least, word.least + 2))
        odd = make(weights=None, include_top=False, input_shape=(149, 101, 3))
        assert odd.output.shape[1:] == expected(name, (149, 101))
    for size in () if exact else some_sizes(name, 4):
        assert made.compute_output_shape((1, *size, 3))[1:] == expected(name, size), size
    norms = (x for x in made.layers if isinstance(x, keras.layers.BatchNormalization))
    laws = {(x.epsilon, round(1 - x.momentum, 9)) for x in norms}
    assert laws == ({network.norm} if network.norm else set())


def _numbers(weights: Any) -> int:
    total = 0
    for weight in weights:
        size = 1
        for n in weight.shape:
            size *= n
        total += size
    return total


@pytest.mark.parametrize("name", ["MobileNetV2"])
def test_the_classifier_is_counted_as_built(name: str) -> None:
    import keras

    network = NETWORKS[name].network("keras")
    assert network is not None
    whole = getattr(keras.applications, network.function)(weights=None)
    top = {u.name: u.trained for u in network.units if u.stage == TOP}
    assert top == {n: whole.get_layer(n).count_params() for n in top}
    assert all(whole.layers[u.at].name == u.name for u in network.units if u.stage == TOP)


# --- scaling -----------------------------------------------------------------------------------------

TRAINED = """
model Net {{
  input photo: {size}x{size}x3
  photo -> {name}(weights=none) as backbone -> GlobalAvgPool2D -> Dense(3) -> softmax
}}
data {{ source = npz("a.npz"{more}) split = stratified(60, 20, 20) scale = backbone batch = 16 }}
train {{ loss = cross_entropy optimizer = SGD(lr=0.01) metrics = [accuracy] epochs = 1 }}
"""
PIXELS = "import numpy as np\nx = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype('float32')\n"


@pytest.mark.parametrize("name", IN_KERAS)
def test_scaling_is_that_of_keras_applications(name: str, lab: Callable[[str], Lab]) -> None:
    here = lab("keras")
    least = NETWORKS[name].least
    here.compile(TRAINED.format(name=name, size=least, more=""))
    modules = {
        "VGG16": "vgg16",
        "VGG19": "vgg19",
        "InceptionV3": "inception_v3",
        "MobileNetV2": "mobilenet_v2",
    }
    modules |= {"DenseNet121": "densenet", "EfficientNetB0": "efficientnet"}
    theirs = f"keras.applications.{modules.get(name, 'resnet')}.preprocess_input(x.copy())"
    ours = "spec.as_trained(x)" if NETWORKS[name].scaling("keras") != "none" else "x"
    gap = here.evaluate(f"float(abs({ours} - {theirs}).max())", f"import keras\n{PIXELS}")
    assert gap < 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_scaling_is_that_of_torchvision(name: str, lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    network = NETWORKS[name].network("torch")
    assert network is not None
    here.compile(TRAINED.format(name=name, size=NETWORKS[name].least, more=""))
    setup = f"""{PIXELS}
import torch
from torchvision import models
from torchvision.transforms.v2 import functional as F
weights = models.get_model_weights({network.function!r}).IMAGENET1K_V1.transforms()
theirs = torch.from_numpy(x).movedim(-1, 1) / 255
theirs = F.normalize(theirs, weights.mean, weights.std)
if {name == "InceptionV3"}:  # what its `transform_input` makes of them
    theirs = models.Inception3._transform_input(type("I", (), {{"transform_input": True}}), theirs)
ours = torch.from_numpy(spec.as_trained(x)).movedim(-1, 1)
"""
    assert here.evaluate("float((ours - theirs).abs().max())", setup) < 1e-5


def test_pixels_of_another_range_become_bytes_first(lab: Callable[[str], Lab]) -> None:
    for backend in BACKENDS:
        here = lab(backend)
        here.compile(TRAINED.format(name="MobileNetV2", size=32, more=", values=0..1"))
        law = (
            "x * 2 - 1"
            if backend == "keras"
            else "(x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
        )
        assert (
            here.evaluate(f"float(abs(spec.as_trained(x) - ({law})).max())", f"{PIXELS}x /= 255\n")
            < 1e-5
        )


# --- scripts at work ---------------------------------------------------------------------------------

STEP = {
    "keras": """
import keras, numpy as np
keras.utils.set_random_seed(0)
model = spec.build_model()
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", run_eagerly=True)
before = [w.numpy().copy() for w in model.trainable_weights]
x = np.random.default_rng(0).uniform(-1, 1, (2, SIZE, SIZE, 3)).astype("float32")
loss = float(model.train_on_batch(x, np.zeros((2, 3), "float32")))
moved = sum(not np.array_equal(a, b.numpy()) for a, b in zip(before, model.trainable_weights))
count = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
""",
    "torch": """
import torch
torch.manual_seed(0)
model = spec.build_model()
before = [w.detach().clone() for w in model.parameters()]
optimizer = torch.optim.SGD(model.parameters(), 0.1)
x = torch.rand(2, 3, SIZE, SIZE) * 2 - 1
value = model(x).square().mean()
value.backward()
optimizer.step()
loss = value.item()
moved = sum(not torch.equal(a, b) for a, b in zip(before, model.parameters()))
count = sum(w.numel() for w in model.parameters())
""",
}


@pytest.mark.parametrize(("backend", "name"), [(b, name) for b in BACKENDS for name in STEPS[b]])
def test_a_network_takes_a_step_of_training(
    name: str, backend: str, lab: Callable[[str], Lab]
) -> None:
    here, size = lab(backend), NETWORKS[name].least
    here.compile(model(f"{name}(weights=none) as backbone", f"{size}x{size}x3"))
    loss, moved, of, count = here.evaluate(
        "[loss, moved, len(before), count]", STEP[backend].replace("SIZE", str(size))
    )
    assert loss == loss and moved > 0.6 * of
    trained, _ = NETWORKS[name](weights="none").counts(Tensor((size, size, 3)))
    channels = expected(name, (size, size))[-1]
    assert count == of_library(trained, backend) + 3 * channels + 3  # type: ignore[arg-type]


@ON
def test_a_script_trains_one(backend: str, lab: Callable[[str], Lab]) -> None:
    import numpy as np

    here = lab(backend)
    here.compile(TRAINED.format(name="MobileNetV2", size=32, more=""))
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    x = rng.integers(0, 255, (30, 32, 32, 3)).astype(np.float32)
    np.savez(here.folder / "a.npz", x=x, y=y)
    here.run()
    assert 0 <= here.read("metrics.json")["test_accuracy"] <= 1


def test_first_weights_are_those_of_torchvision(lab: Callable[[str], Lab]) -> None:
    """`init_weights` draws those of the head only, with or without the classifier."""
    here = lab("torch")
    here.compile(model("ResNet18(weights=none) as backbone"))
    code = """
import torch
from torchvision import models
torch.manual_seed(0)
model = spec.build_model()
torch.manual_seed(0)
theirs = models.resnet18().state_dict()
ours = model.backbone.state_dict()
"""
    assert here.evaluate("all(torch.equal(ours[k], theirs[k]) for k in ours)", code)
    assert here.evaluate("sorted(set(theirs) - set(ours))", code) == ["fc.bias", "fc.weight"]
    here.compile(
        "model Net { input x: 224x224x3  x -> ResNet18(weights=none, top=true) as net -> Dense(3) }"
    )
    same = "all(torch.equal(model.net.state_dict()[k], theirs[k]) for k in theirs)"
    assert here.evaluate(same, code.replace("model.backbone", "model.net"))
    assert (
        here.evaluate("model.dense.bias.abs().sum().item()", code.replace("backbone", "net")) == 0
    )


# --- files -------------------------------------------------------------------------------------------

SAVE = {
    "keras": """
import keras
net = keras.applications.MobileNetV2(weights=None, include_top=True)
net.save_weights("whole.weights.h5")
net.save("whole.keras")
import numpy as np
np.savez("whole.npz", *net.get_weights())
keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3)).save_weights("other.weights.h5")
open("garbage.keras", "w").write("weights")
""",
    "torch": """
import torch
from safetensors.torch import save_file
from torchvision import models
net = models.mobilenet_v2()
torch.save(net.state_dict(), "whole.pth")
save_file(net.state_dict(), "whole.safetensors")
torch.save({"model": net.state_dict()}, "last.pt")
torch.save(models.vgg16().features.state_dict(), "other.pt")
open("garbage.pt", "w").write("weights")
""",
}
OURS = {
    "keras": """
import numpy as np
ours = spec.build_model().get_layer("backbone")
class net:
    get_weights = lambda: list(np.load("whole.npz").values())
""",
    "torch": """
import torch
from torchvision import models
net = models.mobilenet_v2()
net.load_state_dict(torch.load("whole.pth"))
ours = spec.build_model().backbone
""",
}
SAME = {
    "keras": "all((a == b).all() for a, b in zip(ours.get_weights(), net.get_weights()))",
    "torch": "all(torch.equal(v, net.state_dict()[k]) for k, v in ours.state_dict().items())",
}


@ON
def test_weights_from_a_file(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    (here.folder / "spec.py").touch()
    here.evaluate("1", SAVE[backend])
    good = (
        ["whole.pth", "whole.safetensors", "last"]
        if backend == "torch"
        else ["whole.weights.h5", "whole"]
    )
    for path in good:
        here.compile(model(f'MobileNetV2(weights="{path}") as backbone', "32x32x3"))
        assert here.evaluate(SAME[backend], OURS[backend]), path
    endings = {"torch": ("other", "garbage"), "keras": ("other.weights.h5", "garbage")}[backend]
    for path, words in [
        ("absent", "there are no weights at absent"),
        (
            endings[0],
            "with the weights of this network"
            if backend == "torch"
            else "has no weights of this network",
        ),
        (endings[1], "garbage"),
    ]:
        here.compile(model(f'MobileNetV2(weights="{path}")', "32x32x3"))
        assert words in here.refusal(), path


# What the libraries would fetch, made here: published weights are files like any other.
PUBLISHED = {
    "keras": """
import keras
from keras.src.utils import file_utils
net = keras.applications.NAME(weights=None, include_top=False, input_shape=(SIZE, SIZE, 3))
for layer in net.layers:
    if isinstance(layer, keras.layers.Normalization):
        layer.adapt_mean.assign([0.485, 0.456, 0.406])
        layer.adapt_variance.assign([0.229, 0.224, 0.225])
net.save_weights("published.weights.h5")
file_utils.get_file = lambda *args, **named: "published.weights.h5"
""",
    "torch": """
import torch
from torchvision import models
from torchvision.models._api import WeightsEnum
options = {"init_weights": False} if "NAME" == "inception_v3" else {}
net = models.NAME(**options)
WeightsEnum.get_state_dict = lambda self, *args, **named: net.state_dict()
""",
}


# What reaches the pooling in front of torchvision's classifier.
BEFORE_THE_CLASSIFIER = """
x = torch.rand(1, 3, size, size)
if hasattr(net, "features"):
    theirs = torch.relu(net.eval().features(x))
else:
    net.avgpool.register_forward_hook(lambda layer, given, out: seen.append(given[0]))
    seen = []
    net.eval()(x)
    theirs = seen[0]
"""


@pytest.mark.parametrize(
    ("backend", "name"),
    [("keras", "EfficientNetB0"), ("torch", "InceptionV3"), ("torch", "DenseNet121")],
)
def test_published_weights(backend: str, name: str, lab: Callable[[str], Lab]) -> None:
    here, size = lab(backend), NETWORKS[name].least
    network = NETWORKS[name](weights="imagenet").built(backend)  # type: ignore[arg-type]
    assert network is not None
    here.compile(model(f"{name}(weights=imagenet) as backbone", f"{size}x{size}x3"))
    setup = PUBLISHED[backend].replace("NAME", network.function).replace("SIZE", str(size))
    if backend == "torch":
        setup += f"ours = spec.build_model().backbone\nsize = {size}\n{BEFORE_THE_CLASSIFIER}"
        assert here.evaluate(SAME["torch"], setup)
        assert here.evaluate("float((ours.eval()(x) - theirs).abs().max())", setup) == 0
        return
    setup += "ours = spec.build_model().get_layer('backbone')\n"
    assert here.evaluate(SAME["keras"], setup)
    names = "[layer.name for layer in ours.layers]"
    there = here.evaluate(names, setup)
    assert all(there[unit.at].startswith(unit.name) for unit in network.units if unit.stage != TOP)


def test_the_statistics_of_pixels_come_with_a_file(lab: Callable[[str], Lab]) -> None:
    """Keras builds EfficientNetB0 in another way for ImageNet's weights: from a file it computes the same."""
    here = lab("keras")
    some = """
import numpy as np
x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
"""
    setup = PUBLISHED["keras"].replace("NAME", "EfficientNetB0").replace("SIZE", "32") + some
    setup += """
net = keras.applications.EfficientNetB0(include_top=False, input_shape=(32, 32, 3))
keras.Sequential([net]).save("tuned.keras")
np.save("result.npy", net(x).numpy())
"""
    (here.folder / "spec.py").touch()
    here.evaluate("1", setup)
    gap = "float(abs(spec.build_model().get_layer('backbone')(x) - np.load('result.npy')).numpy().max())"
    for path in ("published.weights.h5", "tuned"):
        here.compile(model(f'EfficientNetB0(weights="{path}") as backbone', "32x32x3"))
        assert here.evaluate(gap, some) < 1e-5, path


# --- a model of one's own ----------------------------------------------------------------------------

PARTS = """
block Features(filters) {
  input x: (H, W, C)
  x -> Conv2D(filters, 3x3, padding=same) -> BatchNorm -> relu -> MaxPool2D(2x2)
  -> Conv2D(2 * filters, 3x3, padding=same) -> BatchNorm -> relu -> GlobalAvgPool2D
}
"""
DATA = "data { source = digits split = stratified(70, 15, 15) scale = 0..1 batch = 64 }"
FIRST = f"""{PARTS}
model Source {{ input image: 8x8x1  image -> Features(8) -> Dense(10) -> softmax }}
{DATA}
train {{
  loss = cross_entropy optimizer = Adam(lr=1e-2) metrics = [accuracy] epochs = 2
  ModelCheckpoint(monitor=val_loss)
}}
"""
SECOND = f"""{PARTS}
model Target {{
  input image: 8x8x1
  image -> Features(8, weights="runs/spec-{{backend}}/best") as backbone -> Dense(16) -> relu -> Dense(10) -> softmax
}}
{DATA}
train {{ loss = cross_entropy optimizer = Adam(lr=1e-2) metrics = [accuracy] epochs = 1 }}
"""
OWN = {
    "keras": """
import keras
source = keras.models.load_model("runs/spec-keras/best.keras", compile=False)
ours = spec.build_model().get_layer("backbone").get_weights()
theirs = source.get_weights()[: len(ours)]
same = len(ours) == 12 and all((a == b).all() for a, b in zip(ours, theirs))
""",
    "torch": """
import torch
saved = torch.load("runs/spec-torch/best.pt")
saved = saved.get("model", saved)
ours = spec.build_model().backbone.state_dict()
(start,) = (name.removesuffix("layers.0.weight") for name in saved if name.endswith("layers.0.weight"))
same = len(ours) == 14 and all(torch.equal(w, saved[start + name]) for name, w in ours.items())
""",
}


@ON
def test_a_block_takes_the_weights_of_an_earlier_training(
    backend: str, lab: Callable[[str], Lab]
) -> None:
    here = lab(backend)
    here.compile(SECOND)
    assert f"there are no weights at runs/spec-{backend}/best." in here.refusal()
    here.compile(FIRST)
    here.run()
    here.compile(SECOND)
    assert here.evaluate("same", OWN[backend])
    here.compile(SECOND.replace("Features(8, w", "Features(9, w"))
    assert "no part with the weights of this network" in here.refusal()
    here.compile(SECOND)
    here.run("--out", "runs/second")
    assert (here.folder / "runs" / "second" / "metrics.json").is_file()
