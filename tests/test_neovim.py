"""A real Neovim talks to `dslc lsp`: what it shows for a faulty spec, fixes, formats and opens beside it.

The session is tests/editors/session.lua. Every wait in it has a limit, and so has Neovim as a whole.
"""

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
LIMIT = 120  # seconds for all of it; it takes three on an idle machine

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(shutil.which("nvim") is None, reason="there is no Neovim here"),
]

FAULTY = """\
model Digits(classes = 10) {
  input 그림: 8x8x1

  그림 -> Conv2D(32, kernel_size=3,padding=same) -> BatchNorm2d -> relu
  -> MaxPool2D(2x2) -> Dense(classes) -> softmax
}

data { source = digits  split = stratified(70, 15, 15) }
train {
  loss = cross_entropy
  optimizer = Adam(lr=1e-3)
  metrics = [accuracy]
  epochs = 3
}
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the session saw."""
    folder = tmp_path_factory.mktemp("neovim")
    spec, result = folder / "faulty.dl", folder / "seen.json"
    spec.write_text(FAULTY, encoding="utf-8")
    session = [str(ROOT / "editors" / "neovim"), str(spec), str(result), sys.executable]
    places = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    env = {
        **os.environ,
        "DSLC_SESSION": json.dumps(session),
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        **{
            f"XDG_{kind}_HOME": str(folder / kind.lower())
            for kind in ("CONFIG", "DATA", "STATE", "CACHE")
        },
    }
    script = ROOT / "tests" / "editors" / "session.lua"
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-c", f"luafile {script}", "-c", "qa!"],
        cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert result.exists(), f"{done.returncode}\n{done.stdout}{done.stderr}"
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    found["said"] = done.stdout + done.stderr
    assert "problem" not in found, f"{found['problem']}\n{found['said']}"
    return found


def test_diagnostics_stand_where_the_mistakes_are(seen: dict[str, Any]) -> None:
    line = FAULTY.split("\n")[3]
    assert (
        sorted((d["line"], d["column"], d["code"]) for d in seen["diagnostics"])
        == [
            (4, len(line[: line.index("kernel_size")].encode()), "E0202"),  # Neovim counts bytes
            (4, len(line[: line.index("BatchNorm2d")].encode()), "E0212"),
            (5, FAULTY.split("\n")[4].index("Dense"), "E0301"),
        ]
    )
    assert {d["source"] for d in seen["diagnostics"]} == {"dslc"}
    assert any("write `BatchNorm`" in d["message"] for d in seen["diagnostics"])


def test_a_faulty_spec_has_hints_already(seen: dict[str, Any]) -> None:
    assert {"line": 5, "label": "4x4x32"} in seen["hints_before"]


def test_quick_fixes_mend_it(seen: dict[str, Any]) -> None:
    assert len(seen["fixes"]) == 3
    assert "-> Conv2D(32, kernel=3,padding=same) -> BatchNorm -> relu" in seen["fixed"]
    assert "-> Flatten -> Dense(classes)" in seen["fixed"]


def test_hints_say_shapes_and_parameters(seen: dict[str, Any]) -> None:
    assert [(h["line"], h["label"]) for h in seen["hints"]] == [
        (4, "8x8x32 · 320 params"),
        (4, "8x8x32 · 64 params"),
        (4, "8x8x32"),
        (5, "4x4x32"),
        (5, "512"),
        (5, "10 · 5,130 params"),
        (5, "10"),
    ]


def test_old_versions_show_the_hints_at_the_end_of_the_line(seen: dict[str, Any]) -> None:
    if seen["behind"]:  # empty where Neovim shows hints itself
        assert seen["behind"][1] == {
            "line": 5,
            "text": "  4x4x32 → 512 → 10 · 5,130 params → 10",
        }


def test_formatting_is_that_of_dslc_fmt(seen: dict[str, Any]) -> None:
    from dslc.fmt import format_source
    from dslc.source import Source

    formatted, _ = format_source(Source("faulty.dl", seen["fixed"]))
    assert seen["formatted"] == formatted
    assert "kernel=3, padding=same" in formatted


def test_hover_explains_a_word(seen: dict[str, Any]) -> None:
    assert "Conv2D(filters, kernel" in seen["hover"]


def test_a_code_is_explained(seen: dict[str, Any]) -> None:
    assert "E0212" in seen["page"]


def test_the_script_stands_beside_the_spec(seen: dict[str, Any]) -> None:
    compile(seen["script"], "faulty_torch.py", "exec")
    assert "import torch" in seen["script"]
    assert "nn.Conv2d(1, 32, 3" in seen["marked"][0]


def test_the_plugin_sets_what_specs_need(seen: dict[str, Any]) -> None:
    assert (seen["filetype"], seen["commentstring"]) == ("dslc", "# %s")
    assert seen["colours"] == ["dslcDefinition", "dslcType", "dslcLayer", "dslcSection", "dslcWord"]


def test_the_server_leaves_in_peace(seen: dict[str, Any]) -> None:
    assert "quit with exit code" not in seen["said"]
