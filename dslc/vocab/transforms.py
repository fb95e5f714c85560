"""Transforms: what the training part of a set of pictures goes through, each epoch anew.

A transform of pictures sees one picture of bytes (0 to 255) and knows the height and width that it leaves. A mix sees
a whole batch, pictures and labels. What a transform draws is a function of the seed, the epoch and the number of the
picture, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from dslc.vocab.kinds import Boolean, Bounds, Natural, Real, Whole
from dslc.vocab.transform import (
    ALBUMENTATIONS,
    BelowOne,
    Border,
    Byte,
    Chance,
    Degrees,
    Interval,
    Share,
    Side,
    Size,
    Transform,
    chance,
    shown,
)
from dslc.vocab.word import arg

# --- where things are ---------------------------------------------------------------------------------


class HorizontalFlip(Transform):
    """Mirrors left and right: column j becomes column W - 1 - j. Not for letters and digits."""

    aliases = ("RandomHorizontalFlip", "Fliplr", "RandomFlip")
    examples = ("augment { HorizontalFlip(p=0.5) }",)
    reference = ALBUMENTATIONS.format("HorizontalFlip")

    p: Chance = chance()


class VerticalFlip(Transform):
    """Mirrors top and bottom: row i becomes row H - 1 - i. For pictures without an up and down, such as those of
    satellites and microscopes."""

    aliases = ("RandomVerticalFlip", "Flipud")
    examples = ("augment { VerticalFlip(p=0.5) }",)
    reference = ALBUMENTATIONS.format("VerticalFlip")

    p: Chance = chance()


class ShiftScaleRotate(Transform):
    """Shifts by up to ±`shift` of the width and of the height, scales both sides by one factor from 1 - `scale` to
    1 + `scale`, and turns by up to ±`rotate` degrees around the centre: all drawn uniformly, done in one step,
    with linear interpolation. What comes in from outside is as `border` says."""

    aliases = ("RandomShiftScaleRotate",)
    examples = ("augment { ShiftScaleRotate(shift=0.1, scale=0.2, rotate=20, p=0.5) }",)
    reference = ALBUMENTATIONS.format("Affine")

    shift: Share = arg("the largest shift, as a share of the side", 0.0625)
    scale: BelowOne = arg("the largest change of the size, as a share of it", 0.1)
    rotate: Degrees = arg("the largest turn", 45.0, unit="degrees")
    border: Border = arg(
        "what comes in: `constant` black, `edge` the last pixel again, `reflect` the picture mirrored",
        "constant",
    )
    p: Chance = chance()

    def problems(self) -> Iterator[str]:
        if not (self.shift or self.scale or self.rotate):
            yield "`shift`, `scale` and `rotate` are all 0: it changes nothing"


class Affine(Transform):
    """A linear map of the plane around the centre of the picture, with linear interpolation: scaled by a factor from
    `scale`, turned by up to ±`rotate` degrees, slanted by up to ±`shear` degrees along both axes, shifted by up to
    ±`translate` of the width and of the height, all drawn uniformly. With `keep_ratio` one factor scales both
    sides. What comes in from outside is as `border` says."""

    aliases = (
        "RandomAffine",
        "Rotate",
        "RandomRotation",
        "RandomRotate",
        "RandomTranslation",
        "RandomZoom",
    )
    examples = ("augment { Affine(translate=0.1, scale=0.9..1.1, rotate=10, p=0.8) }",)
    reference = ALBUMENTATIONS.format("Affine")

    translate: Share = arg("the largest shift, as a share of the side", 0.0)
    scale: Annotated[Bounds, Interval(0, 10, "(]")] = arg(
        "the factor of the size, or its range", Bounds(1.0, 1.0)
    )
    rotate: Degrees = arg("the largest turn", 0.0, unit="degrees")
    shear: Annotated[float, Real(0, 90, "[)")] = arg("the largest slant", 0.0, unit="degrees")
    keep_ratio: Boolean = arg("whether height and width are scaled by the same factor", True)
    border: Border = arg(
        "what comes in: `constant` black, `edge` the last pixel again, `reflect` the picture mirrored",
        "constant",
    )
    p: Chance = chance()

    def problems(self) -> Iterator[str]:
        same = (self.scale.low, self.scale.high) == (1, 1)
        if same and not (self.translate or self.rotate or self.shear):
            yield "it changes nothing: give `translate`, `scale`, `rotate` or `shear`"


# --- crops: the sizes change --------------------------------------------------------------------------


class _Crop(Transform):
    """The base of those that cut out a part."""

    abstract = True
    crops = True
    positional = 1

    size: Side = arg("height and width of what is cut out")

    def result(self, size: Size) -> Size:
        return self.size

    def misfit(self, size: Size, channels: int) -> str | None:
        if self.size[0] <= size[0] and self.size[1] <= size[1]:
            return None
        return f"{shown(self.size)} cannot be cut out of {shown(size)}"


class RandomCrop(_Crop):
    """Cuts out `size` at a place that is drawn uniformly, after `padding` pixels of black were put around the
    picture: `RandomCrop(32x32, padding=4)` on 32x32 is the usual one for CIFAR-10. The validation and test parts are
    cut out of the middle, without padding."""

    examples = ("augment { RandomCrop(224x224) }",)
    reference = ALBUMENTATIONS.format("RandomCrop")

    padding: Natural = arg("pixels put around the picture first", 0, unit="pixels")

    def misfit(self, size: Size, channels: int) -> str | None:
        wide = (size[0] + 2 * self.padding, size[1] + 2 * self.padding)
        if self.size[0] <= wide[0] and self.size[1] <= wide[1]:
            return None
        padded = f", which is {shown(wide)} with its padding" if self.padding else ""
        return f"{shown(self.size)} cannot be cut out of {shown(size)}{padded}"


class CenterCrop(_Crop):
    """Cuts `size` out of the middle: from row (H - h) // 2 and column (W - w) // 2."""

    aliases = ("CentreCrop",)
    examples = ("augment { CenterCrop(224x224) }",)
    reference = ALBUMENTATIONS.format("CenterCrop")


