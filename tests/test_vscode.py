"""The VS Code extension: its packages install as they are locked, its own tests pass, and the .vsix builds.

It is built in a copy, so that a checkout stays as it is. Where editors/vscode/node_modules is there, it is taken.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "editors" / "vscode"
NO_NETWORK = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")
# Whatever a build wants of the network after `npm ci` fails at once.
OFFLINE = {"npm_config_offline": "true", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_COLOR": "1"}

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(
        shutil.which("node") is None or shutil.which("npm") is None,
        reason="there is no Node.js here",
    ),
]


def npm(place: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=place, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the extension with its packages."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "specs").symlink_to(ROOT / "specs")
    place = root / "editors" / "vscode"
    shutil.copytree(
        EXTENSION, place, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix")
    )
    if (EXTENSION / "node_modules").is_dir():
        (place / "node_modules").symlink_to(EXTENSION / "node_modules")
        return place
    done = npm(place, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
    said = done.stdout + done.stderr
    if done.returncode and NO_NETWORK.search(said):
        pytest.skip("the packages of the extension are not to be had without a network")
    assert done.returncode == 0, said
    return place


def test_grammar_and_client_pass_their_tests(extension: Path) -> None:
    places = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    real = {
        "DSLC_COMMAND": json.dumps([sys.executable, "-m", "dslc"]),
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
    }  # the client talks to this dslc too
    done = npm(extension, "test", **OFFLINE, **real)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^# pass [1-9]\d\d", done.stdout, re.MULTILINE)
    assert re.search(r"^# fail 0", done.stdout, re.MULTILINE)
    assert re.search(r"^# skipped 0", done.stdout, re.MULTILINE)
    assert done.stdout.count("run success") == len(list((extension / "test/grammar").glob("*.dl")))


def test_the_package_builds_without_a_network(extension: Path) -> None:
    done = npm(extension, "run", "vsix", **OFFLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(extension / "dslc.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
        bundle = package.read("extension/dist/extension.js").decode()
    inside = [manifest["main"], manifest["icon"]]
    inside += [
        entry["path"]
        for kind in ("grammars", "snippets")
        for entry in manifest["contributes"][kind]
    ]
    assert {f"extension/{name.removeprefix('./')}" for name in inside} <= names
    assert not [
        name for name in names if "node_modules" in name or "/test/" in name or "/src/" in name
    ]
    # All that the bundle asks for is VS Code and Node.js themselves.
    wanted = set(re.findall(r"""\brequire\("([^"]+)"\)""", bundle))
    node = {"child_process", "crypto", "fs", "net", "os", "path", "url", "util", "process"}
    assert {name.removeprefix("node:") for name in wanted} <= {"vscode", *node}


def test_the_version_is_that_of_dslc() -> None:
    from dslc import __version__

    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert manifest["version"] == lock["version"] == lock["packages"][""]["version"] == __version__
