"""Poolings in torch: what `same` adds is a number where sizes are known, and a helper's work elsewhere."""

from __future__ import annotations

from typing import Any

from dslc.codegen.emission import Context, NeedsNumbers, Op
from dslc.codegen.nodes import call, method
from dslc.codegen.windows import same_sides
from dslc.vocab.dims import Dim, is_generic, less
from dslc.vocab.layers import pool
from dslc.vocab.layers.window import count_places, per_axis
from dslc.vocab.tensor import Tensor
from dslc_torch.words.table import TABLE, module, unless


@TABLE.row(pool.MaxPool1D, pool.MaxPool2D, pool.MaxPool3D)
@TABLE.row(pool.AvgPool1D, pool.AvgPool2D, pool.AvgPool3D)
def pooling(word: Any, context: Context) -> Op | tuple[Op, ...]:
    average = word.word.startswith("Avg")
    size = per_axis(word.size, word.axes)
    stride = size if word.stride is None else per_axis(word.stride, word.axes)
    name = f"{'Avg' if average else 'Max'}Pool{word.axes}d"
    front: tuple[Op, ...] = ()
    options: dict[str, Any] = {}
    if word.padding == "same":
        found = _same(size, stride, context, average)
        if found is None:
            name += "Same"
            context.need_helper("same_pads")
            context.need_helper(name)
        else:
            options, front = found
    else:
        pads = (0,) * word.axes if word.padding == "valid" else per_axis(word.padding, word.axes)
        if word.ceil is True:
            size, pads = _inside(context.apply.inputs[0].spatial, size, pads)
        if any(p != 0 for p in pads):
            options = {"padding": context.size(pads)}
        options["ceil_mode"] = unless(word.ceil, False)
    if average and "padding" in options:
        options["count_include_pad"] = False
    made = module(
        context,
        name if name.endswith("Same") else f"nn.{name}",
        context.size(size),
        stride=None if stride == size else context.size(stride),
        **options,
        stem="pool",
        layout="first",
    )
    return (*front, made) if front else made


def _same(
    size: tuple[Dim, ...], stride: tuple[Dim, ...], context: Context, average: bool
) -> tuple[dict[str, Any], tuple[Op, ...]] | None:
    """The arguments that find ⌈size / stride⌉ places, and what stands in front; None where none do."""
    sizes = context.apply.inputs[0].spatial
    axes = list(zip(sizes, size, stride, strict=True))
    sides = [same_sides(n, k, s) for n, k, s in axes]
    if all(side == (0, 0) for side in sides):
        return {}, ()
    if all(_ceil_is_same(n, k, s) for n, k, s in axes):
        return {"ceil_mode": True}, ()
    if any(side is None for side in sides):
        return None
    known = tuple(side for side in sides if side is not None)
    befores = tuple(before for before, _ in known)
    larger = average and len(axes) == 3 and any(less(n, k) for n, k, _ in axes)
    if all(before == after for before, after in known) and not larger:
        return {"padding": context.size(befores)}, ()
    if average:
        return None
    flat = tuple(width for side in reversed(known) for width in side)
    infinity = call("float", "-inf")
    padded = call(f"nn.ConstantPad{len(known)}d", context.write(flat), infinity)
    comment = "same padding, as TensorFlow counts it"
    return {}, (Op(padded, stem="pad", layout="first", comment=comment),)


def _window_in_volume(word: pool.AvgPool3D, inputs: tuple[Tensor, ...]) -> str | None:
    (x,) = inputs
    if word.padding == "same":
        return None
    pads = (0,) * 3 if word.padding == "valid" else per_axis(word.padding, 3)
    axes = list(zip(x.spatial, per_axis(word.size, 3), pads, strict=True))
    if any(less(n, k) and not less(n + 2 * p, k) for n, k, p in axes):
        return "PyTorch averages volumes in windows no larger than the volume: use `padding=same`"
    if any(less(n, k) is None and (word.ceil or p != 0) for n, k, p in axes):
        return "PyTorch averages volumes in windows no larger than the volume, and this one may be: use `padding=same`"
    return None


TABLE.limits[pool.AvgPool3D] = _window_in_volume


def _inside(
    sizes: tuple[Dim, ...], size: tuple[Dim, ...], pads: tuple[Dim, ...]
) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    """Windows and pads, for torch, which refuses windows that are larger than their input: such a window covers
    all of its axis.

    Raises:
        NeedsNumbers: a size that a parameter decides may be smaller than the window.
    """
    axes = list(zip(sizes, size, pads, strict=True))
    if any(is_generic(n, k, p) and less(n + 2 * p, k) is not False for n, k, p in axes):
        raise NeedsNumbers
    found = [(n, 0) if less(n + 2 * p, k) and isinstance(n, int) else (k, p) for n, k, p in axes]
    return tuple(k for k, _ in found), tuple(p for _, p in found)


def _ceil_is_same(n: Dim, size: Dim, stride: Dim) -> bool:
    """Whether all that `same` adds is at the end, where a window that hangs over finds it too."""
    if isinstance(n, int) and less(n, size):
        return False
    if size == stride == 2:
        return True
    side = same_sides(n, size, stride)
    if side is None or side[0] or not isinstance(n, int):
        return side == (0, 0)
    return count_places(n, size, stride, 0, ceil=True) == count_places(n, size, stride, "same")


@TABLE.row(pool.GlobalAvgPool1D, pool.GlobalAvgPool2D, pool.GlobalAvgPool3D)
def global_average(word: Any, context: Context) -> Op:
    return _over_places(word.axes, lambda x, axes: method(x, "mean", axes))


@TABLE.row(pool.GlobalMaxPool1D, pool.GlobalMaxPool2D, pool.GlobalMaxPool3D)
def global_max(word: Any, context: Context) -> Op:
    return _over_places(word.axes, lambda x, axes: method(x, "amax", axes))


def _over_places(axes: int, reduce: Any) -> Op:
    """A reduction of all axes but the batch and the channels, wherever those are."""

    def written(start: int) -> Any:
        over = tuple(range(start, start + axes))
        return lambda x: reduce(x, over[0] if axes == 1 else over)

    return Op(inline=written(1), first=written(2))
