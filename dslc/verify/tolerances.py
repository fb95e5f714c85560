"""How far two scripts that mean the same may be apart.

float64 judges meaning: what is left there is the order of additions. float32 judges rounding. The numbers are ten times
what networks of all kinds showed, and more: docs/verify.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from dslc.graph import Graph
from dslc.vocab import activations
from dslc.vocab.layers.sequence import MultiHeadAttention
from dslc.vocab.layers.shape import Upsample
from dslc.vocab.tensor import FlowWord

EXACT = 1e-10
CONSTANT_INSIDE = 1e-6  # TensorFlow keeps a constant, or a whole operation, in float32
FORWARD_32 = 1e-5
GRADIENT_32 = 1e-4
WEIGHTS_32 = 1e-5
WEIGHTS_64_LOOSE = 2e-6
LOSS_32, LOSS_32_LONG, LONG = 5e-5, 1e-3, 10
NOISE = 10.0  # times what another last digit of the weights makes of float32
NO_GRADIENT = 1e-12  # of the largest one: what should be zero, and is rounding

KEEPS_FLOAT32 = (
    activations.GELU,
    activations.LeakyReLU,
    activations.ELU,
    activations.SELU,
    activations.Softplus,
    MultiHeadAttention,
    Upsample,
)


@dataclass(frozen=True)
class Allowed:
    """Tolerances in float64 of what is computed from a value: its own, and that of gradients and updates."""

    forward: float
    gradient: float
    weights: float


def keeps_float32(word: FlowWord) -> bool:
    """Whether TensorFlow computes a part of a word in float32, whatever it is given."""
    return isinstance(word, KEEPS_FLOAT32)


def forward(graph: Graph) -> dict[int, float]:
    """What float64 may differ by at each node: more behind what is computed in float32."""
    found: dict[int, float] = {}
    for node in graph.nodes():
        own = CONSTANT_INSIDE if node.word is not None and keeps_float32(node.word) else EXACT
        found[node.index] = max([own, *(found[i] for i in node.inputs)])
    return found


def of_model(graph: Graph) -> Allowed:
    """What float64 may differ by where all of the model takes part."""
    worst = max(forward(graph).values(), default=EXACT)
    if worst == EXACT:
        return Allowed(EXACT, EXACT, EXACT)
    return Allowed(worst, worst, WEIGHTS_64_LOOSE)


def loss_32(steps: int) -> float:
    return LOSS_32 if steps <= LONG else LOSS_32_LONG
