"""What a script with marks calls: it notes what was made, and what computed, for which place of the spec.

A mark is a number. The marks that are open while an object is made are the way to it: blocks, then the word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Trail = tuple[int, ...]


class Recorder:
    """Remembers what was made, and hands every value on to `listen`, with its mark and the frame it was seen in."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.trails: dict[int, Trail] = {}
        self.made: list[
            Any
        ] = []  # in the order in which it was finished; ids stay valid while it lives
        self.listen: Callable[[int, Any, Any], None] = lambda mark, value, frame: None

    def note(self, thing: Any, trail: Trail) -> None:
        self.trails[id(thing)] = trail
        self.made.append(thing)


recorder = Recorder()


def start() -> Recorder:
    """A new recorder, in place of the one before."""
    global recorder
    recorder = Recorder()
    return recorder


def dslc_made(mark: int, make: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What `make` makes, noted."""
    mine = recorder
    mine.open.append(mark)
    try:
        found = make(*args, **named)
        mine.note(found, tuple(mine.open))
    finally:
        mine.open.pop()
    return found


def dslc_seen(mark: int, value: Any) -> Any:
    """`value` itself, noted."""
    recorder.listen(mark, value, sys._getframe(1))
    return value
