"""A folder with a generated script, and the ways to run it: what the tests of running scripts share.

Most runs go to a worker of the backend that has its framework loaded; `alone` starts a process of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compiled import compiled
from training_plans import TARGETS, render

from dslc.codegen.page import ModelSection
from dslc.plan.training import TrainingPlan

BACKENDS = tuple(TARGETS)
LAST = {"keras": "last.npz", "torch": "last.pt"}
BEST = {"keras": "best.keras", "torch": "best.pt"}
KERAS_HOME = tempfile.TemporaryDirectory(prefix="keras-home-")
ENV = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_HOME": KERAS_HOME.name,
    # Nothing may be fetched: a test that tries is refused at once.
    **dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"),
    "no_proxy": "",
}


@dataclass(frozen=True)
class Done:
    """What came of a run."""

    code: int
    out: str
    err: str
    value: Any = None


class Worker:
    """A process that runs scripts in turn."""

    def __init__(self, backend: str) -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("script_worker.py")), backend],
            env=ENV,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        atexit.register(self.close)

    def run(self, **task: Any) -> Done:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(task) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            self.log.seek(0)
            raise RuntimeError(f"the worker died:\n{self.log.read()[-4000:]}")
        return Done(**json.loads(answer))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


@cache
def worker(backend: str) -> Worker:
    return Worker(backend)


class Lab:
    """A folder with a script of a backend."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder, self.backend = folder, backend
        self.out = folder / "runs" / f"spec-{backend}"

    def write(self, plan: TrainingPlan, model: ModelSection) -> None:
        """The script of a plan with a model that was made by hand."""
        (self.folder / "spec.py").write_text(render(self.backend, plan, model), encoding="utf-8")

    def compile(self, text: str) -> None:
        """The script of a spec."""
        spec = self.folder / f"{abs(hash(text))}.dl"  # specs are remembered by their path
        spec.write_text(text, encoding="utf-8")
        script = compiled(spec, self.backend).replace(f"runs/{spec.stem}-", "runs/spec-")
        (self.folder / "spec.py").write_text(script, encoding="utf-8")

    def run(self, *args: object, ok: bool = True, **more: Any) -> Done:
        done = worker(self.backend).run(folder=str(self.folder), args=[*map(str, args)], **more)
        assert (done.code == 0) == ok, done.out + done.err
        return done

    def refusal(self, *args: object, **more: Any) -> str:
        """The one line that the script ends with."""
        return only_line(self.run(*args, ok=False, **more))

    def alone(self, *args: object, ok: bool = True) -> Done:
        """Run the script in a process of its own."""
        done = subprocess.run(
            [sys.executable, "spec.py", *map(str, args)],
            cwd=self.folder,
            env=ENV,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def evaluate(self, expression: str, setup: str = "") -> Any:
        """The value of an expression beside the script's module `spec`, by JSON."""
        done = worker(self.backend).run(folder=str(self.folder), setup=setup, expression=expression)
        assert done.code == 0, done.err
        return done.value

    def read(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())


def only_line(done: Done) -> str:
    assert done.code == 1, done.err
    assert "Traceback" not in done.err, done.err
    return done.err.strip().splitlines()[-1]
