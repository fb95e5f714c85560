"""A real Emacs with `dslc-mode`: colours, indentation, and through eglot the mistakes of a faulty spec."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODE = ROOT / "editors" / "emacs"
FILES = [str(MODE / name) for name in ("dslc-words.el", "dslc-mode.el")]
PACKAGES = Path("/usr/share/emacs/site-lisp/elpa")  # where Debian puts eglot

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(shutil.which("emacs") is None, reason="there is no Emacs here"),
]

FAULTY = """\
model Digits(classes = 10) {
  input image: 8x8x1

  image -> Conv2D(32, 3x3, padding=same) -> BatchNorm2d -> relu
  concat(
    image,
    image -> relu,
  )
  -> Flatten -> Dense(classes) -> softmax
}

data { source = digits  split = stratified(70, 15, 15) }
"""


def emacs(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["emacs", "-Q", "--batch", *arguments], env={**os.environ, **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("emacs")
    spec, result = folder / "faulty.dl", folder / "seen.json"
    spec.write_text(FAULTY, encoding="utf-8")
    places = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    paths = [part for place in sorted(PACKAGES.glob("*")) for part in ("-L", str(place))]
    done = emacs(
        *paths, "-l", str(ROOT / "tests" / "editors" / "session.el"),
        DSLC_SESSION=json.dumps([str(MODE), str(spec), str(result), sys.executable]),
        PYTHONPATH=os.pathsep.join(filter(None, places)), HOME=str(folder),
    )  # fmt: skip
    assert result.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    assert "problem" not in found, f"{found['problem']}\n{done.stderr}"
    return found


def test_words_have_the_colours_of_their_places(seen: dict[str, Any]) -> None:
    assert seen["mode"] == "dslc-mode"
    faces = {word: seen[word] for word in ("model", "Digits", "Conv2D", "data", "digits", "8x8x1")}
    assert faces == {
        "model": "font-lock-keyword-face",
        "Digits": "font-lock-type-face",
        "Conv2D": "font-lock-function-name-face",
        "data": "font-lock-keyword-face",
        "digits": "font-lock-builtin-face",
        "8x8x1": "font-lock-constant-face",
    }


def test_lines_are_indented_as_dslc_fmt_does(seen: dict[str, Any]) -> None:
    assert seen["indented"] is True
    assert seen["continued"] == "  -> "


def test_eglot_shows_mistakes(seen: dict[str, Any]) -> None:
    if "diagnostics" not in seen:
        pytest.skip("this Emacs has no eglot")
    assert any("`BatchNorm2d` is called `BatchNorm` here" in text for text in seen["diagnostics"])


def test_the_files_compile_without_a_warning(tmp_path: Path) -> None:
    away = f'(setq byte-compile-dest-file-function (lambda (_) "{tmp_path}/x.elc"))'
    done = emacs("-L", str(MODE), "--eval", away, "-f", "batch-byte-compile", *FILES)
    assert done.returncode == 0
    assert "Warning" not in done.stderr
