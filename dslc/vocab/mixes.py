"""Mixes: transforms of a whole batch, two pictures in one with both of their labels."""

from __future__ import annotations

from dslc.vocab.kinds import Positive
from dslc.vocab.transform import Mix
from dslc.vocab.word import arg


class MixUp(Mix):
    """Every picture x of a batch becomes w x + (1 - w) x', where x' is another one of the batch, and so does its
    label, as shares of two classes. w is drawn from Beta(`alpha`, `alpha`) for each batch, x' by a permutation.
    With `CutMix` beside it, each batch is mixed by one of the two, by equal chances. Reported metrics of the
    training part count the class with the larger share."""

    aliases = ("Mixup",)
    examples = ("augment { MixUp(alpha=0.2) }",)
    reference = "Zhang et al., mixup: beyond empirical risk minimization, arXiv:1710.09412, 2018"

    alpha: Positive = arg("small: nearly whole pictures; 1: every share alike", 0.2)


class CutMix(Mix):
    """A rectangle of another picture of the batch is put over every picture; labels are shared by area. The
    rectangle has the sides √(1 - w) H and √(1 - w) W with w from Beta(`alpha`, `alpha`) and its centre anywhere, the
    same for the whole batch; what lies outside of the picture is cut off, and the share counted after that. With
    `MixUp` beside it, each batch is mixed by one of the two, by equal chances."""

    aliases = ("Cutmix",)
    examples = ("augment { CutMix(alpha=1) }",)
    reference = "Yun et al., CutMix, arXiv:1905.04899, 2019"

    alpha: Positive = arg("small: nearly whole pictures; 1: every share alike", 1.0)
