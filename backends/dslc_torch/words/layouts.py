"""Where the arrays of a word live in torch, and how they are turned: one place for all who move weights.

A word's arrays have the canonical layout (`Word.weights`, that of Keras). In torch a word becomes one or more
modules that hold weights, counted in the order in which they run; `MOVES` says which array goes into which
parameter. Words that are not in it have no weights. Arrays are numpy's, but nothing here imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dslc.vocab import activations
from dslc.vocab.layers import conv, core, norm, recurrent, sequence
from dslc.vocab.word import Word

Array = Any
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Turn:
    """A change of layout and its inverse; `back` also gets the canonical shape."""

    there: Callable[[Array], Array]
    back: Callable[[Array, Shape], Array]


def axes(*order: int) -> Turn:
    """Axes in another order."""
    inverse = tuple(order.index(i) for i in range(len(order)))
    return Turn(lambda a: a.transpose(order), lambda a, _: a.transpose(inverse))


SAME = Turn(lambda a: a, lambda a, _: a)
TRANSPOSED = axes(1, 0)
# (k, k, C, multiplier) and (C·multiplier, 1, k, k)
DEPTHWISE = Turn(
    lambda a: a.transpose(2, 3, 0, 1).reshape(a.shape[2] * a.shape[3], 1, *a.shape[:2]),
    lambda a, shape: a.reshape(*shape[2:], *shape[:2]).transpose(2, 3, 0, 1),
)
# Gates of a GRU: z, r, n and r, z, n, side by side in the last axis.
_GATES = Turn(lambda a: _swapped(a), lambda a, _: _swapped(a))
GATES = Turn(lambda a: _swapped(a).transpose(1, 0), lambda a, _: _swapped(a.transpose(1, 0)))
# (C, heads, size) and (heads·size, C); the way out has (heads, size, C) and (C, heads·size).
INTO_HEADS = Turn(lambda a: a.reshape(a.shape[0], -1).T, lambda a, shape: a.T.reshape(shape))
OUT_OF_HEADS = Turn(lambda a: a.reshape(-1, a.shape[-1]).T, lambda a, shape: a.T.reshape(shape))
FLAT = Turn(lambda a: a.reshape(-1), lambda a, shape: a.reshape(shape))


def _swapped(array: Array) -> Array:
    """The first two of three blocks in the last axis change places."""
    blocks = array.reshape(*array.shape[:-1], 3, -1)
    return blocks[..., [1, 0, 2], :].reshape(array.shape)


@dataclass(frozen=True)
class Move:
    """`array` of the word fills `parameter` of its module number `module`.

    A parameter may lie deeper: `out_proj.weight`. `part` takes one item of the array's first axis.
    """

    array: str
    parameter: str
    turn: Turn = SAME
    module: int = 0
    part: int | None = None

    def there(self, array: Array) -> Array:
        """The torch layout of the canonical `array`."""
        return self.turn.there(array if self.part is None else array[self.part])

    def back(self, array: Array, shape: Shape) -> Array:
        """The canonical layout of the torch `array`: of its part, where it has one."""
        return self.turn.back(array, shape if self.part is None else shape[1:])


def _kernel(turn: Turn) -> tuple[Move, ...]:
    return Move("kernel", "weight", turn), Move("bias", "bias")


def _recurrent(*bias: Move, turn: Turn = TRANSPOSED) -> tuple[Move, ...]:
    kernel = Move("kernel", "weight_ih_l0", turn)
    return kernel, Move("recurrent_kernel", "weight_hh_l0", turn), *bias


def _projection(name: str, module: int, turn: Turn) -> tuple[Move, ...]:
    kernel = Move(f"{name}_kernel", "weight", turn, module)
    return kernel, Move(f"{name}_bias", "bias", FLAT, module)


_SCALE_AND_SHIFT = (Move("gamma", "weight"), Move("beta", "bias"))

MOVES: Mapping[type[Word], tuple[Move, ...]] = {
    core.Dense: _kernel(TRANSPOSED),
    conv.Conv1D: _kernel(axes(2, 1, 0)),
    conv.Conv2D: _kernel(axes(3, 2, 0, 1)),
    conv.Conv3D: _kernel(axes(4, 3, 0, 1, 2)),
    conv.Conv2DTranspose: _kernel(axes(3, 2, 0, 1)),
    conv.DepthwiseConv2D: _kernel(DEPTHWISE),
    conv.SeparableConv2D: (
        Move("depthwise_kernel", "weight", DEPTHWISE),
        Move("pointwise_kernel", "weight", axes(3, 2, 0, 1), module=1),
        Move("bias", "bias", module=1),
    ),
    norm.BatchNorm: (
        *_SCALE_AND_SHIFT,
        Move("moving_mean", "running_mean"),
        Move("moving_variance", "running_var"),
    ),
    norm.LayerNorm: _SCALE_AND_SHIFT,
    norm.GroupNorm: _SCALE_AND_SHIFT,
    norm.RMSNorm: (Move("gamma", "weight"),),
    activations.PReLU: (Move("alpha", "weight"),),
    sequence.Embedding: (Move("embeddings", "weight"),),
    sequence.PositionEmbedding: (Move("embeddings", "weight"),),
    sequence.MultiHeadAttention: (
        *_projection("query", 0, INTO_HEADS),
        *_projection("key", 1, INTO_HEADS),
        *_projection("value", 2, INTO_HEADS),
        *_projection("output", 3, OUT_OF_HEADS),
    ),
    recurrent.SimpleRNN: _recurrent(Move("bias", "bias_ih_l0")),
    recurrent.LSTM: _recurrent(Move("bias", "bias_ih_l0")),
    recurrent.GRU: _recurrent(
        Move("bias", "bias_ih_l0", _GATES, part=0),
        Move("bias", "bias_hh_l0", _GATES, part=1),
        turn=GATES,
    ),
}


def moves(word: Word, names: tuple[str, ...] | list[str]) -> Iterator[Move]:
    """The moves of those arrays of `word` that it has with its parameters (`names`)."""
    found = _all_moves(word)
    missing = set(names) - {move.array for move in found}
    assert not missing, f"{word.word}: nothing says where {missing} go"
    return (move for move in found if move.array in names)


def modules(word: Word) -> int:
    """How many modules with weights `word` becomes."""
    return 1 + max(move.module for move in _all_moves(word))


def _all_moves(word: Word) -> tuple[Move, ...]:
    if not isinstance(word, recurrent.Bidirectional):
        return MOVES[type(word)]
    one_way = MOVES[type(word.layer)]
    return tuple(
        replace(move, array=f"{way}_{move.array}", parameter=f"{move.parameter}{ending}")
        for way, ending in (("forward", ""), ("backward", "_reverse"))
        for move in one_way
    )
