"""The law of the house: who may import whom, no framework in the compiler, small rooms with real names.

Each check is also run on a small tree that breaks it: a law that nothing can break is none.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A module imports only from groups to its left; inside a group, only from names before its own.
LAW = [
    ["source", "assets", "files"],
    ["codes", "diagnostics"],
    ["syntax"],
    ["fmt"],
    ["vocab"],
    ["spec"],
    ["graph"],
    ["check"],
    ["draw"],
    ["plan"],
    ["lint"],  # its rules speak of phases and rates, which the plan settles
    ["codegen"],
    [
        "render",
        "reports",
        "numerics",
        "driver",
        "linter",
        "reference",
        "weights",
        "verify",
        "diff",
        "testing",
    ],
    ["scaffold", "lsp", "cli", "__main__"],
]
ORDER = [name for group in LAW for name in group]
BACKENDS_MAY_IMPORT = {"vocab", "plan", "codegen", "diagnostics"}
FOREIGN = ["tensorflow", "keras", "torch", "jax", "numpy"]
# Weights are arrays: the one package that moves them may know numpy (the extra `weights`), and no framework either.
# Nothing else imports it but the commands that are called for it. `verify` compares arrays; its probes are programs of
# their own, which run a script in a process with its framework.
ALLOWED = {"weights": {"numpy"}, "verify": {"numpy"}}
PROBES = ("dslc", "verify", "probes")
VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
MOST_LINES = 400


def modules(folder: Path) -> Iterator[Path]:
    """The Python files under `folder`, without templates, which are text."""
    return (path for path in sorted(folder.rglob("*.py")) if "templates" not in path.parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything `path` imports, at whatever depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def broken_law(root: Path) -> list[str]:
    """Every import under `root` that the law forbids, as `file:line: why`."""
    found: list[str] = []
    for path in [*modules(root / "dslc"), *modules(root / "backends")]:
        parts = path.relative_to(root).with_suffix("").parts
        own, owner = parts[1], parts[0]
        for line, name in imported(path):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            why = ""
            allowed = ALLOWED.get(own, set()) if owner == "dslc" else set()
            allowed = set(FOREIGN) if parts[:3] == PROBES else allowed
            if (top in FOREIGN and top not in allowed) or not top:
                why = f"no import of `{name}` here"
            elif owner == "backends" and top.startswith("dslc_") and top != own:
                why = f"`{own}` must not know `{top}`"
            elif owner == "backends" and top == "dslc" and target not in BACKENDS_MAY_IMPORT:
                why = f"a backend must not import `dslc.{target}`"
            elif owner == "dslc" and top.startswith("dslc_"):
                why = f"the compiler must not know `{top}`"
            elif owner == "dslc" and top == "dslc" and own != "__init__":
                why = against_order(own, target)
            if why:
                found.append(f"{path.relative_to(root)}:{line}: {why}")
    return found


def against_order(own: str, target: str) -> str:
    """Why the module `own` of dslc must not import `target`, or nothing."""
    for name in (own, target):
        if name not in ORDER and not name.startswith("_"):
            return f"`{name}` has no place in the law: put it into LAW"
    if target.startswith("_") or ORDER.index(target) <= ORDER.index(own):
        return ""
    return f"`{own}` comes before `{target}` and must not import it"


def oversized(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: {lines} lines"
        for folder in ("dslc", "backends")
        for path in modules(root / folder)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    ]


def vague(root: Path) -> list[str]:
    """Modules whose names say nothing about what is in them."""
    return [
        str(path.relative_to(root))
        for folder in ("dslc", "backends")
        for path in modules(root / folder)
        if set(path.relative_to(root).with_suffix("").parts) & VAGUE
        or path.stem.startswith("base_")
    ]


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_modules_import_only_what_stands_to_their_left() -> None:
    assert broken_law(ROOT) == []


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("dslc/vocab/a.py", "from dslc.plan import x", "`vocab` comes before `plan`"),
        ("dslc/source.py", "from dslc import diagnostics", "`source` comes before `diagnostics`"),
        ("dslc/plan/a.py", "def f():\n    import dslc.lint", "`plan` comes before `lint`"),
        ("dslc/plan.py", "import numpy.linalg as la", "no import of `numpy.linalg`"),
        ("dslc/weights/a.py", "import torch", "no import of `torch`"),
        ("dslc/codegen/a.py", "import dslc.weights", "`codegen` comes before `weights`"),
        ("backends/dslc_torch/weights/a.py", "import numpy", "no import of `numpy`"),
        ("dslc/new.py", "from dslc.source import Span", "`new` has no place in the law"),
        ("dslc/plan.py", "from dslc_keras import BACKEND", "must not know `dslc_keras`"),
        ("dslc/graph/a.py", "from . import b", "no import of `..b`"),
        ("backends/dslc_keras/a.py", "import dslc.cli", "must not import `dslc.cli`"),
        ("backends/dslc_keras/a.py", "import dslc_torch", "must not know `dslc_torch`"),
        ("backends/dslc_torch/a.py", "from torch import nn", "no import of `torch.nn`"),
    ],
)
def test_a_broken_law_is_found(tmp_path: Path, file: str, text: str, why: str) -> None:
    plant(tmp_path, {file: text})
    (message,) = broken_law(tmp_path)
    assert message.startswith(f"{file}:")
    assert why in message


def test_what_is_allowed_is_not_found(tmp_path: Path) -> None:
    allowed = {
        "dslc/cli.py": "import json\nfrom dslc import __version__\nimport dslc.source",
        "dslc/codegen/a.py": "from dslc.codegen.b import c\nfrom dslc.plan import d",
        "dslc/weights/a.py": "import numpy as np\nfrom dslc.driver import analyse",
        "backends/dslc_keras/a.py": "from dslc.plan import x\nfrom dslc_keras.words import y",
        "backends/dslc_keras/templates/a.py": "import keras",
    }
    plant(tmp_path, allowed)
    assert broken_law(tmp_path) == []


def test_no_file_is_too_long() -> None:
    assert oversized(ROOT) == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert vague(ROOT) == []


def test_long_and_vague_files_are_found(tmp_path: Path) -> None:
    plant(tmp_path, {"dslc/a.py": "\n" * 401, "dslc/b.py": "\n" * 400, "dslc/lint/utils.py": ""})
    assert oversized(tmp_path) == ["dslc/a.py: 401 lines"]
    assert vague(tmp_path) == ["dslc/lint/utils.py"]


# Runs in a fresh interpreter: everything is imported while the frameworks cannot be.
WITHOUT_FRAMEWORKS = """
import importlib, pkgutil, sys

