"""What `same` and `ceil` mean in numbers, for backends that have to write them out."""

from __future__ import annotations

from dslc.vocab.dims import Dim, ceil_div

Sides = tuple[int, int]  # what is added before and after an axis


def same_sides(n: Dim, span: Dim, stride: Dim) -> Sides | None:
    """What `same` adds to an axis of `n`; None where that depends on a size that is not known here.

    It keeps ⌈n / stride⌉ places and puts the odd one behind, as TensorFlow does.
    """
    if span == 1:
        return 0, 0
    if not isinstance(span, int) or not isinstance(stride, int):
        return None
    missing = (ceil_div(n, stride) - 1) * stride + span - n
    if not isinstance(missing, int):
        return None
    total = max(missing, 0)
    return total // 2, total - total // 2


def hanging(size: int, stride: int, pad: int) -> int:
    """How far the last window may hang over the end with `ceil`: it begins inside of the input or of the padding
    in front. Padded by that much, a window that rounds down finds the same places."""
    return min(stride - 1, size - 1 - pad)
