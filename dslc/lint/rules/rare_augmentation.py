"""An augmentation that hardly a picture goes through.

`p` is the chance that a picture is changed. When all transforms together leave more than nine pictures of ten as they
are, the training part of an epoch is nearly the same as that of the one before: the work of reading and changing
pictures is done, and next to nothing is gained from it. Usual chances are 0.3 to 1.

Crops, `RandAugment`, `MixUp` and `CutMix` change every picture.

Reference: Buslaev et al. (2020), Albumentations: fast and flexible image augmentations, Information 11(2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule

FEW = 0.1  # of all pictures


@rule(
    "L306",
    fix="unsafe",
    wrong="""
        augment {
          Affine(translate=0.1, rotate=10, p=0.05)
        }
    """,
    right="""
        augment {
          Affine(translate=0.1, rotate=10, p=0.5)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    augment = facts.section("augment")
    if augment is None or not augment.words:
        return
    chances = [getattr(bound.word, "p", 1.0) for bound in augment.words]
    changed = 1 - math.prod(1 - chance for chance in chances)
    if changed >= FEW:
        return
    message = f"only {100 * changed:.2g} % of the pictures are changed at all"
    first = augment.words[chances.index(max(chances))]
    fix = Fix("write p=0.5", facts.edit.set_argument(first, "p", "0.5"))
    place = first.arguments.get("p", first.span)
    yield Finding(place, message, "the largest chance", fixes=(fix,))
