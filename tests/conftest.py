"""What every test shares: the checkout on the path, and `--update` for texts that tests compare with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
for place in (ROOT, ROOT / "backends"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="rewrite expected texts (tests/cases/**/*.md) as they are now"
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Shall expected texts be rewritten rather than compared?"""
    return bool(request.config.getoption("--update"))
