"""What dslc reads from the files of a framework is what the framework saved, and the framework loads what dslc writes.

`paired` fills both models by the order in which their layers run: it knows nothing of names and files.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import SPECS, wanted
from hypothesis import HealthCheck, Phase, assume, given, settings
from properties.spec_grower import specs
from test_parity_features import FLOWS
from test_parity_models import MODELS
from test_weights_names import EXAMPLES
from weighing import analysed_file, kept, layers, random_weights, spec_of

from dslc.driver import model_section
from dslc.vocab.word import Example
from dslc.weights.convert import from_framework, to_framework
from dslc.weights.draw import draw
from dslc.weights.saved import encoded, load

pytestmark = [
    pytest.mark.framework,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning"),
]


def check_both(text: str, folder: Path, *, names: bool = True, **options: Any) -> None:
    """`names=False` for models whose layers run in another order than the spec writes them: what dslc writes is then
    held against itself, by what both models make of it."""
    from paired import both, keras, torch
    from parity import close, predict

    keras.backend.clear_session()
    pair = both(text, dtype="float64", fill=names, **options)
    analysis = spec_of(text)
    of_torch, of_keras = (kept(analysis, backend) for backend in ("torch", "keras"))
    if names:
        torch.save(pair.torch.state_dict(), folder / "saved.pt")
        pair.keras.save_weights(folder / "saved.weights.h5")
        filled = {
            layer.key(name): array
            for layer, (_, arrays) in zip(layers(analysis), pair.arrays, strict=True)
            for name, array in arrays.items()
        }
        for ending, places in (("pt", of_torch), ("weights.h5", of_keras)):
            found = from_framework(load(folder / f"saved.{ending}").arrays, places, "it")
            for name, array in filled.items():
                assert (found[name] == array).all(), (ending, name)

    noise = random_weights(analysis)
    ours = {
        name: array + np.float32(0.2) * noise[name]
        for name, array in draw(layers(analysis), 0).items()
    }
    (folder / "ours.pt").write_bytes(encoded("torch", to_framework(ours, of_torch), "", ""))
    (folder / "ours.weights.h5").write_bytes(encoded("keras", to_framework(ours, of_keras), "", ""))
    pair.torch.load_state_dict(torch.load(folder / "ours.pt", weights_only=True))
    pair.keras.load_weights(folder / "ours.weights.h5")
    for a, b in zip(*predict(pair), strict=True):
        close(a, b, 1e-6, text)


CASES = {
    **MODELS,
    "shared": """
block Tower(n) { input x: (H, W, C)
  inner = Conv2D(C, 3x3, padding=same)
  x -> inner -> relu -> inner -> Conv2D(n, 1x1)
}
model Net {
  input a: 6x6x3
  input b: 6x6x3
  tower = Tower(4)
  p = a -> tower
  q = b -> tower
  r = a -> Tower(5) -> Tower(4) * 2
  add(p, q, r) -> Flatten -> Dense(2)
}""",
    "parallel": """
block Cell(n) { input x
  deep = x -> Conv2D(n, 1x1) -> BatchNorm -> relu -> Conv2D(n, 3x3, padding=same) -> BatchNorm
  wide = x -> Conv2D(n, 3x3, padding=same) -> BatchNorm
  concat(wide, deep, x -> Conv2D(n, 1x1), x -> AvgPool2D(3, stride=1, padding=1) -> Conv2D(n, 1x1))
}
model Net { input x: 8x8x4
  stem = x -> Conv2D(4, 1x1)
  a = stem -> Cell(2)
  b = stem -> Cell(2) -> Cell(2)
  output right: add(b -> Conv2D(8, 1x1), a) -> GlobalAvgPool2D -> Dense(3)
  output left: a -> GlobalAvgPool2D -> Dense(3) -> softmax
}""",
    "parts": """
model Net { input x: 10x6
  a = x -> Bidirectional(LSTM(3, sequences=true)) -> prelu -> Bidirectional(GRU(4)) * 1
  b = x -> GRU(3, sequences=true) -> SimpleRNN(4) as state -> Dense(8)
  c = x -> MultiHeadAttention(2) -> PositionEmbedding -> LayerNorm -> RMSNorm -> LSTM(8)
  add(a, b, c) -> BatchNorm(scale=false) -> BatchNorm(center=false) -> Dense(2, bias=false)
}""",
    "penalties": """
