"""The specs of the project: read when asked for, remembered until they change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dslc.lsp.buffers import Buffers
from dslc.lsp.document import Document
from dslc.lsp.names import Index, index_of
from dslc.source import Source
from dslc.syntax import parse

MOST = 500  # specs of a project that are looked into
SKIPPED = frozenset({"node_modules", "runs", "site-packages", "venv", "__pycache__"})
Stamp = tuple[int, int] | Source  # of the disk, or of what is open


@dataclass(frozen=True)
class ProjectFile:
    path: Path
    source: Source
    index: Index


class Project:
    """Names of all files below the folders of the workspace."""

    def __init__(self, disk: Buffers | None = None) -> None:
        self.disk = disk if disk is not None else Buffers()
        self.folders: list[Path] = []
        self._known: dict[Path, tuple[Stamp, ProjectFile | None]] = {}

    def file(self, path: Path, root: Path) -> ProjectFile | None:
        """A spec with its names; None where it cannot be read or has no tree."""
        stamp = self._stamp(path)
        if stamp is None:
            self._known.pop(path, None)
            return None
        held = self._known.get(path)
        if held is None or held[0] != stamp:
            held = stamp, self._read(path, root)
            self._known[path] = held
        return held[1]

    def files(self, document: Document) -> Iterator[ProjectFile]:
        """The other specs of the project that `document` belongs to."""
        for path in self.specs(document.root):
            if path != document.path and (found := self.file(path, document.root)) is not None:
                yield found

    def specs(self, root: Path | None = None) -> list[Path]:
        """The paths of the specs below `root`, or below all folders of the workspace."""
        found: dict[Path, None] = {}
        for folder in [root] if root is not None else self.folders:
            for path in _below(folder):
                if len(found) < MOST:
                    found[path] = None
        opened = (p for p in self.disk.open if p.suffix == ".dl")
        mine = [p for p in opened if root is None or p.is_relative_to(root)]
        return sorted(found | dict.fromkeys(mine))

    def _stamp(self, path: Path) -> Stamp | None:
        opened = self.disk.open.get(path)
        if opened is not None:
            return opened
        try:
            found = path.stat()
        except (OSError, ValueError):
            return None
        return found.st_mtime_ns, found.st_size

    def _read(self, path: Path, root: Path) -> ProjectFile | None:
        source, _ = self.disk.read(path)
        if source is None:
            return None
        file, _ = parse(source)
        return None if file is None else ProjectFile(path, source, index_of(file, path, root))


def _below(folder: Path) -> Iterator[Path]:
    """The specs in a folder and those below, hidden ones and folders of results apart."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in SKIPPED)
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".dl"))
