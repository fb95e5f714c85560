"""The language server as an editor meets it: a process that speaks the protocol."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lsp_session import WHOLE, Session, talk
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dslc.lsp.positions import Positions
from dslc.source import Source

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
CNN = (SPECS / "digits_cnn.dl").read_text(encoding="utf-8")
KOREAN = """\
# 숫자 분류기 🎉🎉
model 망(분류 = 10) {
  input 그림: 8x8x1  # 🎉 입력
  그림 -> Conv2D(4, 3x3, init=he_normal) -> relu -> Flatten  /* 🎉 */
}
""".replace("  /* 🎉 */", "\n  -> Dens(분류) -> softmax # 🎉 끝")


def place(text: str, what: str, encoding: str = "utf-16") -> types.Range:
    """Where `what` stands in `text`, as the protocol counts."""
    start = text.index(what)
    return Positions(Source("a", text), encoding).range(start, start + len(what))  # type: ignore[arg-type]


def change_at(text: str, what: str) -> types.Position:
    return place(text, what).start


def test_the_server_says_what_it_can(tmp_path: Path) -> None:
    async def conversation() -> None:
        async with Session(tmp_path) as session:
            can = session.ready.capabilities
            assert session.ready.server_info.name == "dslc"
            assert can.position_encoding == "utf-16"
            assert can.text_document_sync.change == types.TextDocumentSyncKind.Incremental
            for name in (
                "completion", "hover", "signature_help", "definition", "references", "document_highlight",
                "document_symbol", "code_action", "code_lens", "document_link", "workspace_symbol",
                "document_formatting", "document_range_formatting", "document_on_type_formatting", "rename",
                "folding_range", "semantic_tokens", "inlay_hint", "diagnostic", "execute_command",
            ):  # fmt: skip
                assert getattr(can, f"{name}_provider"), name
            assert set(can.execute_command_provider.commands) == {"dslc.openScript", "dslc.explain"}
            assert can.diagnostic_provider.workspace_diagnostics

    talk(conversation())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_places_in_korean_and_emoji_are_right(tmp_path: Path, encoding: str) -> None:
    general = types.GeneralClientCapabilities(
        position_encodings=[types.PositionEncodingKind(encoding)]
    )

    async def conversation() -> None:
        async with Session(
            tmp_path, capabilities=types.ClientCapabilities(general=general)
        ) as session:
            assert session.ready.capabilities.position_encoding == encoding
            document = session.open("망.dl", KOREAN)
            found = await session.diagnostics(document)
            assert [(d.code, d.range) for d in found] == [
                ("E0201", place(KOREAN, "Dens", encoding))
            ]
            context = types.CodeActionContext(found)
            params = types.CodeActionParams(document, found[0].range, context)
            fixes = await session.wait(session.client.text_document_code_action_async(params))
            edit = next(f for f in fixes if f.edit is not None).edit.changes[document.uri][0]
            assert edit.range == found[0].range and edit.new_text == "Dense"
            session.change(document, edit.new_text, edit.range)
            await session.diagnostics(document, lambda d: all(x.severity != 1 for x in d))
            fixed = KOREAN.replace("Dens(", "Dense(")
            asked = types.InlayHintParams(document, WHOLE)
            hints = await session.wait(session.client.text_document_inlay_hint_async(asked))
            assert [h.label for h in hints] == [
                "6x6x4 · 40 params", "6x6x4", "144", "10 · 1,450 params", "10",
            ]  # fmt: skip
            assert hints[3].position == place(fixed, "Dense(분류)", encoding).end
            name = types.RenameParams(document, place(fixed, "그림 ->", encoding).start, "사진")
            renamed = await session.wait(session.client.text_document_rename_async(name))
            assert [e.range for e in renamed.changes[document.uri]] == [
                place(fixed, "그림", encoding),
                types.Range(
                    place(fixed, "그림 ->", encoding).start,
                    place(fixed, " -> Conv", encoding).start,
                ),
            ]

    talk(conversation())


def test_every_capability_answers(tmp_path: Path) -> None:
    (tmp_path / "dslc.toml").write_text("")
    (tmp_path / "cnn.dl").write_text(CNN)

    async def conversation() -> None:
        completion = types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        )
        rename = types.RenameClientCapabilities(prepare_support=True)
        text = types.TextDocumentClientCapabilities(completion=completion, rename=rename)
        async with Session(
            tmp_path, capabilities=types.ClientCapabilities(text_document=text)
        ) as session:
            ask, wait = session.client, session.wait
            document = session.open("cnn.dl", CNN)
            classes = change_at(CNN, "classes,")
            hover = await wait(
                ask.text_document_hover_async(types.HoverParams(document, change_at(CNN, "Conv2D")))
            )
            assert "A convolution over an image" in hover.contents.value
            assert hover.range == place(CNN, "Conv2D")
            behind = place(CNN, "Conv2D(32").end
            items = await wait(
                ask.text_document_completion_async(
                    types.CompletionParams(document, change_at(CNN, "BatchNorm"))
                )
            )
            dense = next(i for i in items.items if i.label == "Dense")
            assert dense.text_edit.new_text == "Dense(${1:units})$0"
            full = await wait(ask.completion_item_resolve_async(dense))
            assert "Dense(units" in full.documentation.value
            signature = await wait(
                ask.text_document_signature_help_async(types.SignatureHelpParams(document, behind))
            )
            assert (
                signature.signatures[0].label.startswith("Conv2D(filters")
                and signature.active_parameter == 0
            )
            defined = await wait(
                ask.text_document_definition_async(types.DefinitionParams(document, classes))
            )
            assert defined[0].range == place(CNN, "classes")
            context = types.ReferenceContext(True)
            used = await wait(
                ask.text_document_references_async(
                    types.ReferenceParams(context, document, classes)
                )
            )
            assert len(used) == 2
            lit = await wait(
                ask.text_document_document_highlight_async(
                    types.DocumentHighlightParams(document, classes)
                )
            )
            assert len(lit) == 2
            ready = await wait(
                ask.text_document_prepare_rename_async(types.PrepareRenameParams(document, classes))
            )
            assert ready.placeholder == "classes"
            edit = await wait(
                ask.text_document_rename_async(types.RenameParams(document, classes, "kinds"))
            )
            assert len(edit.changes[document.uri]) == 2
            with pytest.raises(JsonRpcException, match="word of the language"):
                await wait(
                    ask.text_document_rename_async(types.RenameParams(document, classes, "relu"))
                )
            outline = await wait(
                ask.text_document_document_symbol_async(types.DocumentSymbolParams(document))
            )
            assert [s.name for s in outline] == ["Digits", "data", "train"]
            folds = await wait(
                ask.text_document_folding_range_async(types.FoldingRangeParams(document))
            )
            assert len(folds) >= 3
            tokens = await wait(
                ask.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
            )
            part = await wait(
                ask.text_document_semantic_tokens_range_async(
                    types.SemanticTokensRangeParams(document, place(CNN, "model Digits"))
                )
            )
            assert len(tokens.data) > len(part.data) == 10
            options = types.FormattingOptions(2, True)
            layout = await wait(
                ask.text_document_formatting_async(
                    types.DocumentFormattingParams(document, options)
                )
            )
            assert not layout
            session.change(document, "->   Flatten", place(CNN, "-> Flatten"))
            layout = await wait(
                ask.text_document_formatting_async(
                    types.DocumentFormattingParams(document, options)
                )
            )
            assert len(layout) == 1 and "-> Flatten" in layout[0].new_text
            ranged = await wait(
                ask.text_document_range_formatting_async(
                    types.DocumentRangeFormattingParams(document, place(CNN, "-> Flatten"), options)
                )
            )
            assert len(ranged) == 1
            end = place(CNN, "-> softmax\n").end
            typed = await wait(
                ask.text_document_on_type_formatting_async(
                    types.DocumentOnTypeFormattingParams(document, end, "\n", options)
                )
            )
            assert typed is not None
            lenses = await wait(ask.text_document_code_lens_async(types.CodeLensParams(document)))
            assert "parameters" in lenses[0].command.title
            assert [*lenses[-1].command.arguments] == [document.uri, "Digits"]
            links = await wait(
                ask.text_document_document_link_async(types.DocumentLinkParams(document))
            )
            assert not links
            search = await wait(ask.workspace_symbol_async(types.WorkspaceSymbolParams("dgt")))
            assert [s.name for s in search] == ["Digits"]

    talk(conversation())


def test_scripts_and_pages_are_commands() -> None:
    async def conversation() -> None:
        async with Session(SPECS, backend="keras") as session:
            document = session.open("digits_cnn.dl", CNN)
            answer = await session.command("dslc.openScript", document.uri)
            assert (
                answer["backend"] == "keras"
                and "keras.layers" in answer["text"]
                or "layers." in answer["text"]
            )
            other = await session.command("dslc.openScript", document.uri, "Digits", "torch")
            assert "nn.Conv2d" in other["text"] and other["name"] == "digits_cnn_torch.py"
            line = CNN[: CNN.index("-> Flatten")].count("\n")
            first, last = other["toScript"][line]
            assert "flatten" in "\n".join(other["text"].split("\n")[first : last + 1])
            closed = await session.command("dslc.openScript", session.uri("siamese.dl"))
            assert closed["text"]
            assert await session.command("dslc.openScript", "file:///etc/passwd") is None
            assert await session.command("dslc.openScript") is None
            assert "**E0302" in await session.command("dslc.explain", "E0302")
            assert await session.command("dslc.explain", "E9") is None
            session.change(document, CNN.replace("softmax", "softmx"))
            broken = await session.command("dslc.openScript", document.uri)
            assert broken["text"] is None and "softmx" in broken["problems"][0]
            with pytest.raises(JsonRpcException, match="not defined"):
                await session.command("dslc.delete", document.uri)

    talk(conversation())


def test_buffers_count_more_than_the_disk(tmp_path: Path) -> None:
    head = "block Head(units) {\n  input x\n  x -> Dense(units, init=he_normal)\n}\n"
    (tmp_path / "dslc.toml").write_text("")
    (tmp_path / "head.dl").write_text(head)
    user = 'import "head.dl" (Head)\nmodel M {\n  input x: 4\n  x -> Head(2)\n}\n'

    async def conversation() -> None:
        async with Session(tmp_path) as session:
            document = session.open("user.dl", user)
            await session.diagnostics(document, lambda found: all(d.severity != 1 for d in found))
            other = session.open("head.dl", head)
            session.published.clear()
            session.change(other, head.replace("Head", "Top"))
            await _until(session, document.uri, ["E0209"])
            session.client.text_document_did_close(types.DidCloseTextDocumentParams(other))
            await _until(session, document.uri, [])
            assert session.published[other.uri].diagnostics == ()
            (tmp_path / "head.dl").write_text(head.replace("Head", "Top"))
            change = types.FileEvent(other.uri, types.FileChangeType.Changed)
            session.client.workspace_did_change_watched_files(
                types.DidChangeWatchedFilesParams([change])
            )
            await _until(session, document.uri, ["E0209"])

    talk(conversation())


def test_clients_are_asked_to_look_again_when_an_import_changes(tmp_path: Path) -> None:
    (tmp_path / "dslc.toml").write_text("")
    head = "block Head(n = 2) {\n  input x\n  x -> Dense(n)\n}\n"
    space = types.WorkspaceClientCapabilities(
        inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True),
        code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
    )

    async def conversation() -> None:
        async with Session(
            tmp_path, capabilities=types.ClientCapabilities(workspace=space)
        ) as session:
            asked: list[str] = []
            every = asyncio.Event()

            def note(method: str) -> None:
                asked.append(method)
                if len(set(asked)) == 3:
                    every.set()

            for method in (
                types.WORKSPACE_INLAY_HINT_REFRESH,
                types.WORKSPACE_CODE_LENS_REFRESH,
                types.WORKSPACE_DIAGNOSTIC_REFRESH,
            ):
                session.client.feature(method)(lambda params, method=method: note(method))
            other = session.open("head.dl", head)
            user = session.open(
                "user.dl", 'import "head.dl" (Head)\nmodel M { input x: 4  x -> Head }\n'
            )
            await session.diagnostics(user)
            asked.clear()
            session.change(other, head.replace("n = 2", "n = 3"))
            await session.wait(every.wait())
            hints = await session.wait(
                session.client.text_document_inlay_hint_async(types.InlayHintParams(user, WHOLE))
            )
            assert [h.label for h in hints] == ["3 · 15 params"]

    talk(conversation())


async def _until(session: Session, uri: str, codes: list[str]) -> None:
    """Wait until the mistakes of a document have these codes."""

    async def look() -> None:
        while True:
            found = session.published.get(uri)
            if (
                found is not None
                and [d.code for d in found.diagnostics if d.severity == 1] == codes
            ):
                return
            session.news.clear()
            await session.news.wait()

    await session.wait(look())


def test_clients_that_ask_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "dslc.toml").write_text("")
    (tmp_path / "bad.dl").write_text("model B {\n  input x: 4\n  x -> Dens(2)\n}\n")
    (tmp_path / "good.dl").write_text(CNN)
    text = types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())

    async def conversation() -> None:
        async with Session(
            tmp_path, capabilities=types.ClientCapabilities(text_document=text)
        ) as session:
            ask, wait = session.client, session.wait
            document = session.open("new.dl", "model N {\n  input x: 4\n  x -> Den(2)\n}\n")
            first = await wait(
                ask.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
            )
            assert [d.code for d in first.items] == ["E0201"]
            params = types.DocumentDiagnosticParams(document, previous_result_id=first.result_id)
            again = await wait(ask.text_document_diagnostic_async(params))
            assert again.kind == "unchanged"
            session.change(document, "model N {\n  input x: 4\n  x -> Dense(2)\n}\n")
            more = await wait(ask.text_document_diagnostic_async(params))
            assert more.kind == "full" and all(d.code != "E0201" for d in more.items)
            report = await wait(ask.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([])))
            by_name = {item.uri.rpartition("/")[2]: item for item in report.items}
            assert set(by_name) == {"bad.dl", "good.dl", "new.dl"}
            assert [d.code for d in by_name["bad.dl"].items] == ["E0201"]
            known = [types.PreviousResultId(i.uri, i.result_id) for i in report.items]
            report = await wait(
                ask.workspace_diagnostic_async(types.WorkspaceDiagnosticParams(known))
            )
            assert {item.kind for item in report.items} == {"unchanged"}
            assert session.seen == []

    talk(conversation())


def test_settings_are_heeded_at_the_start_and_later(tmp_path: Path) -> None:
    text = "model M {\n  input x: 8x8x1\n  x -> Flatten -> Dense(9) -> sigmoid -> Dense(2) -> softmax\n}\n"

    async def conversation() -> None:
        async with Session(tmp_path, hints=False, lenses=False, lint=False) as session:
            ask, wait = session.client, session.wait
            document = session.open("a.dl", text)
            params = types.InlayHintParams(document, WHOLE)
            assert not await wait(ask.text_document_inlay_hint_async(params))
            assert not await wait(ask.text_document_code_lens_async(types.CodeLensParams(document)))
            assert await session.diagnostics(document) == []
            settings = {"dslc": {"hints": {"shapes": False}, "lint": True}}
            ask.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
            found = await session.diagnostics(document, lambda d: len(d) > 0)
            assert "L101" in [d.code for d in found]
            hints = await wait(ask.text_document_inlay_hint_async(params))
            assert [h.label for h in hints] == ["585 params", "20 params"]
            assert await wait(ask.text_document_code_lens_async(types.CodeLensParams(document)))

    talk(conversation())


def test_who_types_fast_gets_the_newest_answer(tmp_path: Path) -> None:
    rows = "\n".join("  -> Conv2D(8, 3x3, padding=same, init=he_normal) -> relu" for _ in range(60))
    text = f"model M {{\n  input x: 8x8x1\n  x\n{rows}\n  -> Flatten -> Dense(2)\n}}\n"

    async def conversation() -> None:
        async with Session(tmp_path) as session:
            document = session.open("a.dl", text)
            hints = []
            for number in range(40):
                line = types.Range(types.Position(0, 0), types.Position(0, 0))
                session.change(document, f"# {number}\n", line)
                params = types.InlayHintParams(document, WHOLE)
                hints.append(
                    asyncio.ensure_future(session.client.text_document_inlay_hint_async(params))
                )
            found = await session.wait(asyncio.gather(*hints))
            assert all(len(h) == 122 for h in found)
            await session.diagnostics(document)
            versions = [p.version for p in session.seen]
            assert versions == sorted(versions) and len(versions) < 40

    talk(conversation())


def test_odd_requests_do_no_harm(tmp_path: Path) -> None:
    async def conversation() -> None:
        async with Session(tmp_path) as session:
            ask, wait = session.client, session.wait
            nowhere = types.TextDocumentIdentifier(session.uri("nowhere.dl"))
            assert (
                await wait(
                    ask.text_document_hover_async(types.HoverParams(nowhere, types.Position(3, 3)))
                )
                is None
            )
            session.change(nowhere, "x")
            ask.text_document_did_close(types.DidCloseTextDocumentParams(nowhere))
            untitled = session.open(
                "untitled:Spec-1", "model M {\n  input x: 4\n  x -> Den(2)\n}\n"
            )
            assert [d.code for d in await session.diagnostics(untitled)] == ["E0201"]
            far = types.HoverParams(untitled, types.Position(10_000, 10_000))
            assert await wait(ask.text_document_hover_async(far)) is None
            for text in (
                "",
                "\ufeff",
                "\0",
                "🎉" * 50,
                "{" * 500,
                '"',
                "\r\r\n\n\u2028",
                "x -> " * 999,
            ):
                session.change(untitled, text)
                await session.diagnostics(untitled)
            large = session.open("large.dl", "# x\n" * 300_000)
            assert [d.code for d in await session.diagnostics(large)] == ["E0134"]
            climbs = session.open(
                "a.dl",
                'import "../../../../../../../../etc/passwd" (A)\nmodel M { input x: 4  x -> A }\n',
            )
            assert "E0210" in [d.code for d in await session.diagnostics(climbs)]

    talk(conversation())


def test_a_client_may_come_by_tcp(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "dslc", "lsp", "--tcp", f"127.0.0.1:{port}"])

    try:
        _listens(port)
        talk(_by_tcp(tmp_path, port))
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()


def _listens(port: int) -> None:
    """Wait until someone listens, without connecting: the server serves one client."""
    for _ in range(200):
        table = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        if f":{port:04X} 00000000:0000 0A" in table:
            return
        time.sleep(0.05)


async def _by_tcp(root: Path, port: int) -> None:
    async with Session(root, ("127.0.0.1", port)) as session:
        document = session.open("a.dl", CNN)
        found = await session.diagnostics(document)
        assert all(d.severity != 1 for d in found)
