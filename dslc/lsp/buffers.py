"""The files of the project as the editor sees them: what is open and not saved counts more than the disk."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from dslc.source import Source
from dslc.syntax.files import DISK, MAX_BYTES, Files, Read, too_large


class Buffers:
    """Open texts by path, in front of `disk`. It is read by the thread that checks while the editor types: a text is
    replaced as a whole, never changed."""

    def __init__(self, disk: Files = DISK) -> None:
        self.disk = disk
        self.open: dict[Path, Source] = {}

    def read(self, path: Path) -> Read:
        source = self.open.get(path)
        if source is None:
            return self.disk.read(path)
        size = len(source.text)
        return too_large(source.name, size) if size > MAX_BYTES else (source, ())

    def exists(self, path: Path) -> bool:
        return path in self.open or self.disk.exists(path)

    def specs(self, folder: Path) -> list[str]:
        mine = {path.name for path in self.open if path.parent == folder and path.suffix == ".dl"}
        return sorted({*mine, *self.disk.specs(folder)})


def path_of(uri: str) -> Path | None:
    """Where a `file:` URI lies; None for a text that is not saved anywhere."""
    try:
        parts = urlsplit(uri)
        if parts.scheme != "file" or "%00" in parts.path:
            return None
        return Path(
            url2pathname(unquote(parts.path) if "%" in parts.path else parts.path)
        ).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
