"""Augmentation without a framework: the words, what stands for them in scripts, the pixels, `dslc preview`."""

from __future__ import annotations

import os
import random
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import BACKENDS, ROOT, complaints, wanted
from PIL import Image

from dslc.cli import call
from dslc.codegen.layout import render
from dslc.codegen.nodes import ListOf
from dslc.codegen.preview import render_preview
from dslc.codegen.transforms import EMIT, emit
from dslc.driver import analyse_source, compile_model
from dslc.plan.experiment import plan_training
from dslc.source import Source
from dslc.vocab import transforms as words
from dslc.vocab.kinds import Bounds
from dslc.vocab.transform import Mix, Transform
from dslc.vocab.word import words as words_of

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
A = pytest.importorskip("albumentations")
import cv2  # noqa: E402

TRANSFORMS = words_of("transform")
PICTURES = {n: w for n, w in TRANSFORMS.items() if not issubclass(w, Mix)}
# One of each that changes a picture for certain.
CERTAIN: dict[str, Transform] = {
    "HorizontalFlip": words.HorizontalFlip(p=1),
    "VerticalFlip": words.VerticalFlip(p=1),
    "ShiftScaleRotate": words.ShiftScaleRotate(border="reflect", p=1),
    "Affine": words.Affine(translate=0.1, scale=Bounds(0.8, 1.2), rotate=10, shear=5, p=1),
    "RandomCrop": words.RandomCrop(size=(24, 20), padding=2),
    "CenterCrop": words.CenterCrop(size=(24, 20)),
    "RandomResizedCrop": words.RandomResizedCrop(size=(24, 20)),
    "RandomBrightnessContrast": words.RandomBrightnessContrast(p=1),
    "ColorJitter": words.ColorJitter(p=1),
    "CLAHE": words.CLAHE(clip=Bounds(1, 40), tiles=(2, 2), p=1),
    "Blur": words.Blur(p=1),
    "GaussianBlur": words.GaussianBlur(p=1),
    "GaussNoise": words.GaussNoise(p=1),
    "CoarseDropout": words.CoarseDropout(holes=Bounds(1, 4), p=1),
    "RandAugment": words.RandAugment(n=4, m=20),
}
MODEL = """model M {{ input x: {shape}  x -> Flatten -> Dense({classes}) -> softmax }}
data {{ source = {source}  split = {split}  {data} }}
augment {{ {augment} }}
train {{ loss = {loss}  optimizer = Adam(lr=1e-3)  epochs = 2  metrics = [accuracy, f1] }}
{more}
"""
THREE, TWO = "stratified(70, 15, 15)", "stratified(85, 15)"


def spec(augment: str, source: str = "digits", shape: str = "8x8x1", **more: str) -> str:
    own_test = source.split("(")[0] in ("mnist", "fashion_mnist", "cifar10", "idx")
    usual = {"classes": "10", "split": TWO if own_test else THREE, "data": "scale = 0..1"}
    usual |= {"loss": "cross_entropy", "more": ""}
    return MODEL.format(augment=augment, source=source, shape=shape, **usual | more)


def pipeline(word: Transform, channels: int) -> Any:
    text = render(ListOf(tuple(emit(word, channels))))
    return A.Compose(eval(text, {"A": A, "cv2": cv2}))


def changed(made: Any, picture: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    made.set_random_state(rng, random.Random(int(rng.integers(2**32))))
    return made(image=picture.copy())["image"]


def photo(channels: int, height: int = 28, width: int = 26) -> Any:
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


# --- words -------------------------------------------------------------------------------------------


def test_every_transform_of_pictures_is_emitted_and_shown_here() -> None:
    assert set(EMIT) == set(PICTURES.values())
    assert set(CERTAIN) == set(PICTURES)
    assert len(TRANSFORMS) == 17


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_examples_of_a_transform_check(name: str) -> None:
    for example in TRANSFORMS[name].examples:
        inside = example.removeprefix("augment { ").removesuffix(" }")
        size = "size=256x256" if "Crop" in name else "size=none"
        source = f'images("photos/", {size})'
        text = spec(inside, source, "224x224x3", classes="5")
        assert [d.message for d in analyse_source(Source("a.dl", text)).diagnostics] == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CERTAIN)
