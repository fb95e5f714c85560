"""Augmentation in running scripts: the same pixels on both backends, in every epoch, with any number of workers, and
after `--resume`; nothing but the training part is changed; mixed labels are trained on as both papers say."""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import BACKENDS, Lab
from PIL import Image
from test_augment import CERTAIN, GENTLE, preview, spec

from dslc.spec.spelling import spell_word
from dslc.vocab.transform import Transform

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)
COLOUR = 'npz("colour.npz", values=0..255)'

# Beside the module of a script: the hashes of batches, as the model gets them.
SETUP = """
import hashlib, json
import numpy as np

def digest(*arrays):
    return [hashlib.sha1(np.ascontiguousarray(a).tobytes()).hexdigest()[:12] for a in arrays]

def plain(pair):
    x, y = (np.asarray(value) for value in pair)
    return (np.moveaxis(x, 1, -1) if TORCH else x), y

def seen(epochs=(0, 1), part=0, seed=3, size=16):
    parts = spec.load_data(*PATH, 0)
    parts = parts[0] if isinstance(parts, tuple) else parts
    batches = spec.Batches(parts[part], size, seed)
    found = []
    for epoch in epochs:
        if seed is not None:
            batches.set_epoch(epoch)
        found.append([digest(*plain(batches[i])) for i in range(len(batches))])
    return found
"""


@pytest.fixture
def labs(tmp_path: Path) -> Callable[[str], dict[str, Lab]]:
    def made(text: str) -> dict[str, Lab]:
        rng = np.random.default_rng(0)
        x, y = rng.integers(0, 256, (60, 28, 26, 3), np.uint8), np.arange(60) % 3
        found = {}
        for backend in BACKENDS:
            folder = tmp_path / backend
            folder.mkdir(exist_ok=True)
            np.savez(folder / "colour.npz", x=x, y=y)
            found[backend] = Lab(folder, backend)
            found[backend].compile(text)
        return found

    return made


def look(lab: Lab, expression: str, path: str = "") -> Any:
    setup = f"TORCH, PATH = {lab.backend == 'torch'}, {[path] if path else []!r}\n{SETUP}"
    return lab.evaluate(expression, setup)


def colour(augment: str, shape: str = "28x26x3", **more: str) -> str:
    return spec(augment, COLOUR, shape, **({"classes": "3"} | more))


# --- the same pixels ---------------------------------------------------------------------------------


def text_of(word: Transform) -> str:
    return spell_word(word, full=True)


