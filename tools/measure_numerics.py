"""Measure how far numbers of the two backends are apart where they differ, into dslc/numerics/measured.json.

python tools/measure_numerics.py            everything, in some five minutes on two cores
python tools/measure_numerics.py KEY...     these

A departure of `numerics = stock` is the difference between two runs of scripts of one backend, with `exact` and with
`stock`, from the same first weights on the same batches. A limit of `exact` is measured in both frameworks side by
side (tools/numeric_limits.py). docs/numerics.md and the messages take their numbers from the file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "dslc" / "numerics" / "measured.json"
PACKAGES = ("keras", "tensorflow-cpu", "torch", "numpy")
FILES = {"keras": ("final.keras", ".weights.h5"), "torch": ("final.pt", ".pt")}
ENV = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

Arrays = dict[str, np.ndarray[Any, Any]]

PICTURE = "input x: 8x8x1"
DENSE = "x -> Flatten -> Dense(32) -> tanh -> Dense(10) -> softmax"
DIGITS = "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }"
TOKENS = 'data { source = npz("tokens.npz")  split = random(60, 20, 20) }'
TWO = """data { source = npz("two.npz")  split = random(60, 20, 20)  batch = 50 }"""


@dataclass(frozen=True)
class Run:
    """What one script reached: its first and last weights by their names in the spec, and its history."""

    start: Arrays
    end: Arrays
    history: dict[str, list[float]]


def way(exact: Run, stock: Run) -> float:
    """How far weights end apart, as a share of how far any went."""
    moved = max(np.abs(exact.end[k] - exact.start[k]).max() for k in exact.end)
    return float(max(np.abs(exact.end[k] - stock.end[k]).max() for k in exact.end) / moved)


def variance(exact: Run, stock: Run) -> float:
    keys = [key for key in exact.end if key.endswith("moving_variance")]
    return float(max(np.abs(stock.end[k] / exact.end[k] - 1).max() for k in keys))


def reported(exact: Run, stock: Run) -> float:
    names = [name for name in exact.history if name.endswith("_loss") and name != "val_loss"]
    gaps = [abs(np.array(stock.history[name]) / exact.history[name] - 1).max() for name in names]
    return float(max(gaps))


def beyond(exact: Run, stock: Run) -> float:
    """The share of first weights further out than the furthest that the language draws."""
    kernel = "Dense/kernel"
    return float((np.abs(stock.start[kernel]) > np.abs(exact.start[kernel]).max()).mean())


WAY = "of the way that weights went"
EPOCH = "an epoch of digits, 40 batches of 32"


@dataclass(frozen=True)
class Departure:
    """How one departure is measured: in scripts of `backend` for this spec, with which `gap` between two runs."""

    backend: str
    train: str
    model: str = f"model M {{ {PICTURE}  {DENSE} }}"
    data: str = DIGITS
    gap: Callable[[Run, Run], float] = way
    of: str = WAY
    setup: str = f"{EPOCH}, a Dense of 32 tanh units"
    epochs: int = 1
    own_start: bool = False  # each draws its first weights

    def spec(self, numerics: str) -> str:
        loss = "" if "loss {" in self.train else "loss = cross_entropy"
        train = f"train {{ {loss}  epochs = {self.epochs}  {self.train} }}"
        return f"{self.model}\ndefaults {{ numerics = {numerics} }}\n{self.data}\n{train}\n"


def _behind(layers: str) -> str:
    return f"model M {{ {PICTURE}  x -> {layers} -> Dense(10) -> softmax }}"


DEPARTURES = {
    "running_variance": Departure(
        "torch", "optimizer = SGD(lr=0.1)", _behind("Flatten -> Dense(32) -> BatchNorm -> tanh"),
        DIGITS.replace("scale", "batch = 419  scale"),
        gap=variance, of="of the variance", setup="20 epochs of digits, each of 3 batches of 419",
        epochs=20,
    ),
    "uncut_normal": Departure(
        "torch", "optimizer = SGD(lr=0.1)", _behind("Flatten -> Dense(2000, init=he_normal) -> tanh"),
        gap=beyond, of="of the first weights are beyond the cut", setup="128,000 weights by he_normal",
        own_start=True,
    ),
    "two_biases": Departure(
        "torch", "optimizer = SGD(lr=0.1)", _behind("Reshape(8x8) -> LSTM(32)"),
        setup=f"{EPOCH}, an LSTM of 32 units, SGD",
    ),
    "max_norm": Departure(
        "torch", "optimizer = SGD(lr=0.1)",
        "model M { input x: 8x8x1  x -> Flatten -> Dense(32, constraint=max_norm(3)) -> tanh -> Dense(10) -> softmax }",
        setup=f"{EPOCH}, max_norm(3), SGD",
    ),
    "adam_epsilon": Departure("torch", "optimizer = Adam(lr=1e-3)", setup=f"{EPOCH}, lr=1e-3"),
    "rmsprop_epsilon": Departure("torch", "optimizer = RMSprop(lr=1e-3)", setup=f"{EPOCH}, lr=1e-3"),
    "velocity": Departure(
        "torch", "optimizer = SGD(lr=cosine(0.1), momentum=0.9)", setup=f"{EPOCH}, lr=cosine(0.1), momentum=0.9",
    ),
    "coupled_decay": Departure(
        "torch", "optimizer = SGD(lr=0.1, momentum=0.9, weight_decay=1e-3)",
        setup=f"{EPOCH}, SGD, lr=0.1, momentum=0.9, weight_decay=1e-3",
    ),
    "scaled_decay": Departure(
        "torch", "optimizer = Adagrad(lr=0.01, weight_decay=1e-3)",
        setup=f"{EPOCH}, Adagrad, lr=0.01, weight_decay=1e-3",
    ),
    "clip_norm": Departure(
        "torch", "optimizer = SGD(lr=0.1)  clip = global_norm(0.5)", setup=f"{EPOCH}, clip = global_norm(0.5)",
    ),
    "clip_biases": Departure(
        "torch", "optimizer = SGD(lr=0.1)  clip = norm(0.01)", _behind("Reshape(8x8) -> GRU(32)"),
        setup=f"{EPOCH}, a GRU of 32 units, clip = norm(0.01)",
    ),
    "sparse_gradient": Departure(
        "keras", "optimizer = Adam(lr=1e-3)",
        "model M { input x: 12  x -> Embedding(30, 8) -> GlobalAvgPool1D -> Dense(2) -> softmax }", TOKENS,
        setup="20 batches of 30, 12 tokens of 30, Adam, lr=1e-3",
    ),
    "ema_batches": Departure(
        "keras", "optimizer = SGD(lr=0.1)  accumulate = 4  ema = 0.9", setup=f"{EPOCH}, accumulate = 4, ema = 0.9",
    ),
    "output_losses": Departure(
        "keras", "optimizer = SGD(lr=0.1)  loss { a = mse  b = mse }",
        "model M { input x: 4  output a: x -> Dense(1)  output b: x -> Dense(1) }", TWO,
        gap=reported, of="of the loss", setup="a batch of 50 and one of 10",
    ),
}  # fmt: skip
# What has no number: it is said in words.
WORDS = {
    "one_value": ("the training ends there with a ValueError", "any batch of one example"),
    "random_masks": ("unrelated draws", "any seed"),
    "networks": ("as listed in docs/words.md for each", "any"),
}


def measure(key: str, folder: Path) -> dict[str, Any]:
    """What the runs of one departure say."""
    own = DEPARTURES[key]
    place = folder / key
    place.mkdir()
    write_data(place)
    runs = [run(place, own, numerics) for numerics in ("exact", "stock")]
    return {"size": rounded(own.gap(*runs)), "of": own.of, "setup": own.setup}


def write_data(place: Path) -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 30, (1000, 12))
    np.savez(place / "tokens.npz", x=tokens, y=(tokens[:, 0] + tokens[:, 1] > 29).astype(int))
    rows = rng.normal(size=(101, 4)).astype("float32")
    np.savez(place / "two.npz", x=rows, a=rows[:, :1], b=rows[:, 1:2] * rows[:, 2:3])


def run(place: Path, own: Departure, numerics: str) -> Run:
    """Train once; both ways begin with the weights that `dslc weights init` draws."""
    last, ending = FILES[own.backend]
    spec = place / f"{numerics}.dl"
    spec.write_text(own.spec(numerics), encoding="utf-8")
    dslc(place, "compile", spec, "-b", own.backend, "-o", f"{numerics}.py")
    dslc(place, "weights", "init", spec, "-o", f"{numerics}{ending}", "--force")
    start = ["--init-weights", f"{numerics}{ending}"]
    if own.own_start:
        start = []
        draw = f"import torch, {numerics} as s; torch.save(s.build_model().state_dict(), '{numerics}{ending}')"
        call(place, sys.executable, "-c", draw)
    call(place, sys.executable, f"{numerics}.py", "--out", numerics, *start)
    history = json.loads((place / numerics / "history.json").read_text(encoding="utf-8"))
    first = canonical(place, spec, f"{numerics}{ending}")
    return Run(first, canonical(place, spec, f"{numerics}/{last}"), history)


def canonical(place: Path, spec: Path, file: str) -> Arrays:
    """The arrays of a file by their names in the spec."""
    from dslc.weights.safetensors import read

    dslc(place, "weights", "convert", file, "found.safetensors", "--spec", spec, "--force")
    return read(place / "found.safetensors")[0]


def dslc(place: Path, *arguments: object) -> None:
    call(place, sys.executable, "-m", "dslc", *map(str, arguments))


def call(place: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=place, env=ENV, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def rounded(size: float) -> float:
    return float(f"{size:.2g}")


def main(arguments: Sequence[str]) -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "backends")]
    from numeric_limits import LIMITS, limit

    known = [*DEPARTURES, *WORDS, *LIMITS]
    unknown = [key for key in arguments if key not in known]
    if unknown:
        print(
            f"nothing measures {', '.join(unknown)}; known are {', '.join(known)}", file=sys.stderr
        )
        return 2
    found = json.loads(TABLE.read_text(encoding="utf-8"))["measured"]
    for key in set(known) - set(found):  # the compiler asks for every size
        found[key] = {"size": None, "of": "not measured yet", "setup": ""}
    write(known, found)
    with tempfile.TemporaryDirectory() as folder:
        for key in arguments or known:
            if key in WORDS:
                of, setup = WORDS[key]
                found[key] = {"size": None, "of": of, "setup": setup}
            elif key in DEPARTURES:
                found[key] = measure(key, Path(folder))
            else:
                size, of, setup = limit(key, Path(folder))
                found[key] = {"size": rounded(size), "of": of, "setup": setup}
            print(f"{key:20} {found[key]['size']!s:>10} {found[key]['of']}", flush=True)
            write(known, found)
    return 0


def write(known: Sequence[str], found: dict[str, Any]) -> None:
    table = {
        "versions": {name: version(name) for name in PACKAGES},
        "measured": {key: found[key] for key in known},
    }
    TABLE.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
