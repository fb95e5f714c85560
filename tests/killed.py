"""Runs scripts in processes that are killed on the way.

Reads a task from each line of its input and answers it in a line: JSON both. It has its framework imported and uses
nothing of it; each task runs in a fork of its own. `after` kills the fork so many seconds after its start, `before` in
front of its so manieth use of a file of the run.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import time
from importlib import import_module
from typing import Any

# What scripts import, so that a fork need not.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
SHARED = (
    "numpy",
    "sklearn.datasets",
    "sklearn.model_selection",
    "sklearn.metrics",
    "matplotlib.figure",
    "mlflow",
    "albumentations",
)
OWN = {
    "torch": ("torch", "torch.utils.data", "torch.utils.tensorboard", "torch._dynamo"),
    "keras": ("keras", "tensorflow"),
}
USES = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate")


def kill_before(count: int) -> None:
    """End this process, as a crash would, in front of a use of a file of the run."""
    left = count

    def watch(event: str, values: tuple[Any, ...]) -> None:
        nonlocal left
        if event in USES and "runs" in str(values[0]):
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def run(task: dict[str, Any]) -> None:
    """What the fork does; it does not come back."""
    code = 1
    try:
        os.chdir(task["folder"])
        log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if task.get("before"):
            kill_before(task["before"])
        sys.argv = ["spec.py", *task["args"]]
        runpy.run_path("spec.py", run_name="__main__")
        code = 0
    except SystemExit as end:
        code = 1 if end.code else 0
        print(end.code)
    finally:
        sys.stdout.flush()
        os._exit(code)


def perform(task: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    child = os.fork()
    if not child:
        run(task)
    killed_by_time = False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if not killed_by_time and time.monotonic() - started > task.get("after", 600):
            os.kill(child, signal.SIGKILL)
            killed_by_time = True
        time.sleep(0.002)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    code = 0 if killed else os.waitstatus_to_exitcode(status)
    return {"killed": killed, "code": code, "seconds": time.monotonic() - started}


def main(backend: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for module in (*SHARED, *OWN[backend]):
        import_module(module)
    for line in sys.stdin:
        answers.write(json.dumps(perform(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
