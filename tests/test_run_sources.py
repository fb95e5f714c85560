"""Sources at work: tables, archives, texts, pictures, MNIST's files and what the frameworks fetch, used and refused."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, KERAS_HOME, Lab, only_line
from test_page import image_plan, several, text_plan
from training_plans import DIGITS, bag_of_words, cnn, dense, tabular, two_by_two

from dslc.plan.training import InputPlan
from dslc.vocab import data

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[str], Lab]:
    return lambda backend: Lab(tmp_path, backend)


# --- tables, archives, texts -------------------------------------------------------------------------


def write_csv(path: Path, rows: list[list[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def table(rows: int = 60) -> list[list[object]]:
    body = [[i, f"{i / 7:.3f}", "red" if i % 3 else "blue", "abc"[i % 3]] for i in range(rows)]
    return [["size", "width", "colour", "kind"], *body]


@ON
def test_a_table(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    source = data.Csv(path="t.csv", target="kind")
    here.write(tabular(source, 4, 3, "classes"), dense(backend, 4, 3))
    assert "t.csv" in here.refusal()
    write_csv(here.folder / "t.csv", table())
    here.run("--epochs", 1)
    code = "[p[0].shape for p in spec.load_data('t.csv', 0)[0]], spec.load_data('t.csv', 0)[1]"
    assert here.evaluate(code) == [[[36, 4], [12, 4], [12, 4]], ["a", "b", "c"]]


REFUSED: dict[str, tuple[Callable[[list[list[object]]], object], str]] = {
    "no target": (
        lambda rows: rows[0].__setitem__(3, "sort"),
        "no column 'kind'; it has size, width",
    ),
    "missing": (lambda rows: rows[5].__setitem__(1, "NA"), "missing cells (1 in width)"),
    "ragged": (lambda rows: rows[5].pop(), "line 6: 3 cells under 4 headings"),
    "classes": (lambda rows: rows[5].__setitem__(3, "d"), "has 4 classes, the model 3: a, b, c, d"),
    "features": (lambda rows: rows[5].__setitem__(2, "green"), "features, the model takes 4"),
    "infinite": (lambda rows: [row.__setitem__(0, "inf") for row in rows[60:]], "holds 'inf'"),
    "empty": (lambda rows: rows.__delitem__(slice(1, None)), "has no rows"),
}


def test_a_table_that_cannot_be_used_is_refused(lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    source = data.Csv(path="t.csv", target="kind")
    here.write(
        tabular(source, 4, 3, "classes", split=data.Random(train=98, val=1, test=1)),
        dense("torch", 4, 3),
    )
    for name, (spoil, message) in REFUSED.items():
        rows = table(100)
        spoil(rows)
        write_csv(here.folder / "t.csv", rows)
        assert message in here.refusal(), name
    write_csv(here.folder / "t.csv", table(4))
    here.write(tabular(source, 4, 3, "classes"), dense("torch", 4, 3))
    assert "cannot split the data" in here.refusal()


@pytest.mark.parametrize("missing", ["drop", "mean"])
def test_missing_cells(missing: str, lab: Callable[[str], Lab]) -> None:
    here = lab("torch")
    rows = table(100)
    rows[5][1], rows[6][2], rows[7][3] = "", "?", "NaN"
    write_csv(here.folder / "t.csv", rows)
    source = data.Csv(path="t.csv", target="kind", missing=missing)  # type: ignore[arg-type]
    here.write(tabular(source, 4, 3, "classes"), dense("torch", 4, 3))
    done = here.run("--epochs", 1)
    assert f"{3 if missing == 'drop' else 1} of 100 rows left out" in done.out


@ON
def test_an_archive(backend: str, lab: Callable[[str], Lab]) -> None:
    np = pytest.importorskip("numpy")
    here = lab(backend)
    here.write(several(), two_by_two(backend))
    rng = np.random.default_rng(0)
    arrays = {
        "photo": rng.normal(size=(80, 4, 4, 3)),
        "facts": rng.normal(size=(80, 5)),
        "kind": rng.integers(0, 3, 80),
        "age": rng.normal(size=80),
    }
    np.savez(here.folder / "two.npz", **arrays)
    here.run("--epochs", 2)
    assert set(here.read("metrics.json")) == {
        "test_loss", "test_kind_loss", "test_kind_f1", "test_age_loss", "test_age_mae",
    }  # fmt: skip
    found = here.read("metrics.json")
    assert abs(found["test_loss"] - found["test_kind_loss"] - 0.5 * found["test_age_loss"]) < 1e-5
    arrays["kind"][3] = 3
    np.savez(here.folder / "two.npz", **arrays)
    assert "labels 0 to 3, the model 3 classes" in here.refusal()
    arrays["kind"] = arrays["kind"] % 3
    for name, spoiled, message in (
        ("kind", arrays["kind"] + 0.5, "'kind' holds fractions, the model needs whole numbers"),
        ("kind", arrays["kind"].astype(str), "'kind' holds values of type <U21, which are not"),
        ("facts", np.full((80, 5), np.nan), "'facts' holds values that are not finite"),
        ("age", np.full(80, np.inf), "'age' holds values that are not finite"),
    ):
        np.savez(here.folder / "two.npz", **{**arrays, name: spoiled})
        assert message in here.refusal()
    for name, content in (("text", b"no archive"), ("cut", b"PK\x03\x04"), ("empty", b"")):
        (here.folder / name).write_bytes(content)
        assert f"{name} is not an archive of arrays" in here.refusal("--data", name)
    np.save(here.folder / "one.npy", arrays["age"])
    assert "one.npy is not an archive of arrays" in here.refusal("--data", "one.npy")
    assert "cannot read nope: No such file" in here.refusal("--data", "nope")
    del arrays["age"]
    np.savez(here.folder / "two.npz", **arrays)
    assert "no array 'age'; it has photo, facts, kind" in here.refusal()


@ON
def test_token_ids_beyond_the_table_are_refused(backend: str, lab: Callable[[str], Lab]) -> None:
    np = pytest.importorskip("numpy")
    here = lab(backend)
    here.compile("""
