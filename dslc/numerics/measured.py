"""The sizes of what differs, as tools/measure_numerics.py found them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "measured.json"


@dataclass(frozen=True)
class Measured:
    """`size` is the largest difference found, None where there is no number to it; `of` says what it is a difference
    of, `setup` where it was found."""

    key: str
    size: float | None
    of: str
    setup: str

    @property
    def text(self) -> str:
        """`0.032 of the variance`."""
        return self.of if self.size is None else f"{self.size:.2g} {self.of}"


def measured(key: str) -> Measured:
    """What was measured of a departure or limit.

    Raises:
        KeyError: nothing was.
    """
    return Measured(key=key, **table()["measured"][key])


@cache
def table() -> dict[str, Any]:
    """All of the file: `versions` of the packages, and what was `measured` by key."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