class RandomResizedCrop(_Crop):
    """Cuts out a part with a share of the area from `scale` and a ratio of width to height from `ratio` (drawn
    uniformly in its logarithm), then resizes it to `size`, linearly. The validation and test parts are cut out of
    the middle, as they are."""

    examples = ("augment { RandomResizedCrop(224x224, scale=0.5..1) }",)
    reference = (
        "Szegedy et al., Going deeper with convolutions, 2015; albumentations RandomResizedCrop"
    )

    scale: Annotated[Bounds, Interval(0, 1, "(]")] = arg(
        "the share of the area that is cut out", Bounds(0.08, 1.0)
    )
    ratio: Annotated[Bounds, Interval(0, 100, "(]")] = arg(
        "its width over its height", Bounds(0.75, 1.3333)
    )

    def misfit(self, size: Size, channels: int) -> str | None:
        return None


# --- light and colour ---------------------------------------------------------------------------------


class RandomBrightnessContrast(Transform):
    """x becomes a x + 255 b, cut to 0 … 255, with a drawn uniformly from 1 ± `contrast` and b from ± `brightness`."""

    aliases = ("RandomBrightness", "RandomContrast")
    examples = ("augment { RandomBrightnessContrast(brightness=0.2, contrast=0.2, p=0.5) }",)
    reference = ALBUMENTATIONS.format("RandomBrightnessContrast")

    brightness: Share = arg("the largest change, as a share of white", 0.2)
    contrast: Share = arg("the largest change of the factor", 0.2)
    p: Chance = chance()

    def problems(self) -> Iterator[str]:
        if not (self.brightness or self.contrast):
            yield "`brightness` and `contrast` are both 0: it changes nothing"


