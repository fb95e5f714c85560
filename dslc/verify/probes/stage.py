"""What both probes share: the script as a module, the pieces of its run that are put aside, the answers."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
DONE = "done"
RATES = ("rate", "stddev", "dropout", "_dropout", "recurrent_dropout", "p", "std")


class Done(Exception):
    """The part of the script that is compared has run."""


class Stub:
    """Takes every call, does nothing."""

    def __init__(self, *args: Any, **named: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return Stub()

    def __call__(self, *args: Any, **named: Any) -> Any:
        return None


def nothing(*args: Any, **named: Any) -> None:
    """In place of what writes files."""


class Request:
    """What is to be done, and the data for it."""

    def __init__(self, path: Path) -> None:
        self.facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.folder = path.parent
        with np.load(self.facts["data"]) as found:
            self.arrays: dict[str, Array] = dict(found)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def part(self, kind: str, dtype: str) -> Any:
        """The whole data as the script loads it: by name where it has several arrays."""
        names = self["inputs"] if kind == "x" else self["outputs"]
        found = {name: _typed(self.arrays[f"{kind}/{name}"], dtype) for name in names}
        return found if self["several"] else next(iter(found.values()))

    def batch(self, dtype: str) -> dict[str, Array]:
        """The first batch of the inputs, by name."""
        size = self["batch"]
        return {n: _typed(self.arrays[f"x/{n}"][:size], dtype) for n in self["inputs"]}

    def factors(self, dtype: str) -> dict[str, Array]:
        """What outputs are multiplied by, to be summed to a loss, where the spec has none."""
        return {n: _typed(self.arrays[f"factor/{n}"], dtype) for n in self["outputs"]}


def _typed(array: Array, dtype: str) -> Array:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def rows(part: Any, start: int, size: int) -> Any:
    if isinstance(part, dict):
        return {name: array[start : start + size] for name, array in part.items()}
    return part[start : start + size]


def load(path: str, name: str) -> ModuleType:
    """A script as a module."""
    about = importlib.util.spec_from_file_location(name, path)
    assert about is not None and about.loader is not None
    module = importlib.util.module_from_spec(about)
    sys.modules[name] = module
    about.loader.exec_module(module)
    if hasattr(module, "load_weights"):  # all weights are those of the comparison
        module.load_weights = lambda part, *_: part  # type: ignore[attr-defined]
    return module


@contextlib.contextmanager
def instead(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    """Other values of attributes for a while; those that are not there stay away."""
    kept = [
        (thing, name, getattr(thing, name)) for thing, name, _ in changes if hasattr(thing, name)
    ]
    for thing, name, value in changes:
        if hasattr(thing, name):
            setattr(thing, name, value)
    try:
        yield
    finally:
        for thing, name, value in reversed(kept):
            setattr(thing, name, value)


def aside(module: ModuleType, parts: Any, classes: int | None) -> list[tuple[Any, str, Any]]:
    """What a run needs besides: data that is loaded otherwise, files that are not written."""
    found = parts if classes is None else (parts, [str(n) for n in range(classes)])
    return [
        (module, "load_data", lambda *args, **named: found),
        (module, "replace_file", nothing),
        (module, "note_augmentation", nothing),
        (module, "Tracker", Stub),
        (module, "Board", Stub),
    ]


def arguments(request: Request, weights: str) -> list[str]:
    """The command line of the script."""
    text = Path(request["plain"]).read_text(encoding="utf-8")
    found = ["--device", "cpu", "--out", str(request.folder / "runs"), "--init-weights", weights]
    return [*found, "--epochs", "1"] if '"--epochs"' in text else found


def silent(things: Any) -> None:
    """Turn off what is random in training."""
    for thing in things:
        for name in RATES:
            own = not isinstance(getattr(type(thing), name, None), property)
            if own and isinstance(getattr(thing, name, None), float):
                setattr(thing, name, 0.0)


class Answers:
    """What the probe found: facts in a JSON file at the end, arrays at once."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self.facts: dict[str, Any] = {}

    def layers(self, name: str, events: list[tuple[tuple[int, ...], Array]]) -> None:
        """Values with the ways to them, in order."""
        arrays = {str(number): array for number, (_, array) in enumerate(events)}
        np.savez(self.folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
        self.facts[name] = [list(trail) for trail, _ in events]

    def arrays(self, name: str, arrays: dict[str, Array]) -> None:
        np.savez(self.folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
        self.facts.setdefault(name, True)


def serve(run: Callable[[Request, Answers], None]) -> None:
    """Do what each file asks for that is named on standard input. The answers lie beside it when `done` is said."""
    answers_to = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a framework prints by itself is no answer
    warnings.simplefilter("ignore")

    def say(stage: str) -> None:
        answers_to.write(stage + "\n")
        answers_to.flush()

    try:
        for line in sys.stdin:
            path = Path(line.rstrip("\n"))
            answers = Answers(path.parent, say)
            try:
                run(Request(path), answers)
            except (Exception, SystemExit) as problem:
                said = f"{type(problem).__name__}: {problem}".splitlines()[0]
                answers.facts["failed"] = {"said": said, "where": traceback.format_exc()}
            (path.parent / "answers.json").write_text(json.dumps(answers.facts), encoding="utf-8")
            gc.collect()
            say(DONE)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    os._exit(0)  # frameworks take seconds to take leave
