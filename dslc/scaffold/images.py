"""A proposal for a folder of pictures, one folder a class."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from dslc.scaffold.pictures import SUFFIXES, Picture, read_picture
from dslc.scaffold.proposal import (
    Proposal,
    Unsuitable,
    comment,
    file_stem,
    listed,
    model_name,
    quoted,
)

SIZES = (32, 48, 64, 96, 128, 160, 224)  # of squares that pictures of many sizes are brought to
LOOKED_AT = 2000  # pictures whose size is read
PARTS = frozenset({"train", "training", "val", "valid", "validation", "test"})


def from_images(folder: Path) -> Proposal | Unsuitable:
    """A spec for the pictures below `folder`."""
    try:
        names = sorted(item.name for item in folder.iterdir() if item.is_dir())
        found = {name: sorted(_pictures(folder / name)) for name in names}
        loose = any(item.suffix.lower() in SUFFIXES for item in folder.iterdir())
    except OSError as error:
        return Unsuitable(f"`{error.filename or folder}` cannot be read: {error.strerror or error}")
    problem = _problem(folder, found, loose)
    if problem is not None:
        return problem
    files = [file for group in found.values() for file in group]
    looked = files[:: max(1, len(files) // LOOKED_AT)]
    seen = [(file, read_picture(file)) for file in looked]
    known = [picture for _, picture in seen if picture is not None]
    deep = [file for file, picture in seen if picture is not None and picture.bits > 8]
    if deep:
        names_ = listed([f"`{file.relative_to(folder)}`" for file in deep], 2)
        message = f"pictures have more than 8 bits a channel: {names_}"
        return Unsuitable(message, "save them as 8-bit PNG or JPEG")
    broken = [
        f"`{file.relative_to(folder)}`"
        for file, picture in seen
        if picture is None and file.suffix.lower() not in (".tif", ".tiff")
    ]
    if broken and not known:
        return Unsuitable(f"no picture in `{folder}` can be read, such as {broken[0]}")
    return _proposal(folder, {name: len(group) for name, group in found.items()}, known, broken)


def _pictures(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, n) for n in names if Path(n).suffix.lower() in SUFFIXES)


def _problem(folder: Path, found: dict[str, list[Path]], loose: bool) -> Unsuitable | None:
    layout = "put the pictures of every class into a folder of its own, with the name of the class"
    if not found:
        what = "pictures, but no folders" if loose else "no folders with pictures"
        return Unsuitable(f"`{folder}` holds {what}", layout)
    if PARTS & {name.lower() for name in found}:
        part = next(name for name in found if name.lower() in PARTS)
        message = f"`{folder}` is divided into parts, not classes: {listed(list(found))}"
        return Unsuitable(message, f"try `{(folder / part).as_posix()}`: dslc splits by itself")
    if len(found) == 1:
        (name,) = found
        return Unsuitable(
            f"`{folder}` has one class, `{name}`: there is nothing to tell apart", layout
        )
    empty = [f"`{name}`" for name, group in found.items() if not group]
    if empty:
        return Unsuitable(
            f"there are no pictures in {listed(empty)}", "remove or fill these folders"
        )
    return None


def _size(known: list[Picture]) -> tuple[int, int, str]:
    """Height and width of the input, and why."""
    if not known:
        return 128, 128, "sizes that cannot be read"
    sizes = {(picture.height, picture.width) for picture in known}
    height, width = next(iter(sizes))
    if len(sizes) == 1 and max(height, width) <= SIZES[-1]:
        return height, width, f"all {height}x{width}"
    usual = median(min(picture.height, picture.width) for picture in known)
    side = max((size for size in SIZES if size <= usual), default=SIZES[0])
    heights = [picture.height for picture in known]
    widths = [picture.width for picture in known]
    if len(sizes) == 1:
        return side, side, f"all {height}x{width}"
    least, most = f"{min(heights)}x{min(widths)}", f"{max(heights)}x{max(widths)}"
    return side, side, f"between {least} and {most}"


def _proposal(
    folder: Path, counts: dict[str, int], known: list[Picture], broken: list[str]
) -> Proposal:
    height, width, why = _size(known)
    grey = bool(known) and all(picture.grey for picture in known)
    channels = 1 if grey else 3
    total = sum(counts.values())
    shares = listed([f"{name} {count}" for name, count in counts.items()], 6)
    findings = [
        f"{total} pictures in {len(counts)} classes: {shares}",
        f"{'grey' if grey else 'colour'}, {why} (height x width); read as {height}x{width}x{channels}",
    ]
    if broken:
        findings.append(f"cannot be read: {listed(broken, 3)}")
    stages = min(5, max(1, int(math.log2(max(1, min(height, width) / 4)))))
    least = min(counts.values())
    where = folder.resolve().name
    lines = [
        f"# {comment(line)}"
        for line in (f"{where}/, as dslc init saw it:", *(f"  {f}" for f in findings))
    ]
    pool = min(height, width) >= 4
    lines += [
        "",
        "block Stage(filters) {",
        "  input x",
        "  x",
        "  -> Conv2D(filters, 3x3, padding=same, bias=false) -> BatchNorm -> relu",
        *(["  -> MaxPool2D(2x2)"] if pool else []),
        "}",
        "",
        f"model {model_name(where)}(classes = {len(counts)}) {{",
        f"  input photo: {height}x{width}x{channels}",
        "",
        "  photo",
        *(f"  -> Stage({min(256, 16 * 2**stage)})" for stage in range(stages)),
        "  -> GlobalAvgPool2D",
        "  -> Dropout(0.3)",
        "  -> Dense(classes, init=glorot_uniform) -> softmax",
        "}",
        "",
        "defaults { init = he_normal }",
        "",
        "data {",
        f"  source = images({quoted(folder.as_posix().rstrip('/') + '/')})",
        f"  split  = {'stratified' if least >= 10 else 'random'}(70, 15, 15)",
        "  scale  = 0..1",
        f"  batch  = {32 if height * width <= 128 * 128 else 16}",
        "}",
        "",
        "train {",
        "  loss      = cross_entropy",
        "  optimizer = Adam(lr=1e-3)",
        "  metrics   = [accuracy]",
        "  epochs    = 30",
        "",
        "  ReduceLROnPlateau(monitor=val_loss, factor=0.5, patience=3)",
        "  EarlyStopping(monitor=val_loss, patience=8, restore_best=true)",
        "}",
    ]
    return Proposal("\n".join(lines) + "\n", file_stem(where), tuple(findings))
