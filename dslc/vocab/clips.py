"""Clips: what is done to gradients that are too large, after they were averaged and before anything is made of them."""

from __future__ import annotations

from typing import ClassVar

from dslc.vocab.experiment import Clip
from dslc.vocab.kinds import Positive
from dslc.vocab.word import arg


class GlobalNorm(Clip):
    """Scales all gradients together, so that the norm of all their numbers is at most c:
    g = g min(1, c / sqrt(Σ g²)), the sum being over every weight. Keeps the direction of the step."""

    word = "global_norm"
    aliases = ("global_clipnorm", "clip_grad_norm_", "clip_by_global_norm")
    examples: ClassVar[tuple[str, ...]] = ("train { clip = global_norm(1.0) }",)
    reference = "Pascanu et al., On the difficulty of training recurrent neural networks, 2013"

    limit: Positive = arg("the largest norm that stays as it is, c")


class Norm(Clip):
    """Scales the gradient of each array of weights on its own, so that its norm is at most c: g = g min(1, c / |g|)."""

    word = "norm"
    aliases = ("clipnorm", "clip_by_norm")
    examples: ClassVar[tuple[str, ...]] = ("train { clip = norm(1.0) }",)

    limit: Positive = arg("the largest norm of one array that stays as it is, c")


class ByValue(Clip):
    """Cuts each number of the gradients off at ±c: g = min(max(g, -c), c)."""

    word = "value"
    aliases = ("clipvalue", "clip_grad_value_", "clip_by_value")
    examples: ClassVar[tuple[str, ...]] = ("train { clip = value(0.5) }",)

    limit: Positive = arg("the largest size of a number, c")
