"""Which method of the protocol is answered by which feature. A bug in a feature is logged and answered with nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from dslc.lint import config as lint_config
from dslc.lsp import (
    actions,
    candidates,
    completion,
    folding,
    formatting,
    hints,
    hover,
    lens,
    links,
    navigation,
    rename,
    script,
    semantic,
    signature,
    symbols,
    workspace,
)
from dslc.lsp.buffers import path_of
from dslc.lsp.diagnostics import explanation
from dslc.lsp.document import Document
from dslc.lsp.positions import Encoding

if TYPE_CHECKING:
    from dslc.lsp.server import Server

T = TypeVar("T")
log = logging.getLogger(__name__)
ENCODINGS: dict[types.PositionEncodingKind, Encoding] = {
    types.PositionEncodingKind.Utf8: "utf-8",
    types.PositionEncodingKind.Utf16: "utf-16",
    types.PositionEncodingKind.Utf32: "utf-32",
}
PROJECT_FILES = ("pyproject.toml", "dslc.toml")

Handler = Callable[["Server", Any], Awaitable[Any]]


def _guarded(method: str, do: Handler) -> Handler:
    async def handler(ls: Server, params: Any) -> Any:
        try:
            return await do(ls, params)
        except JsonRpcInvalidParams:
            raise
        except Exception:
            log.exception("%s failed", method)
            return None

    plain: Handler = _unannotated(handler)
    return plain


def _unannotated(do: Any) -> Any:
    """A function whose parameters pygls takes as they come."""
    do.__annotations__ = {}
    return do


def _on_current(feature: Callable[[Server, Document, Any], Any]) -> Handler:
    """Answer from the document as it is now, checked."""

    async def handler(ls: Server, params: Any) -> Any:
        document = await ls.desk.current(params.text_document.uri)
        return feature(ls, document, params) if document is not None else None

    return handler


def _on_text(feature: Callable[[Server, Document, Any], Any]) -> Handler:
    """Answer from the present text, checked if that is quick: while typing nothing waits for long."""

    async def handler(ls: Server, params: Any) -> Any:
        document = await ls.desk.soon(params.text_document.uri)
        return feature(ls, document, params) if document is not None else None

    return handler


def _aside(feature: Callable[[Document, Any], Any]) -> Handler:
    """Answer from the present text by the other thread: for what takes long."""

    async def handler(ls: Server, params: Any) -> Any:
        document = ls.desk.now(params.text_document.uri)
        return document and await ls.desk.work(feature, document, params)

    return handler


def register(server: Server) -> None:
    for method, (handler, options) in _features().items():
        server.feature(method, options)(_guarded(method, handler))
    for name, command in _commands().items():
        server.command(name)(_unannotated(command))


def _features() -> dict[str, tuple[Handler, Any]]:
    """Every method of the protocol with what answers it."""
    ranges = types.SemanticTokensRegistrationOptions(
        legend=semantic.LEGEND, full=True, range=True, document_selector=None
    )
    kinds = [types.CodeActionKind.QuickFix, actions.FIX_ALL]
    opens = types.CompletionOptions(trigger_characters=completion.TRIGGERS, resolve_provider=True)
    typed = types.DocumentOnTypeFormattingOptions(
        *formatting.TRIGGERS[:1], [*formatting.TRIGGERS[1:]]
    )
    pulls = types.DiagnosticOptions(True, True, "dslc")
    return {
        types.INITIALIZE: (_initialize, None),
        types.INITIALIZED: (_initialized, None),
        types.SHUTDOWN: (_shutdown, None),
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: (_configured, None),
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: (_watched, None),
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: (_folders, None),
        types.TEXT_DOCUMENT_DID_OPEN: (_opened, None),
        types.TEXT_DOCUMENT_DID_CHANGE: (_changed, None),
        types.TEXT_DOCUMENT_DID_CLOSE: (_closed, None),
        types.TEXT_DOCUMENT_DIAGNOSTIC: (_pulled, pulls),
        types.WORKSPACE_DIAGNOSTIC: (_pulled_all, None),
        types.WORKSPACE_SYMBOL: (_search, None),
        types.TEXT_DOCUMENT_CODE_ACTION: (_actions, types.CodeActionOptions(kinds)),
        types.TEXT_DOCUMENT_INLAY_HINT: (
            _on_current(lambda ls, d, p: hints.hints(d, p.range, ls.hints)), None,
        ),
        types.TEXT_DOCUMENT_HOVER: (
            _on_current(lambda ls, d, p: hover.hover(d, p.position, ls.desk.project)), None,
        ),
        types.TEXT_DOCUMENT_COMPLETION: (_on_text(_complete), opens),
        types.COMPLETION_ITEM_RESOLVE: (_resolve, None),
        types.TEXT_DOCUMENT_SIGNATURE_HELP: (
            _on_text(lambda ls, d, p: signature.signature(d, p.position, ls.desk.project)),
            types.SignatureHelpOptions(signature.TRIGGERS),
        ),
        types.TEXT_DOCUMENT_DEFINITION: (
            _on_current(lambda ls, d, p: navigation.definition(d, p.position, ls.desk.project)), None,
        ),
        types.TEXT_DOCUMENT_REFERENCES: (_references, None),
        types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (
            _on_current(lambda ls, d, p: navigation.highlights(d, p.position)), None,
        ),
        types.TEXT_DOCUMENT_PREPARE_RENAME: (_on_current(_prepare), None),
        types.TEXT_DOCUMENT_RENAME: (_rename, types.RenameOptions(prepare_provider=True)),
        types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (_on_current(lambda ls, d, p: symbols.symbols(d)), None),
        types.TEXT_DOCUMENT_FOLDING_RANGE: (_on_current(lambda ls, d, p: folding.folds(d)), None),
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (
            _on_current(lambda ls, d, p: semantic.tokens(d)), ranges,
        ),
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: (
            _on_current(lambda ls, d, p: semantic.tokens(d, p.range)), None,
        ),
        types.TEXT_DOCUMENT_FORMATTING: (_aside(lambda d, p: formatting.formatted(d)), None),
        types.TEXT_DOCUMENT_RANGE_FORMATTING: (
            _aside(lambda d, p: formatting.formatted_range(d, p.range)), None,
        ),
        types.TEXT_DOCUMENT_ON_TYPE_FORMATTING: (
            _aside(lambda d, p: formatting.formatted_typed(d, p.position, p.ch)), typed,
        ),
        types.TEXT_DOCUMENT_CODE_LENS: (
            _on_current(lambda ls, d, p: lens.lenses(d) if ls.lenses else []), None,
        ),
        types.TEXT_DOCUMENT_DOCUMENT_LINK: (_on_current(lambda ls, d, p: links.links(d)), None),
    }  # fmt: skip


# ------------------------------------------------------------------------------------ life
async def _initialize(ls: Server, params: types.InitializeParams) -> None:
    encoding = types.PositionEncodingKind(ls.workspace.position_encoding)
    ls.desk.encoding = ENCODINGS[encoding]
    found = [f.uri for f in params.workspace_folders or []]
    found += [params.root_uri] if params.root_uri and not found else []
    ls.desk.project.folders = [p for uri in found if (p := path_of(uri)) is not None]
    text = params.capabilities.text_document
    ls.pushes = text is None or text.diagnostic is None
    item = text.completion.completion_item if text is not None and text.completion else None
    ls.snippets = bool(item is not None and item.snippet_support)
    ls.configure(_plain(params.initialization_options))


async def _initialized(ls: Server, params: types.InitializedParams) -> None:
    """Ask to be told of specs and project files that change on the disk."""
    space = ls.client_capabilities.workspace
    watched = space.did_change_watched_files if space is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    globs = ["**/*.dl", *(f"**/{name}" for name in PROJECT_FILES)]
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(g) for g in globs]
    )
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    registration = types.Registration("dslc-files", method, options)
    await ls.client_register_capability_async(types.RegistrationParams([registration]))


async def _shutdown(ls: Server, params: None) -> None:
    ls.desk.close()


async def _configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    settings = _plain(params.settings)
    space = ls.client_capabilities.workspace
    if not settings and space is not None and space.configuration:
        asked = types.ConfigurationParams([types.ConfigurationItem(section="dslc")])
        settings = next(iter(await ls.workspace_configuration_async(asked)), None)
    ls.configure(_plain(settings))
    ls.refresh()


def _plain(value: Any) -> Any:
    """What a client sent, as dictionaries; pygls makes objects of it."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