@pytest.mark.parametrize("name", [*CERTAIN, "MixUp", "CutMix"])
def test_every_transform_gives_both_backends_the_same_pixels(
    name: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    word = text_of(CERTAIN[name]) if name in CERTAIN else name
    crops = "Crop" in name
    source = 'npz("colour.npz", values=0..255, size=28x26)'
    text = spec(word, source, "24x20x3" if crops else "28x26x3", classes="3")
    found = [look(lab, "seen()", "colour.npz") for lab in labs(text).values()]
    assert found[0] == found[1]
    first, second = found[0]
    assert len(first) == 3 and not set(map(tuple, first)) & set(map(tuple, second))


def test_a_long_chain_does_and_scales_as_it_says(labs: Callable[[str], dict[str, Lab]]) -> None:
    chain = "  ".join(text_of(w) for n, w in CERTAIN.items() if "Crop" not in n)
    text = colour(f"{chain}  MixUp  CutMix", data="scale = zscore")
    found = labs(text)
    assert look(found["keras"], "seen()", "colour.npz") == look(
        found["torch"], "seen()", "colour.npz"
    )


def test_grey_digits_too_and_the_preview_shows_those_very_pixels(
    labs: Callable[[str], dict[str, Lab]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = spec(f"{GENTLE}  RandAugment(4, 20)  MixUp(0.4)  CutMix", data="batch = 16")
    found = labs(text)
    known = look(found["keras"], "seen()")
    assert known == look(found["torch"], "seen()")
    path = found["keras"].folder / "preview.py"
    path.write_text(preview(text), encoding="utf-8")
    made = importlib.util.spec_from_file_location("preview", path)
    assert made is not None and made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    (x, y), *_ = module.load_data(0)[0]
    rows = np.random.default_rng([3, 1]).permutation(len(y))[16:32]  # the second batch
    pictures, labels = zip(*module.trained_on(x, y, 3, 1, 16, rows), strict=True)
    scaled = np.stack(pictures).astype(np.float32) / 15.9375  # bytes as the digits were
    digests = [hashlib.sha1(a.tobytes()).hexdigest()[:12] for a in (scaled, np.stack(labels))]
    # Scaled before they are mixed or after: the same but for rounding, so labels are compared bit by bit.
    assert digests[1] == known[1][1][1]
    shown = np.array(look(found["torch"], BATCH), np.float32)
    assert np.allclose(shown, scaled, atol=1e-5)


BATCH = """(lambda b: (b.set_epoch(1), plain(b[1])[0].tolist())[1])(
    spec.Batches(spec.load_data(0)[0][0], 16, 3))"""


@pytest.mark.parametrize("channels", [1, 3])
def test_photos_are_decoded_cropped_and_changed_alike(
    channels: int, labs: Callable[[str], dict[str, Lab]]
) -> None:
    rng = np.random.default_rng(1)
    shape = f"20x24x{channels}"
    chain = "RandomCrop(20x24)  RandAugment(3, 20)  CoarseDropout"
    text = spec(chain, 'images("photos/", size=26x30)', shape, classes="2", data="workers = 2")
    found = labs(text)
    for lab in found.values():
        for kind in ("a", "b"):
            (lab.folder / "photos" / kind).mkdir(parents=True)
    for number in range(20):
        picture = Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8))
        for lab in found.values():
            picture.save(lab.folder / "photos" / "ab"[number % 2] / f"{number}.png")
    seen = [look(lab, "seen() + seen((0,), 1, None)", "photos/") for lab in found.values()]
    assert seen[0] == seen[1]
    if channels == 3:
        for lab in found.values():  # with threads and processes
            lab.run("--epochs", 1)


def test_other_seeds_give_other_pixels(labs: Callable[[str], dict[str, Lab]]) -> None:
    lab = labs(colour(GENTLE))["torch"]
    assert look(lab, "seen(seed=3)", "colour.npz") != look(lab, "seen(seed=4)", "colour.npz")
    assert look(lab, "seen(seed=3)", "colour.npz") == look(lab, "seen(seed=3)", "colour.npz")


WORKERS = {
    "torch": """[[digest(*plain(pair)) for pair in spec.DataLoader(
        spec.Batches(spec.load_data(*PATH, 0)[0], 16, 3), batch_size=None, num_workers=n)]
        for n in (0, 1, 2)]""",
    "keras": """[[digest(*plain(pair[:2])) for pair in adapted(n)] for n in (1, 2, 3)]""",
}
ADAPTED = """
def adapted(workers):
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter
    batches = spec.Batches(spec.load_data(*PATH, 0)[0], 16, 3)
    batches._workers = workers
    assert batches.workers == workers
    return PyDatasetAdapter(batches, shuffle=False).get_numpy_iterator()
"""


@ON
def test_the_number_of_workers_changes_nothing(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    """Processes of torch, threads of Keras. albumentations would draw by the worker in the former, and mix up the
    states of its pipeline in the latter."""
    lab = labs(colour(f"{GENTLE}  RandAugment  CutMix"))[backend]
    setup = f"TORCH, PATH = {backend == 'torch'}, ['colour.npz']\n{SETUP}{ADAPTED}"
    one, *others = lab.evaluate(WORKERS[backend], setup)
    assert len(one) == 3 and all(other == one for other in others)
    assert one == look(lab, "seen((0,))[0]", "colour.npz")


# --- the training part only --------------------------------------------------------------------------


@ON
def test_the_other_parts_stay_as_they_are(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    chain = f"{GENTLE}  RandAugment(10, 30)"
    texts = [colour(chain), colour(chain).replace(f"augment {{ {chain} }}", "")]
    expression = "[seen((0, 1), part, None) for part in (0, 1, 2)]"
    augmented, plain = (look(labs(t)[backend], expression, "colour.npz") for t in texts)
    assert augmented == plain  # without a seed the training part is as it is, too
    assert augmented[1][0] == augmented[1][1]


@ON
def test_transforms_that_write_into_pictures_do_not_reach_the_data(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    """`A.Equalize` overwrites what it is given."""
    lab = labs(spec("RandAugment(10, 30)"))[backend]
    code = """(lambda part: (digest(part[0].pixels),
        [part[0].changed(range(40), [0, e]).shape for e in range(3)], digest(part[0].pixels)))(
        spec.load_data(0)[0][0])"""
    before, shapes, after = look(lab, code)
    assert before == after and shapes == [[40, 8, 8, 1]] * 3


@ON
def test_crops_train_on_parts_and_test_on_the_middle(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    source = 'npz("colour.npz", values=0..255, size=28x26)'
    lab = labs(spec("RandomCrop(20x21)", source, "20x21x3", classes="3", data=""))[backend]
    code = """(lambda parts: [plain(spec.Batches(parts[1], 4)[0])[0].tolist(),
        spec.load_data(*PATH, 0)[1][0].pixels[:4].tolist(),
        list(plain(spec.Batches(parts[0], 4, 3)[0])[0].shape)])(spec.load_data(*PATH, 0))"""
    middle, whole, shape = look(lab, code, "colour.npz")
    assert np.array_equal(np.array(middle), np.array(whole)[:, 4:24, 2:23])
    assert shape == [4, 20, 21, 3]


@ON
def test_values_outside_of_the_range_are_refused_in_a_line(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    lab = labs(colour(GENTLE).replace("0..255", "0..200"))[backend]
    assert lab.refusal().endswith("colour.npz has values from 0 to 255, not 0..200")


# --- training ----------------------------------------------------------------------------------------


@ON
def test_a_run_says_whose_pixels_they_were_and_a_resumed_one_repeats_it(
    backend: str, labs: Callable[[str], dict[str, Lab]]
) -> None:
    lab = labs(spec(f"{GENTLE}  MixUp  CutMix", data="scale = 0..1  batch = 256"))[backend]
    lab.run("--epochs", 2)
    made = lab.read("run.json")["augmentation"]
    assert made.startswith(("nrtk-albumentations 2.", "albumentations 2."))
    whole = lab.read("history.json"), lab.read("metrics.json")
    lab.run("--epochs", 1)
    lab.run("--epochs", 2, "--resume")
    assert (lab.read("history.json"), lab.read("metrics.json")) == whole


def test_folds_train_on_augmented_pictures(labs: Callable[[str], dict[str, Lab]]) -> None:
    more = {"split": "stratified(85, 15)", "more": "evaluate { protocol = kfold(2) }"}
    lab = labs(colour(f"{GENTLE}  MixUp", **more))["torch"]
    lab.run("--epochs", 1)
    assert "augmentation" in lab.read("fold_01/run.json")


CONSTANT = {
    "torch": """
def logs():
    model = spec.build_model()
    for weight in model.parameters():
        weight.data = weight.data * 0 + (BIAS if weight.ndim == 1 else 0)
    run = spec.Run(model, spec.torch.device("cpu"), spec.Path("."), 0, 16)
    return run.go_through(spec.DataLoader(batches, batch_size=None), training="t")
""",
    "keras": """
def logs():
    model = spec.build_model()
    spec.compile_model(model)
    kernel, bias = model.weights
    kernel.assign(kernel * 0)
    bias.assign(BIAS)
    return {k: v[0] for k, v in model.fit(batches, shuffle=False, verbose=0).history.items()}
""",
}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_of_shared_labels_is_the_same_on_both_backends_and_the_formulas(
    smoothing: float, labs: Callable[[str], dict[str, Lab]]
) -> None:
    """A model whose logits are constants: its loss is known from the labels alone."""
    text = colour("MixUp(1.0)  CutMix", loss=f"cross_entropy(label_smoothing={smoothing})")
    text = text.replace("Adam(lr=1e-3)", "SGD(lr=1e-30)")
    logits = [0.3, -1.0, 1.1]
    found: dict[str, Any] = {}
    for backend, lab in labs(text).items():
        bias = f"spec.{'torch.tensor' if backend == 'torch' else 'np.array'}({logits})"
        setup = f"""TORCH, PATH, BIAS = {backend == "torch"}, ['colour.npz'], {bias}\n{SETUP}
batches = spec.Batches(spec.load_data(*PATH, 0)[0], 16, 3)
labels = np.concatenate([plain(batches[i])[1] for i in range(len(batches))])
{CONSTANT[backend]}"""
        code = "(logs(), labels.tolist())"
        found[backend] = lab.evaluate(code, setup)
    (keras, shares), (torch, same) = found["keras"], found["torch"]
    assert shares == same and any(0.1 < max(y) < 0.9 for y in shares)
    y = np.array(shares) * (1 - smoothing) + smoothing / 3
    right = float(-(y * (np.array(logits) - math.log(np.exp(logits).sum()))).sum(1).mean())
    hits = float(np.mean(np.array(shares).argmax(1) == 2))
    for logs in (keras, torch):
        assert logs["loss"] == pytest.approx(right, rel=1e-5)
        assert logs["accuracy"] == pytest.approx(hits, abs=1e-6)
    assert keras["f1"] == pytest.approx(torch["f1"], abs=1e-6)