class ColorJitter(Transform):
    """In an order that is drawn: brightness times a factor of 1 ± `brightness`; the distance of every value to the
    mean grey of the picture times 1 ± `contrast`; its distance to the grey of the same pixel times
    1 ± `saturation`; hue turned by ± `hue` of the colour circle. A grey picture has neither saturation nor hue:
    there they must be 0."""

    aliases = ("RandomColorJitter", "ColourJitter")
    examples = ("augment { ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1) }",)
    reference = "torchvision and albumentations ColorJitter"
    blamed = "hue"

    brightness: Share = arg("the largest change of the factor", 0.2)
    contrast: Share = arg("the largest change of the factor", 0.2)
    saturation: Share = arg("the largest change of the factor", 0.2)
    hue: Annotated[float, Real(0, 0.5)] = arg("the largest turn, as a share of the circle", 0.1)
    p: Chance = chance()

    def problems(self) -> Iterator[str]:
        if not (self.brightness or self.contrast or self.saturation or self.hue):
            yield "all of its parameters are 0: it changes nothing"

    def misfit(self, size: Size, channels: int) -> str | None:
        if channels == 1 and (self.saturation or self.hue):
            return "a grey picture has neither saturation nor hue"
        return None

    def way_out(self, size: Size) -> str:
        return "write saturation=0, hue=0, or use RandomBrightnessContrast"


class CLAHE(Transform):
    """Contrast limited adaptive histogram equalisation: the picture is divided into `tiles`, the histogram of each
    is made flat, though no bin may hold more than `clip` times the mean; between tiles the maps are interpolated.
    Of a colour picture the lightness (L of L*a*b*) is changed. `clip` is drawn uniformly from its range."""

    examples = ("augment { CLAHE(clip=1..4, tiles=8x8, p=0.5) }",)
    reference = (
        "Zuiderveld, Contrast limited adaptive histogram equalization, 1994; OpenCV createCLAHE"
    )
    blamed = "tiles"

    clip: Annotated[Bounds, Interval(1, 100)] = arg("the limit of the contrast", Bounds(1.0, 4.0))
    tiles: Side = arg("how many tiles there are, down and across", (8, 8))
    p: Chance = chance()

    def misfit(self, size: Size, channels: int) -> str | None:
        if self.tiles[0] > size[0] // 2 or self.tiles[1] > size[1] // 2:
            return f"{shown(self.tiles)} tiles have less than 2x2 pixels each"
        return None

    def way_out(self, size: Size) -> str:
        return f"write tiles={max(1, size[0] // 4)}x{max(1, size[1] // 4)}"


# --- sharpness, noise, holes --------------------------------------------------------------------------


class Blur(Transform):
    """Every pixel becomes the mean of the k x k pixels around it; k is drawn from the odd numbers from 3 to `limit`.
    Outside of the picture it is mirrored."""

    aliases = ("BoxBlur", "RandomBlur")
    positional = 1
    examples = ("augment { Blur(limit=5, p=0.3) }",)
    reference = ALBUMENTATIONS.format("Blur")
    blamed = "limit"

    limit: Annotated[int, Whole(3, 99)] = arg(
        "the largest side of the square, odd", 7, unit="pixels"
    )
    p: Chance = chance()

    def problems(self) -> Iterator[str]:
        if self.limit % 2 == 0:
            yield f"`limit` is odd, so that the square has a middle: {self.limit - 1} or {self.limit + 1}"

    def misfit(self, size: Size, channels: int) -> str | None:
        return _too_wide(self.limit, size, "a square")

    def way_out(self, size: Size) -> str:
        return f"write limit={max(3, min(size) // 4 * 2 + 1)}"


