"""Runs the probes, both at once, and waits for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from dslc.verify.pair import MODULES, Pair
from dslc.weights.problem import Problem

Say = Callable[[str, str], None]


class Failed(Problem):
    """A script did not get through."""


def run(pair: Pair, say: Say) -> None:
    """Run both scripts; their answers lie in their sides then.

    Raises:
        Failed: a script, or the framework below it, failed.
    """
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, side in pair.sides.items():
            running[name] = _start(name, side.folder)
        listeners = [
            threading.Thread(target=_listen, args=(name, process, say), daemon=True)
            for name, process in running.items()
        ]
        for listener in listeners:
            listener.start()
        for listener in listeners:
            listener.join()
        for process in running.values():
            process.wait()
    finally:
        for process in running.values():
            if process.poll() is None:
                process.kill()
                process.wait()
    for name, side in pair.sides.items():
        side.answers = _answers(side.folder, side.backend.title, running[name].returncode)


def _start(name: str, folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # its fused operations round otherwise
        "CUDA_VISIBLE_DEVICES": "",  # compared is what the CPU computes
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "agg",
    }
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", MODULES[name], str(folder / "request.json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env=environment,
        )


def _listen(name: str, process: subprocess.Popen[str], say: Say) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        say(name, line.strip())


def _answers(folder: Path, title: str, code: int) -> dict[str, object]:
    path = folder / "answers.json"
    if not path.exists():
        log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
        if code < 0:
            why = f"it was ended by signal {-code}"
            raise Failed(
                f"the {title} script did not run: {why}",
                "smaller sizes need less memory: see --input",
            )
        raise Failed(f"the {title} script did not run: {log[-1] if log else f'exit code {code}'}")
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    failed = found.get("failed")
    if isinstance(failed, dict):
        (folder / "failure.txt").write_text(failed["where"], encoding="utf-8")
        raise Failed(f"the {title} script failed: {failed['said']}")
    return found
