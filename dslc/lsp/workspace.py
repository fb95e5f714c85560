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
        self.known: dict[Path, tuple[str, Document]] = {}

    async def report(self, previous: dict[str, str]) -> types.WorkspaceDiagnosticReport:
        """What is wrong in each of them, or that it is as the client knows."""
        items: list[types.WorkspaceDocumentDiagnosticReport] = []
        opened = {held.path: held for held in self.desk.open.values()}
        stamps = await self.desk.work(self._stamps) or {}
        every = str(hash(tuple(stamps.values())))
        for path in stamps:
            held = opened.get(path)
            uri = held.uri if held is not None else path.as_uri()
            document: Document | None
            if held is not None:
                document, version = await self.desk.settled(uri), held.version
                result = f"{uri}#{held.checked}"
            else:
                document, version = await self._checked(path, every), None
                result = f"{uri}#{every}"
            if document is None:
                continue
            if previous.get(uri) == result:
                same = types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result, version)
                items.append(same)
            else:
                found = diagnostics(document)
                full = types.WorkspaceFullDocumentDiagnosticReport(
                    uri, found, version, result_id=result
                )
                items.append(full)
        return types.WorkspaceDiagnosticReport(items)

    async def document(self, path: Path) -> Document | None:
        """A spec of the workspace that is not open, checked."""
        stamps = await self.desk.work(self._stamps) or {}
        return (
            await self._checked(path, str(hash(tuple(stamps.values())))) if path in stamps else None
        )

    async def _checked(self, path: Path, every: str) -> Document | None:
        held = self.known.get(path)
        if held is not None and held[0] == every:
            return held[1]
        desk = self.desk

        def check() -> Document | None:
            source, _ = desk.buffers.read(path)
            if source is None:
                return None
            uri, encoding, advice = path.as_uri(), desk.encoding, desk.advises
            return checked(source, uri, path, disk=desk.buffers, encoding=encoding, advice=advice)

        document = await desk.work(check)
        if document is not None:
            self.known[path] = every, document
        return document

    def _stamps(self) -> dict[Path, object]:
        """The specs of the workspace, each with what changes when it does. One may import any other, so that all are
        checked again when one changes."""
        found: dict[Path, object] = {}
        for path in self.desk.project.specs():
            opened = self.desk.buffers.open.get(path)
            try:
                stat = path.stat()
                found[path] = (id(opened), stat.st_mtime_ns, stat.st_size)
            except OSError:
                found[path] = (id(opened), 0, 0)
        return found

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
