"""The refusals that many layers share: what is said when an input does not fit, and the cure.

Each function returns a `Mismatch`, or None when all is well.
"""

from __future__ import annotations

from collections.abc import Sequence

from dslc.vocab.dims import Dim, divisible, is_generic
from dslc.vocab.tensor import AXES, Mismatch, Tensor
from dslc.vocab.word import Word

RANK_NAMES = {
    0: "a scalar",
    1: "features (C)",
    2: "a sequence (T, C)",
    3: "an image (H, W, C)",
    4: "a volume (D, H, W, C)",
}


def need_rank(word: Word, x: Tensor, ranks: Sequence[int]) -> Mismatch | None:
    """The mismatch of a layer that takes inputs of `ranks` only, with the usual cure."""
    if x.rank in ranks:
        return None
    wanted = " or ".join(RANK_NAMES[r] for r in ranks)
    insert, advice = _cure(x, ranks)
    return Mismatch(
        "E0301",
        f"`{word.word}` takes {wanted}, got {RANK_NAMES.get(x.rank, f'rank {x.rank}')} of {x}",
        f"needs {wanted}",
        help=advice,
        insert=insert,
    )


def _cure(x: Tensor, ranks: Sequence[int]) -> tuple[str, str]:
    """A chain of steps that makes `x` of one of `ranks`, and advice in words."""
    known = all(isinstance(d, int) for d in x.shape)
    lowest, highest = min(ranks), max(ranks)
    if x.rank > highest:
        if 1 in ranks:
            pool = f"GlobalAvgPool{x.rank - 1}D"
            return "Flatten", f"`{pool}` also works, with far fewer weights"
        if highest == 2 and isinstance(x.channels, int):
            return f"Reshape((-1, {x.channels}))", "every place of the image becomes a step"
    if x.rank == 0:
        return "", ""
    if x.rank == 1 and lowest == 2 and known:
        return f"Reshape(({x.channels}, 1))", "every feature becomes a step of one channel"
    if x.rank == 1 and lowest > 1:
        return (
            "",
            "`Flatten`, `Dense` and global pooling end in features: put this layer before them",
        )
    if x.rank + 1 == lowest and known:
        sizes = ", ".join(str(d) for d in x.shape)
        return (
            f"Reshape(({sizes}, 1))",
            "one channel is still an axis: it is written, as in 28x28x1",
        )
    return "", ""


def need_numbers(word: Word, x: Tensor, operand: int | None = None) -> Mismatch | None:
    """The mismatch of a layer that computes with its input and was given token ids."""
    if x.dtype == "float":
        return None
    return Mismatch(
        "E0313",
        f"`{word.word}` computes with numbers, got token ids of shape {x}",
        "gets token ids",
        help="ids are names, not amounts: `Embedding(vocabulary, dim)` turns each into a vector",
        operand=operand,
    )


def need_known(word: Word, size: Dim, what: str) -> Mismatch | None:
    """The mismatch of a layer whose weights depend on a size that only the data will tell."""
    if isinstance(size, int) or is_generic(size):
        return None
    return Mismatch(
        "E0308",
        f"`{word.word}` needs to know {what}, which is {size} here",
        f"{what} is {size}",
        help="give the input a fixed size, or pool over the unknown axes first (`GlobalAvgPool2D`)",
    )


def need_channels(word: Word, x: Tensor, ranks: Sequence[int]) -> Mismatch | None:
    """What every layer with weights per channel needs: a rank, numbers, a known last axis."""
    return (
        need_numbers(word, x)
        or need_rank(word, x, ranks)
        or need_known(word, x.channels, f"the size of the last axis of {x}")
    )


def need_multiple(word: Word, size: Dim, of: Dim, what: str, parts: str) -> Mismatch | None:
    """The mismatch of `size` (“the 10 channels”) that do not split into `of` equal `parts`."""
    if divisible(size, of) is not False:
        return None
    return Mismatch(
        "E0311",
        f"`{word.word}` splits {what} into {of} {parts}, but {size} is not a multiple of {of}",
        f"{size} % {of} is not 0",
        help=_divisors(size, of, parts),
    )


def _divisors(size: Dim, of: Dim, parts: str) -> str:
    if not isinstance(size, int) or not isinstance(of, int) or size < 1:
        return ""
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    near = [max(d for d in divisors if d < max(of, 2)), *[d for d in divisors if d > of][:1]]
    return f"{size} splits into {' or '.join(map(str, near))} {parts}"


def axis_names(x: Tensor) -> tuple[str, ...]:
    return AXES.get(x.rank, tuple(f"axis {i + 1}" for i in range(x.rank)))
