"""Specs typed one character at a time: at every prefix every feature answers, and nothing hangs."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from lsp_features import Typist

SPECS = Path(__file__).resolve().parent.parent / "specs"
SLOWEST = 3.0  # seconds of the processor, sweeping what other tests left included
SMALL = """\
import "digits_low.dl" (Features)
# 한국어 🎉
block B(n, act=relu) { input x: (H, W, C)  x -> Conv2D(n, 3x3, padding=same) * 2 -> act as m  m -> add(m) }
model M(k = 2) {
\tinput 그림: 8x8x1
  y = match { k > 1: 그림 -> B(4)  else: 그림 }
  (y -> repeat 2 { relu }) -> Flatten -> Dense(k) -> softmax
  assert params < 1k and y.rank == 3
}
defaults { Conv2D { init = he_normal } }
train { loss = cross_entropy optimizer = Adam(lr=cosine(1e-3)) metrics = [accuracy, f1] EarlyStopping(patience=3) }
"""


def typed(text: str, step: int = 1, encoding: str = "utf-16") -> None:
    typist = Typist(SPECS / "typed.dl", encoding)  # type: ignore[arg-type]
    for end in range(0, len(text) + 1, step):
        if text[end - 1 : end + 1] == "\r\n":
            continue  # no cursor stands inside of a line's end
        start = time.process_time()
        try:
            document = typist.type(text[:end])
            typist.everything(document, end, layout=end % 40 == 0)
        except Exception as problem:
            problem.add_note(f"typed: …{text[max(0, end - 60) : end]!r}")
            raise
        assert time.process_time() - start < SLOWEST, repr(text[max(0, end - 60) : end])


def test_every_prefix_of_a_spec_with_everything_in_it() -> None:
    typed(SMALL)


PASTED = (
    *'{ } ( ) [ ] " # , = -> .. : as @ * 0 -1 x 한 🎉'.split(),
    "match {", "repeat 3 {", 'import "', "model M {", "train {", "phase a { freeze = from(", "\n", "  ",
)  # fmt: skip


@pytest.mark.parametrize("name", ["digits_transfer.dl", "multi_output.dl", "zoo/resnet18.dl"])
def test_garbage_does_no_harm(name: str) -> None:
    chance = random.Random(name)
    typist = Typist(SPECS / name)
    original = text = (SPECS / name).read_text(encoding="utf-8")
    for turn in range(40):
        at, kind = chance.randrange(len(text) + 1), chance.random()
        if kind < 0.5:
            text = text[:at] + chance.choice(PASTED) + text[at:]
        elif kind < 0.8:
            text = text[:at] + text[at + chance.randrange(1, 40) :]
        else:
            other = chance.randrange(len(text) + 1)
            text = text[:at] + text[other : other + chance.randrange(1, 60)] + text[at:]
        typist.everything(typist.type(text), min(at, len(text)), layout=turn % 10 == 0)
        if turn % 8 == 7:
            text = original


def test_prefixes_with_other_ends_of_lines_and_encodings() -> None:
    typed(SMALL.replace("\n", "\r\n"), 7, "utf-8")
    typed(SMALL.replace("\n", "\r"), 11, "utf-32")


@pytest.mark.parametrize("name", ["digits_transfer.dl", "multi_output.dl", "augmentation.dl"])
def test_prefixes_of_the_examples(name: str) -> None:
    typed((SPECS / name).read_text(encoding="utf-8"), 9)


@pytest.mark.parametrize("name", ["digits_cnn.dl", "zoo/resnet18.dl", "tiny_transformer.dl"])
def test_the_cursor_may_stand_anywhere_in_a_finished_spec(name: str) -> None:
    path = SPECS / name
    typist = Typist(path)
    document = typist.type(path.read_text(encoding="utf-8"))
    for offset in range(0, len(document.source.text), 11):
        typist.everything(document, offset)
