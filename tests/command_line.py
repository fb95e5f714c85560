"""What the tests of the command line share: specs, and a way to call it in an empty folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dslc.cli import call
from dslc.cli.console import WIDTH

ROOT = Path(__file__).resolve().parent.parent
DIGITS = ROOT / "specs" / "digits_cnn.dl"
RESNET = ROOT / "specs" / "zoo" / "resnet50.dl"
SIAMESE = ROOT / "specs" / "siamese.dl"
BAD = "model A {\n  input x: 4\n  x -> Dens(3)\n}\n"

Dslc = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="dslc")
def command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Dslc:
    """Runs the command line in an empty folder; gives the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))  # whatever terminal the tests run in
    for name in ("NO_COLOR", "FORCE_COLOR", "DSLC_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = call([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return run
