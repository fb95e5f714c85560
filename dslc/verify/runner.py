"""Runs the probes, both at once, and waits for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dslc.verify.pair import MODULES, Pair
from dslc.weights.problem import Problem

Say = Callable[[str, str], None]
DONE = "done"


class Failed(Problem):
    """A script did not get through."""


class Probe:
    """A process with a framework, which runs one script after another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.process is not None:
            if self.process.poll() is None:
                return
            self.end()
        environment = {
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0",  # its fused operations round otherwise
            "CUDA_VISIBLE_DEVICES": "",  # compared is what the CPU computes
            "KERAS_BACKEND": "tensorflow",
            "MPLBACKEND": "agg",
        }
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def command(self) -> list[str]:
        return [sys.executable, "-P", "-m", MODULES[self.name]]

    def run(self, request: Path, say: Say) -> None:
        """Do what a file asks for, and say how far it is."""
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{request}\n")
            process.stdin.flush()
        except OSError:  # it has ended: its answers are missing
            return
        for line in process.stdout:
            if line.strip() == DONE:
                return
            say(self.name, line.strip())

    def why(self) -> str:
        """Why it ended."""
        assert self.process is not None
        code = self.process.wait()
        if code < 0:
            return f"its process was ended by signal {-code}"
        self.log.seek(0)
        said = self.log.read().strip().splitlines()
        return said[-1] if said else f"its process ended with code {code}"

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            with suppress(OSError, ValueError):  # of what is left to be written
                self.process.communicate()

    def close(self) -> None:
        self.end()
        self.log.close()


@contextmanager
def probes() -> Iterator[dict[str, Probe]]:
    """A probe for each framework; they end with the block."""
    found = {name: Probe(name) for name in MODULES}
    try:
        for probe in found.values():
            probe.start()
        yield found
    finally:
        for probe in found.values():
            probe.close()


def run(pair: Pair, found: dict[str, Probe], say: Say) -> None:
    """Run both scripts; their answers lie in their sides then.

    Raises:
        Failed: a script, or the framework below it, failed.
    """
    threads = []
    for name, side in pair.sides.items():
        found[name].start()
        request = side.folder / "request.json"
        threads.append(threading.Thread(target=found[name].run, args=(request, say), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, side in pair.sides.items():
        title, path = side.backend.title, side.folder / "answers.json"
        if not path.exists():
            help = "smaller sizes need less memory: see --input and --set"
            raise Failed(f"the {title} script did not run: {found[name].why()}", help)
        side.answers = json.loads(path.read_text(encoding="utf-8"))
        failed = side.answers.get("failed")
        if failed:
            (side.folder / "failure.txt").write_text(failed["where"], encoding="utf-8")
            raise Failed(f"the {title} script failed: {failed['said']}")