def test_a_transform_does_something_the_same_for_the_same_seed_and_takes_grey(
    name: str, channels: int
) -> None:
    word = CERTAIN[name]
    if channels == 1 and name == "ColorJitter":
        word = words.ColorJitter(saturation=0, hue=0, p=1)
    picture = photo(channels)
    assert word.crops or word.misfit((28, 26), channels) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # arguments that albumentations does not know are warned of
        made, again = pipeline(word, channels), pipeline(word, channels)
        results = [changed(made, picture, seed) for seed in range(6)]
    height, width = word.result((28, 26))
    assert all(r.shape == (height, width, channels) and r.dtype == np.uint8 for r in results)
    for seed, result in enumerate(results):  # a pipeline that was used, and one that was not
        assert np.array_equal(result, changed(made, picture, seed))
        assert np.array_equal(result, changed(again, picture, seed))
    assert any(r.shape != picture.shape or not np.array_equal(r, picture) for r in results)
    kinds = len({r.tobytes() for r in results})
    assert kinds == 1 if "Flip" in name or name == "CenterCrop" else kinds >= 2


def test_shifts_along_both_axes_are_drawn_apart_and_stay_within_their_limit() -> None:
    dot = np.zeros((41, 41, 1), np.uint8)
    dot[20, 20] = 255
    made = pipeline(words.Affine(translate=0.25, p=1), 1)
    seen = []
    for seed in range(60):
        mass = changed(made, dot, seed)[..., 0].astype(float)
        rows, columns = np.indices(mass.shape)
        seen.append(
            [(mass * rows).sum() / mass.sum() - 20, (mass * columns).sum() / mass.sum() - 20]
        )
    moved = np.array(seen)
    assert 8 < np.abs(moved).max() <= 0.25 * 41 + 0.5
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.5


def test_brightness_and_contrast_are_as_the_formula_says() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    made = pipeline(words.RandomBrightnessContrast(brightness=0.2, contrast=0.2, p=1), 1)
    for seed in range(20):
        y = changed(made, x, seed).astype(float)
        inside = (y > 0) & (y < 255)
        gain, offset = np.polyfit(x[inside].astype(float), y[inside], 1)
        assert 0.79 < gain < 1.21 and -52 < offset < 52


def test_noise_and_holes_have_the_sizes_of_their_words() -> None:
    flat = np.full((64, 64, 1), 128, np.uint8)
    noisy = changed(pipeline(words.GaussNoise(std=0.1, p=1), 1), flat, 0)
    assert noisy.std() == pytest.approx(25.5, rel=0.05)
    for seed in range(10):
        holes = changed(pipeline(words.CoarseDropout(holes=1, size=0.25, p=1), 1), flat, seed)
        assert (holes == 0).sum() == 16 * 16


def test_randaugment_has_the_operations_that_its_docstring_tells() -> None:
    (some,) = emit(words.RandAugment(n=3, m=15), 3)
    text = render(some)
    assert text.count("p=1") == 15 and "n=3" in text and "replace=True" in text
    assert "limit=(-15.0, 15.0)" in text and "num_bits=6" in text
    assert "(0.5, 0.5)" in text and "(0.55, 1.45)" in text and "(-0.225, 0.225)" in text
    (grey,) = emit(words.RandAugment(n=3, m=15), 1)
    assert render(grey).count("p=1") == 14


# --- scripts -----------------------------------------------------------------------------------------