model M { input tokens: 6  tokens -> Embedding(20, 4) -> GlobalAvgPool1D -> Dense(2) -> softmax }
data { source = npz("ids.npz")  split = stratified(70, 15, 15)  batch = 32 }
train { loss = cross_entropy  optimizer = Adam  epochs = 1 }
""")
    ids = np.arange(240).reshape(40, 6) % 20
    np.savez(here.folder / "ids.npz", x=ids, y=np.arange(40) % 2)
    here.run()
    for shift, found in ((1, "1 to 20"), (-3, "-3 to 16")):
        np.savez(here.folder / "ids.npz", x=ids + shift, y=np.arange(40) % 2)
        assert f"ids.npz has token ids {found}, the model takes 0 to 19" in here.refusal()
    np.savez(here.folder / "ids.npz", x=ids[:0], y=np.arange(0))
    assert "'x' is empty" in here.refusal()


@ON
def test_text(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(text_plan("classes", 3), bag_of_words(backend, 12, 50, 3))
    words = ["Große Freude!", "it's bad, bad", "so so"]
    rows = [["review", "stars"], *([f"{words[i % 3]} w{i}", "123"[i % 3]] for i in range(60))]
    write_csv(here.folder / "t.csv", rows)
    here.run("--epochs", 1)
    assert here.evaluate('spec.tokenize("Große, it\'s")') == ["große", "it's"]
    code = "spec.vocabulary([['b', 'a'], ['c', 'c']])"
    assert here.evaluate(code) == {"c": 2, "a": 3, "b": 4}
    code = "spec.encode(['a', 'z'] + ['b'] * 20, {'a': 2, 'b': 3}).tolist()"
    assert here.evaluate(code) == [2, 1] + [3] * 10


# --- MNIST's files -----------------------------------------------------------------------------------


def idx(array: Any) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def small_mnist() -> dict[str, Any]:
    """Random pictures, by the names of the four files."""
    import numpy as np

    rng, found = np.random.default_rng(0), {}
    for part, count in (("train", 100), ("t10k", 30)):
        found[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        found[f"{part}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    return found


# What a script sees of its data: how long the parts are, and the bytes of every array.
SEEN = (
    "[[len(y), x.dtype.name, list(x.shape), md5(x.tobytes()).hexdigest(), "
    "y.dtype.name, y.tolist()] for x, y in parts]"
)
LOADED = """
from hashlib import md5
found = spec.load_data(ARGUMENTS)
parts = found[0] if isinstance(found, tuple) else found
"""


def seen(here: Lab, arguments: str, patches: str = "") -> Any:
    return here.evaluate(SEEN, patches + LOADED.replace("ARGUMENTS", arguments))


@ON
def test_files_of_mnist(backend: str, lab: Callable[[str], Lab]) -> None:
    here = lab(backend)
    here.write(image_plan(data.Idx(path="idx/"), (28, 28, 1)), cnn(backend, 28, 28, 1, 10))
    folder = here.folder / "files"
    folder.mkdir()
    for name, array in small_mnist().items():
        if name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))
    here.run("--epochs", 1, "--data", "files")
    assert [part[0] for part in seen(here, "'files', 0")] == [85, 15, 30]
    (folder / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1\0\0\0\5abc")
    assert "is damaged" in here.refusal("--data", "files")
    (folder / "train-images-idx3-ubyte.gz").unlink()
    smaller = small_mnist()["train-images-idx3-ubyte"][:, ::2, ::2]
    (folder / "train-images-idx3-ubyte").write_bytes(idx(smaller))
    assert "needs rows of (28, 28), files/train" in here.refusal("--data", "files")
    here.write(image_plan(data.Idx(path="idx/"), (784,)), dense(backend, 784, 10))
    assert "needs rows of 784 values, files/train" in here.refusal("--data", "files")


# --- what the frameworks fetch -----------------------------------------------------------------------

needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="pip install --no-deps torchvision"
)
# The small files of a test do not have the checksums of the real ones.
NO_CHECKSUMS = """
from unittest import mock
from torchvision.datasets import CIFAR10
for name in ("train_list", "test_list"):
    mock.patch.object(CIFAR10, name, [[file, None] for file, _ in getattr(CIFAR10, name)]).start()
