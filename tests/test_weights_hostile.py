"""Files that want to do harm, that are broken, or that are not what they say: one clear line, exit code 2."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import Dslc, command_line  # noqa: F401
from weighing import first_weights, kept, spec_of

from dslc.weights import keras_file, safetensors, torch_file
from dslc.weights.convert import to_framework
from dslc.weights.problem import Problem
from dslc.weights.saved import load

SPEC = "model Net { input x: 4  x -> Dense(3) }\n"
ARRAYS = {"dense.weight": np.arange(12, dtype="f4").reshape(3, 4), "dense.bias": np.ones(3, "f4")}


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch harm",)


class Builtin:
    def __reduce__(self) -> Any:
        return eval, ("open('harm', 'w')",)


def torch_zip(data: bytes, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        for name, content in more.items():
            archive.writestr(f"archive/data/{name}", content)
    return out.getvalue()


def tensor(
    storage: str = "FloatStorage", offset: int = 0, shape: str = "K\x04\x85", **_: Any
) -> bytes:
    """The pickle of one tensor over storage `0` of 4 numbers, with a claim that may be a lie."""
    return (
        b"\x80\x02}X\x01\x00\x00\x00w"
        b"ctorch._utils\n_rebuild_tensor_v2\n(("
        b"X\x07\x00\x00\x00storage" + f"ctorch\n{storage}\n".encode() + b"X\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuK\x04tQK"
        + bytes([offset])
        + shape.encode("latin1")
        + b"K\x01\x85\x89"
        b"ccollections\nOrderedDict\n)RtRs."
    )


def header(text: bytes | dict[str, Any], body: bytes = b"", size: int | None = None) -> bytes:
    head = json.dumps(text).encode() if isinstance(text, dict) else text
    return struct.pack("<Q", len(head) if size is None else size) + head + body


def claim(**about: Any) -> dict[str, Any]:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | about}


def hdf5(fill: Callable[[h5py.File], None]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        fill(file)
    return out.getvalue()


def keras_zip(
    data: bytes, name: str = "model.weights.h5", method: int = zipfile.ZIP_STORED
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def external(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


def promised(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1, 1000))


def older(file: h5py.File) -> None:
    file.attrs["layer_names"] = [b"dense"]
    file["dense"] = h5py.ExternalLink("/etc/passwd", "/")


GOOD_ST = safetensors.encoded(ARRAYS, {})
GOOD_PT = torch_file.encoded(ARRAYS)
GOOD_H5 = keras_file.encoded({"layers/dense/vars/0": np.ones((4, 3), "f4")})

HOSTILE = {
    "system.pt": (torch_zip(pickle.dumps({"w": Evil()})), "asks for `posix.system`, which is not executed"),
    "eval.pt": (torch_zip(pickle.dumps({"w": Builtin()}, 2)), "asks for `__builtin__.eval`"),
    "old.pt": (pickle.dumps({"w": Evil()}), "in the format that torch wrote before 1.6"),
    "module.pt": (torch_zip(b"ctorch.nn.modules.linear\nLinear\n."), "`torch.nn.modules.linear.Linear`"),
    "storage.pt": (torch_zip(tensor("EvilStorage"), **{"0": bytes(16)}), "asks for `torch.EvilStorage`"),
    "empty.pt": (b"", "no file of torch"),
    "cut.pt": (GOOD_PT[: len(GOOD_PT) // 2], "no file of torch, or only a part of one"),
    "text.pt": (b"hello", "no file of torch"),
    "zip.pt": (keras_zip(b"", "a.txt"), "a zip that torch did not write"),
    "two.pt": (keras_zip(b"", "a/b/data.pkl"), "is damaged"),
    "pickle.pt": (torch_zip(b"\x80\x02}X\xff\xff\xff\x7f"), "is damaged"),
    "lacks.pt": (torch_zip(tensor()), "is damaged"),
    "short.pt": (torch_zip(tensor(), **{"0": bytes(12)}), "is damaged"),
    "beyond.pt": (torch_zip(tensor(offset=1), **{"0": bytes(16)}), "is damaged"),
    "wide.pt": (torch_zip(tensor(shape="J\xff\xff\xff\x7f\x85"), **{"0": bytes(16)}), "is damaged"),
    "negative.pt": (torch_zip(tensor(shape="J\xff\xff\xff\xff\x85"), **{"0": bytes(16)}), "is damaged"),
    "number.pt": (torch_zip(pickle.dumps(3)), "no state_dict"),
    "none.pt": (torch_zip(pickle.dumps({"epoch": 3})), "no state_dict"),
    "set.pt": (torch_zip(pickle.dumps({"w": {1, 2}}, 4)), "is damaged"),
    "memo.pt": (torch_zip(b"\x80\x02}r\xff\xff\xff\x7fj\xfe\xff\xff\x7f."), "is damaged"),
    "hash.pt": (torch_zip(b"\x80\x02})" + b"2\x86" * 100 + b"K\x01s."), "is damaged"),
    "overlap.pt": (torch_zip(tensor(), **{"0": bytes(10**7)}), "is damaged"),
    "loop.pt": (torch_zip(b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s."), "no state_dict"),
    "empty.safetensors": (b"", "no safetensors file, or only a part of one"),
    "huge.safetensors": (header(b"{}", size=2**62), "no safetensors file"),
    "cut.safetensors": (GOOD_ST[:-4], "its header does not fit its numbers"),
    "json.safetensors": (header(b"{nonsense"), "damaged safetensors"),
    "deep.safetensors": (header(b"[" * 200_000), "damaged safetensors"),
    "list.safetensors": (header(b"[]"), "damaged safetensors"),
    "kind.safetensors": (header(claim(dtype="F128"), bytes(8)), "damaged safetensors"),
    "shape.safetensors": (header(claim(shape=[3]), bytes(8)), "damaged safetensors"),
    "minus.safetensors": (header(claim(shape=[-1, -2]), bytes(8)), "damaged safetensors"),
    "wide.safetensors": (header(claim(shape=[2**40, 2**40]), bytes(8)), "damaged safetensors"),
    "beyond.safetensors": (header(claim(data_offsets=[4, 12]), bytes(8)), "damaged safetensors"),
    "float.safetensors": (header(claim(data_offsets=[0.0, 8.0]), bytes(8)), "damaged safetensors"),
    "meta.safetensors": (header({"__metadata__": {"a": 1}} | claim(), bytes(8)), "damaged safetensors"),
    "text.h5": (b"hello", "no file of Keras"),
    "text.keras": (b"hello", "no file of Keras"),
    "cut.h5": (GOOD_H5[: len(GOOD_H5) // 2], "no file of Keras with weights, or is damaged"),
    "cut.keras": (keras_zip(GOOD_H5)[:-40], "no file of Keras"),
    "inner.keras": (keras_zip(b"hello"), "no file of Keras"),
    "bomb.keras": (keras_zip(bytes(10**7), method=zipfile.ZIP_DEFLATED), "no file of Keras"),
    "external.h5": (hdf5(external), "no file of Keras"),
    "promised.h5": (hdf5(promised), "no file of Keras"),
    "link.h5": (hdf5(older), "no file of Keras"),
    "text.h5.weights.h5": (hdf5(lambda f: f.create_dataset("a", data=b"text")), "no file of Keras"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name: str, dslc: Dslc) -> None:
    data, why = HOSTILE[name]
    Path(name).write_bytes(data)
    Path("spec.dl").write_text(SPEC)
    for call in (["show", name], ["convert", name, "to.safetensors", "--spec", "spec.dl"]):
        code, out, err = dslc("weights", *call)
        assert code == 2, out
        first, *rest = err.splitlines()
        assert first.startswith("error: ") and why in first, err
        assert len(rest) <= 1 and not out
    assert sorted(os.listdir()) == sorted(
        [name, "spec.dl"]
    )  # nothing was executed, nothing written


def test_a_soft_link_is_not_followed(tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["layers/dense/vars/0"] = np.ones(3, "f4")
        file["other"] = h5py.ExternalLink("/etc/passwd", "/")
        file["again"] = h5py.SoftLink("/layers")

    (tmp_path / "a.h5").write_bytes(hdf5(fill))
    assert list(load(tmp_path / "a.h5").arrays) == ["layers/dense/vars/0"]


def test_what_is_no_file_is_named(dslc: Dslc) -> None:
    Path("folder").mkdir()
    for name, why in (("none.pt", "No such file"), ("folder", "is a folder")):
        code, _, err = dslc("weights", "show", name)
        assert code == 2 and why in err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: a | {"dense.weight": np.zeros((4, 3), "f4")}, "is 4x3, the spec needs 3x4"),
        (lambda a: {"dense.weight": a["dense.weight"]}, "it lacks `dense.bias`"),
        (lambda a: a | {"more": np.zeros(1, "f4")}, "it has `more`, which the spec has not"),
        (
            lambda a: {k.replace("dense.w", "denser.w"): v for k, v in a.items()},
            "`denser.weight` looks like it: were layers renamed since?",
        ),
        (
            lambda a: {k.replace("dense", "fc"): v for k, v in a.items()},
            "it knows none of the spec's layers; a network of a library needs `--from`",
        ),
        (lambda a: a | {"dense.bias": np.array([True] * 3)}, "holds bool, which are no weights"),
    ],
)
def test_weights_of_another_model(change: Any, why: str, dslc: Dslc) -> None:
    Path("spec.dl").write_text(SPEC)
    Path("a.pt").write_bytes(torch_file.encoded(change(ARRAYS)))
    code, _, err = dslc("weights", "convert", "a.pt", "b.safetensors", "--spec", "spec.dl")
    assert code == 2 and why in err
    assert not Path("b.safetensors").exists()


def test_nan_is_flagged_and_moved(dslc: Dslc) -> None:
    Path("spec.dl").write_text(SPEC)
    lost = ARRAYS | {"dense.bias": np.array([np.nan, np.inf, 1], "f4")}
    Path("a.pt").write_bytes(torch_file.encoded(lost))
    code, out, err = dslc("weights", "show", "a.pt")
    assert code == 1 and "2 not finite" in out and "2 numbers are not finite" in err
    assert dslc("weights", "convert", "a.pt", "b.weights.h5", "--spec", "spec.dl")[0] == 0
    assert np.isnan(load(Path("b.weights.h5")).arrays["layers/dense/vars/1"][0])
    code, out, _ = dslc("weights", "diff", "a.pt", "b.weights.h5", "--spec", "spec.dl")
    assert code == 0 and "the same: 2 arrays" in out


def test_half_precision_is_widened(tmp_path: Path) -> None:
    half = np.array([1.5, -2.0], np.float16)
    (tmp_path / "a.safetensors").write_bytes(safetensors.encoded({"w": half}, {}))
    assert load(tmp_path / "a.safetensors").arrays["w"].tolist() == [1.5, -2.0]
    brain = struct.pack("<HH", 0x3FC0, 0xC000)
    about = {"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    (tmp_path / "b.safetensors").write_bytes(header(about, brain))
    found = load(tmp_path / "b.safetensors").arrays["w"]
    assert found.dtype == np.float32 and found.tolist() == [1.5, -2.0]


def test_zeros_that_torch_keeps_besides_are_added(tmp_path: Path) -> None:
    """A second bias that was trained elsewhere is a part of the one bias of the spec."""
    text = "model Net { input x: 5x3  x -> LSTM(2) }"
    places = kept(spec_of(text), "torch")
    arrays = first_weights(text)
    moved = to_framework(arrays, places)
    assert not moved["lstm.bias_hh_l0"].any()
    moved["lstm.bias_hh_l0"] = np.ones(8, "f4")
    from dslc.weights.convert import from_framework

    back = from_framework(moved, places, "it")
    assert (back["LSTM/bias"] == arrays["LSTM/bias"] + 1).all()
    del moved["lstm.bias_hh_l0"]
    assert (from_framework(moved, places, "it")["LSTM/bias"] == arrays["LSTM/bias"]).all()


def test_weights_that_only_a_library_names() -> None:
    analysis = spec_of(
        "model Net { input x: 64x64x3  x -> ResNet50(weights=none) -> Flatten -> Dense(3) }"
    )
    with pytest.raises(Problem, match="`ResNet50` are those of the network of a library"):
        kept(analysis, "torch")
