"""What the tests of weights share: the layers of a spec, its weights, and the way through a framework and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from compiled import wanted

from dslc.driver import Analysis, analyse, analyse_source
from dslc.source import Source
from dslc.weights.convert import from_framework, to_framework
from dslc.weights.draw import draw, generator
from dslc.weights.layers import Layer, layers_of
from dslc.weights.places import Kept, kept_by
from dslc.weights.saved import Kind, encoded, load

Arrays = dict[str, np.ndarray[Any, Any]]


def spec_of(text: str) -> Analysis:
    found = analyse_source(Source("spec.dl", text))
    assert found.ok, [d.message for d in found.diagnostics]
    return found


def layers(analysis: Analysis) -> list[Layer]:
    return layers_of(analysis.models[-1].graph)


def names(text: str) -> list[str]:
    return [layer.name for layer in layers(spec_of(text))]


def first_weights(text: str, seed: int = 0) -> Arrays:
    return draw(layers(spec_of(text)), seed)


def random_weights(analysis: Analysis) -> Arrays:
    """No array is like another, and no variance negative."""
    return {
        layer.key(name): generator(layer.key(name), 1).random(shape, np.float32) + np.float32(0.1)
        for layer in layers(analysis)
        for name, shape in layer.shapes.items()
    }


def kept(analysis: Analysis, backend: str) -> list[Kept]:
    return kept_by(analysis, analysis.models[-1], wanted(backend))


def through(folder: Path, analysis: Analysis, backend: Kind, arrays: Arrays) -> Arrays:
    """Written as a file of a framework, and read from it."""
    places = kept(analysis, backend)
    path = folder / f"through.{backend}"
    path.write_bytes(encoded(backend, to_framework(arrays, places), "spec.dl", "Net"))
    saved = load(path)
    assert saved.kind == backend
    return from_framework(saved.arrays, places, "the file")


def same(a: Arrays, b: Arrays) -> bool:
    """Bit by bit, in the same order."""
    return list(a) == list(b) and all(
        a[name].dtype == b[name].dtype and np.array_equal(a[name], b[name]) for name in a
    )


def analysed_file(path: Path) -> Analysis:
    found = analyse(path)
    assert found.ok
    return found
