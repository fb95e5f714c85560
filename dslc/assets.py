"""Where the files that travel with dslc lie: `grammar/` and `specs/`.

An installed wheel holds them as `dslc/_grammar` and `dslc/_specs`; a checkout has them beside the package.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


class MissingAssetError(RuntimeError):
    """The installation is broken: a folder that travels with dslc is not there."""


def folder(name: str) -> Path:
    """The folder `name` (`grammar`, `specs`) of this installation."""
    for place in (PACKAGE / f"_{name}", PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise MissingAssetError(
        f"dslc is not installed completely: no `_{name}` in {PACKAGE} and no `{name}` in {PACKAGE.parent}"
    )


def grammar() -> Path:
    """The folder of the grammar and of its compiled table."""
    return folder("grammar")


def specs() -> Path:
    """The folder of the example specs."""
    return folder("specs")
