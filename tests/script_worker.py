"""Runs scripts of one backend in one process, one after the other, since a framework takes seconds to import.

Reads a task from each line of its input and answers it in a line: JSON both. A script is run as `python spec.py` would
run it, in its own folder and with its own arguments; or an expression is evaluated beside its module.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import io
import json
import os
import resource
import runpy
import sys
import traceback
from typing import Any

UNLIMITED = resource.getrlimit(resource.RLIMIT_FSIZE)


def evaluate(setup: str, code: str) -> Any:
    found = importlib.util.spec_from_file_location("spec", "spec.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["spec"] = module
    found.loader.exec_module(module)
    names: dict[str, Any] = {"spec": module}
    exec(setup, names)
    return eval(code, names)


def perform(task: dict[str, Any]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    done: dict[str, Any] = {"code": 0}
    os.chdir(task["folder"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (task.get("largest_file", -1), UNLIMITED[1]))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            if "expression" in task:
                done["value"] = evaluate(task["setup"], task["expression"])
            else:
                sys.argv = ["spec.py", *task["args"]]
                runpy.run_path("spec.py", run_name="__main__")
        except SystemExit as end:
            done["code"] = end.code if isinstance(end.code, int) else int(end.code is not None)
            print(end.code, file=err)
        except Exception:
            done["code"] = 1
            err.write(traceback.format_exc())
    resource.setrlimit(resource.RLIMIT_FSIZE, UNLIMITED)
    return done | {"out": out.getvalue(), "err": err.getvalue()}


def forget() -> None:
    """Nothing of a script may reach the next."""
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()


def two_devices() -> None:
    """Two CPUs for TensorFlow, so that tests can say which one."""
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def main(backend: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a framework prints by itself is no answer
    if backend == "keras":
        two_devices()
    for line in sys.stdin:
        answers.write(json.dumps(perform(json.loads(line))) + "\n")
        answers.flush()
        forget()


if __name__ == "__main__":
    main(*sys.argv[1:])
