"""Scripts with `numerics = stock` build, train, go on and give their weights away; with the same weights they compute
what `exact` computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import BACKENDS, Lab
from test_numerics import SPECS, text

from dslc.cli import call

pytestmark = pytest.mark.framework

START = {"keras": "start.weights.h5", "torch": "start.pt"}


def lab(folder: Path, name: str, backend: str, numerics: str = "stock") -> Lab:
    """A script of one of the specs, with data and first weights beside it."""
    here = folder / f"{name}-{numerics}-{backend}"
    here.mkdir()
    rng = np.random.default_rng(0)
    rows: dict[str, Any] = {"x": rng.integers(0, 30, (101, 12)), "y": rng.integers(0, 3, 101)}
    if name == "two":
        x = rng.normal(size=(101, 6)).astype("float32")
        rows = {"x": x, "a": x[:, :1] * x[:, 1:2], "b": x[:, 2:3]}
    np.savez(here / "rows.npz", **rows)
    made = Lab(here, backend)
    made.compile(text(name, numerics))
    (here / "model.dl").write_text(text(name, numerics), encoding="utf-8")
    start = here / START[backend]
    assert call(["weights", "init", str(here / "model.dl"), "--seed", "3", "-o", str(start)]) == 0
    return made


@pytest.mark.parametrize(
    ("name", "backend"),
    [(name, backend) for name, (*_, keys) in SPECS.items() for backend in BACKENDS if keys.get(backend)],
)  # fmt: skip
def test_a_stock_script_builds_and_trains(name: str, backend: str, tmp_path: Path) -> None:
    here = lab(tmp_path, name, backend)
    if name == "phases":
        here.run()
        assert len(here.read("history.json")["loss"]) == 3
        return
    if name == "alone":  # 1,257 rows in batches of 8
        done = here.run("--epochs", 1, ok=False)
        assert "Expected more than 1 value per channel" in done.err
        return
    here.run("--init-weights", START[backend], "--epochs", 1)
    history = here.read("history.json")
    assert np.isfinite(history["loss"]).all()
    if name == "two":
        assert {"a_loss", "b_loss", "val_a_loss"} <= set(history)


GRADIENTS = """
import numpy as np, torch
torch.manual_seed(0)
x = torch.rand(16, 1, 8, 8)
y = torch.arange(16) % 10
model = spec.build_model()
model.load_state_dict(torch.load("start.pt", weights_only=True), strict=True)
logits = model(x)
loss = torch.nn.functional.cross_entropy(logits, y)
loss.backward()
found = {"loss": loss.tolist(), "logits": logits.tolist(), "predicted": model.eval()(x).tolist()}
found |= {n: w.grad.tolist() for n, w in model.named_parameters() if w.grad is not None}
"""


@pytest.mark.parametrize("name", ["norms", "states", "ways"])
def test_with_the_same_weights_stock_computes_the_same(name: str, tmp_path: Path) -> None:
    exact, stock = (
        lab(tmp_path, name, "torch", numerics).evaluate("found", GRADIENTS)
        for numerics in ("exact", "stock")
    )
    more = set(stock) - set(exact)
    assert all("bias_hh" in key for key in more)
    assert bool(more) == (name != "norms")
    for key, value in exact.items():
        if key == "predicted" and name == "norms":
            continue  # the first batch moved the statistics
        assert np.array(stock[key]) == pytest.approx(np.array(value), rel=1e-6, abs=1e-7), key
    if name == "norms":
        assert np.array(stock["predicted"]) != pytest.approx(np.array(exact["predicted"]), rel=1e-6)


def test_a_stock_optimiser_goes_on_where_it_stopped(tmp_path: Path) -> None:
    here = lab(tmp_path, "root", "torch")
    here.run("--epochs", 1)
    here.run("--epochs", 2, "--resume")
    found = here.read("history.json")
    here.run("--epochs", 2)
    assert here.read("history.json") == found


def test_weights_of_a_stock_script_move(tmp_path: Path) -> None:
    """An LSTM with two biases in PyTorch, that both trained, and one in Keras."""
    here, there = (lab(tmp_path, "states", backend) for backend in ("torch", "keras"))
    here.run("--init-weights", START["torch"], "--epochs", 1)
    source, target = here.out / "final.pt", there.folder / "moved.weights.h5"
    spec = here.folder / "model.dl"
    assert call(["weights", "convert", str(source), str(target), "--spec", str(spec)]) == 0
    image: Any = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    np.save(tmp_path / "image.npy", image)
    load = f"import numpy as np; x = np.load({str(tmp_path / 'image.npy')!r}); model = spec.build_model()"
    mine = here.evaluate(
        "model(torch.tensor(x).movedim(-1, 1)).tolist()",
        f"{load}\nimport torch\nmodel.load_state_dict(torch.load({str(source)!r}, weights_only=True))",
    )
    theirs = there.evaluate(
        "model(x).numpy().tolist()", f"{load}; model.load_weights({str(target)!r})"
    )
    assert np.array(mine) == pytest.approx(np.array(theirs), abs=1e-5)
    second = here.evaluate(
        "[float(v.abs().max()) for k, v in saved.items() if 'bias_hh' in k]",
        f"import torch\nsaved = torch.load({str(source)!r}, weights_only=True)",
    )
    assert second[0] > 1e-4