GENTLE = "Affine(rotate=10)  GaussNoise"
SPECS = {
    "digits": spec(f"{GENTLE}  MixUp  CutMix"),
    "unscaled": spec(GENTLE, data=""),
    "zscore": spec(f"{GENTLE}  CutMix(0.5)", data="scale = zscore  batch = full"),
    "minus": spec("RandAugment", data="scale = -1..1  shuffle = false"),
    "mixes": spec("MixUp", data="scale = zscore"),
    "smooth": spec("MixUp", loss="cross_entropy(label_smoothing=0.1)"),
    "crops": spec("RandomCrop(6x7)", shape="6x7x1"),
    "padded": spec("RandomCrop(32x32, padding=4)  HorizontalFlip", "cifar10", "32x32x3"),
    "mnist": spec(GENTLE, "mnist", "28x28x1", data="scale = zscore  workers = 0"),
    "idx": spec("RandomCrop(24x24)", 'idx("f/", size=28x28)', "24x24x1"),
    "npz": spec("RandomCrop(5x5)", 'npz("a.npz", values=-1..1, size=6x6)', "5x5x3"),
    "bytes": spec(GENTLE, 'npz("a.npz", values=0..255)'),
    "photos": spec(
        "RandomResizedCrop(32x32, scale=0.5..1)  ColorJitter  CLAHE  CoarseDropout(fill=255)",
        'images("photos/", size=40x36)',
        "32x32x3",
        classes="3",
        data="scale = zscore",
    ),
    "grey_photos": spec("ShiftScaleRotate(border=edge)", 'images("p/")', "16x16x1", data=""),
    "folds": spec(
        GENTLE, split=TWO, data="scale = zscore", more="evaluate { protocol = kfold(3) }"
    ),
    "bootstrap": spec(
        f"{GENTLE}  MixUp", split=TWO, more="evaluate { protocol = bootstrap632(4) }"
    ),
}


def script(text: str, backend: str) -> str:
    found = analyse_source(Source("a.dl", text))
    assert found.ok, [d.message for d in found.diagnostics]
    made, problems = compile_model(found, found.models[-1], wanted(backend), "a")
    assert made is not None, problems
    return made


def preview(text: str, backend: str | None = None) -> str:
    from dslc.codegen.page import Script

    found = analyse_source(Source("a.dl", text))
    assert found.spec is not None
    plan = plan_training(found.spec, found.models[-1].graph)
    assert plan is not None
    target = wanted(backend).target if backend else None
    return render_preview(Script("a", "M", "a.dl"), plan, target)


def test_scripts_are_clean(tmp_path: Path) -> None:
    for name, text in SPECS.items():
        for backend in BACKENDS:
            (tmp_path / f"{name}_{backend}.py").write_text(script(text, backend))
    assert complaints(tmp_path) == ""


def test_without_augment_nothing_of_it_is_in_a_script() -> None:
    plain = SPECS["digits"].replace(f"augment {{ {GENTLE}  MixUp  CutMix }}", "")
    for backend in BACKENDS:
        text = script(plain, backend)
        for name in ("albumentations", "augment", "Pictures", "mix", "run.json", "uint8"):
            assert name not in text


def test_both_backends_hold_the_same_lines_for_data_and_augmentation() -> None:
    """What makes the pixels is one text, but for the thread that owns the pipeline."""

    def functions(text: str) -> str:
        part = text.partition("def augment(")[2].partition("class Batches")[0]
        return part.replace("TRANSFORMS.pipeline", "TRANSFORMS")

    for name in ("digits", "photos", "crops", "npz"):
        made = [functions(script(SPECS[name], b)) for b in BACKENDS]
        assert made[0] == made[1] != "", name


# --- previews ----------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drawn(text: str, *flags: str, backend: str | None = None) -> Path:
    """The sheet, drawn here: a process of its own would import everything anew."""
    Path("preview.py").write_text(preview(text, backend))
    sheet = Path("a.png")
    arguments = ["preview.py", f"--out={sheet}", "--samples=3", "--epoch=1", *flags]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        runpy.run_path("preview.py", run_name="__main__")
    return sheet


