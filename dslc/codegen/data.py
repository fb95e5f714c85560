"""What the templates of the data section need to know of a plan: facts and expressions, no text of code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.codegen.augment import augment_facts
from dslc.codegen.augment import levels as levels_of
from dslc.codegen.folds import fold_facts
from dslc.plan.training import ImageScaling, TrainingPlan
from dslc.vocab import data as words
from dslc.vocab.experiment import Source
from dslc.vocab.kinds import Bounds
from dslc.vocab.libraries import Library

# The template of each source. `fetched` is the backend's own: its framework has a loader for these.
TEMPLATES: Mapping[type[Source], str] = {
    words.Digits: "bundled",
    words.Iris: "bundled",
    words.Wine: "bundled",
    words.BreastCancer: "bundled",
    words.Diabetes: "bundled",
    words.Mnist: "fetched",
    words.FashionMnist: "fetched",
    words.Cifar10: "fetched",
    words.Idx: "idx",
    words.Images: "images",
    words.Csv: "csv",
    words.Npz: "npz",
    words.TextTable: "text",
}
# Their classes have no names but numbers.
UNNAMED: tuple[type[Source], ...] = (words.Mnist, words.Idx, words.Npz)
# What a source gives before anything is fitted to the training part; others give `x` itself.
RAW: Mapping[type[Source], str] = {words.Csv: "columns", words.TextTable: "texts"}
# Whose a pretrained network is.
OWNERS: Mapping[Library, str] = {"keras": "Keras'", "torch": "torchvision's"}
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def data_context(plan: TrainingPlan, library: Library) -> dict[str, Any]:
    """The names that the templates under `templates/data` use."""
    source = plan.source
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    first = plan.outputs[0]
    labelled = first.has_classes and not isinstance(source, UNNAMED)
    scaling = _scaling(plan) if plan.images is None else _image_scaling(plan, plan.images, library)
    return {
        "source": source,
        "source_template": f"data/{TEMPLATES[type(source)]}.py.jinja",
        "data_path": getattr(source, "path", None),
        "lazy": isinstance(source, words.Images),
        "several": several,
        "input": plan.inputs[0],
        "rows_shape": (-1, *(plan.inputs[0].stored or plan.inputs[0].shape)),
        "output": first,
        "task": first.task,
        "labelled": labelled,
        "class_count": 2 if first.task == "binary" else first.size,
        "shares": _shares(plan),
        "stratified": isinstance(plan.split, words.Stratified),
        "own_test": source.own_test,
        "scaling": scaling,
        "raw": RAW.get(type(source), "x"),
        "fits": type(source) in RAW or scaling["kind"] in ("zscore", "range"),
        "parts_are": "parts =" if labelled and not plan.protocol else "return",
        "protocol": plan.protocol,
        "folds": fold_facts(plan, labelled),
        "parts_of": "parts" if plan.protocol else "(train, val, test)",
        "idx_files": IDX_FILES,
        **augment_facts(plan),
    }


def _shares(plan: TrainingPlan) -> dict[str, Any]:
    """The split in words, the share of the training part, and that of val in what is left."""
    split = plan.split
    parts = [split.train, split.val, *([split.test] if split.test is not None else [])]
    left = split.val + (split.test or 0)
    return {
        "text": " : ".join(f"{part:g}" for part in parts),
        "train": _plain(split.train / sum(parts)),
        "val": _plain(split.val / left),
        "three": len(parts) == 3,
    }


def _plain(value: float) -> float:
    """Without the dust of a division: 0.7, not 0.7000000000000001."""
    return round(value, 10)


def _scaling(plan: TrainingPlan) -> dict[str, Any]:
    """How numbers are scaled: `kind` none, zscore, levels (a known range: `x / divisor + low`) or range."""
    scale, levels = plan.scale, levels_of(plan)
    if scale is None and plan.transforms and plan.source.value_range != levels:
        scale = Bounds(*(plan.source.value_range or (0, 1)))  # bytes become what they were
    numeric = [item.name for item in plan.inputs if item.dtype == "float"]
    rank = len(plan.inputs[0].shape)
    facts: dict[str, Any] = {"kind": "none", "inputs": numeric, "axis": tuple(range(rank))}
    facts["axis"] = 0 if rank == 1 else facts["axis"]
    if scale is None or not numeric:
        return facts
    if not isinstance(scale, Bounds):
        return facts | {"kind": "zscore"}
    facts |= {"low": float(scale.low), "width": float(scale.high - scale.low)}
    if levels is None:
        return facts | {"kind": "range"}
    least, most = levels
    divisor = (most - least) / (scale.high - scale.low)
    note = f"{least:g}..{most:g} -> {scale.low:g}..{scale.high:g}"
    return facts | {"kind": "levels", "divisor": _plain(divisor), "note": note}


def _image_scaling(plan: TrainingPlan, images: ImageScaling, library: Library) -> dict[str, Any]:
    """The rule of a pretrained network: `law` names it, `pixels` makes values of the source 0..255."""
    low, high = levels_of(plan) or (0, 255)
    pixels = "x"
    if (low, high) != (0, 255):
        moved = f"(x {'-' if low > 0 else '+'} {abs(low):g})" if low else "x"
        pixels = f"{moved} * {_plain(255 / (high - low)):g}"
    name = images.network.word
    law = images.network.scaling(library)
    return {
        "kind": "backbone",
        "law": law,
        "pixels": pixels,
        "inputs": [*images.inputs],
        "network": f"{OWNERS[library]} {name}",
        "works": law != "none" or pixels != "x",
        "axis": None,
    }
