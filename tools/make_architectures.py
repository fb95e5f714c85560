"""Write the tables of pretrained networks: dslc/vocab/architectures/*.json.

python tools/make_architectures.py           write them
python tools/make_architectures.py NAME …    only these

Everything in them is asked of the libraries: the real networks are built, without weights, and walked. Needs Keras
with TensorFlow, PyTorch and torchvision; put `tests/shim` on PYTHONPATH beside a CPU build of torch.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FOLDER = Path(__file__).resolve().parent.parent / "dslc" / "vocab" / "architectures"
SIZE = (107, 139)  # odd, unequal, and different at every level
GLOBAL = -1  # the level of what sees one value a channel, and of the classifier

Window = tuple[int, int, int]  # size, stride, padding: what halves the image


@dataclass(frozen=True)
class Stage:
    """A part of a network under the name that the field uses, and where both libraries have it: prefixes of
    torchvision's modules and of Keras' layers. Without the latter it ends with the layer called `until`."""

    name: str
    torch: tuple[str, ...]
    keras: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    until: str = ""


@dataclass(frozen=True)
class Network:
    name: str
    levels: tuple[Window, ...]
    stages: tuple[Stage, ...]
    keras: str = ""  # the function of keras.applications
    torch: str = ""  # that of torchvision.models


HALF: Window = (3, 2, 1)


def resnet(depth: int) -> Network:
    stages = [Stage("conv1", ("conv1", "bn1"), ("conv1_", "pool1_"), ("stem", "block1"))]
    for k in range(2, 6):
        stage = f"layer{k - 1}"
        stages.append(Stage(f"conv{k}", (stage,), (f"conv{k}_",), (f"block{k}", stage)))
    stages.append(Stage("top", ("fc",), ("avg_pool", "predictions"), ("fc", "head")))
    keras = f"ResNet{depth}" if depth >= 50 else ""
    levels = ((7, 2, 3), HALF, HALF, HALF, HALF)
    return Network(f"ResNet{depth}", levels, tuple(stages), keras, f"resnet{depth}")


def vgg(depth: int) -> Network:
    counts = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}[depth]
    stages, at = [], 0
    for k, count in enumerate(counts, 1):
        modules = tuple(f"features.{at + 2 * i}" for i in range(count))
        stages.append(Stage(f"conv{k}", modules, (f"block{k}_",), (f"block{k}",)))
        at += 2 * count + 1
    keras = ("flatten", "fc1", "fc2", "predictions")
    stages.append(Stage("top", ("classifier",), keras, ("classifier", "fc", "head")))
    return Network(f"VGG{depth}", ((2, 2, 0),) * 5, tuple(stages), f"VGG{depth}", f"vgg{depth}")


def inception() -> Network:
    stem = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
    stages = [Stage("stem", stem, aliases=("conv1",), until="max_pooling2d_1")]
    for k, part in enumerate("5b 5c 5d 6a 6b 6c 6d 6e 7a 7b 7c".split()):
        module = f"Mixed_{part}"
        stages.append(Stage(f"mixed{k}", (module,), aliases=(module,), until=f"mixed{k}"))
    stages.append(Stage("top", ("fc",), ("avg_pool", "predictions"), ("fc", "head")))
    strided, plain = (3, 2, 0), (3, 1, 0)
    levels = (strided, plain, strided, plain, strided, strided, strided)
    return Network("InceptionV3", levels, tuple(stages), "InceptionV3", "inception_v3")


def mobilenet() -> Network:
    first = Stage("conv1", ("features.0",), ("Conv1", "bn_Conv1"), ("stem", "Conv1", "features.0"))
    stages = [first]
    for k in range(17):
        names = ("expanded_conv",) if k == 0 else ()
        module = f"features.{k + 1}"
        layers = tuple(f"{name}_" for name in names or (f"block_{k}",))
        stages.append(Stage(f"block_{k}", (module,), layers, (*names, module)))
    last = ("Conv_1", "out_relu")
    stages.append(Stage("last_conv", ("features.18",), last, ("Conv_1", "features.18")))
    top = ("global_average_pooling2d", "predictions")
    stages.append(Stage("top", ("classifier",), top, ("classifier", "head")))
    return Network("MobileNetV2", (HALF,) * 5, tuple(stages), "MobileNetV2", "mobilenet_v2")


def densenet() -> Network:
    conv1 = ("features.conv0", "features.norm0")
    stages = [Stage("conv1", conv1, ("zero_padding2d", "conv1_", "pool1"), ("stem",))]
    for k in range(2, 6):
        block, after = f"denseblock{k - 1}", f"transition{k - 1}" if k < 5 else "norm5"
        behind = (f"pool{k}_",) if k < 5 else ("bn", "relu")
        modules = (f"features.{block}", f"features.{after}")
        stages.append(Stage(f"conv{k}", modules, (f"conv{k}_", *behind), (f"block{k - 1}", block)))
    top = ("avg_pool", "predictions")
    stages.append(Stage("top", ("classifier",), top, ("classifier", "head")))
    levels = ((7, 2, 3), HALF, (2, 2, 0), (2, 2, 0), (2, 2, 0))
    return Network("DenseNet121", levels, tuple(stages), "DenseNet121", "densenet121")


def efficientnet() -> Network:
    stem = ("rescaling", "normalization", "stem_")
    stages = [Stage("stem", ("features.0",), stem, ("conv1", "features.0"))]
    for k in range(1, 8):
        module = f"features.{k}"
        stages.append(Stage(f"block{k}", (module,), (f"block{k}",), (module,)))
    last = ("top_conv", "top_bn", "top_activation")
    stages.append(Stage("last_conv", ("features.8",), last, ("top_conv", "features.8")))
    top = ("avg_pool", "top_dropout", "predictions")
    stages.append(Stage("top", ("classifier",), top, ("classifier", "head")))
    return Network(
        "EfficientNetB0", (HALF,) * 5, tuple(stages), "EfficientNetB0", "efficientnet_b0"
    )


NETWORKS = (
    vgg(16),
    vgg(19),
    inception(),
    *(resnet(depth) for depth in (18, 34, 50, 101, 152)),
    mobilenet(),
    densenet(),
    efficientnet(),
)


# --------------------------------------------------------------------------- what both have in common


class Walker:
    """Where the layers of one network stand: their stage, and how often the image was halved before."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.sizes: list[tuple[int, ...]] = [SIZE]
        for size, stride, pad in network.levels:
            last = self.sizes[-1]
            self.sizes.append(tuple((n + 2 * pad - size) // stride + 1 for n in last))

    def level(self, size: Sequence[int]) -> int:
        """The level of an image of this size; what is padded for a moment belongs to the nearest one."""
        if size == (1, 1):
            return GLOBAL
        return min(range(len(self.sizes)), key=lambda k: abs(self.sizes[k][0] - size[0]))

    def stage(self, name: str, library: str) -> int:
        """The number of the stage that the layer `name` belongs to: the longest prefix decides."""
        found = [
            (len(prefix), number)
            for number, stage in enumerate(self.network.stages)
            for prefix in getattr(stage, library)
            if name.startswith(prefix)
            and (library == "keras" or (name + ".").startswith(prefix + "."))
        ]
        assert found, f"{self.network.name}: no stage has {name}"
        return max(found)[1]


def unit(
    name: str, stage: int, level: int, at: int, arrays: Iterator[tuple[int, ...]], kept: int
) -> list[Any]:
    """A layer with weights: its place, the numbers of its kernel, its other trained numbers, those kept."""
    kernel = others = 0
    for shape in arrays:
        size = 1
        for n in shape:
            size *= n
        if len(shape) > 1:
            kernel += size
        else:
            others += size
    return [name, stage, level, at, kernel, others, kept]


# --------------------------------------------------------------------------- keras.applications


def of_keras(network: Network) -> dict[str, Any] | None:
    if not network.keras:
        return None
    import keras

    keras.backend.clear_session()
    make = getattr(keras.applications, network.keras)
    model = make(weights=None, include_top=False, input_shape=(*SIZE, 3))
    keras.backend.clear_session()
    size = 299 if network.name == "InceptionV3" else 224
    whole = make(weights=None, include_top=True, input_shape=(size, size, 3))
    walker = Walker(network)
    units: list[list[Any]] = []
    ends = [0] * len(network.stages)
    stage = 0
    for at, layer in enumerate(model.layers):
        if type(layer).__name__ == "InputLayer":
            continue
        number = _keras_stage(walker, model, at)
        assert number >= stage, f"{network.name}: {layer.name} goes back to stage {number}"
        stage, ends[number] = number, at + 1
        shape = layer.output.shape[1:]
        level = walker.level(tuple(shape[:-1])) if len(shape) == 3 else GLOBAL
        if layer.weights:
            units.append(_keras_unit(layer, number, level, at))
    norms = [x for x in model.layers if type(x).__name__ == "BatchNormalization"]
    names = [layer.name for layer in model.layers]
    assert names == [layer.name for layer in whole.layers[: len(names)]], "the top changes names"
    top = [
        _keras_unit(layer, len(network.stages) - 1, GLOBAL, at)
        for at, layer in enumerate(whole.layers)
        if at >= len(names) and layer.weights
    ]
    ends[-1] = len(whole.layers)
    units += top
    trained = sum(row[4] + row[5] for row in units)
    kept = sum(row[6] for row in units)
    assert trained + kept == whole.count_params()
    return {
        "function": network.keras,
        "channels": int(model.output.shape[-1]),
        "ends": ends,
        "norm": _only({(x.epsilon, round(1 - x.momentum, 9)) for x in norms}),
        "units": units,
    }


def _keras_stage(walker: Walker, model: Any, at: int) -> int:
    """The stage of the layer number `at`: by its name, or by the layers that end the stages."""
    stages = walker.network.stages
    if stages[0].keras:
        return walker.stage(model.layers[at].name, "keras")
    names = [layer.name for layer in model.layers]
    for number, stage in enumerate(stages):
        if stage.until and at <= names.index(stage.until):
            return number
    raise AssertionError(names[at])


def _keras_unit(layer: Any, stage: int, level: int, at: int) -> list[Any]:
    kept = sum(_product(w.shape) for w in layer.non_trainable_weights)
    return unit(
        layer.name, stage, level, at, (tuple(w.shape) for w in layer.trainable_weights), kept
    )


def _only(laws: set[tuple[float, float]]) -> tuple[float, float] | None:
    """The one (epsilon, share of the new running value) of all normalisations; None where there are none."""
    assert len(laws) <= 1
    return next(iter(laws), None)


def _product(shape: Sequence[int]) -> int:
    size = 1
    for n in shape:
        size *= int(n)
    return size


# --------------------------------------------------------------------------- torchvision


def of_torch(network: Network) -> dict[str, Any]:
    import torch
    from torch import fx
    from torch.fx.passes.shape_prop import ShapeProp
    from torchvision import models

    options: dict[str, Any] = {"weights": None}
    if network.name == "InceptionV3":
        options |= {"aux_logits": False, "init_weights": False}
    model = getattr(models, network.torch)(**options).eval()
    traced = fx.symbolic_trace(model)
    with torch.no_grad():
        ShapeProp(traced).propagate(torch.zeros(1, 3, *SIZE))
    walker = Walker(network)
    units: list[list[Any]] = []
    counts: dict[int, int] = {}
    last = None
    stage, pooled = 0, False  # `pooled`: behind the last feature map
    for node in traced.graph.nodes:
        meta = node.meta.get("tensor_meta")
        if node.op in ("placeholder", "output") or meta is None or not hasattr(meta, "shape"):
            continue
        shape = tuple(meta.shape)[1:]
        level = walker.level(shape[1:]) if len(shape) == 3 else GLOBAL
        module = model.get_submodule(node.target) if node.op == "call_module" else None
        tensors = dict(module.named_parameters()) if module is not None else {}
        if tensors:
            number = walker.stage(node.target, "torch")
            assert number >= stage, f"{network.name}: {node.target} goes back to stage {number}"
            stage = number
            kept = sum(b.numel() for n, b in module.named_buffers() if n.startswith("running"))
            shapes = (tuple(p.shape) for p in tensors.values())
            units.append(unit(node.target, number, level, len(units), shapes, kept))
        pooled = pooled or node.target == "avgpool" or "adaptive" in _name(node.target)
        if not pooled and len(shape) == 3:
            counts[level] = counts.get(level, 0) + int(shape[0])
            if level == len(network.levels):
                last = int(shape[0])
    assert sum(row[4] + row[5] for row in units) == sum(p.numel() for p in model.parameters())
    norms = [x for x in model.modules() if type(x).__name__ == "BatchNorm2d"]
    return {
        "function": network.torch,
        "channels": last,
        "norm": _only({(x.eps, x.momentum) for x in norms}),
        "activations": {str(k): v for k, v in sorted(counts.items())},
        "units": units,
    }


def _name(target: Any) -> str:
    return "" if isinstance(target, str) else getattr(target, "__name__", "")


# --------------------------------------------------------------------------- files


def table(network: Network) -> dict[str, Any]:
    found = {"keras": of_keras(network), "torch": of_torch(network)}
    stages = [
        {"name": s.name, "aliases": s.aliases, "keras": s.keras, "torch": s.torch}
        for s in network.stages
    ]
    return {"name": network.name, "levels": network.levels, "stages": stages, **found}


def text(found: dict[str, Any]) -> str:
    """JSON with one stage and one layer on a line."""
    body = json.dumps(found, indent=1)
    lines: list[str] = []
    depth_of_row = None
    for line in body.splitlines():
        indent = len(line) - len(line.lstrip())
        if depth_of_row is None:
            lines.append(line)
            row = indent >= 2 and line.rstrip().endswith(("[", "{"))
            if row and not line.strip().startswith(('"units"', '"stages"', '"levels"')):
                depth_of_row = indent
            continue
        lines[-1] += (" " if lines[-1].endswith((",", ":")) else "") + line.strip()
        if indent == depth_of_row:
            depth_of_row = None
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    for network in NETWORKS:
        if not arguments or network.name in arguments:
            path = FOLDER / f"{network.name.lower()}.json"
            path.write_text(text(table(network)), encoding="utf-8")
            print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
