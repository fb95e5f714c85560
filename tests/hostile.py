"""Specs that use the whole language, and ways to spoil them: what the front end's tests are made from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOKEN = re.compile(r'"[^"\n]*"|[^\W\d]\w*|\d[\w.]*|->|==|!=|<=|>=|//|\.\.|[^\w\s]|\s+')
SPOILS = (
    "0 -1 1.5 1e30 1000000000 99999999999999999999 1e-3 3x3 3x3x3 0x1 0..1 1..0 -1..1 true false none "
    '"text" [ ] ( ) { } -> = == , : . .. * / // % + - and or not match else repeat as where input output '
    "assert block model import x y image Dense Conv2D Flatten relu reluu add concat Embedding Dropout "
    'Adam accuracy same valid he_normal filters units kernel x.channels x.foo H T # \u2192 \u00e9 $ \\ "open'
).split()

RICH = """
block Gate(n, act = relu, pad = same, first = he_normal) {
  input x: (H, W, C) where C % 2 == 0
  wide = n > 8
  h = 2 * n + C // 2
  s = match { wide: x -> Conv2D(h, 1x1, init=first)  else: x }
  y = s -> Conv2D(n, 3x3, padding=pad) -> act as inner -> match { wide: BatchNorm -> act  else: LayerNorm }
  assert n > 0
  y -> add(inner) -> Conv2D(n, 1x1, init=first)
}
block Two(units) {
  input a
  input b
  d = Dense(units)
  concat(a -> d, b -> d -> relu)
}
model Rich(classes = 4, width = 8) {
  input image: 16x16x4
  input tokens: T
  e = Embedding(100, width)
  v = tokens -> e -> GlobalAvgPool1D
  image -> Gate(width) -> Gate(16, act=leaky_relu(0.2), pad=1) * 2 -> repeat 2 { MaxPool2D(2x2) -> Gate(width) } as deep
  flat = deep -> Flatten -> Dense(width)
  both = (flat, v) -> Two(units=width) -> Dropout(0.5)
  output kind: both -> Dense(classes) -> softmax
  output size: both -> Dense(1)
  assert params < 5M and both.channels == 2 * width
}
defaults { init = he_normal  regularizer = l2(1e-4) }
data { source = npz("a.npz")  split = stratified(70, 15, 15)  scale = zscore  batch = 8 }
train {
  loss { kind = cross_entropy  size = mse }
  metrics { kind = [accuracy, f1]  size = [mae] }
  optimizer = Adam(lr=1e-3)
  epochs = 3
  EarlyStopping(monitor=val_loss, patience=2)
}
"""


def specs() -> list[str]:
    """Valid specs of every kind."""
    files = sorted((ROOT / "specs").rglob("*.dl"))
    return [
        RICH,
        *(path.read_text(encoding="utf-8") for path in files if path.stat().st_size < 3000),
    ]


def mutants(text: str, seed: int, count: int) -> Iterator[str]:
    """Variants of `text` with one to four tokens taken out, doubled, replaced or swapped."""
    dice = random.Random(seed)
    tokens = TOKEN.findall(text)
    words = [t for t in tokens if not t.isspace()]
    for _ in range(count):
        new = list(tokens)
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            at = dice.randrange(len(new))
            match dice.randrange(6):
                case 0:
                    del new[at]
                case 1:
                    new.insert(at, new[at])
                case 2:
                    new[at] = dice.choice(SPOILS)
                case 3:
                    new[at] = dice.choice(words)
                case 4:
                    new.insert(at, f" {dice.choice(SPOILS)} ")
                case 5:
                    other = dice.randrange(len(new))
                    new[at], new[other] = new[other], new[at]
        yield "".join(new)
