"""What flows along an edge, and what a layer says when it cannot take it.

Shapes are channels last and never hold the batch axis: `(H, W, C)` an image, `(T, C)` a sequence, `(C,)`
features, `(T,)` of whole numbers token ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from dslc.vocab.dims import Dim, product, show
from dslc.vocab.word import Word

DType = Literal["float", "int"]

# The names of the axes by rank, outermost first: what `x.height` means.
AXES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("channels",),
    2: ("length", "channels"),
    3: ("height", "width", "channels"),
    4: ("depth", "height", "width", "channels"),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """The shape `(…)` without the batch axis, and whether it holds numbers or whole numbers (token ids)."""

    shape: tuple[Dim, ...]
    dtype: DType = "float"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def channels(self) -> Dim:
        return self.shape[-1]

    @property
    def spatial(self) -> tuple[Dim, ...]:
        """All axes but the channels."""
        return self.shape[:-1]

    def __str__(self) -> str:
        return show(self.shape)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a layer refuses its input. `insert` is a chain of steps to put in front of it (a fix with an edit),
    `help` advice in words, `operand` the input that is at fault (None: the layer itself)."""

    code: str
    message: str
    label: str = ""
    help: str = ""
    insert: str = ""
    operand: int | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of a layer in the canonical layout (that of Keras), with the law of its first values.

    `fans` are (fan_in, fan_out) where they do not follow from the shape; `init` is a word of kind
    `initializer`, `regularizer` and `constraint` one of these kinds.
    """

    shape: tuple[Dim, ...]
    init: Word
    trainable: bool = True
    regularizer: Word | None = None
    constraint: Word | None = None
    fans: tuple[Dim, Dim] | None = None


class FlowWord(Word):
    """A word that stands in a flow: its inputs are tensors, its result is one tensor."""

    inputs: ClassVar[tuple[int, int | None]] = (1, 1)  # least and most inputs; None: any number
    takes_ids: ClassVar[bool] = False  # whether its input holds whole numbers (token ids)
    gives_way: ClassVar[bool] = False  # a block or model that has its name is meant instead
    trains_only: ClassVar[bool] = False  # whether prediction passes its input on as it is

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        """The result for inputs `xs`, or why there is none."""
        raise NotImplementedError

    def arrays(self, *xs: Tensor) -> dict[str, Weight]:
        """The arrays of the layer for inputs `xs`, by name, in the order of the canonical layout."""
        return {}

    def counts(self, *xs: Tensor) -> tuple[Dim, Dim]:
        """How many numbers of the layer training changes, and how many it keeps besides."""
        arrays = self.arrays(*xs).values()
        return count(arrays, trainable=True), count(arrays, trainable=False)

    def activations(self, y: Tensor, *xs: Tensor) -> Dim:
        """How many numbers one sample leaves behind in a forward pass, which training keeps."""
        return product(y.shape)

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        """Multiplications with an addition for one sample; 0 where only cheap element-wise work is done."""
        return 0


def same_shape(x: Tensor) -> Tensor:
    return Tensor(x.shape, "float")


def count(weights: Iterable[Weight], *, trainable: bool | None = None) -> Dim:
    """How many numbers `weights` hold: all of them (as Keras counts a model), or with `trainable=True` those
    that training changes (as torch counts its parameters)."""
    wanted = (w for w in weights if trainable is None or w.trainable is trainable)
    total: Dim = 0
    for weight in wanted:
        total = total + product(weight.shape)
    return total