def test_a_preview_is_a_sheet_of_rows_and_epochs_always_the_same(here: Path) -> None:
    (here / "a.dl").write_text(SPECS["digits"])
    assert call(["preview", "a.dl", "--samples", "3"]) == 0
    first = here / "a_preview.png"
    with Image.open(first) as opened:
        assert opened.format == "PNG" and opened.size == (1000, 435)
        pixels = np.asarray(opened.convert("RGB"))
    assert len(np.unique(pixels)) > 50
    before = first.read_bytes()
    assert drawn(SPECS["digits"]).read_bytes() == before
    for flag in ("--epoch=2", "--seed=5"):
        assert drawn(SPECS["digits"], flag).read_bytes() != before


def test_a_preview_needs_no_framework(here: Path) -> None:
    """Its program imports neither, and dslc none of what the program imports."""
    for name in ("digits", "photos", "folds", "npz", "idx"):
        text = preview(SPECS[name])
        compile(text, name, "exec")
        assert not any(word in text for word in ("torch", "keras", "tensorflow"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_known_data_sets_are_loaded_as_the_framework_does(backend: str) -> None:
    text = preview(SPECS["padded"], backend)
    compile(text, backend, "exec")
    assert ("torchvision.datasets" if backend == "torch" else "keras.datasets") in text


def test_a_preview_of_photos_and_of_folds(here: Path) -> None:
    for kind, color in (("a", "red"), ("b", "green"), ("c", "blue")):
        (here / "photos" / kind).mkdir(parents=True)
        for number in range(8):
            picture = Image.effect_noise((50, 44), 60).convert("RGB")
            Image.blend(picture, Image.new("RGB", (50, 44), color), 0.5).save(
                here / "photos" / kind / f"{number}.png"
            )
    for name in ("photos", "folds"):
        with Image.open(drawn(SPECS[name], "--samples=2")) as opened:
            assert opened.size == (1000, 300)
    with pytest.raises(SystemExit, match="error: there is no folder elsewhere/"):
        drawn(SPECS["photos"], "--data=elsewhere/")


def test_what_a_preview_cannot_do_is_said_in_a_line(
    here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(text: str, *flags: str) -> tuple[int, str]:
        (here / "a.dl").write_text(text)
        code = call(["preview", "a.dl", *flags])
        assert not (here / "a_preview.png").exists()
        return code, capfd.readouterr().err

    plain = SPECS["digits"].replace(f"augment {{ {GENTLE}  MixUp  CutMix }}", "")
    code, said = refusal(plain)
    assert code == 2 and "the spec has no transforms" in said
    code, said = refusal(SPECS["digits"].replace("GaussNoise", "GaussNoise(std=7)"))
    assert code == 1 and "E0203" in said
    code, said = refusal(SPECS["photos"], "-o", "nowhere/a.png")
    assert code == 1 and said.strip() == "error: there is no folder photos/"
    monkeypatch.setattr("dslc.cli.preview.find_spec", lambda name: None if name == "cv2" else name)
    code, said = refusal(SPECS["digits"].replace("Affine(", "Affine(border=edge, "))
    assert code == 2 and "cv2 is not installed" in said and 'pip install "dslc[augment]"' in said
    monkeypatch.setattr("dslc.cli.preview.find_spec", lambda name: None)
    code, said = refusal(SPECS["padded"])
    assert code == 2 and "loaded by torchvision or Keras: neither is installed" in said


def test_the_sheet_of_the_readme_is_that_of_its_spec(here: Path) -> None:
    """Sizes only: fonts and releases of the package make other pixels."""
    text = (ROOT / "specs/augmentation.dl").read_text(encoding="utf-8")
    with (
        Image.open(drawn(text, "--samples=6")) as made,
        Image.open(ROOT / "docs/preview.png") as kept,
    ):
        assert made.size == kept.size
