"""What the templates of the data section need to know of a plan: facts and expressions, no text of code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.plan.training import TrainingPlan
from dslc.vocab import data as words
from dslc.vocab.experiment import Source
from dslc.vocab.kinds import Bounds

# The template of each source, and the folder or file that `--data` names when the spec names none.
TEMPLATES: Mapping[type[Source], str] = {
    words.Digits: "bundled",
    words.Iris: "bundled",
    words.Wine: "bundled",
    words.BreastCancer: "bundled",
    words.Diabetes: "bundled",
    words.Mnist: "idx",
    words.FashionMnist: "idx",
    words.Idx: "idx",
    words.Cifar10: "cifar10",
    words.Images: "images",
    words.Csv: "csv",
    words.Npz: "npz",
    words.TextTable: "text",
}
FOLDERS: Mapping[type[Source], str] = {
    words.Mnist: "data/mnist",
    words.FashionMnist: "data/fashion-mnist",
    words.Cifar10: "data/cifar-10",
}
# Mirrors of the four files, with the checksums that their authors publish.
MIRRORS: Mapping[type[Source], tuple[str, tuple[str, str, str, str]]] = {
    words.Mnist: (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    words.FashionMnist: (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
}
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def data_context(plan: TrainingPlan) -> dict[str, Any]:
    """The names that the templates under `templates/data` use."""
    source = plan.source
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    first = plan.outputs[0]
    labelled = not several and len(first.shape) == 1 and _has_classes(plan)
    files, base = IDX_FILES, ""
    if type(source) in MIRRORS:
        base, sums = MIRRORS[type(source)]
    return {
        "source": source,
        "source_template": f"data/{TEMPLATES[type(source)]}.py.jinja",
        "data_path": getattr(source, "path", FOLDERS.get(type(source))),
        "lazy": isinstance(source, words.Images),
        "several": several,
        "input": plan.inputs[0],
        "rows_shape": (-1, *plan.inputs[0].shape),
        "output": first,
        "task": first.task,
        "labelled": labelled,
        "class_count": 2 if first.task == "binary" else first.size,
        "shares": _shares(plan),
        "stratified": isinstance(plan.split, words.Stratified),
        "scaling": _scaling(plan),
        "idx_files": files,
        "mirror": base,
        "checksums": dict(zip(IDX_FILES, sums, strict=True)) if base else {},
    }


def _has_classes(plan: TrainingPlan) -> bool:
    first = plan.outputs[0]
    return first.task == "classes" or (first.task == "binary" and first.size == 1)


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
    scale = plan.scale
    numeric = [item.name for item in plan.inputs if item.dtype == "float"]
    rank = len(plan.inputs[0].shape)
    facts: dict[str, Any] = {"kind": "none", "inputs": numeric, "axis": tuple(range(rank))}
    facts["axis"] = 0 if rank == 1 else facts["axis"]
    if scale is None or not numeric:
        return facts
    if not isinstance(scale, Bounds):
        return facts | {"kind": "zscore"}
    facts |= {"low": float(scale.low), "width": float(scale.high - scale.low)}
    levels = plan.source.levels
    if levels is None:
        return facts | {"kind": "range"}
    least, most = levels
    divisor = (most - least) / (scale.high - scale.low)
    note = f"{least:g}..{most:g} -> {scale.low:g}..{scale.high:g}"
    return facts | {"kind": "levels", "divisor": _plain(divisor), "note": note}
