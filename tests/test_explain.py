"""`dslc explain`: every code has its page, its examples are true, and its references lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dslc.cli.explain import pages
from dslc.codes import all_codes
from dslc.codes.code import Code
from dslc.driver import analyse_source
from dslc.source import Source
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]

ROOT = Path(__file__).resolve().parent.parent
CODES = list(all_codes().values())
REST = {
    "data": "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }",
    "train": "train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }",
}
MODEL = "model M {\n  input image: 8x8x1\n  image -> Flatten -> Dense(10) -> softmax\n}\n"
BODIES = (
    "model M {{\n  {}\n}}\n",
    "model M {{\n  input x: 16\n  {}\n}}\n",
    "model M {{\n  input x: 16\n  {}\n  x -> Dense(2)\n}}\n",
    "model M {{\n  input x: 32x32x16\n  {}\n}}\n",
    "model M {{\n  input x: 32x32x16\n  {}\n  x -> Flatten -> Dense(2)\n}}\n",
    "model M {{\n  input a: 4x4x16\n  input b: 4x4x32\n  {}\n}}\n",
    "model M {{\n  input x: 784\n  {}\n}}\n",
)
PARTS = (
    "{}\nmodel M {{\n  input x: 8x8x1\n  x -> B(2)\n}}\n",
    "{}\nmodel M {{\n  input x: 8x8x1\n  x -> Half(2)\n}}\n",
    "{}\nmodel M {{\n  input x: 7x7x64\n  x -> Half(2)\n}}\n",
    "{}\n",
)
TRAIN = (
    "train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  metrics = [accuracy]  epochs = 20 }\n"
)
DATA = "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }\n"
TUNED = """
model M {
  input photo: 224x224x3
  photo -> ResNet50(weights=imagenet) as backbone -> GlobalAvgPool2D -> Dense(5) -> softmax
}
data { source = images("photos/")  split = stratified(70, 15, 15)  scale = backbone  batch = 16 }
train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  metrics = [accuracy]  epochs = 5 }
"""
PHASE = f"{TUNED}finetune backbone {{\n  phase head {{ freeze = all  epochs = 2 }}\n  EXAMPLE\n}}\n"
# What stands around the examples that say so in words, or only think it.
AROUND = {
    "E0220": "block B(n) {\n  input x\n  EXAMPLE\n}\nmodel M {\n  input x: 4\n  x -> B(2)\n}\n",
    "E0306": "model M {\n  input a: 16\n  input b: 32\n  EXAMPLE\n}\n",
    "E0307": "EXAMPLE\nmodel M {\n  input x: 7x7x64\n  x -> Half(2)\n}\n",
    "E0314": "model M {\n  EXAMPLE\n}\n" + TRAIN,
    "E0401": "EXAMPLE\nmodel M {\n  input x: 4\n  x -> B\n}\n",
    "E0405": "model M {\n  input x: 5000\n  x -> Dense(5000)\n  EXAMPLE\n}\n",
    "E0406": "model M {\n  input x: 64\n  EXAMPLE\n}\n" + DATA + TRAIN,
    "E0407": "model M {\n  input x: 64\n  EXAMPLE\n}\n" + DATA + TRAIN,
    "E0408": "model M {\n  EXAMPLE\n  image -> Flatten -> Dense(10) -> softmax\n}\n" + DATA + TRAIN,
    "E0412": "model M {\n  input row: 10\n  row -> Dense(1)\n}\nEXAMPLE\n"
    "train { loss = mse  optimizer = Adam(lr=1e-3)  epochs = 2 }\n",
    "E0413": "model M {\n  input x: 4\n  output mask: x -> Dense(1)\n  output label: x -> Dense(3) -> softmax\n}\n"
    'data { source = npz("a.npz")  split = random(70, 15, 15) }\nEXAMPLE\n',
    "E0425": "model M {\n  input row: 4\n  row -> Dense(3) -> softmax\n}\n"
    "data { source = iris  split = stratified(70, 15, 15) }\nEXAMPLE\n",
    "E0430": "model M {\n  input row: 4\n  row -> Dense(3) -> softmax\n}\nEXAMPLE\n" + TRAIN,
    "E0432": MODEL
    + 'data { source = npz("a.npz", values=0..255)  split = random(70, 15, 15) }\nEXAMPLE\n',
    "E0439": "block Features {\n  input x\n  x -> Dense(4)\n}\nmodel M {\n  input x: 4\n  EXAMPLE\n}\n",
    "E0441": TUNED + "EXAMPLE\n",
    "E0442": PHASE,
    "E0443": PHASE,
    "E0444": TUNED + "EXAMPLE\n",
    "E0445": PHASE,
    "E0446": PHASE,
}
# Examples of the command line and of other files, and those that say in words what they mean.
ELSEWHERE = {"E0121", "E0122", "E0130", "E0131", "E0132", "E0133", "E0134", "E0140", "E0209", "E0414", "E0419", "E0438",
             "E0501", "E0502"}  # fmt: skip
OUTSIDE = ("E046", "E047", "E048")  # git, scripts, configuration
SHOWN = [c for c in CODES if c.code not in ELSEWHERE and not c.code.startswith(OUTSIDE)]


def whole(code: str, example: str) -> list[str]:
    """The specs that an example may be part of."""
    text = "\n".join(re.sub(r"(^| +)# .*", "", line) for line in example.splitlines())
    if code in AROUND:
        if code == "E0314":  # its first line stands in the model
            first, _, sections = text.partition("\n")
            body = f"{first}\n  photo -> Flatten -> Dense(2) -> softmax"
            return [AROUND[code].replace("EXAMPLE", body) + filled(sections)]
        return [AROUND[code].replace("EXAMPLE", filled(text))]
    found = [shell.format(text) for shell in (*BODIES, *PARTS)]
    rest = [section for name, section in REST.items() if not re.search(rf"^{name} ", text, re.M)]
    found.append("\n".join([MODEL, filled(text), *rest]))
    for word in ("EarlyStopping", "ModelCheckpoint"):
        if text.startswith(word):
            found += whole(code, f"train {{ …  metrics = [accuracy]  {text} }}")
    return found


def filled(text: str) -> str:
    """`train { loss = mse … }` with the settings that such a section needs in place of `…`."""
    lines = []
    for line in text.split("\n"):
        for setting in REST.get(line.split(" ")[0], "").strip("} ").partition("{ ")[2].split("  "):
            key = setting.split(" ")[0]
            if key and not re.search(rf"\b{key} [={{]", line):
                line = line.replace("…", f"{setting}  …")
        lines.append(line.replace("…", ""))
    return "\n".join(lines)


def codes_of(text: str) -> set[str]:
    return {d.code for d in analyse_source(Source("a.dl", text)).diagnostics}


@pytest.mark.parametrize("code", SHOWN, ids=lambda c: c.code)
def test_the_wrong_example_is_wrong_and_the_right_one_is_not(code: Code) -> None:
    wrong, right = whole(code.code, code.wrong), whole(code.code, code.right)
    shells = [n for n, text in enumerate(wrong) if code.code in codes_of(text)]
    assert shells, "\n".join(wrong[-1:])
    assert any(code.code not in codes_of(right[n]) for n in shells if n < len(right))


@pytest.mark.parametrize("code", CODES, ids=lambda c: c.code)
def test_every_code_teaches(code: Code) -> None:
    """What, why, wrong, right, and where to read on: a heading of a page that there is, or a paper."""
    assert code.title and code.why.endswith((".", ".)")) and code.wrong and code.right != code.wrong
    assert code.references
    for reference in code.references:
        if reference.startswith("https://"):
            assert re.fullmatch(
                r"https://(arxiv\.org/abs/\d{4}\.\d{5}|arxiv\.org/abs/\d{4}\.\d{4}|doi\.org/\S+)",
                reference,
            )
            continue
        page, _, section = reference.partition("#")
        text = (ROOT / page).read_text(encoding="utf-8")
        assert not section or section in anchors(text), reference


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_pages_name_their_references(dslc: Dslc) -> None:
    out = dslc("explain", "E0311")[1]
    assert "read on:\n\n    docs/language.md#shapes\n    https://arxiv.org/abs/1706.03762\n" in out
    out = dslc("explain", "E0311", "--format", "markdown")[1]
    assert "Read on: [shapes](language.md#shapes), <https://arxiv.org/abs/1706.03762>\n" in out


def test_every_page_can_be_explained(dslc: Dslc) -> None:
    """Errors and rules alike."""
    for code, page in pages().items():
        assert dslc("explain", code)[1].startswith(f"{code}: {page.title}\n")
