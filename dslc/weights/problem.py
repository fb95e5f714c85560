"""What is wrong with a file of weights, or with a wish about it: said in one line."""

from __future__ import annotations


class Problem(Exception):
    """Caught where the commands speak; `help` says what to do about it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


def shown(shape: tuple[int, ...]) -> str:
    """A shape as text: `3x3x64x64`, `one number`."""
    return "x".join(map(str, shape)) or "one number"
