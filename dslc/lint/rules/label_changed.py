"""An augmentation that makes another class of a picture.

A changed picture keeps its label, so it has to keep its meaning. A cat in a mirror is a cat; a digit or letter is not:
mirrored, a 2 looks like an S and a b like a d, and a 6 that stands on its head is a 9. The model is then taught that
two classes look alike, or learns shapes that never come. Turns of up to some 15 degrees, shifts and changes of the size
are what handwriting does by itself.

Such pictures are known from the source (`digits`, `mnist`), or from a name such as `letters` or `ocr` in its path. The
colours of grey pictures are an error of their own (E0431).

Reference: Shorten and Khoshgoftaar (2019), A survey on image data augmentation for deep learning, "safety" of a
transformation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.data import Digits, Mnist
from dslc.vocab.experiment import Source
from dslc.vocab.transforms import Affine, HorizontalFlip, ShiftScaleRotate, VerticalFlip

# Words in the path of a source that tell of signs with a right way round.
SIGNS = frozenset(
    "digit digits number numbers letter letters char chars character characters alphabet alphabets handwriting "
    "handwritten ocr captcha captchas mnist emnist kmnist qmnist svhn omniglot glyph glyphs font fonts".split()
)
NOT_SIGNS = frozenset({"fashion"})
SYMMETRIC = {0, 1, 8}  # digits that neither a mirror nor half a turn makes another one of
TURN = 30  # degrees from which on signs are mistaken
USUAL = "15"


@rule(
    "L303",
    fix="unsafe",
    wrong="""
        augment {
          Affine(translate=0.1, rotate=10)
          HorizontalFlip(p=0.5)
        }
    """,
    right="""
        augment {
          Affine(translate=0.1, rotate=10)
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    augment, source = facts.section("augment"), facts.setting("data", "source")
    if augment is None or source is None or not isinstance(source.value, Source):
        return
    if not _signs(source.value):
        return
    there = (Label(source.span, "digits or letters"),)
    for bound in augment.words:
        word = bound.word
        if isinstance(word, (HorizontalFlip, VerticalFlip)):
            how = "mirrored" if isinstance(word, HorizontalFlip) else "upside down"
            message = f"`{word.word}` makes signs that mean something else, or nothing"
            fix = Fix(f"remove `{word.word}`", facts.edit.delete_entry(bound.span))
            yield Finding(bound.span, message, how, there, fixes=(fix,))
        elif isinstance(word, (ShiftScaleRotate, Affine)) and word.rotate > TURN:
            message = f"turned by up to {word.rotate:g} degrees, signs are mistaken for others"
            fix = Fix(f"write rotate={USUAL}", facts.edit.set_argument(bound, "rotate", USUAL))
            place = bound.arguments.get("rotate", bound.span)
            label = "a 6 may become a 9" if word.rotate > 90 else "more than a hand does"
            yield Finding(place, message, label, there, fixes=(fix,))


def _signs(source: Source) -> bool:
    """Whether its pictures are known to show digits or letters."""
    if isinstance(source, Digits):
        return not set(source.wanted) <= SYMMETRIC
    if isinstance(source, Mnist):
        return True
    path = getattr(source, "path", "")
    names = set(re.findall(r"[a-z]+", path.lower())) if isinstance(path, str) else set()
    return bool(names & SIGNS) and not names & NOT_SIGNS
