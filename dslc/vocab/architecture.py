"""The networks of keras.applications and torchvision.models: their layers and stages, without either library.

The tables lie in `architectures/`, one file a network, and are made from the libraries by tools/make_architectures.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from dslc.vocab.dims import Dim
from dslc.vocab.layers.window import count_places
from dslc.vocab.libraries import Library

FOLDER = Path(__file__).parent / "architectures"
TOP = "top"  # the stage of the classifier
GLOBAL = -1  # the level of layers that see one value a channel


@dataclass(frozen=True, slots=True)
class Unit:
    """A layer with weights, in the order in which a library runs them.

    `name` is that of the layer in Keras (`conv2_block1_1_conv`), of the module in torchvision
    (`layer1.0.conv1`). `at` counts all layers of the model in Keras (`model.layers[at]`), those with weights in
    torchvision. `kernel` and `others` are numbers that training changes, `kept` running statistics.
    """

    name: str
    stage: str
    level: int
    at: int
    kernel: int
    others: int
    kept: int

    @property
    def trained(self) -> int:
        return self.kernel + self.others

    @property
    def is_norm(self) -> bool:
        """Whether it is a batch normalisation (or Keras' `normalization`, which is nothing else)."""
        return self.kept > 0


@dataclass(frozen=True, slots=True)
class Network:
    """A network as one library builds it. `function` makes it; `units` include the classifier. `norm` are the
    epsilon of its batch normalisations and the share of the new value in their running ones."""

    function: str
    channels: int
    units: tuple[Unit, ...]
    norm: tuple[float, float] | None

    def of_stages(self, *names: str) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.stage in names)

    def matching(self, pattern: str) -> tuple[Unit, ...]:
        """The layers whose name a glob matches: `conv5_*`, `layer4.*.bn?`."""
        return tuple(unit for unit in self.units if fnmatchcase(unit.name, pattern))


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a network under the name that its field uses.

    `torch` are modules of torchvision's network; `keras` are the beginnings of layer names, nothing where
    Keras numbers its layers anew (InceptionV3). `keras_end` is the number of layers of Keras' model, without
    its classifier, up to the end of the stage: `model.layers[:keras_end]`; 0 where Keras lacks the network.
    """

    name: str
    aliases: tuple[str, ...]
    torch: tuple[str, ...]
    keras: tuple[str, ...]
    keras_end: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """`levels` are the windows (size, stride, padding) that make the image smaller, in order; `activations` the
    channels of all results at a level together, counted in torchvision's network."""

    name: str
    levels: tuple[tuple[int, int, int], ...]
    activations: Mapping[int, int]
    stages: tuple[Stage, ...]
    keras: Network | None
    torch: Network | None

    def network(self, library: Library) -> Network | None:
        return self.keras if library == "keras" else self.torch

    def stage(self, name: str) -> Stage | None:
        """The stage of this name, or with this name of another library."""
        for stage in self.stages:
            if name == stage.name:
                return stage
        return next((stage for stage in self.stages if name in stage.aliases), None)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """All stages from the image on, without the classifier."""
        return tuple(stage.name for stage in self.stages if stage.name != TOP)

    def sizes(self, height: Dim, width: Dim) -> list[tuple[Dim, Dim]]:
        """Height and width at every level, the image first, the feature map last."""
        found = [(height, width)]
        for size, stride, pad in self.levels:
            h, w = found[-1]
            found.append((count_places(h, size, stride, pad), count_places(w, size, stride, pad)))
        return found


@cache
def architecture(name: str) -> Architecture:
    """The network that the language calls `name`."""
    table = json.loads((FOLDER / f"{name.lower()}.json").read_text(encoding="utf-8"))
    names = [stage["name"] for stage in table["stages"]]

    def network(library: str) -> Network | None:
        given = table[library]
        if given is None:
            return None
        units = tuple(Unit(row[0], names[row[1]], *row[2:]) for row in given["units"])
        norm = tuple(given["norm"]) if given["norm"] else None
        return Network(given["function"], given["channels"], units, norm)

    ends = table["keras"]["ends"] if table["keras"] else [0] * len(names)
    stages = tuple(
        Stage(s["name"], tuple(s["aliases"]), tuple(s["torch"]), tuple(s["keras"]), end)
        for s, end in zip(table["stages"], ends, strict=True)
    )
    levels = tuple((size, stride, pad) for size, stride, pad in table["levels"])
    counts = {int(level): count for level, count in table["torch"]["activations"].items()}
    return Architecture(name, levels, counts, stages, network("keras"), network("torch"))
