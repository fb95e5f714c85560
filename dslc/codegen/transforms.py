"""How albumentations realises the transforms of pictures: one expression for each word, the same for every backend.

Its releases 2.0.8 and later take this code. What a spec says was checked before: arguments that albumentations does not
know it ignores, with no more than a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslc.codegen.nodes import Call, Expr, Lit, call, keywords, lit, ref
from dslc.codegen.numbers import number
from dslc.vocab import transforms as words
from dslc.vocab.kinds import Bounds
from dslc.vocab.transform import Transform

BORDERS = {"edge": "cv2.BORDER_REPLICATE", "reflect": "cv2.BORDER_REFLECT_101"}


def emit(word: Transform, channels: int) -> list[Expr]:
    """What stands for the word in a pipeline; mixes stand elsewhere."""
    return EMIT[type(word)](word, channels)


def _made(name: str, *args: Any, **named: Any) -> Call:
    return call(f"A.{name}", *args, **{k: v for k, v in named.items() if v is not None})


def _around(middle: float, limit: float) -> Expr:
    """(0.8, 1.2) from 1 and 0.2; the limit keeps its spelling around 0."""
    if middle == 0:
        return lit((_negative(limit), number(limit)))
    low, high = (round(middle + side * limit, 10) for side in (-1, 1))
    return lit((number(low), number(high)))


def _negative(value: float) -> Expr:
    return Lit(-value, f"-{text}") if (text := _text(value)) else Lit(-value)


def _text(value: float) -> str | None:
    text = getattr(value, "text", None) or f"{value:g}"
    return text if float(text) == value else None


def _ends(bounds: Bounds) -> Expr:
    return lit((number(bounds.low), number(bounds.high)))


def _flip(word: words.HorizontalFlip | words.VerticalFlip, _: int) -> list[Expr]:
    return [_made(word.word, p=number(word.p))]


def _border(name: str) -> Expr | None:
    return ref(BORDERS[name]) if name in BORDERS else None


def _shift_scale_rotate(word: words.ShiftScaleRotate, _: int) -> list[Expr]:
    return [
        _made(
            "Affine",
            translate_percent=_around(0, word.shift) if word.shift else None,
            scale=_around(1, word.scale) if word.scale else None,
            rotate=_around(0, word.rotate) if word.rotate else None,
            keep_ratio=True if word.scale else None,
            border_mode=_border(word.border),
            p=number(word.p),
        )
    ]


def _affine(word: words.Affine, _: int) -> list[Expr]:
    scaled = (word.scale.low, word.scale.high) != (1, 1)
    return [
        _made(
            "Affine",
            translate_percent=_around(0, word.translate) if word.translate else None,
            scale=_ends(word.scale) if scaled else None,
            rotate=_around(0, word.rotate) if word.rotate else None,
            shear=_around(0, word.shear) if word.shear else None,
            keep_ratio=True if scaled and word.keep_ratio else None,
            border_mode=_border(word.border),
            p=number(word.p),
        )
    ]


def _random_crop(word: words.RandomCrop, _: int) -> list[Expr]:
    crop = _made("RandomCrop", height=word.size[0], width=word.size[1])
    return [_made("Pad", padding=word.padding), crop] if word.padding else [crop]


def _center_crop(word: words.CenterCrop, _: int) -> list[Expr]:
    return [_made("CenterCrop", height=word.size[0], width=word.size[1])]


def _random_resized_crop(word: words.RandomResizedCrop, _: int) -> list[Expr]:
    named = {"size": word.size, "scale": _ends(word.scale), "ratio": _ends(word.ratio)}
    return [_made("RandomResizedCrop", **named)]


def _brightness_contrast(word: words.RandomBrightnessContrast, _: int) -> list[Expr]:
    limits = {"brightness_limit": number(word.brightness), "contrast_limit": number(word.contrast)}
    return [_made("RandomBrightnessContrast", **limits, p=number(word.p))]


def _color_jitter(word: words.ColorJitter, _: int) -> list[Expr]:
    names = ("brightness", "contrast", "saturation", "hue")
    return [_made("ColorJitter", **{n: number(getattr(word, n)) for n in names}, p=number(word.p))]


def _clahe(word: words.CLAHE, _: int) -> list[Expr]:
    made = {"clip_limit": _ends(word.clip), "tile_grid_size": word.tiles}
    return [_made("CLAHE", **made, p=number(word.p))]


def _blur(word: words.Blur, _: int) -> list[Expr]:
    return [_made("Blur", blur_limit=(3, word.limit), p=number(word.p))]


def _gaussian_blur(word: words.GaussianBlur, _: int) -> list[Expr]:
    return [_made("GaussianBlur", blur_limit=0, sigma_limit=_ends(word.sigma), p=number(word.p))]


def _gauss_noise(word: words.GaussNoise, _: int) -> list[Expr]:
    return [_made("GaussNoise", std_range=_ends(word.std), p=number(word.p))]


def _coarse_dropout(word: words.CoarseDropout, _: int) -> list[Expr]:
    # Whole numbers would be pixels: shares are written as 1.0, not 1.
    sides = lit((float(word.size.low), float(word.size.high)))
    return [
        _made(
            "CoarseDropout",
            num_holes_range=_ends(word.holes),
            hole_height_range=sides,
            hole_width_range=sides,
            fill=word.fill or None,
            p=number(word.p),
        )
    ]


def _rand_augment(word: words.RandAugment, channels: int) -> list[Expr]:
    """The operations of the word's docstring, in its order."""
    s = word.m / 30
    turn, factor = _rounded(0, 30 * s), _rounded(1, 0.9 * s)
    slant, shift = _rounded(0, 17 * s), _rounded(0, 0.45 * s)
    none = lit((0, 0))
    threshold = number(round(1 - s, 4))
    operations = [
        _made("NoOp"),
        _made("AutoContrast", method="pil"),
        _made("Equalize", mode="pil"),
        _made("Rotate", limit=turn),
        _made("Solarize", threshold_range=lit((threshold, threshold))),
        _made("Posterize", num_bits=8 - max(1, round(4 * s))),
        *([_jitter("saturation", factor)] if channels == 3 else []),
        _jitter("contrast", factor),
        _jitter("brightness", factor),
        _made("Sharpen", alpha=lit((0, number(round(0.9 * s, 4)))), lightness=lit((1, 1))),
        _made("Affine", shear=lit({"x": slant, "y": none})),
        _made("Affine", shear=lit({"x": none, "y": slant})),
        _made("Affine", translate_percent=lit({"x": shift, "y": none})),
        _made("Affine", translate_percent=lit({"x": none, "y": shift})),
    ]
    always = [
        Call(made.func, made.args, (*made.kwargs, *keywords([("p", 1)]))) for made in operations
    ]
    return [_made("SomeOf", always, n=word.n, replace=True, p=1)]


def _rounded(middle: float, limit: float) -> Expr:
    return _around(middle, round(limit, 4))


def _jitter(name: str, factor: Expr) -> Call:
    """A factor of one of the four; the others stay."""
    still = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
    return _made("ColorJitter", **{n: lit(v) for n, v in still.items()} | {name: factor})


EMIT: dict[type[Transform], Callable[[Any, int], list[Expr]]] = {
    words.HorizontalFlip: _flip,
    words.VerticalFlip: _flip,
    words.ShiftScaleRotate: _shift_scale_rotate,
    words.Affine: _affine,
    words.RandomCrop: _random_crop,
    words.CenterCrop: _center_crop,
    words.RandomResizedCrop: _random_resized_crop,
    words.RandomBrightnessContrast: _brightness_contrast,
    words.ColorJitter: _color_jitter,
    words.CLAHE: _clahe,
    words.Blur: _blur,
    words.GaussianBlur: _gaussian_blur,
    words.GaussNoise: _gauss_noise,
    words.CoarseDropout: _coarse_dropout,
    words.RandAugment: _rand_augment,
}
