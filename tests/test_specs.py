"""The specs that come with dslc check, compile to their goldens, and the goldens are Python as people write it."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from compiled import (
    BACKENDS,
    GOLDEN,
    ROOT,
    SPECS,
    analysed,
    compiled,
    complaints,
    golden,
    main_model,
)

# As published, or as torchvision and keras.applications count them.
PUBLISHED = {
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "googlenet": 6_624_904,
    "inception_v3": 23_834_568,
}
EVERY_SCRIPT = [(stem, backend) for stem in SPECS for backend in BACKENDS]
# What a script may import; all of it comes with `pip install dslc[torch]` or `dslc[keras]`.
LIBRARIES = {
    "keras": {"keras", "numpy", "scipy", "sklearn", "matplotlib", "albumentations"},
    "torch": {"torch", "numpy", "scipy", "sklearn", "matplotlib", "albumentations"},
}


@pytest.mark.parametrize("stem", SPECS)
def test_a_spec_has_no_mistakes(stem: str) -> None:
    found = analysed(SPECS[stem])
    assert found.diagnostics == []
    assert found.models


@pytest.mark.parametrize("stem", PUBLISHED)
def test_the_zoo_has_as_many_parameters_as_published(stem: str) -> None:
    summary = main_model(SPECS[stem]).summary
    assert summary is not None
    assert summary.trainable == PUBLISHED[stem]
    assert f"assert params == {PUBLISHED[stem]:_}" in SPECS[stem].read_text(encoding="utf-8")


@pytest.mark.parametrize(("stem", "backend"), EVERY_SCRIPT)
def test_a_script_is_its_golden(stem: str, backend: str, update: bool) -> None:
    path = golden(stem, backend)
    text = compiled(SPECS[stem], backend)
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), "run pytest --update, and read the diff"
    assert text == path.read_text(encoding="utf-8"), "run pytest --update, and read the diff"


def test_no_golden_is_left_over() -> None:
    expected = {golden(stem, backend).name for stem, backend in EVERY_SCRIPT}
    assert {path.name for path in GOLDEN.glob("*.py")} == expected


def test_compiling_again_gives_the_same_bytes() -> None:
    """In this process, and in others that hash strings differently."""
    program = (
        "import hashlib; from compiled import *\n"
        "for stem, path in SPECS.items():\n"
        "    for backend in BACKENDS:\n"
        "        text = compiled(path, backend)\n"
        "        print(stem, backend, hashlib.sha256(text.encode()).hexdigest())\n"
    )
    here = [
        f"{stem} {backend} {hashlib.sha256(compiled(SPECS[stem], backend).encode()).hexdigest()}"
        for stem, backend in EVERY_SCRIPT
    ]
    path = os.pathsep.join(map(str, (ROOT / "tests", ROOT, ROOT / "backends")))
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed}
        argv = [sys.executable, "-c", program]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == here


def test_scripts_are_as_ruff_and_black_want_them(tmp_path: Path) -> None:
    for stem, backend in EVERY_SCRIPT:
        text = compiled(SPECS[stem], backend)
        (tmp_path / f"{stem}_{backend}.py").write_text(text, encoding="utf-8")
    assert complaints(tmp_path) == ""


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(("stem", "backend"), EVERY_SCRIPT)
def test_a_script_needs_nothing_of_dslc(stem: str, backend: str) -> None:
    foreign = set(imported(compiled(SPECS[stem], backend))) - set(sys.stdlib_module_names)
    assert foreign <= LIBRARIES[backend]


def model_section(text: str) -> list[str]:
    """The definitions from the first block or helper to the end of `build_model`."""
    tree = ast.parse(text)
    definitions = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    names = [node.name for node in definitions]
    last = definitions[names.index("build_model")].end_lineno
    return text.splitlines()[definitions[0].lineno - 1 : last]


@pytest.mark.parametrize("backend", BACKENDS)
def test_resnet_50_is_as_short_as_an_expert_writes_it(backend: str) -> None:
    text = compiled(SPECS["resnet50"], backend)
    assert len(model_section(text)) <= 90
    assert text.count("onv2") <= 6  # blocks are loops over one definition
