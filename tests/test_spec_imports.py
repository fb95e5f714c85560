"""Imports: what they bring, and the one diagnostic that each mistake is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dslc.diagnostics import Diagnostic
from dslc.driver import analyse

HEAD = "block Head(n) { input x  x -> Dense(n) }\n"
USE = "model M { input x: 8  x -> Head(3) }\n"


def found(folder: Path, files: dict[str, str]) -> list[Diagnostic]:
    """What is said about `main.dl` among `files`, in a project of its own."""
    (folder / "dslc.toml").write_text("")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return analyse(folder / "main.dl").diagnostics


def test_a_block_of_another_file(tmp_path: Path) -> None:
    files = {"main.dl": 'import "blocks/heads.dl" (Head)\n' + USE, "blocks/heads.dl": HEAD}
    assert found(tmp_path, files) == []


def test_files_import_in_turn(tmp_path: Path) -> None:
    files = {
        "main.dl": 'import "a.dl" (Head)\nimport "sub/b.dl" (Two)\nmodel M { input x: 8  x -> Head(3) -> Two }\n',
        "a.dl": HEAD,
        "sub/b.dl": 'import "../a.dl" (Head)\nblock Two { input x  x -> Head(2) }\n',
    }
    assert found(tmp_path, files) == []


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "missing": ({"main.dl": 'import "heads.dl" (Head)\n' + USE}, "E0209"),
    "misspelt": ({"main.dl": 'import "heds.dl" (Head)\n' + USE, "heads.dl": HEAD}, "E0209"),
    "no such block": (
        {"main.dl": 'import "a.dl" (Head)\n' + USE, "a.dl": HEAD.replace("Head", "Heat")},
        "E0209",
    ),
    "above": ({"main.dl": 'import "../a.dl" (Head)\n' + USE}, "E0210"),
    "absolute": ({"main.dl": 'import "/etc/passwd" (Head)\n' + USE}, "E0210"),
    "a folder": ({"main.dl": 'import "sub" (Head)\n' + USE, "sub/a.dl": HEAD}, "E0209"),
    "nothing": ({"main.dl": 'import "" (Head)\n' + USE}, "E0209"),
    "a null": ({"main.dl": 'import "a\\u0000.dl" (Head)\n' + USE}, "E0210"),
    "itself": ({"main.dl": 'import "main.dl" (Head)\n' + USE}, "E0211"),
    "a circle": (
        {
            "main.dl": 'import "a.dl" (Head)\n' + USE,
            "a.dl": 'import "b.dl" (B)\nblock Head(n) { input x  x -> B -> Dense(n) }\n',
            "b.dl": 'import "a.dl" (Head)\nblock B { input x  x -> Head(3) }\n',
        },
        "E0211",
    ),
    "twice": (
        {
            "main.dl": 'import "a.dl" (Head)\nimport "b.dl" (Head)\n' + USE,
            "a.dl": HEAD,
            "b.dl": HEAD,
        },
        "E0208",
    ),
    "a name that is there": (
        {"main.dl": 'import "a.dl" (Head)\n' + HEAD + USE, "a.dl": HEAD},
        "E0208",
    ),
    "a fault in it": (
        {"main.dl": 'import "a.dl" (Head)\n' + USE, "a.dl": HEAD.replace("Dense", "Dennse")},
        "E0201",
    ),
    "a comma missing in it": (
        {
            "main.dl": 'import "a.dl" (Head)\n' + USE,
            "a.dl": "block Head(n) { input x  x -> Dense(n bias=false) }",
        },
        "E0110",
    ),
    "a header that is broken": (
        {
            "main.dl": 'import "a.dl" (Head)\n' + USE,
            "a.dl": "block Head(n { input x  x -> Dense(n) }",
        },
        "E0107",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mistake_is_one_diagnostic(tmp_path: Path, name: str) -> None:
    files, code = FAULTS[name]
    diagnostics = found(tmp_path, files)
    assert [d.code for d in diagnostics] == [code], [d.message for d in diagnostics]
    assert diagnostics[0].primary is not None and diagnostics[0].fixes


def test_a_binary_file_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "a.dl").write_bytes(bytes(range(256)))
    diagnostics = found(tmp_path, {"main.dl": 'import "a.dl" (Head)\n' + USE})
    assert [d.code for d in diagnostics] == ["E0209"]
    assert "not text" in diagnostics[0].notes[0]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.dl").write_text(HEAD)
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.dl").symlink_to(outside / "a.dl")
    assert [d.code for d in found(project, {"main.dl": 'import "a.dl" (Head)\n' + USE})] == [
        "E0210"
    ]


def test_a_long_chain_of_files_ends(tmp_path: Path) -> None:
    files = {
        f"f{i}.dl": f'import "f{i + 1}.dl" (B{i + 1})\nblock B{i} {{ input x  x -> B{i + 1} }}\n'
        for i in range(200)
    }
    files["main.dl"] = 'import "f0.dl" (B0)\nmodel M { input x: 8  x -> B0 }\n'
    assert [d.code for d in found(tmp_path, files)] == ["E0210"]