foreign = set(sys.argv[1].split(","))

class Denied:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in foreign:
            raise ImportError(f"the compiler must not import {name}")

sys.meta_path.insert(0, Denied())
if sys.argv[3:]:
    from dslc import cli
    for spec in sys.argv[3:]:
        for backend in ("keras", "torch"):
            if code := cli.call(["compile", spec, "--backend", backend, "-o", "-"]):
                sys.exit(code)
compares = ("dslc.weights.", "dslc.verify.")
for root in filter(None, sys.argv[2].split(",")):
    package = importlib.import_module(root)
    print(root)
    for module in pkgutil.walk_packages(package.__path__, f"{root}."):
        if not module.name.endswith(".__main__") and not module.name.startswith(compares):
            importlib.import_module(module.name)
            print(module.name)
assert not foreign & set(sys.modules), sorted(foreign & set(sys.modules))
"""


def import_all(
    root: Path, *packages: str, specs: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Import every module of `packages` under `root` with the frameworks denied, or compile `specs` on both
    backends."""
    path = [str(root), str(root / "backends")]
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORKS, ",".join(FOREIGN), ",".join(packages), *specs],
        capture_output=True,
        text=True,
        cwd=root,
        env={"PYTHONPATH": ":".join(path), "PATH": ""},
    )


def test_every_module_can_be_imported_without_any_framework() -> None:
    done = import_all(ROOT, "dslc", "dslc_keras", "dslc_torch")
    assert done.returncode == 0, done.stderr
    assert {"dslc.source", "dslc.codegen.layout", "dslc_torch"} <= set(done.stdout.split())


def test_every_spec_compiles_without_any_framework() -> None:
    specs = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").rglob("*.dl"))
    assert len(specs) >= 16
    done = import_all(ROOT, specs=specs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("def build_model(") == 2 * len(specs)


@pytest.mark.parametrize("text", ["import numpy", "import torch.nn", "from keras import layers"])
def test_an_import_of_a_framework_is_caught(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"dslc/__init__.py": "", "dslc/deep/__init__.py": "", "dslc/deep/a.py": text})
    done = import_all(tmp_path, "dslc")
    assert done.returncode != 0
    assert "the compiler must not import" in done.stderr
