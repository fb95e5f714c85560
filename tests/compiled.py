"""Specs compiled as `dslc compile` does, for the tests that look at the scripts or run them."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from dslc.codegen.backend import Backend, load_backend
from dslc.driver import Analysis, ModelAnalysis, analyse, choose_model, compile_model

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
SPECS = {path.stem: path for path in sorted((ROOT / "specs").rglob("*.dl"))}
ZOO = [stem for stem, path in SPECS.items() if path.parent.name == "zoo"]
TRAINED = [stem for stem in SPECS if stem not in ZOO]
BACKENDS = ("keras", "torch")


@cache
def analysed(path: Path) -> Analysis:
    return analyse(path)


def main_model(path: Path) -> ModelAnalysis:
    model, problems = choose_model(analysed(path), None)
    assert model is not None, problems
    return model


def compiled(path: Path, backend: str) -> str:
    """The script of a spec that is right."""
    found = analysed(path)
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    text, problems = compile_model(found, main_model(path), wanted(backend), path.stem)
    assert text is not None, [d.message for d in problems]
    return text


def wanted(name: str) -> Backend:
    backend = load_backend(name)
    assert backend is not None, f"the backend {name} is not installed"
    return backend


def golden(stem: str, backend: str) -> Path:
    return GOLDEN / f"{stem}_{backend}.py"


# Beside what ruff always looks for: sorted imports, modern spelling, likely bugs, simpler ways. `zip` without
# `strict` is meant: its arguments are made side by side.
RUFF = ("--select=E,F,I,UP,B,SIM", "--ignore=B905", "--line-length=88", "--target-version=py310")


def complaints(folder: Path, black: bool = True) -> str:
    """What ruff and black would change or do not like in the scripts of a folder, in one call each for all."""
    tools = [
        ("ruff", "check", "--isolated", "--no-cache", *RUFF, "--output-format=concise"),
        ("ruff", "format", "--isolated", "--no-cache", "--diff", "--line-length=88"),
    ]
    if black:
        tools.append(("black", "--quiet", "--check", "--diff"))
    found = ""
    for command in tools:
        argv = [sys.executable, "-m", *command, str(folder)]
        done = subprocess.run(argv, capture_output=True, text=True, encoding="utf-8")
        found += "" if done.returncode == 0 else f"{done.stdout}{done.stderr}\n"
    return found
