"""`dslc weights` on the command line: what it writes, what it leaves alone, what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import BAD, DIGITS, Dslc, command_line  # noqa: F401
from compiled import SPECS
from weighing import analysed_file, first_weights, random_weights, spec_of

from dslc.weights import keras_file, safetensors, torch_file
from dslc.weights.foreign import fit
from dslc.weights.layers import layers_of
from dslc.weights.problem import Problem
from dslc.weights.saved import Saved, load

SMALL = "model Net { input x: 4  x -> Dense(3) -> BatchNorm }\n"


@pytest.fixture
def spec(dslc: Dslc) -> Path:
    path = Path("net.dl")
    path.write_text(SMALL)
    return path


def test_init_show_and_metadata(dslc: Dslc, spec: Path) -> None:
    code, out, err = dslc("weights", "init", spec, "--seed", "3")
    assert (code, err) == (0, "") and out == "net.safetensors: Net, 6 arrays, 27 numbers\n"
    saved = load(Path("net.safetensors"))
    assert saved.kind == "canonical"
    assert (saved.metadata["spec"], saved.metadata["model"]) == ("net.dl", "Net")
    wanted = first_weights(SMALL, 3)
    assert all((saved.arrays[name] == array).all() for name, array in wanted.items())
    code, out, _ = dslc("weights", "show", "net.safetensors")
    lines = out.splitlines()
    assert code == 0 and lines[0].split() == "array shape type min mean max norm".split()
    assert lines[1].split()[:3] == ["Dense/kernel", "4x3", "float32"]
    assert lines[-1].startswith("6 arrays, 27 numbers: canonical, dslc ")


def test_the_same_draw_is_the_same_file(dslc: Dslc, spec: Path) -> None:
    for name in ("a", "b"):
        for end in (".safetensors", ".pt", ".weights.h5"):
            assert dslc("weights", "init", spec, "-o", name + end)[0] == 0
    for end in (".safetensors", ".pt"):
        assert Path("a" + end).read_bytes() == Path("b" + end).read_bytes()
    for end in (".safetensors", ".pt", ".weights.h5"):
        assert dslc("weights", "diff", "a" + end, "b" + end)[1].startswith("the same: ")


@pytest.mark.parametrize(("backend", "name"), [("torch", "net.pt"), ("keras", "net.weights.h5")])
def test_init_for_a_backend(backend: str, name: str, dslc: Dslc, spec: Path) -> None:
    assert dslc("weights", "init", spec, "--backend", backend)[0] == 0
    assert load(Path(name)).kind == backend
    code, _, err = dslc("weights", "init", spec, "--backend", backend, "-o", "a.safetensors")
    assert code == 2 and f"is not the name of a file for {backend}" in err


def test_files_that_are_there_are_left_alone(dslc: Dslc, spec: Path) -> None:
    Path("a.pt").write_text("mine")
    code, _, err = dslc("weights", "init", spec, "-o", "a.pt")
    assert code == 2 and "`a.pt` is there already" in err and "--force" in err
    assert Path("a.pt").read_text() == "mine"
    assert dslc("weights", "init", spec, "-o", "a.pt", "--force")[0] == 0
    assert load(Path("a.pt")).kind == "torch"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.bin", "does not say what it is to become"),
        ("a", "does not say what it is to become"),
        ("a.keras", "name it a.weights.h5"),
        ("a.h5", "name it a.weights.h5"),
        ("none/a.pt", "there is no folder `none`"),
        ("folder.pt", "is a folder"),
    ],
)
def test_names_that_cannot_be_written(name: str, why: str, dslc: Dslc, spec: Path) -> None:
    Path("folder.pt").mkdir()
    code, _, err = dslc("weights", "init", spec, "-o", name)
    assert code == 2 and why in err


def test_a_wrong_spec_is_reported(dslc: Dslc) -> None:
    Path("bad.dl").write_text(BAD)
    code, _, err = dslc("weights", "init", "bad.dl", "-o", "a.pt")
    assert code == 1 and "error[" in err
    assert not Path("a.pt").exists()


def test_a_model_that_only_the_data_tells(dslc: Dslc, spec: Path) -> None:
    code, _, err = dslc("weights", "init", spec, "-m", "Other", "-o", "a.pt")
    assert code == 1 and "there is no model `Other`" in err


def test_diff(dslc: Dslc, spec: Path) -> None:
    a, b = {"a": np.zeros((2, 2), "f4"), "b": np.ones(3, "f4")}, {"b": np.ones(3, "f4") * 2}
    for name, arrays in (("a.pt", a), ("b.pt", b), ("c.pt", a | {"a": np.zeros(4, "f4")})):
        Path(name).write_bytes(torch_file.encoded(arrays))
    code, out, _ = dslc("weights", "diff", "a.pt", "b.pt")
    assert code == 1 and "only in the first" in out and "50.00%" in out
    assert out.endswith("2 of 2 arrays differ\n")
    code, out, _ = dslc("weights", "diff", "b.pt", "a.pt")
    assert code == 1 and "only in the second" in out
    code, out, _ = dslc("weights", "diff", "a.pt", "c.pt")
    assert code == 1 and "2x2 against 4" in out
    lost = a | {"b": np.array([1, np.nan, 1], "f4")}
    Path("d.pt").write_bytes(torch_file.encoded(lost))
    assert "not finite in one of them" in dslc("weights", "diff", "a.pt", "d.pt")[1]
    assert dslc("weights", "diff", "d.pt", "d.pt")[0] == 0
    dslc("weights", "init", spec, "-o", "n.weights.h5")
    code, _, err = dslc("weights", "diff", "a.pt", "n.weights.h5")
    assert code == 2 and "add --spec SPEC" in err


def test_numpy_is_asked_for_by_name(
    dslc: Dslc, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [m for m in sys.modules if m.startswith("dslc.weights")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    code, _, err = dslc("weights", "init", spec, "-o", "a.pt")
    assert code == 2 and "`dslc weights` needs numpy" in err and "dslc[weights]" in err


def test_help(dslc: Dslc) -> None:
    out = dslc("weights", "--help")[1]
    assert all(f"  {name} " in out for name in ("init", "show", "diff", "convert"))
    assert "..." not in out.partition("Commands")[2]  # no text is cut off


# --------------------------------------------------------------------------- weights of libraries

NET = """
block Basic(n) { input x
  shortcut = x -> Conv2D(n, 1x1, bias=false) -> BatchNorm
  y = x -> Conv2D(n, 1x1, bias=false) -> BatchNorm -> relu -> Conv2D(n, 1x1, bias=false) -> BatchNorm
  add(y, shortcut) -> relu
}
model Net { input x: 4x2x3  x -> Basic(5) -> Flatten -> Dropout(0.5) -> Dense(2) }
"""


def state(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(0)
    return {k.replace("__", "."): random.random(v, np.float32) for k, v in shapes.items()}


def norm(name: str, size: int = 5) -> dict[str, tuple[int, ...]]:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}__{part}": (size,) for part in parts} | {f"{name}__num_batches_tracked": ()}


RESIDUAL = {
    "conv1__weight": (5, 3, 1, 1), **norm("bn1"), "conv2__weight": (5, 5, 1, 1), **norm("bn2"),
    "downsample__0__weight": (5, 3, 1, 1), **norm("downsample__1"), "fc__weight": (2, 40), "fc__bias": (2,),
}  # fmt: skip


def test_branches_are_found_by_structure() -> None:
    analysis = spec_of(NET)
    graph = analysis.models[-1].graph
    arrays = state(**RESIDUAL)
    fitted = fit(Saved(Path("a.pth"), "torch", arrays), graph, layers_of(graph))
    pairs = {mine: theirs for theirs, mine in fitted.pairs}
    assert pairs["Basic/shortcut/Conv2D"] == "downsample.0"
    assert pairs["Basic/y/Conv2D"] == "conv1"
    assert pairs["Basic/y/BatchNorm_2"] == "bn2"
    kernel = fitted.arrays["Dense/kernel"].reshape(4, 2, 5, 2)  # height, width, channels, units
    assert np.array_equal(kernel, arrays["fc.weight"].reshape(2, 5, 4, 2).transpose(2, 3, 1, 0))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fc__weight": (3, 40), "fc__bias": (3,)}, "`fc` is 40x3 where `Dense` is 40x2"),
        ({"fc__bias": None}, "`fc` has kernel, `Dense` kernel, bias"),
        ({"more__weight": (2, 2)}, "it has 5 convolutions and dense layers, the spec 4"),
        (norm("bn9"), "it has 4 BatchNorm layers, the spec 3"),
        ({"odd__weight": (3,)}, "`odd` is no convolution, dense layer or BatchNorm"),
    ],
)
def test_a_network_that_does_not_fit(change: dict[str, tuple[int, ...]], why: str) -> None:
    shapes = {k: v for k, v in (RESIDUAL | change).items() if v is not None}
    graph = spec_of(NET).models[-1].graph
    with pytest.raises(Problem) as found:
        fit(Saved(Path("a.pth"), "torch", state(**shapes)), graph, layers_of(graph))
    assert why in found.value.message


def test_what_fits_in_two_ways_is_refused() -> None:
    text = """model Net { input x: 4x4x3
      a = x -> Conv2D(3, 1x1) -> relu -> Conv2D(3, 1x1)
      b = x -> Conv2D(3, 1x1)
      add(b, a)
    }"""
    graph = spec_of(text).models[-1].graph
    arrays = state(
        **{f"c{i}__{n}": s for i in range(3) for n, s in (("weight", (3, 3, 1, 1)), ("bias", (3,)))}
    )
    with pytest.raises(Problem, match="fits the spec in 2 ways: `a/Conv2D` may be c0 or c1"):
        fit(Saved(Path("a.pth"), "torch", arrays), graph, layers_of(graph))


def test_heads_for_training_and_biases_are_said(dslc: Dslc) -> None:
    text = "model Net { input x: 4x4x3  x -> Conv2D(5, 1x1, bias=false) -> BatchNorm -> GlobalAvgPool2D -> Dense(2) }"
    Path("net.dl").write_text(text)
    shapes = {
        "conv__weight": (5, 3, 1, 1), "conv__bias": (5,), **norm("bn"), "aux1__fc__weight": (7, 7),
        "fc__weight": (2, 5), "fc__bias": (2,),
    }  # fmt: skip
    arrays = state(**shapes)
    Path("a.pth").write_bytes(torch_file.encoded(arrays))
    call = ("weights", "convert", "a.pth", "b.safetensors", "--spec", "net.dl")
    code, _, err = dslc(*call)
    assert code == 2 and "does not fit the spec" in err
    code, out, _ = dslc(*call, "--from", "torchvision")
    assert code == 0 and "left out: the auxiliary classifiers (aux1.fc" in out
    assert "1 bias in front of BatchNorm" in out and "strides, paddings and epsilons" in out
    moved = load(Path("b.safetensors")).arrays
    assert np.allclose(
        moved["BatchNorm/moving_mean"], arrays["bn.running_mean"] - arrays["conv.bias"]
    )
    code, _, err = dslc(*call, "--from", "keras.applications", "--force")
    assert code == 2 and "`a.pth` is torch, not a file of keras.applications" in err


def test_files_of_keras_applications(tmp_path: Path) -> None:
    text = "model Net { input x: 4x4x3  x -> Conv2D(5, 1x1) -> BatchNorm -> GlobalAvgPool2D -> Dense(2) }"
    graph = spec_of(text).models[-1].graph
    groups = {
        "layers/conv2d/vars/0": (1, 1, 3, 5), "layers/conv2d/vars/1": (5,),
        "layers/batch_normalization/vars/0": (5,), "layers/batch_normalization/vars/1": (5,),
        "layers/batch_normalization/vars/2": (5,), "layers/dense/vars/0": (5, 2), "layers/dense/vars/1": (2,),
    }  # fmt: skip
    path = tmp_path / "a.weights.h5"
    path.write_bytes(keras_file.encoded({k: np.full(v, 0.5, "f4") for k, v in groups.items()}))
    fitted = fit(load(path), graph, layers_of(graph))
    assert (fitted.arrays["BatchNorm/gamma"] == 1).all()  # three arrays: scale=False
    assert (fitted.arrays["BatchNorm/beta"] == 0.5).all()


def test_an_old_file_of_keras_has_an_order_of_its_own(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"z", b"none", b"a"]
        file.create_group("none").attrs["weight_names"] = []
        for layer in ("a", "z"):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/kernel:0".encode()]
            group[f"{layer}/kernel:0"] = np.ones((2, 2), "f4")
    assert list(load(path).arrays) == ["z/kernel", "a/kernel"]


def test_the_resnets_of_keras_stride_elsewhere() -> None:
    text = SPECS["resnet50"].read_text()
    graph = spec_of(text).models[-1].graph
    layers = layers_of(graph)
    arrays: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
    titles: dict[str, str] = {}
    blocks = iter([(s, b) for s, n in ((2, 3), (3, 4), (4, 6), (5, 3)) for b in range(1, n + 1)])
    name, count = "conv1", {}
    for number, layer in enumerate(layers):
        if layer.name.endswith(("shortcut/Conv2D", "y/Conv2D")) and not (
            layer.name.endswith("y/Conv2D") and "shortcut" in layers[number - 2].name
        ):
            stage, block = next(blocks)
            name = f"conv{stage}_block{block}"
        kind = {"Conv2D": "conv", "BatchNorm": "bn", "Dense": "fc"}[layer.word.word]
        if kind == "fc":
            title = "predictions"
        elif name == "conv1":
            title = f"conv1_{kind}"
        else:
            part = (
                0
                if "shortcut" in layer.name
                else int(layer.name[-1])
                if layer.name[-2] == "_"
                else 1
            )
            title = f"{name}_{part}_{kind}"
        group = f"layers/{kind}_{count.setdefault(kind, 0)}"
        count[kind] += 1
        titles[group] = title
        for at, shape in enumerate(layer.shapes.values()):
            arrays[f"{group}/vars/{at}"] = np.broadcast_to(np.float32(0.5), shape)
    saved = Saved(Path("a.weights.h5"), "keras", arrays, titles=titles)
    with pytest.raises(Problem, match="`conv3_block1_1_conv`") as found:
        fit(saved, graph, layers)
    assert found.value.help == "give the stride to the first 1x1 convolution of the block"


def test_metadata_are_shown_without_obeying_them(dslc: Dslc) -> None:
    about = {"format": "dslc", "model": "\x1b[31mred"}
    Path("a.safetensors").write_bytes(safetensors.encoded({"w\x1b[2J": np.ones(1, "f4")}, about))
    out = dslc("weights", "show", "a.safetensors")[1]
    assert "\x1b" not in out


def test_the_digits_of_the_page(dslc: Dslc) -> None:
    assert dslc("weights", "init", DIGITS, "-o", "a.safetensors")[0] == 0
    arrays = random_weights(analysed_file(DIGITS))
    assert set(load(Path("a.safetensors")).arrays) == set(arrays)
