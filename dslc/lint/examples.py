"""The examples of rules: what they leave out is taken from a spec that no rule complains about.

An example may be a whole spec, one with some of the sections left out, or no more than a flow from `image`:
`image -> Conv2D(…) -> …`, where the image is 32x32x3, or 8x8x1 when sections stand behind the flow. A model alone is a
spec as it is; sections get the model and the sections that they need.
"""

from __future__ import annotations

import re

FLOW = "model Example{parameters} {{\n  input image: {shape}\n\n{body}}}\n"
MODEL = """\
model Digits(classes = 10) {
  input image: 8x8x1

  image
  -> Conv2D(32, 3x3, padding=same, init=he_normal) -> relu
  -> Conv2D(64, 3x3, padding=same, init=he_normal) -> relu
  -> GlobalAvgPool2D
  -> Dense(classes, init=glorot_uniform) -> softmax
}
"""
DATA = """\
data {
  source = digits
  split  = stratified(70, 15, 15)
  scale  = 0..1
  batch  = 32
  seed   = 7
}
"""
TRAIN = """\
train {
  loss      = cross_entropy
  optimizer = Adam(lr=1e-3)
  metrics   = [accuracy]
  epochs    = 20
}
"""
SECTION = re.compile(r"^([a-z_]+)(?: \w+)?\s*\{", re.M)
DEFINES = re.compile(r"^(model|block|import)\b", re.M)
ALONE = {"model", "block", "defaults"}  # these need no data
LARGE, SMALL = "32x32x3", "8x8x1"  # of the image: some picture, one of `digits`


def complete(text: str) -> str:
    """The whole spec that `text` stands for."""
    if not DEFINES.search(text) and text.lstrip().startswith(("image", "#")):
        flow, rest = _split(text)
        body = "".join(f"  {line}\n" if line else "\n" for line in flow.rstrip().splitlines())
        parameters = "(classes = 10)" if re.search(r"\bclasses\b", flow) else ""
        shape = SMALL if set(SECTION.findall(rest)) - ALONE else LARGE
        text = FLOW.format(parameters=parameters, shape=shape, body=body)
        text += f"\n{rest}" if rest else ""
    sections = set(SECTION.findall(text)) - ALONE
    parts = [text.rstrip("\n") + "\n"]
    if not re.search(r"^model\b", text, re.M):
        parts.insert(0, MODEL)
    if sections:
        parts += [DATA] if "data" not in sections else []
        parts += [TRAIN] if "train" not in sections else []
    return "\n".join(parts)


def _split(text: str) -> tuple[str, str]:
    """A flow and the sections behind it."""
    found = SECTION.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])