class GaussianBlur(Transform):
    """Convolves with a Gaussian of a standard deviation that is drawn uniformly from `sigma`, in pixels; the kernel
    reaches out int(3.5 sigma) pixels to each side. Outside of the picture it is mirrored."""

    aliases = ("RandomGaussianBlur",)
    examples = ("augment { GaussianBlur(sigma=0.5..2, p=0.3) }",)
    reference = ALBUMENTATIONS.format("GaussianBlur")
    blamed = "sigma"

    sigma: Annotated[Bounds, Interval(0, 50, "(]")] = arg(
        "the standard deviation, or its range", Bounds(0.5, 3.0), unit="pixels"
    )
    p: Chance = chance()

    def misfit(self, size: Size, channels: int) -> str | None:
        return _too_wide(2 * int(3.5 * self.sigma.high) + 1, size, "a kernel")

    def way_out(self, size: Size) -> str:
        return f"write sigma=0.5..{max(1, min(size) // 4)}"


class GaussNoise(Transform):
    """Adds to every value of every channel a number drawn from N(0, (255 s)²), cut to 0 … 255; s is drawn uniformly
    from `std` for each picture."""

    aliases = ("RandomNoise", "GaussianNoise", "AddGaussianNoise")
    examples = ("augment { GaussNoise(std=0.02..0.1, p=0.3) }",)
    reference = ALBUMENTATIONS.format("GaussNoise")

    std: Annotated[Bounds, Interval(0, 1, "(]")] = arg(
        "the standard deviation or its range, as a share of white", Bounds(0.02, 0.1)
    )
    p: Chance = chance()


class CoarseDropout(Transform):
    """Puts rectangles of the value `fill` over the picture: `holes` of them, with a height and width from `size`
    times those of the picture (in whole pixels), at places drawn uniformly. They may overlap."""

    aliases = ("Cutout", "RandomErasing", "CutOut")
    examples = ("augment { CoarseDropout(holes=1..4, size=0.1..0.25, p=0.5) }",)
    reference = "DeVries and Taylor, Improved regularization with cutout, arXiv:1708.04552, 2017"
    blamed = "size"

    holes: Annotated[Bounds, Interval(1, 1000, whole=True)] = arg(
        "how many rectangles, or the range of it", Bounds(1, 2)
    )
    size: Annotated[Bounds, Interval(0, 1, "(]")] = arg(
        "their sides as shares of those of the picture", Bounds(0.1, 0.2)
    )
    fill: Byte = arg("the value of the rectangles: 0 black, 255 white", 0)
    p: Chance = chance()

    def misfit(self, size: Size, channels: int) -> str | None:
        if self.size.low * min(size) < 1:
            side = self.size.low * min(size)
            return f"{self.size.low:g} of {min(size)} pixels is {side:g}: a hole of less than one pixel"
        return None

    def way_out(self, size: Size) -> str:
        return f"write size={_share(1 / min(size))}..{_share(max(3 / min(size), 0.3))}"


def _share(value: float) -> str:
    """A share of at most 1, rounded up to two digits."""
    return f"{min(1, math.ceil(value * 100) / 100):g}"


def _too_wide(side: int, size: Size, lead: str) -> str | None:
    if side > 2 * min(size) - 1:
        return f"{lead} of {side} pixels reaches over the whole picture"
    return None


# --- many in one --------------------------------------------------------------------------------------


class RandAugment(Transform):
    """Draws `n` times, with replacement, from 14 operations (13 for grey pictures, which have no colour) and does
    those drawn, in this order. With s = m / 30 each draws its own strength uniformly, up to:

    nothing · contrast stretched to the full range · histogram made flat · turned by ±30 s degrees · values from
    255 (1 - s) on inverted · 8 - max(1, round(4 s)) bits kept · colour, contrast, brightness times 1 ± 0.9 s ·
    sharpened by 0.9 s · slanted along x, along y by ±17 s degrees · shifted along x, along y by ±0.45 s of the side.

    The paper holds the strength at m; it found drawn strengths to do as well."""

    positional = 2
    examples = ("augment { RandAugment(n=2, m=9) }",)
    reference = "Cubuk et al., RandAugment, arXiv:1909.13719, 2020"

    n: Annotated[int, Whole(1, 10)] = arg("how many operations a picture goes through", 2)
    m: Annotated[float, Real(0, 30, "(]")] = arg("the magnitude: 0 is none, 30 the largest", 9)
