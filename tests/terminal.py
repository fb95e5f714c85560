"""Processes that hear Ctrl-C as in a terminal, whatever started the tests."""

from __future__ import annotations

import signal
import subprocess
from typing import Any


def hear_interrupts() -> None:
    """Runs in the child: a shell starts background jobs with SIGINT ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def open_process(command: list[str], **options: Any) -> subprocess.Popen[str]:
    """`subprocess.Popen` of text, with Ctrl-C heard."""
    return subprocess.Popen(command, text=True, preexec_fn=hear_interrupts, **options)
