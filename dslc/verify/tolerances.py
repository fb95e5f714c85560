"""How far two scripts that mean the same may be apart.

float64 judges meaning: what is left there is the order of additions. float32 judges rounding. The numbers are ten times
what networks of all kinds showed, and more: docs/verify.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dslc.graph import Graph
from dslc.vocab import activations
from dslc.vocab.layers.sequence import MultiHeadAttention
from dslc.vocab.layers.shape import Upsample
from dslc.vocab.word import Word

EXACT = 1e-10
GRADIENT_64_LOOSE = 1e-6  # behind a constant in float32
WEIGHTS_64_LOOSE = 2e-6
FORWARD_32 = 1e-5
GRADIENT_32 = 1e-4
WEIGHTS_32 = 1e-5
LOSS_32, LOSS_32_LONG, LONG = 5e-5, 1e-3, 10
# Times what rounding does to PyTorch's own values, where a network makes much of it, as a BatchNorm of two values does.
# Where that is told by another last digit alone, more: sums of many terms lose several of them.
MARGIN, MANY_TERMS = 10.0, 100.0
FINER = 2.0**29  # the last digit of float32 in those of float64
NO_GRADIENT = 1e-12  # of the largest one: what should be zero, and is rounding

# What TensorFlow adds in float64, since a constant of it, or all of it, is in float32.
CONSTANT = 1e-7
INSIDE: Mapping[type[Word], float] = {
    activations.GELU: CONSTANT,
    activations.LeakyReLU: CONSTANT,
    activations.ELU: CONSTANT,
    activations.SELU: CONSTANT,
    activations.Softplus: CONSTANT,
    MultiHeadAttention: CONSTANT,
    Upsample: 1e-6,
}


@dataclass(frozen=True)
class Allowed:
    """Tolerances in float64 of what is computed from a value: its own, and that of gradients and updates."""

    forward: float
    gradient: float
    weights: float


def inside(word: Word) -> float:
    """What a word adds to the difference in float64."""
    if isinstance(word, Upsample) and word.method == "nearest":
        return 0.0
    return INSIDE.get(type(word), 0.0)


def forward(graph: Graph) -> dict[int, float]:
    """What float64 may differ by at each node: more behind what is computed in float32."""
    found: dict[int, float] = {}
    for node in graph.nodes():
        before = max((found[i] for i in node.inputs), default=EXACT)
        found[node.index] = before + (inside(node.word) if node.word is not None else 0.0)
    return found


def of_model(graph: Graph) -> Allowed:
    """What float64 may differ by where all of the model takes part."""
    worst = max(forward(graph).values(), default=EXACT)
    if worst == EXACT:
        return Allowed(EXACT, EXACT, EXACT)
    return Allowed(worst, max(worst, GRADIENT_64_LOOSE), max(worst, WEIGHTS_64_LOOSE))


def loss_32(steps: int) -> float:
    return LOSS_32 if steps <= LONG else LOSS_32_LONG
