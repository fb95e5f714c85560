"""Files with trained weights: a spec names one for both backends, each of which reads its own."""

from __future__ import annotations

from collections.abc import Mapping

from dslc.vocab.libraries import TITLES, Library

# The endings of the files that each library reads; scripts write the first one.
ENDINGS: Mapping[Library, tuple[str, ...]] = {
    "keras": (".keras", ".h5"),
    "torch": (".pt", ".pth", ".safetensors"),
}
PLACE = "{backend}"  # in a path: keras or torch


def file_for(path: str, library: Library) -> str:
    """The file that `library` reads. A path without an ending gets that of the files that its scripts write."""
    path = path.replace(PLACE, library)
    known = any(path.endswith(ending) for endings in ENDINGS.values() for ending in endings)
    return path if known else path + ENDINGS[library][0]


def unreadable(path: str, library: Library) -> str | None:
    """Why `library` cannot read this file, and what to write instead; None where it can."""
    path = file_for(path, library)
    if path.endswith(ENDINGS[library]):
        return None
    ending = next(e for endings in ENDINGS.values() for e in endings if path.endswith(e))
    listed = " and ".join(ENDINGS[library])
    return (
        f"{TITLES[library]} reads {listed}, not {ending}; a path without an ending, with "
        f"`{PLACE}` in it, means a file of its own for each backend"
    )
