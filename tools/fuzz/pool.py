"""A worker process that is started anew when it hangs, dies or has worked long enough."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz import place
from fuzz.fault import Fault

MOST = 400  # specs of a process: TensorFlow never gives back all memory
SECONDS = 120.0  # that a spec may take


@dataclass
class Answer:
    fault: Fault | None
    seconds: float


class Worker:
    """Judges specs in a process of its own."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.done = 0

    def _start(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.done >= MOST:
            self.close()
            self.log = tempfile.TemporaryFile()  # noqa: SIM115
            tools = str(Path(place.__file__).parent.parent)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fuzz.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                env={**os.environ, "PYTHONPATH": tools},
                bufsize=0,
            )
            self.done = 0
        return self.process

    def send(self, text: str) -> None:
        process = self._start()
        assert process.stdin is not None
        # A process that died says so when it is asked for its answer.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write((json.dumps({"text": text}) + "\n").encode())

    def answer(self) -> Answer:
        process = self.process
        assert process is not None and process.stdout is not None
        limit = self.seconds + (60 if self.done == 0 else 0)
        self.done += 1
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], limit)
            piece = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
            if not piece:
                return self._lost("took too long" if not ready else "the process died")
            line += piece
        found: dict[str, Any] = json.loads(line)
        fault = Fault(*found["fault"]) if found["fault"] else None
        return Answer(fault, found["seconds"])

    def judge(self, text: str) -> Answer:
        self.send(text)
        return self.answer()

    def _lost(self, why: str) -> Answer:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.log.seek(0)
        said = self.log.read()[-4000:].decode(errors="replace")
        self._end()
        return Answer(Fault("crash", why, said), self.seconds)

    def close(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait(60)
            self._end()

    def _end(self) -> None:
        assert self.process is not None
        for stream in (self.process.stdin, self.process.stdout, self.log):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.process = None
