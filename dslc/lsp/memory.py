"""The memory of a process that checks the same texts again and again: it is swept when diagnostics are out, and not
while someone waits for them."""

from __future__ import annotations

import gc

from dslc.driver import analyse_source
from dslc.source import Source
from dslc.syntax import SMALLEST

YOUNG = 200_000  # objects that a check may make before Python sweeps by itself


def settle() -> None:
    """Load what checks need, and leave it alone from now on: it stays."""
    analyse_source(Source("", SMALLEST))
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


def sweep() -> None:
    """Give back what the last check made and nothing holds any more."""
    gc.collect()
