"""Reading a spec from disk: everything that can be wrong with a file is a diagnostic."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.source import Source

MAX_BYTES = 1_000_000
Read = tuple[Source | None, tuple[Diagnostic, ...]]


class Files(Protocol):
    """Where specs, and what they import, are read from: the disk, or a revision of a repository."""

    def read(self, path: Path) -> Read:
        """The text of a file, or why there is none."""
        ...

    def exists(self, path: Path) -> bool: ...

    def specs(self, folder: Path) -> list[str]:
        """The names of the specs in a folder, in order; none where there is no such folder."""
        ...


class Disk:
    """The files as they lie on the disk."""

    def read(self, path: Path) -> Read:
        return read(path)

    def exists(self, path: Path) -> bool:
        return path.exists()

    def specs(self, folder: Path) -> list[str]:
        if not folder.is_dir():
            return []
        return sorted(name for name in os.listdir(folder) if name.endswith(".dl"))


DISK = Disk()


def read(path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> Read:
    """The text of the file at `path`, named relative to `root` where it lies below it."""
    place = Path(path)
    name = place.as_posix()
    if root is not None:
        with suppress(OSError, ValueError, RuntimeError):  # outside of root its own path says best
            name = place.resolve().relative_to(Path(root).resolve()).as_posix()
    try:
        if place.is_dir():
            return _fail("E0131", f"`{name}` is a folder, not a spec", name, _inside(place))
        if not place.exists():
            return _fail("E0130", f"there is no file `{name}`", name, _similar(place))
        if not place.is_file():
            return _fail("E0132", f"`{name}` is not a regular file", name, "name a text file")
        if place.stat().st_size > MAX_BYTES:
            return too_large(name, place.stat().st_size)
        with place.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        return _fail("E0132", f"`{name}` cannot be read: {reason}", name, "see to its permissions")
    return decoded(name, data)


def decoded(name: str, data: bytes) -> Read:
    """The text in `data`, called `name`."""
    if len(data) > MAX_BYTES:
        return too_large(name, len(data))
    zero = data.find(b"\0")
    if zero >= 0:
        return _fail(
            "E0133",
            f"`{name}` is not text: byte {zero} is zero",
            name,
            "a spec is a UTF-8 text file; UTF-16 must be converted first",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        return _fail(
            "E0133",
            f"`{name}` is not UTF-8: byte {problem.start} (0x{data[problem.start]:02x}, line {line})"
            " does not fit",
            name,
            "save the file as UTF-8 in the editor",
        )
    return Source(name, text.removeprefix("\ufeff")), ()


def _fail(code: str, message: str, name: str, advice: str) -> tuple[None, tuple[Diagnostic, ...]]:
    """A file as a whole is at fault: its first place stands for it."""
    place = Source(name, "").span(0, 0)
    return None, (error(code, message, place, fixes=[Fix(advice)]),)


def too_large(name: str, size: int) -> tuple[None, tuple[Diagnostic, ...]]:
    """A file of `size` bytes is no spec."""
    return _fail(
        "E0134",
        f"`{name}` has {size:,} bytes; a spec has at most {MAX_BYTES:,}",
        name,
        "a spec describes a model in words: data and weights are files that it names",
    )


def _inside(folder: Path) -> str:
    specs = sorted(entry.name for entry in folder.glob("*.dl"))[:5]
    held = ", ".join(f"`{spec}`" for spec in specs)
    return f"it holds {held}" if specs else "name a file in it"


def _similar(place: Path) -> str:
    from dslc.diagnostics import did_you_mean

    if place.with_name(place.name + ".dl").is_file():
        return f"did you mean `{place.name}.dl`?"
    if not place.parent.is_dir():
        return f"the folder `{place.parent.as_posix()}` does not exist either"
    names = [entry.name for entry in sorted(place.parent.glob("*.dl"))[:200]]
    close = did_you_mean(place.name, names)
    return (
        f"did you mean `{close}`?"
        if close
        else "see to its name and folder; `dslc init` writes a spec"
    )
