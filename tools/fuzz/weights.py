"""Whether `dslc weights` finds the arrays of a spec in what both frameworks save."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
from paired import Arrays, keras, np, pair_of

from dslc.codegen.backend import load_backend
from dslc.weights.convert import to_framework
from dslc.weights.places import kept_by
from dslc.weights.problem import Problem
from fuzz.body import ask
from fuzz.judge import Refused, code_of, ids_of, varying


def misplaced(text: str) -> str:
    """The first array that is not where the compiler says; nothing when all are."""
    analysis = ask(text)
    chosen = analysis.models[-1]
    try:
        sizes = varying(chosen.graph, 4)
        kept = {name: kept_by(analysis, chosen, _backend(name)) for name in ("keras", "torch")}
    except (Refused, Problem):  # sizes that the spec does not know
        return ""
    codes = [code_of(analysis, chosen, _backend(name)) for name in ("keras", "torch")]
    pair = pair_of(chosen.graph, *codes, sizes=sizes, ids=ids_of(chosen.graph), dtype="float32")
    arrays: Arrays = {}
    for each, (_, values) in zip(kept["torch"], pair.arrays, strict=True):
        arrays |= {each.layer.key(name): value for name, value in values.items()}
    saved = {"torch": {n: t.numpy() for n, t in pair.torch.state_dict().items()}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "all.weights.h5")
        pair.keras.save_weights(path)
        saved["keras"] = _datasets(path)
    keras.backend.clear_session(free_memory=False)
    found = (_against(name, saved[name], to_framework(arrays, kept[name])) for name in kept)
    return next((wrong for wrong in found if wrong), "")


def _backend(name: str) -> Any:
    found = load_backend(name)
    assert found is not None
    return found


def _datasets(path: Path) -> Arrays:
    found: Arrays = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and "seed_generator" not in name:
            found[name] = np.asarray(item)

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def _against(framework: str, have: Arrays, told: Arrays) -> str:
    for name in sorted(set(have) ^ set(told)):
        return f"{framework}: {name} is only {'told' if name in told else 'saved'}"
    for name, array in told.items():
        same = have[name].shape == array.shape and np.allclose(have[name], array)
        if not same and "num_batches" not in name:
            return f"{framework}: {name} is {have[name].shape}, told was {array.shape}"
    return ""
