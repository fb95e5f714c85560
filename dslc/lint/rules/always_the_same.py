"""An augmentation that does the same to every picture.

`p` is the chance that a picture is changed. A transform that draws something (a place, an angle, a strength) may well
have `p=1`: each picture is changed in a way of its own. One that has nothing to draw changes every picture of the
training part alike, in every epoch. The model then never sees a picture as it is; the validation and test parts are
never changed, so that it is tested on what it was not trained for. Mirrored pictures are worth having because the
others are there as well.

(`p=0` is an error: it would do nothing.)

Reference: Buslaev et al. (2020), Albumentations: fast and flexible image augmentations, Information 11(2).
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.transforms import CLAHE, Affine, Blur, GaussianBlur, HorizontalFlip, VerticalFlip
from dslc.vocab.word import Word

PHOTOS = """
        model Photos(classes = 5) {{
          input photo: 64x64x3
          photo -> Conv2D(16, 3x3, init=he_normal) -> relu -> GlobalAvgPool2D
          -> Dense(classes, init=glorot_uniform) -> softmax
        }}

        data {{
          source = images("photos/")
          split  = stratified(70, 15, 15)
          scale  = 0..1
        }}

        augment {{ HorizontalFlip(p={}) }}
"""


@rule("L304", fix="unsafe", wrong=PHOTOS.format("1"), right=PHOTOS.format("0.5"))
def check(facts: Facts) -> Iterator[Finding]:
    augment = facts.section("augment")
    for bound in augment.words if augment is not None else ():
        word = bound.word
        if getattr(word, "p", 0) != 1 or _draws(word):
            continue
        message = f"`{word.word}` with p=1 changes every picture of the training part in the same way, and no other"
        fix = Fix("write p=0.5", facts.edit.set_argument(bound, "p", "0.5"))
        place = bound.arguments.get("p", bound.span)
        yield Finding(place, message, "no picture stays as it is", fixes=(fix,))


def _draws(word: Word) -> bool:
    """Whether something besides `p` is left to chance."""
    match word:
        case HorizontalFlip() | VerticalFlip():
            return False
        case Affine():
            moves = word.translate or word.rotate or word.shear
            return bool(moves) or word.scale.low != word.scale.high
        case Blur():
            return word.limit > 3
        case GaussianBlur():
            return word.sigma.low != word.sigma.high
        case CLAHE():
            return word.clip.low != word.clip.high
    return True
