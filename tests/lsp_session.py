"""A conversation with `dslc lsp` in a process of its own, for tests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

PATIENCE = 20.0  # seconds that a test waits for anything
WHOLE = types.Range(types.Position(0, 0), types.Position(100_000, 0))


class Session:
    """One client and its server. `published` holds the newest diagnostics of every document, by URI."""

    def __init__(self, root: Path, tcp: tuple[str, int] | None = None, **options: Any) -> None:
        self.root = root
        self.tcp = tcp
        self.capabilities = options.pop("capabilities", types.ClientCapabilities())
        self.options = options
        self.client = BaseLanguageClient("test", "1")
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.seen: list[types.PublishDiagnosticsParams] = []
        self.news = asyncio.Event()
        self.version = 0

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self._publish(params)

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        self.published[params.uri] = params
        self.seen.append(params)
        self.news.set()

    async def __aenter__(self) -> Self:
        if self.tcp is not None:
            await self.client.start_tcp(*self.tcp)
        else:
            await self.client.start_io(sys.executable, "-m", "dslc", "lsp", "--stdio")
        folder = types.WorkspaceFolder(self.root.as_uri(), self.root.name)
        params = types.InitializeParams(
            capabilities=self.capabilities,
            root_uri=self.root.as_uri(),
            workspace_folders=[folder],
            initialization_options=self.options or None,
        )
        self.ready = await self.wait(self.client.initialize_async(params))
        self.client.initialized(types.InitializedParams())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.wait(self.client.shutdown_async(None))
        self.client.exit(None)
        await self.wait(self.client.stop())

    async def wait(self, answer: Awaitable[Any]) -> Any:
        return await asyncio.wait_for(answer, PATIENCE)

    # ----------------------------------------------------------------- texts

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str) -> types.TextDocumentIdentifier:
        self.version += 1
        uri = name if ":" in name else self.uri(name)
        item = types.TextDocumentItem(uri, "dslc", self.version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return types.TextDocumentIdentifier(uri)

    def change(
        self, document: types.TextDocumentIdentifier, text: str, place: types.Range | None = None
    ) -> int:
        self.version += 1
        change: types.TextDocumentContentChangeEvent
        if place is None:
            change = types.TextDocumentContentChangeWholeDocument(text)
        else:
            change = types.TextDocumentContentChangePartial(place, text)
        version = types.VersionedTextDocumentIdentifier(self.version, document.uri)
        params = types.DidChangeTextDocumentParams(version, [change])
        self.client.text_document_did_change(params)
        return self.version

    async def diagnostics(
        self,
        document: types.TextDocumentIdentifier,
        until: Callable[[list[types.Diagnostic]], bool] = lambda found: True,
    ) -> list[types.Diagnostic]:
        """Those of the newest version, once they are as wanted."""

        async def look() -> list[types.Diagnostic]:
            while True:
                found = self.published.get(document.uri)
                if (
                    found is not None
                    and found.version == self.version
                    and until([*found.diagnostics])
                ):
                    return [*found.diagnostics]
                self.news.clear()
                await self.news.wait()

        found: list[types.Diagnostic] = await self.wait(look())
        return found

    async def command(self, name: str, *arguments: Any) -> Any:
        params = types.ExecuteCommandParams(name, [*arguments])
        return await self.wait(self.client.workspace_execute_command_async(params))


def talk(conversation: Coroutine[Any, Any, None]) -> None:
    """Run a conversation to its end."""
    asyncio.run(conversation)
