"""Files of the project in quotes: imports, data, weights; and the columns of tables. Nothing outside the project folder
is looked at."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from dslc.lsp.candidates import NEAR, Candidate, Kinds
from dslc.lsp.cursor import Cursor
from dslc.lsp.document import Document
from dslc.lsp.links import data_path
from dslc.lsp.names import imported_path
from dslc.lsp.project import Project

MOST = 200  # entries of a folder
HEAD = 65_536  # characters of a table that are read for its header


def start(cursor: Cursor) -> int:
    """Where the last part of the path in quotes begins."""
    return cursor.offset - len((cursor.quoted or "").rpartition("/")[2])


def candidates(document: Document, cursor: Cursor, project: Project) -> Iterator[Candidate]:
    """What the folder holds that the path in quotes leads to."""
    last = cursor.last
    imports = last is not None and last.type == "IMPORT"
    if not imports and cursor.inner.shape != "call":
        return
    folder = (cursor.quoted or "").rpartition("/")[0] or "."
    beside = document.path.parent if document.path is not None else document.root
    bases = [beside] if imports else [document.root, beside]
    for base in dict.fromkeys(bases):
        target = imported_path(folder, base / "spec.dl", document.root)
        if target is not None:
            yield from _entries(target, imports, document.path)


def _entries(folder: Path, specs: bool, own: Path | None) -> Iterator[Candidate]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)[:MOST]
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield Candidate(f"{entry.name}/", Kinds.Folder, order=NEAR)
        elif (not specs or entry.name.endswith(".dl")) and Path(entry.path) != own:
            yield Candidate(entry.name, Kinds.File, order=NEAR)


def imported(document: Document, path: str, project: Project) -> Iterator[Candidate]:
    """The blocks and models of a file."""
    target = imported_path(path, document.path, document.root)
    found = project.file(target, document.root) if target is not None else None
    for name, node in found.index.definitions.items() if found is not None else ():
        yield Candidate(name, Kinds.Struct, detail=node.kind, order=NEAR)


def columns(document: Document, cursor: Cursor) -> list[str]:
    """The header of the table whose path stands in the same parentheses."""
    path = next((t.text.strip('"') for t in cursor.inner.tokens if t.type == "STRING"), "")
    target = data_path(path, document) if path else None
    if target is None or not target.is_file():
        return []
    try:
        with target.open(encoding="utf-8", errors="replace", newline="") as stream:
            names = next(csv.reader([stream.read(HEAD).split("\n")[0]]), [])
    except (OSError, csv.Error):
        return []
    return [name.strip() for name in names if name.strip().isidentifier()]