async def _watched(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    paths = [p for c in params.changes if (p := path_of(c.uri)) is not None]
    if any(path.name in PROJECT_FILES for path in paths):
        lint_config.forget()
        ls.desk.refresh()
    ls.desk.touched(paths)


async def _folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    gone = {path_of(f.uri) for f in params.event.removed}
    kept = [f for f in ls.desk.project.folders if f not in gone]
    new = [p for f in params.event.added if (p := path_of(f.uri)) is not None]
    ls.desk.project.folders = [*kept, *new]


async def _opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    ls.desk.opened(item.uri, item.text, item.version)


async def _changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    item = params.text_document
    ls.desk.changed(item.uri, params.content_changes, item.version)


async def _closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.desk.closed(uri)
    if ls.pushes:
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


# ------------------------------------------------------------------------------------ answers
async def _pulled(ls: Server, params: types.DocumentDiagnosticParams) -> Any:
    return await workspace.pulled(ls.desk, params.text_document.uri, params.previous_result_id)


async def _pulled_all(ls: Server, params: types.WorkspaceDiagnosticParams) -> Any:
    return await ls.specs.report({p.uri: p.value for p in params.previous_result_ids})


async def _search(ls: Server, params: types.WorkspaceSymbolParams) -> Any:
    return await ls.desk.work(ls.specs.symbols, params.query)


async def _actions(ls: Server, params: types.CodeActionParams) -> Any:
    """The rules run again for "fix all", so this is work for the other thread."""
    document = await ls.desk.settled(params.text_document.uri)
    if document is None:
        return None
    return await ls.desk.work(actions.actions, document, params.range, params.context.only)


def _complete(ls: Server, document: Document, params: types.CompletionParams) -> Any:
    project, at = ls.desk.project, params.position
    typed = params.context.trigger_character if params.context is not None else None
    return completion.complete(document, at, project, snippet=ls.snippets, typed=typed)


async def _resolve(ls: Server, params: types.CompletionItem) -> Any:
    params.data = _plain(params.data)
    return candidates.resolved(params)


async def _references(ls: Server, params: types.ReferenceParams) -> Any:
    document = await ls.desk.current(params.text_document.uri)
    defined = params.context.include_declaration
    return document and await ls.desk.work(
        navigation.references, document, params.position, ls.desk.project, defined
    )


def _prepare(ls: Server, document: Document, params: types.PrepareRenameParams) -> Any:
    return _or_refused(rename.prepare(document, params.position, ls.desk.project))


async def _rename(ls: Server, params: types.RenameParams) -> Any:
    """The result is checked, in all files: this is work for the other thread."""
    document = await ls.desk.current(params.text_document.uri)
    if document is None:
        return None
    at, new, project = params.position, params.new_name, ls.desk.project
    return _or_refused(await ls.desk.work(rename.rename, document, at, new, project))


def _or_refused(answer: T | rename.Refused) -> T:
    if isinstance(answer, rename.Refused):
        raise JsonRpcInvalidParams(answer.message)
    return answer


# ------------------------------------------------------------------------------------ commands
def _commands() -> dict[str, Callable[..., Any]]:
    return {lens.OPEN_SCRIPT: _open_script, actions.EXPLAIN: _explain}


async def _open_script(ls: Server, *args: Any) -> Any:
    """`[uri, model?, backend?]`: see `dslc.lsp.script`."""
    uri, model, backend = (*map(_plain, args), None, None, None)[:3]
    document = await ls.desk.current(uri) if isinstance(uri, str) else None
    if document is None and isinstance(uri, str) and (path := path_of(uri)) is not None:
        document = await ls.specs.document(path)
    if document is None:
        return None
    return await ls.desk.work(script.script, document, backend or ls.backend, model)


async def _explain(ls: Server, *args: Any) -> Any:
    """`[code]`: what `dslc explain` says, as Markdown."""
    return explanation(str(args[0])) if args else None
