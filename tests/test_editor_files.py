"""What editors get of the language: words from the vocabulary, snippets that dslc accepts, one language id."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dslc.driver import analyse_source
from dslc.reference import vocabulary
from dslc.source import Source
from dslc.vocab.sections import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
EDITORS = ROOT / "editors"
SNIPPETS = json.loads((EDITORS / "vscode" / "snippets" / "dslc.json").read_text(encoding="utf-8"))
FIELD = re.compile(r"\$\{(\d+)(?::([^{}]*)|\|((?:[^|\\]|\\.)*)\|)\}|\$\{?(\d+)\}?")

SCENE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from make_editor_picture import SPEC, Editor, scene
found = scene(SPEC)
print(json.dumps({
    "wrong": [d["code"] for d in found.wrong],
    "fixes": found.fixes,
    "hints": [[label for _, label in line] for line in found.hints.values()],
    "size": Editor(found, 2050).draw().size,
}))
"""
HERE = "<here>"
MODEL = """
model Net(classes = 10) {
  input image: 8x8x1
  image -> Conv2D(8, 3x3) -> Flatten -> Dense(classes) -> softmax
}
"""
PHOTOS = """
model Net(classes = 10) {
  input photo: 32x32x3
  photo -> ResNet50(weights=none) as backbone -> Flatten -> Dense(classes) -> softmax
}
data { source = images("photos/")  split = stratified(70, 15, 15) }
"""
DATA = "data { source = digits  split = stratified(70, 15, 15) }\n"
TRAIN = "train { loss = cross_entropy  optimizer = Adam  metrics = [accuracy]  epochs = 9\n}\n"
FLOW = f"""
model Net(classes = 10) {{
  input image: 8x8x1
  image -> Conv2D(classes, 3x3)
  {HERE}
}}
"""
# What a spec holds beside the snippet, by its prefix. Without an entry a snippet is a spec of its own.
AROUND = {
    **dict.fromkeys(("conv", "head"), FLOW),
    **dict.fromkeys(("repeat", "match"), FLOW.replace("3x3)", "3x3) -> Flatten")),
    **dict.fromkeys(("defaults", "ignore"), HERE + MODEL),
    "data": MODEL + HERE + TRAIN,
    "train": MODEL + DATA + HERE,
    "augment": PHOTOS + HERE + TRAIN,
    **dict.fromkeys(
        ("early", "checkpoint"), MODEL + DATA + TRAIN.replace("\n}", f"\n  {HERE}\n}}")
    ),
    "finetune": PHOTOS + TRAIN + HERE,
    "evaluate": MODEL + DATA.replace("70, 15, 15", "85, 15") + TRAIN + HERE,
}


def expansions(snippet: str) -> Iterator[str]:
    """Every text that a snippet becomes when nothing is typed: one for each way to choose."""
    choices = {
        found[1]: [re.sub(r"\\(.)", r"\1", c) for c in re.split(r"(?<!\\),", found[3])]
        for found in FIELD.finditer(snippet)
        if found[3] is not None
    }
    texts = {found[1]: found[2] for found in FIELD.finditer(snippet) if found[2] is not None}
    for chosen in itertools.product(*choices.values()):
        values = {**texts, **dict(zip(choices, chosen, strict=True)), "0": ""}
        yield FIELD.sub(lambda found, v=values: v[found[1] or found[4]], snippet)


def body(snippet: dict[str, str | list[str]]) -> str:
    lines = snippet["body"]
    return lines if isinstance(lines, str) else "\n".join(lines)


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_expand_to_what_is_accepted(name: str, tmp_path: Path) -> None:
    (tmp_path / "blocks.dl").write_text("block Head {\n  input x\n  x -> Dense(3)\n}\n")
    snippet = SNIPPETS[name]
    for text in expansions(body(snippet)):
        spec = AROUND.get(snippet["prefix"], HERE).replace(HERE, f"{text}\n")
        analysis = analyse_source(Source("spec.dl", spec), tmp_path / "spec.dl")
        wrong = [d.message for d in analysis.diagnostics if d.severity == "error"]
        assert not wrong, f"{wrong}\n{spec}"


def test_every_section_has_a_snippet() -> None:
    assert set(SECTIONS) <= {snippet["prefix"] for snippet in SNIPPETS.values()}


@pytest.mark.parametrize(
    "file",
    ["vscode/syntaxes/dslc.tmLanguage.json", "neovim/syntax/dslc.vim", "emacs/dslc-words.el"],
)
def test_every_word_is_coloured(file: str) -> None:
    text = (EDITORS / file).read_text(encoding="utf-8")
    missing = [
        name
        for words in vocabulary().values()
        for name in words
        if not re.search(rf"(?<!\w){name}(?!\w)", text)
    ]
    assert not missing


@pytest.mark.editor
def test_the_picture_is_drawn_from_what_the_server_says() -> None:
    tool = ROOT / "tools" / "make_editor_picture.py"
    done = subprocess.run(
        [sys.executable, "-c", SCENE, str(tool.parent)], capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["wrong"] == ["E0301"]
    assert seen["fixes"]
    assert ["16x16x64 · 36,864 params", "16x16x64 · 128 params"] in [h[:2] for h in seen["hints"]]
    assert seen["size"][0] > 1000
