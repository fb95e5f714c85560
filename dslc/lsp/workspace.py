"""Diagnostics that a client asks for: of one text, and of every spec of the workspace, open or not."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from dslc.lsp.desk import Desk
from dslc.lsp.diagnostics import diagnostics
from dslc.lsp.document import Document, checked
from dslc.lsp.symbols import declared

FULL, SAME = (
    types.RelatedFullDocumentDiagnosticReport,
    types.RelatedUnchangedDocumentDiagnosticReport,
)


async def pulled(
    desk: Desk, uri: str, previous: str | None
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """Everything about one text, the advice of rules too; nothing when it is what the client knows already."""
    document = await desk.settled(uri)
    held = desk.open.get(uri)
    if document is None or held is None:
        return FULL(items=[])
    result = f"{held.uri}#{held.checked}"
    if result == previous:
        return SAME(result_id=result)
    return FULL(items=diagnostics(document), result_id=result)


class Specs:
    """The specs of the workspace that are not open, checked when they change."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.known: dict[Path, tuple[object, Document]] = {}

    async def report(self, previous: dict[str, str]) -> types.WorkspaceDiagnosticReport:
        items: list[types.WorkspaceDocumentDiagnosticReport] = []
        opened = {held.path: held for held in self.desk.open.values()}
        for path in self.desk.project.specs():
            held = opened.get(path)
            uri = held.uri if held is not None else path.as_uri()
            document: Document | None
            if held is not None:
                document, version = await self.desk.settled(uri), held.version
                result = f"{uri}#{held.checked}"
            else:
                document, version = await self.document(path), None
                result = f"{uri}#{hash(self._stamp(path))}"
            if document is None:
                continue
            if previous.get(uri) == result:
                items.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result, version))
            else:
                found = diagnostics(document)
                items.append(
                    types.WorkspaceFullDocumentDiagnosticReport(
                        uri, found, version, result_id=result
                    )
                )
        return types.WorkspaceDiagnosticReport(items)

    async def document(self, path: Path) -> Document | None:
        """A spec that is not open, checked."""
        stamp = self._stamp(path)
        held = self.known.get(path)
        if held is not None and held[0] == stamp:
            return held[1]
        source, _ = self.desk.buffers.read(path)
        if source is None:
            return None
        desk = self.desk

        def check() -> Document:
            uri, disk = path.as_uri(), desk.buffers
            return checked(
                source, uri, path, disk=disk, encoding=desk.encoding, advice=desk.advises
            )

        document = await desk.work(check)
        if document is not None:
            self.known[path] = stamp, document
        return document

    def _stamp(self, path: Path) -> object:
        """What changes with the file, and with the specs beside it that it may import."""
        stamps = []
        for other in self.desk.project.specs():
            opened = self.desk.buffers.open.get(other)
            try:
                stat = other.stat()
                stamps.append(
                    (other, id(opened) if opened else None, stat.st_mtime_ns, stat.st_size)
                )
            except OSError:
                stamps.append((other, id(opened) if opened else None, 0, 0))
        return tuple(stamps)

    def symbols(self, query: str) -> list[types.WorkspaceSymbol]:
        """The models and blocks of the workspace whose names hold the letters of `query` in their order."""
        found: list[types.WorkspaceSymbol] = []
        for path in self.desk.project.specs():
            file = self.desk.project.file(path, path.parent)
            if file is not None:
                found += [s for s in declared(file, self.desk.encoding) if _matches(query, s.name)]
        return found


def _matches(query: str, name: str) -> bool:
    letters = iter(name.lower())
    return all(ch in letters for ch in query.lower())
