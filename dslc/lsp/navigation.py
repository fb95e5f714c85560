"""Where something is defined and where it is used, across the files of the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from dslc.lsp.document import Document
from dslc.lsp.names import Place, Symbol
from dslc.lsp.project import Project
from dslc.source import Source
from dslc.syntax import tree


def definition(
    document: Document, position: types.Position, project: Project
) -> list[types.Location]:
    """Where the name under the cursor is given; for the path of an import the file."""
    at = document.offset(position)
    place = document.index.at(at)
    if place is None:
        return _file(document, at, project)
    found = home(place.symbol, document, project)
    return [found] if found is not None else []


def home(symbol: Symbol, document: Document, project: Project) -> types.Location | None:
    """Where a symbol is defined, in this file or the one that it comes from."""
    if symbol.path == document.path:
        mine = document.index.given(symbol)
        return document.location(mine.span) if mine is not None else None
    other = project.file(symbol.path, document.root) if symbol.path is not None else None
    given = other.index.given(symbol) if other is not None else None
    if given is not None:
        return document.location(given.span)
    if other is not None and not symbol.scope:  # brought by an import of that file
        passed = next((p for p in other.index.places if p.symbol.name == symbol.name), None)
        return document.location(passed.span) if passed is not None else None
    return None


def _file(document: Document, at: int, project: Project) -> list[types.Location]:
    """The file whose path the cursor is on."""
    for node in document.file.declarations if document.file is not None else ():
        if isinstance(node, tree.Import) and node.path.span.start <= at <= node.path.span.end:
            target = document.index.imports.get(node.names[0].text) if node.names else None
            if target is not None and project.disk.exists(target):
                start = types.Position(0, 0)
                return [types.Location(target.as_uri(), types.Range(start, start))]
    return []


def references(
    document: Document, position: types.Position, project: Project, defined: bool = True
) -> list[types.Location]:
    """Every place of the name under the cursor, with those that give it if `defined`."""
    place = document.index.at(document.offset(position))
    if place is None:
        return []
    return [
        document.location(p.span)
        for p in places(place.symbol, document, project)
        if defined or p.sort is None
    ]


def places(symbol: Symbol, document: Document, project: Project) -> Iterator[Place]:
    """All places of a symbol: in this file first, then in those of the project."""
    yield from document.index.of(symbol)
    if symbol.path is None:
        return
    for file in project.files(document):
        yield from file.index.of(symbol)


def highlights(document: Document, position: types.Position) -> list[types.DocumentHighlight]:
    """The places in this text of the name under the cursor."""
    place = document.index.at(document.offset(position))
    kinds = types.DocumentHighlightKind
    return [
        types.DocumentHighlight(document.range(p.span), kinds.Write if p.sort else kinds.Read)
        for p in (document.index.of(place.symbol) if place is not None else ())
    ]


def sources(found: Iterable[Place]) -> list[Source]:
    """The texts that hold these places, each once."""
    return list(dict.fromkeys(place.span.source for place in found))
