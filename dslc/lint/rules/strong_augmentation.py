"""An augmentation that leaves little of the picture.

Augmentation helps as long as a person could still name what is shown. Beyond that it makes pictures that never come:
the model spends itself on them, the loss of the training part stays above that of the validation part, and it gets
worse on pictures as they are. Each limit here is far beyond what papers use; a hint of a change is usually enough.

A turn by more than 90 degrees is fine for pictures without an up and down: nothing is said of it beside
`VerticalFlip`.

Reference: Cubuk et al. (2020), RandAugment, arXiv:1909.13719, section 4.1, where small networks and small data sets
want small magnitudes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.spec import ir
from dslc.vocab.kinds import Bounds
from dslc.vocab.mixes import MixUp
from dslc.vocab.transforms import (
    Affine,
    Blur,
    CoarseDropout,
    ColorJitter,
    GaussianBlur,
    GaussNoise,
    RandAugment,
    RandomBrightnessContrast,
    ShiftScaleRotate,
    VerticalFlip,
)
from dslc.vocab.word import Word

COVERED = 0.5  # share of a picture under holes
HALF, DOUBLE = 0.5, 2.0  # the size of what is shown


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a parameter is used with, or the end of its range, and what is left beyond it."""

    word: type[Word]
    name: str
    most: float
    why: str


LIMITS = (
    Limit(ShiftScaleRotate, "shift", 0.3, "what is shown is pushed out of the picture"),
    Limit(ShiftScaleRotate, "scale", 0.5, "what is shown is a third as large, or cut off"),
    Limit(ShiftScaleRotate, "rotate", 90, "pictures stand on their heads"),
    Limit(Affine, "translate", 0.3, "what is shown is pushed out of the picture"),
    Limit(Affine, "rotate", 90, "pictures stand on their heads"),
    Limit(Affine, "shear", 45, "pictures are torn to strips"),
    Limit(RandomBrightnessContrast, "brightness", 0.5, "pictures are all black or all white"),
    Limit(RandomBrightnessContrast, "contrast", 0.8, "pictures are all grey, or black and white"),
    Limit(ColorJitter, "brightness", 0.8, "pictures are almost black"),
    Limit(ColorJitter, "contrast", 0.8, "pictures are almost grey"),
    Limit(ColorJitter, "hue", 0.25, "red becomes green"),
    Limit(GaussNoise, "std", 0.3, "noise is as strong as the picture"),
    Limit(RandAugment, "n", 4, "hardly a picture keeps its shape"),
    Limit(RandAugment, "m", 20, "hardly a picture keeps its shape"),
    Limit(MixUp, "alpha", 2, "nearly all pictures are half one, half another"),
)


@rule(
    "L305",
    fix="unsafe",
    wrong="""
        augment {
          Affine(translate=0.6, rotate=10, p=0.9)
          GaussNoise(std=0.01..0.05, p=0.3)
        }
    """,
    right="""
        augment {
          Affine(translate=0.1, rotate=10, p=0.9)
          GaussNoise(std=0.01..0.05, p=0.3)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    augment, plan = facts.section("augment"), facts.training
    if augment is None or plan is None:
        return
    upright = not any(isinstance(bound.word, VerticalFlip) for bound in augment.words)
    shape = plan.inputs[0].shape
    side = min(shape[0] or 0, shape[1] or 0) if len(shape) == 3 else 0
    for bound in augment.words:
        for limit in LIMITS:
            if type(bound.word) is not limit.word or (limit.name == "rotate" and not upright):
                continue
            value = getattr(bound.word, limit.name)
            low, high = (value.low, value.high) if isinstance(value, Bounds) else (value, value)
            if high > limit.most:
                ranged = isinstance(value, Bounds) and low < limit.most
                text = f"{low:g}..{limit.most:g}" if ranged else f"{limit.most:g}"
                yield _finding(facts, bound, limit.name, high, limit.why, text)
        yield from _sizes(facts, bound, side)


def _sizes(facts: Facts, bound: ir.Bound, side: int) -> Iterator[Finding]:
    """Limits that depend on each other, or on the picture."""
    match bound.word:
        case CoarseDropout() as word:
            share = word.holes.high * word.size.high**2
            if share > COVERED:
                fitting = int((COVERED / word.holes.high) ** 0.5 * 100) / 100
                low = f"{word.size.low:g}.." if word.size.low < fitting else ""
                why = f"holes may cover {100 * min(share, 1):.0f} % of the picture"
                text = (
                    f"{low}{fitting:g}" if fitting * side >= 1 else ""
                )  # holes of a pixel or more
                yield _finding(facts, bound, "size", word.size.high, why, text)
        case Affine() as word if word.scale.low < HALF or word.scale.high > DOUBLE:
            small = word.scale.low < HALF
            value = word.scale.low if small else word.scale.high
            why = "what is shown is too small" if small else "most of what is shown is cut off"
            least, most = (min(max(end, HALF), DOUBLE) for end in (word.scale.low, word.scale.high))
            text = f"{least:g}..{most:g}" if least < most else f"{least:g}"
            yield _finding(facts, bound, "scale", value, why, text)
        case Blur() as word if side and word.limit > max(3, side / 4):
            odd = max(3, side // 4 - 1 + side // 4 % 2)
            yield _finding(facts, bound, "limit", word.limit, "no edge is left", f"{odd}")
        case GaussianBlur() as word if side and word.sigma.high > max(1, side / 12):
            most = max(1.0, side // 12)
            low = f"{word.sigma.low:g}.." if word.sigma.low < most else ""
            yield _finding(
                facts, bound, "sigma", word.sigma.high, "no edge is left", f"{low}{most:g}"
            )


def _finding(
    facts: Facts, bound: ir.Bound, name: str, value: float, why: str, text: str
) -> Finding:
    way = "down" if isinstance(bound.word, Affine) and name == "scale" and value < 1 else "up"
    message = f"`{name}` of `{bound.word.word}` goes {way} to {value:g}: {why}"
    fix = Fix("use less of it")
    if text:
        fix = Fix(f"write {name}={text}, or less", facts.edit.set_argument(bound, name, text))
    return Finding(bound.arguments.get(name, bound.span), message, "too strong", fixes=(fix,))
