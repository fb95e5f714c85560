"""What the templates need to know of `augment`: the pipeline, the mixes, and how pictures become bytes and numbers."""

from __future__ import annotations

from typing import Any

from dslc.codegen.nodes import Assign, ListOf, call, ref
from dslc.codegen.transforms import emit
from dslc.plan.training import TrainingPlan

BYTES = (0, 255)


def levels(plan: TrainingPlan) -> tuple[float, float] | None:
    """The range of the numbers that are scaled: pictures that are augmented are bytes by then."""
    return BYTES if plan.transforms else plan.source.value_range


def augment_facts(plan: TrainingPlan) -> dict[str, Any]:
    """`as_bytes`: whether all parts are held as bytes; `numbers`: the type that a source of bytes is read as."""
    stored = plan.inputs[0].stored or plan.inputs[0].shape
    known = plan.source.value_range
    return {
        "as_bytes": bool(plan.transforms),
        "stored": stored,
        "numbers": "np.uint8" if plan.transforms and known == BYTES else "np.float32",
        "to_bytes": _to_bytes(known) if plan.transforms and known else None,
        "middle": _middle(plan) if plan.transforms else None,
        "pipeline": _pipeline("TRANSFORMS", plan, stored),
        "pipeline_of_thread": _pipeline("self.pipeline", plan, stored),
        "mixes": plan.mixes,
    }


def _to_bytes(known: tuple[float, float]) -> dict[str, Any]:
    """How numbers of the source become bytes: `x`, moved so that the least is 0, times `factor`."""
    low, high = known
    moved = f"(x {'-' if low > 0 else '+'} {abs(low):g})" if low else "x"
    factor = "" if high - low == 255 else f" * (255 / {high - low:g})"
    return {
        "low": low,
        "high": high,
        "pixels": f"{moved}{factor}",
        "note": f"{low:g}..{high:g} -> 0..255",
    }


def _middle(plan: TrainingPlan) -> str | None:
    """The slices that cut the middle out of a batch of stored pictures, where they are larger than the input."""
    shape, stored = plan.inputs[0].shape, plan.inputs[0].stored
    if stored is None:
        return None
    slices = []
    for have, want in zip(stored[:2], shape[:2], strict=True):
        assert have is not None and want is not None
        start = (have - want) // 2
        slices.append(":" if have == want else f"{start}:{start + want}")
    return f"[:, {', '.join(slices)}]"


def _pipeline(name: str, plan: TrainingPlan, stored: tuple[int | None, ...]) -> Assign | None:
    """`name` becomes the `Compose` of all transforms of single pictures."""
    if not plan.transforms:
        return None
    channels = stored[-1]
    assert isinstance(channels, int)
    steps = [step for word in plan.transforms for step in emit(word, channels)]
    return Assign((ref(name),), call("A.Compose", ListOf(tuple(steps))))
