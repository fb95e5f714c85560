"""The outline of a text: models and blocks with their inputs, values and results, sections with their settings."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from dslc.lsp.document import Document
from dslc.lsp.positions import Encoding, Positions
from dslc.lsp.project import ProjectFile
from dslc.syntax import tree

Kind = types.SymbolKind
LONGEST = 60  # characters of what stands behind a name


def symbols(document: Document) -> list[types.DocumentSymbol]:
    if document.file is None:
        return []
    return [s for node in document.file.declarations for s in _declaration(node, document)]


def _declaration(node: tree.Declaration, document: Document) -> Iterator[types.DocumentSymbol]:
    match node:
        case tree.Import():
            yield _symbol(node.path.value or "import", Kind.File, node, node.path, document)
        case tree.Definition():
            parameters = ", ".join(p.span.text for p in node.parameters)
            inside = [s for part in node.body for s in _statement(part, document)]
            kind = Kind.Class if node.kind == "model" else Kind.Function
            detail = f"{node.kind} ({parameters})" if parameters else node.kind
            yield _symbol(node.name.text, kind, node, node.name, document, detail, inside)
        case tree.Section():
            yield _section(node, document)


def _statement(node: tree.Statement, document: Document) -> Iterator[types.DocumentSymbol]:
    match node:
        case tree.Input():
            shape = node.shape.span.text if node.shape is not None else ""
            yield _symbol(node.name.text, Kind.Interface, node, node.name, document, shape)
        case tree.Output():
            yield _symbol(node.name.text, Kind.Event, node, node.name, document)
        case tree.Let():
            yield _symbol(node.name.text, Kind.Variable, node, node.name, document)
    value = getattr(node, "value", None)
    for step in value.steps if isinstance(value, tree.Flow) else ():
        if step.label is not None:
            yield _symbol(step.label.text, Kind.Key, step, step.label, document)


def _section(node: tree.Section, document: Document) -> types.DocumentSymbol:
    inside: list[types.DocumentSymbol] = []
    for entry in node.entries:
        match entry:
            case tree.Let():
                text = entry.value.span.text
                inside.append(
                    _symbol(entry.name.text, Kind.Property, entry, entry.name, document, text)
                )
            case tree.Section():
                inside.append(_section(entry, document))
            case tree.Bare():
                value = entry.value
                word = value.name if isinstance(value, tree.Call) else value
                inside.append(_symbol(word.span.text, Kind.Object, entry, word, document))
    name = node.keyword.text if node.name is None else f"{node.keyword.text} {node.name.text}"
    return _symbol(name, Kind.Namespace, node, node.keyword, document, "", inside)


def _symbol(
    name: str,
    kind: types.SymbolKind,
    node: tree.Node,
    chosen: tree.Node,
    document: Document,
    detail: str = "",
    inside: list[types.DocumentSymbol] | None = None,
) -> types.DocumentSymbol:
    start, end = node.span.start, node.span.end
    first = min(max(chosen.span.start, start), end)  # the name lies in its statement
    last = max(first, min(chosen.span.end, end))
    short = " ".join(detail.split())
    return types.DocumentSymbol(
        name=name or "?",
        kind=kind,
        range=document.positions.range(start, end),
        selection_range=document.positions.range(first, last),
        detail=f"{short[:LONGEST]}…" if len(short) > LONGEST else short or None,
        children=inside or None,
    )


def declared(file: ProjectFile, encoding: Encoding) -> list[types.WorkspaceSymbol]:
    """The models and blocks of a file, for a search over all."""
    positions = Positions(file.source, encoding)
    return [
        types.WorkspaceSymbol(
            location=types.Location(file.path.as_uri(), positions.of(node.name.span)),
            name=name,
            kind=Kind.Class if node.kind == "model" else Kind.Function,
            container_name=file.path.name,
        )
        for name, node in file.index.definitions.items()
    ]
