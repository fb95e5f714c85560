"""Signature help: the parameters of the word or block in whose parentheses the cursor is."""

from __future__ import annotations

from lsprotocol import types

from dslc import reference
from dslc.lsp import local
from dslc.lsp.completion import called
from dslc.lsp.cursor import Cursor, cursor_at
from dslc.lsp.document import Document
from dslc.lsp.project import Project
from dslc.syntax import tree

TRIGGERS = ["(", ","]


def signature(
    document: Document, position: types.Position, project: Project
) -> types.SignatureHelp | None:
    cursor = cursor_at(document.source, document.offset(position))
    while len(cursor.frames) > 1 and cursor.inner.shape in ("list", "group"):
        cursor.frames.pop()
    if cursor.comment or len(cursor.frames) < 2 or cursor.inner.shape != "call":
        return None
    block = local.definition(document, cursor.inner.name, project) if cursor.body else None
    if block is not None:
        return _help(block.name.text, _of_block(block), "", cursor)
    word = called(cursor)
    if word is None:
        return None
    rows = [
        (f"{row.name}={row.default}" if row.default else row.name, f"{row.about}; {row.takes}")
        for row in reference.table(word)
    ]
    return _help(word.word, rows, "\n\n".join(reference.doc(word)), cursor)


def _of_block(block: tree.Definition) -> list[tuple[str, str]]:
    rows = []
    for p in block.parameters:
        default = p.default.span.text if p.default is not None else ""
        rows.append((f"{p.name.text}={default}" if default else p.name.text, ""))
    return rows


def _help(name: str, rows: list[tuple[str, str]], doc: str, cursor: Cursor) -> types.SignatureHelp:
    label = f"{name}({', '.join(text for text, _ in rows)})"
    parameters = [types.ParameterInformation(text, about or None) for text, about in rows]
    names = [text.partition("=")[0] for text, _ in rows]
    key = cursor.key
    active = names.index(key) if key in names else cursor.inner.position
    info = types.SignatureInformation(
        label,
        types.MarkupContent(types.MarkupKind.Markdown, doc) if doc else None,
        parameters,
    )
    return types.SignatureHelp([info], 0, active if active < len(names) else None)
