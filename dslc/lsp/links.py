"""Links: from imports to the files, and from paths in sections to what lies there."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from dslc.lint.trees import walk
from dslc.lsp.document import Document
from dslc.lsp.names import imported_path
from dslc.source import Span
from dslc.syntax import tree


def links(document: Document) -> list[types.DocumentLink]:
    """Every path of the text that leads to something in the project folder."""
    if document.file is None:
        return []
    imports = {
        d.path: imported_path(d.path.value, document.path, document.root)
        for d in document.file.declarations
        if isinstance(d, tree.Import)
    }
    found: list[types.DocumentLink] = []
    for node in walk(*document.file.declarations):
        if not isinstance(node, tree.String):
            continue
        target = imports[node] if node in imports else data_path(node.value, document)
        if target is not None and _there(target):
            found.append(types.DocumentLink(_inside(node.span, document), target.as_uri()))
    return found


def data_path(text: str, document: Document) -> Path | None:
    """Where a path of a section may lie: it is seen from the folder of the caller, so most likely from that of the
    project, or beside the spec."""
    beside = document.path.parent if document.path is not None else document.root
    for folder in (document.root, beside):
        target = imported_path(text, folder / "spec.dl", document.root)
        if target is not None and _there(target):
            return target
    return None


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _inside(span: Span, document: Document) -> types.Range:
    """The range without the quotes."""
    quoted = len(span.text) >= 2
    return document.positions.range(span.start + quoted, span.end - quoted)