model Net { input x: 8x8x3
  x -> Conv2D(4, 3x3, regularizer=l2(1e-3), constraint=max_norm(2)) -> relu
  -> Conv2D(4, 3x3, init=he_normal) -> SeparableConv2D(6, 3x3, padding=same) * 2 -> GroupNorm(2)
  -> DepthwiseConv2D(3x3, multiplier=2) -> Flatten -> Dense(3, init=orthogonal)
}""",
}


@pytest.mark.parametrize("name", CASES)
def test_a_model(name: str, tmp_path: Path) -> None:
    check_both(CASES[name], tmp_path)


WITH_WEIGHTS = [
    case for case in FLOWS if any(word in case[1] for word in ("Norm", "Conv", "Dense"))
]


@pytest.mark.parametrize("flow", WITH_WEIGHTS, ids=[flow for _, flow in WITH_WEIGHTS])
def test_loops_and_shared_layers(flow: tuple[str, str], tmp_path: Path) -> None:
    from parity import model_text

    check_both(model_text(*flow), tmp_path)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_word(example: Example, tmp_path: Path) -> None:
    from parity import model_text

    check_both(model_text(example.input, str(example)), tmp_path, ids=2)


@settings(
    max_examples=int(os.environ.get("EACH", "4")),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(specs())
def test_a_random_spec(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    sizes = (shape for each in layers(spec_of(text)) for shape in each.shapes.values())
    assume(sum(map(prod, sizes)) < 300_000)
    check_both(text, tmp_path_factory.mktemp("weights"), names=False)


EXAMPLE_SPECS = [
    stem
    for stem, path in SPECS.items()
    if path.parent.name == "specs" and "weights=" not in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("stem", EXAMPLE_SPECS)
def test_an_example_spec(stem: str, tmp_path: Path) -> None:
    """The models as their scripts have them, without the activations that the loss computes."""
    import math

    from paired import BATCH, KERAS, TORCH, F, first, keras, nn, run_section, tf, torch
    from parity import close

    keras.backend.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    torch.set_default_dtype(torch.float32)
    analysis = analysed_file(SPECS[stem])
    model = analysis.models[-1]
    ours = draw(layers(analysis), 1)
    sections = {}
    for backend, name in (("torch", "a.pt"), ("keras", "a.weights.h5")):
        _, sections[backend], _ = model_section(analysis, model, wanted(backend))
        arrays = to_framework(ours, kept(analysis, backend))
        (tmp_path / name).write_bytes(encoded(backend, arrays, "", ""))  # type: ignore[arg-type]
    names = {"torch": torch, "nn": nn, "F": F, "np": np, "math": math}
    in_torch = run_section(sections["torch"], TORCH, names)["build_model"]().eval()
    in_torch.load_state_dict(torch.load(tmp_path / "a.pt", weights_only=True))
    names = {"keras": keras, "layers": keras.layers, "tf": tf, "np": np}
    in_keras = run_section(sections["keras"], KERAS, names)["build_model"]()
    in_keras.load_weights(tmp_path / "a.weights.h5")

    random = np.random.default_rng(0)
    given, turned = [], []
    for name, index in model.graph.inputs.items():
        tensor = model.graph.node(index).output
        assert tensor is not None
        shape = (BATCH, *(int(str(size)) for size in tensor.shape))
        ids = tensor.dtype == "int"
        x = random.integers(0, 9, shape) if ids else random.normal(size=shape).astype("float32")
        given.append(x)
        turned.append(torch.tensor(first(x) if name in sections["torch"].channels_first else x))
    mine = in_keras(given[0] if len(given) == 1 else given, training=False)
    with torch.no_grad():
        other = in_torch(*turned)
    if not isinstance(mine, dict):
        mine, other = {"output": mine}, {"output": other}
    for name in mine:
        close(np.asarray(mine[name]), other[name].numpy(), 2e-5, name)
