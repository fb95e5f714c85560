"""What a layer makes of its inputs, computed once: a deep model asks the same of the same layer many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from dslc.vocab.dims import Dim
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor

MOST = 4_000  # layers that are remembered
MOST_INPUTS = 200  # that are remembered of one layer

Inputs = tuple[Tensor, ...]


@dataclass(eq=False)
class Facts:
    """One layer on inputs of some shapes."""

    word: FlowWord
    inputs: Inputs
    _work: dict[Tensor, tuple[Dim, Dim]] = field(default_factory=dict)

    @cached_property
    def result(self) -> Tensor | Mismatch:
        return self.word.infer(*self.inputs)

    @cached_property
    def counts(self) -> tuple[Dim, Dim]:
        """How many numbers of the layer training changes, and how many it keeps besides."""
        return self.word.counts(*self.inputs)

    def work(self, y: Tensor) -> tuple[Dim, Dim]:
        """Numbers that one sample leaves behind in a forward pass that ends in `y`, and multiply-adds."""
        found = self._work.get(y)
        if found is None:
            word, xs = self.word, self.inputs
            found = self._work[y] = word.activations(y, *xs), word.multiply_adds(y, *xs)
        return found


# By the identity of the word: equal words are one object where their spelling is remembered.
_KNOWN: dict[int, tuple[FlowWord, dict[Inputs, Facts]]] = {}


def facts(word: FlowWord, inputs: Inputs) -> Facts:
    """What is known of `word` on `inputs`."""
    held = _KNOWN.get(id(word))
    if held is None or held[0] is not word:
        if len(_KNOWN) >= MOST:
            _KNOWN.clear()
        held = _KNOWN[id(word)] = word, {}
    known = held[1]
    found = known.get(inputs)
    if found is None:
        if len(known) >= MOST_INPUTS:
            known.clear()
        found = known[inputs] = Facts(word, inputs)
    return found
