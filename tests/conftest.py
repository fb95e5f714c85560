"""What every test shares: the checkout on the path, and `--update` for texts that tests compare with."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
for place in (ROOT, ROOT / "backends"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

# Networks of tests are small: more threads would wait for each other more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHIM = ROOT / "tests" / "shim"  # lets torchvision be imported beside a CPU build of torch


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="run the tests that need a framework too, after all others",
    )
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite expected texts (tests/cases/**/*.md) as they are now",
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Shall expected texts be rewritten rather than compared?"""
    return bool(request.config.getoption("--update"))


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--everything"):
        config.option.markexpr = ""
    # Scripts that tests run find the shim by themselves; this process takes it once.
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(SHIM), os.environ.get("PYTHONPATH")])
    )
    spec = importlib.util.spec_from_file_location("torchvision_shim", SHIM / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tests first."""
    items.sort(key=lambda item: item.get_closest_marker("framework") is not None)
