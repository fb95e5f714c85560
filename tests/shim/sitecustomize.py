"""Lets torchvision from PyPI be imported beside a CPU build of torch; for tests only.

Its compiled operators then do not load, and the import fails because two of them have no schema. Put
this folder on `PYTHONPATH`: on the first import of torchvision the schemas are declared. Nothing calls
the operators in classification models and transforms.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
kept: list[object] = []  # a library that is collected takes its schemas along


class TorchvisionFinder:
    """Finds nothing; declares the schemas when torchvision is asked for."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            declare()
        return None


def declare() -> None:
    """Declare what the import needs, where torch is a CPU build and torchvision is not made for it."""
    import torch

    try:
        version = importlib.metadata.version("torchvision")
    except importlib.metadata.PackageNotFoundError:
        return
    if torch.version.cuda is not None or version.endswith("+cpu"):
        return
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}{SCHEMA}")
    kept.append(library)


if not any(type(finder).__name__ == TorchvisionFinder.__name__ for finder in sys.meta_path):
    sys.meta_path.insert(0, TorchvisionFinder())
