"""Where channels stand in torch's tensors, and how they are moved.

Between functions and in named values, images and volumes have their channels behind the batch axis, sequences
have them last. Layers say what they want; the writer moves channels only where that changes.
"""

from __future__ import annotations

from dslc.codegen import values
from dslc.codegen.emission import Layout
from dslc.codegen.nodes import Expr, method
from dslc.vocab.tensor import Tensor


def canonical(tensor: Tensor) -> Layout:
    """Where channels are between functions: behind the batch for images and volumes, last for sequences; token
    ids have none."""
    if tensor.dtype == "int":
        return "any"
    return "first" if tensor.rank >= 3 else "last" if tensor.rank == 2 else "any"


def to_layout(value: Expr, tensor: Tensor, now: Layout, wanted: Layout) -> Expr:
    """`value` with its channels moved."""
    if "any" in (now, wanted) or now == wanted or tensor.rank < 2:
        return value
    if tensor.rank == 2:
        return method(value, "transpose", 1, 2)
    return method(value, "movedim", 1, -1) if wanted == "last" else method(value, "movedim", -1, 1)


def shape_comment(tensor: Tensor, layout: Layout) -> str:
    """`(N, 64, 14, 14)` as torch sees it."""
    dims = tensor.shape
    if layout == "first" and len(dims) > 1:
        dims = (dims[-1], *dims[:-1])
    return values.shape_text(dims)
