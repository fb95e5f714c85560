"""The server that one editor talks to: its settings, and the desk with what is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from dslc import __version__
from dslc.lsp import hints, workspace
from dslc.lsp.desk import Desk
from dslc.lsp.diagnostics import diagnostics
from dslc.lsp.document import Document
from dslc.lsp.features import register
from dslc.lsp.memory import settle


class Protocol(LanguageServerProtocol):
    """The desk holds the texts: pygls' own copy would split lines where the protocol does not."""

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Any:
        handler = self.fm.features.get(types.TEXT_DOCUMENT_DID_CHANGE)
        if handler is not None:
            yield handler, (params,), None

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Any:
        """End the conversation; `serve` tells how it was."""
        server = self._server
        assert isinstance(server, Server)
        server.code = 0 if self._shutdown else 1
        if server._stop_event is not None:
            server._stop_event.set()


class Server(LanguageServer):
    """What one editor talks to."""

    def __init__(self) -> None:
        super().__init__("dslc", __version__, protocol_cls=Protocol)
        self.desk = Desk(self.publish, self.refresh)
        self.specs = workspace.Specs(self.desk)
        self.hints = hints.ALL
        self.lenses = True
        self.backend: str | None = None
        self.snippets = False
        self.pushes = True
        self.code = 1  # of the process: 0 after a proper farewell
        register(self)

    def publish(self, document: Document) -> None:
        """Send the diagnostics of a text, unless the client asks for them itself."""
        if self.pushes:
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    document.uri, diagnostics(document), document.version
                )
            )

    def refresh(self) -> None:
        """Let the client ask anew for what it shows, where it can: something changed that it does not see."""
        space = self.client_capabilities.workspace
        if space is None:
            return
        if space.inlay_hint is not None and space.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if space.code_lens is not None and space.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)
        if space.diagnostics is not None and space.diagnostics.refresh_support:
            self.workspace_diagnostic_refresh(None)

    def configure(self, options: object) -> None:
        """Take over what a client sets: `hints`, `lint`, `lenses`, `backend`."""
        if not isinstance(options, Mapping):
            return
        mine = options.get("dslc", options)
        mine = mine if isinstance(mine, Mapping) else {}
        self.hints = hints.HintSettings.of(mine)
        self.lenses = mine.get("lenses") is not False
        backend = mine.get("backend")
        self.backend = backend if isinstance(backend, str) else None
        advises = mine.get("lint") is not False
        if advises != self.desk.advises:
            self.desk.advises = advises
            self.desk.refresh()


def serve(host: str | None = None, port: int = 0) -> int:
    """Talk to one client until it leaves: through the standard streams, or at an address. Gives back 0 when it has said
    `shutdown` first, as it must, else 1."""
    server = Server()
    server.desk.sweeps = True
    server.desk.worker.submit(settle)
    if host is None:
        server.start_io()
    else:
        server.start_tcp(host, port)
    return server.code