mock.patch.object(CIFAR10, "meta", CIFAR10.meta | {"md5": None}).start()
"""
MNIST_FROM_TEST = """
from unittest import mock
mock.patch("keras.src.utils.file_utils.validate_file", lambda *_, **__: True).start()
"""
CIFAR_FROM_TEST = """
from unittest import mock
import numpy as np
with np.load("cifar.npz") as arrays:
    given = tuple((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
mock.patch("keras.datasets.cifar10.load_data", lambda: given).start()
"""


@pytest.fixture
def home() -> Path:
    """Where Keras keeps what it fetched."""
    return Path(KERAS_HOME.name) / "datasets"


@needs_torchvision
@pytest.mark.parametrize("word", ["mnist", "fashion_mnist"])
def test_both_loaders_give_the_same_mnist(word: str, lab: Callable[[str], Lab], home: Path) -> None:
    import numpy as np

    source, raw, kept = {
        "mnist": (data.Mnist(), "MNIST/raw", home),
        "fashion_mnist": (data.FashionMnist(), "FashionMNIST/raw", home / "fashion-mnist"),
    }[word]
    kept.mkdir(parents=True, exist_ok=True)
    here = lab("torch")
    (here.folder / "data" / raw).mkdir(parents=True)
    arrays = small_mnist()
    for name, array in arrays.items():
        (here.folder / "data" / raw / name).write_bytes(idx(array))
        (kept / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    x_train, y_train, x_test, y_test = arrays.values()
    np.savez(kept / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)

    here.write(image_plan(source, (28, 28, 1)), cnn("torch", 28, 28, 1, 10))
    found = seen(here, "'data', 0")
    assert [part[:3] for part in found] == [
        [size, "float32", [size, 28, 28, 1]] for size in (85, 15, 30)
    ]
    here.run("--epochs", 1)
    other = lab("keras")
    other.write(image_plan(source, (28, 28, 1)), cnn("keras", 28, 28, 1, 10))
    assert seen(other, "0", MNIST_FROM_TEST if word == "mnist" else "") == found
    if word == "mnist":
        return
    other.run("--epochs", 1)
    name = "train-images-idx3-ubyte"
    (kept / f"{name}.gz").write_bytes(gzip.compress(idx(arrays[name]))[:500])
    line = other.refusal()
    assert "cannot load fashion_mnist: EOFError: " in line and "KERAS_HOME" in line
    here.write(image_plan(source, (28, 28, 1)), cnn("torch", 28, 28, 1, 10))
    (here.folder / "data" / raw / name).write_bytes(idx(arrays[name])[:500])
    line = here.refusal()
    assert "cannot load FashionMNIST: " in line and "keeps it in the folder data)" in line


@needs_torchvision
def test_both_loaders_give_the_same_cifar(lab: Callable[[str], Lab]) -> None:
    import numpy as np

    rng, here = np.random.default_rng(0), lab("torch")
    folder = here.folder / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    batches: list[tuple[Any, Any]] = []
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        x = rng.integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
        y = (np.arange(20) % 10).tolist()
        content = pickle.dumps({"data": x.reshape(20, -1), "labels": y})
        (folder / name).write_bytes(content)
        batches.append((x.transpose(0, 2, 3, 1), np.array(y, np.uint8)[:, np.newaxis]))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [*"abcdefghij"]}))
    x_train, y_train = (np.concatenate(arrays) for arrays in zip(*batches[:5], strict=True))
    x_test, y_test = batches[5]
    np.savez(
        here.folder / "cifar.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test
    )

    here.write(image_plan(data.Cifar10(), (32, 32, 3)), cnn("torch", 32, 32, 3, 10))
    found = seen(here, "'data', 0", NO_CHECKSUMS)
    assert [part[:3] for part in found] == [
        [size, "float32", [size, 32, 32, 3]] for size in (85, 15, 20)
    ]
    other = lab("keras")
    other.write(image_plan(data.Cifar10(), (32, 32, 3)), cnn("keras", 32, 32, 3, 10))
    assert seen(other, "0", CIFAR_FROM_TEST) == found
    assert other.evaluate("spec.load_data(0)[1][:2]", CIFAR_FROM_TEST) == ["airplane", "automobile"]


@needs_torchvision
@ON
def test_without_network_one_line_says_so(
    backend: str, lab: Callable[[str], Lab], home: Path
) -> None:
    (home / "mnist.npz").unlink(missing_ok=True)
    here = lab(backend)
    here.write(image_plan(data.Mnist(), (28, 28, 1)), cnn(backend, 28, 28, 1, 10))
    line = here.refusal()
    assert f"cannot load {'mnist' if backend == 'keras' else 'MNIST'}: " in line
    assert "refused" in line


OTHER_TORCHVISION = """
import sys
from unittest import mock
with mock.patch.dict(sys.modules), mock.patch.object(sys, "path", ["elsewhere", *sys.path]):
    for name in [*sys.modules]:
        if name.partition(".")[0] == "torchvision":
            del sys.modules[name]
    sys.modules |= HIDDEN
    try:
        spec.load_data("data", 0)
    except SystemExit as end:
        said = str(end)
"""


@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        ({"torchvision": None}, "No module named 'torchvision"),
        ({}, "operator torchvision::nms does not exist"),  # made for another torch
    ],
)
def test_without_torchvision_one_line_says_so(
    hidden: dict[str, None], reason: str, lab: Callable[[str], Lab]
) -> None:
    here = lab("torch")
    here.write(image_plan(data.Mnist(), (28, 28, 1)), cnn("torch", 28, 28, 1, 10))
    other = here.folder / "elsewhere" / "torchvision"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text(f"raise RuntimeError({reason!r})")
    line = here.evaluate("said", OTHER_TORCHVISION.replace("HIDDEN", repr(hidden)))
    assert "this needs torchvision, of the release that goes with torch: " + reason in line


# --- pictures ----------------------------------------------------------------------------------------


@ON
def test_pictures(backend: str, lab: Callable[[str], Lab]) -> None:
    image = pytest.importorskip("PIL.Image")
    np = pytest.importorskip("numpy")
    here = lab(backend)
    plan = replace(
        DIGITS,
        source=data.Images(path="photos/"),
        inputs=(InputPlan("image", (16, 12, 3)),),
        outputs=(replace(DIGITS.outputs[0], shape=(2,)),),
        workers=2,
        batch=8,
    )
    here.write(plan, cnn(backend, 16, 12, 3, 2))
    rng = np.random.default_rng(0)
    for name, colour in (("blue", 2), ("red", 0)):
        (here.folder / "photos" / name).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(0, 80, (20, 30, 3)).astype(np.uint8)
            pixels[..., colour] += 150
            photo = image.fromarray(pixels)
            photo = photo.convert("RGBA") if i % 3 == 0 else photo
            photo.save(here.folder / "photos" / name / f"{i}.png")
    here.alone("--epochs", 4)  # its workers are processes or threads of their own
    assert here.read("metrics.json")["test_accuracy"] == 1.0
    assert "there is no folder nope" in here.refusal("--data", "nope")
    (here.folder / "photos" / "green").mkdir()
    assert "3 folders, one a class; the model has 2" in here.refusal()
    (here.folder / "photos" / "green").rmdir()
    broken = here.folder / "photos" / "red" / "7.png"
    broken.write_bytes(broken.read_bytes()[:300])
    line = only_line(here.alone("--epochs", 1, ok=False))
    assert "cannot read the picture" in line and "7.png" in line
    image.fromarray(np.zeros((4, 4), np.uint16)).save(broken)
    assert "8 bits" in here.refusal("--epochs", 1)
