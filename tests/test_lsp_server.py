"""What the language server needs and does not: pygls, threads, memory of what is open."""

from __future__ import annotations

import ast
import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from dslc.driver import Analysis
from dslc.lsp import desk as desk_module
from dslc.lsp.carry import carried
from dslc.lsp.desk import Desk
from dslc.lsp.document import Checker, Document, checked
from dslc.lsp.features import _guarded
from dslc.source import Source

ROOT = Path(__file__).resolve().parent.parent
GOOD = (
    "model M {\n  input x: 8x8x1\n  x -> Flatten -> Dense(9) -> sigmoid -> Dense(2) -> softmax\n}\n"
)


def call(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )


def test_only_the_server_imports_pygls() -> None:
    for path in (ROOT / "dslc").rglob("*.py"):
        if path.parent.name == "lsp":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.partition(".")[0] in ("pygls", "lsprotocol") for n in names), path


def test_no_other_command_loads_it() -> None:
    done = call(
        "import sys; from dslc.cli import call; call(['check', '-q', 'specs/perceptron.dl']); call(['lsp', '--help']);"
        "print(sorted({'pygls', 'lsprotocol', 'asyncio'} & set(sys.modules)))"
    )
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_without_pygls_the_command_says_what_to_install() -> None:
    done = call(
        "import sys; sys.modules['pygls'] = None; from dslc.cli import call; sys.exit(call(['lsp']))"
    )
    assert done.returncode == 2
    assert "`dslc lsp` needs `pygls" in done.stderr and 'pip install "dslc[lsp]"' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--tcp", "nowhere"], "is no address"),
        (["--tcp", "localhost:99999"], "is no address"),
        (["--tcp", "localhost:1", "--stdio"], "exclude"),
        (["--tcp", "203.0.113.1:2087"], "cannot listen"),
        (["--log", "/nowhere/at/all.log"], "cannot be written"),
    ],
)
def test_wrong_calls_are_explained(arguments: list[str], why: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dslc", "lsp", *arguments],
        capture_output=True, text=True, cwd=ROOT, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2 and why in done.stderr, done.stderr


def test_a_bug_in_a_feature_is_logged_and_answered_with_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(ls: Any, params: Any) -> None:
        raise RuntimeError("a bug")

    with caplog.at_level(logging.ERROR):
        answer = asyncio.run(_guarded("textDocument/hover", breaks)(None, None))  # type: ignore[arg-type]
    assert answer is None and "textDocument/hover failed" in caplog.text


class Slow(Checker):
    """Takes its time, or breaks."""

    def update(self, source: Source) -> Analysis:
        if "break" in source.text:
            raise RuntimeError("a bug")
        time.sleep(0.6)
        return super().update(source)


def test_slow_checks_do_not_block_and_stale_ones_are_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(desk_module, "Checker", Slow)
    told: list[int | None] = []

    async def conversation() -> None:
        desk = Desk(lambda document: told.append(document.version))
        desk.advises = False
        uri = (ROOT / "t.dl").as_uri()
        desk.opened(uri, GOOD, 1)
        for version in range(2, 6):
            whole = types.TextDocumentContentChangeWholeDocument(f"# {version}\n{GOOD}")
            start = time.perf_counter()
            desk.changed(uri, [whole], version)
            now = desk.now(uri)
            assert now is not None and now.version == version and now.analysis is None
            assert time.perf_counter() - start < 0.5
            await asyncio.sleep(0.01)
        soon = await desk.soon(uri)
        assert soon is not None and soon.version == 5 and soon.analysis is None
        document = await desk.current(uri)
        assert await desk.soon(uri) is document
        assert document is not None and document.version == 5 and document.analysis is not None
        assert told == [5]
        desk.changed(uri, [types.TextDocumentContentChangeWholeDocument("break")], 6)
        broken = await desk.current(uri)
        assert broken is not None and broken.analysis is None and broken.diagnostics == []
        assert broken.earlier is document.analysis
        waits = asyncio.ensure_future(desk.current(uri))
        desk.changed(uri, [types.TextDocumentContentChangeWholeDocument(GOOD)], 7)
        waits = asyncio.ensure_future(desk.current(uri))
        await asyncio.sleep(0)
        desk.closed(uri)
        await waits
        assert desk.now(uri) is None and await desk.current(uri) is None
        desk.close()

    asyncio.run(conversation())
    assert "update failed" in caplog.text


def test_what_is_typed_while_memory_is_swept_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "sweep", lambda: time.sleep(0.2))
    told: list[int | None] = []

    def publish(document: Document) -> None:
        told.append(document.version)
        raise RuntimeError("a bug")

    async def conversation() -> None:
        desk = Desk(publish)
        desk.sweeps, desk.advises = True, False
        uri = (ROOT / "t.dl").as_uri()
        desk.opened(uri, GOOD, 1)
        await desk.current(uri)
        await asyncio.sleep(0.05)
        desk.changed(uri, [types.TextDocumentContentChangeWholeDocument("model M {")], 2)
        document = await asyncio.wait_for(desk.current(uri), 20)
        assert document is not None and document.version == 2 and told == [1, 2]
        await asyncio.wait_for(desk.settled(uri), 20)
        desk.close()

    asyncio.run(conversation())


def test_advice_moves_with_its_line_until_the_rules_ran_again() -> None:
    old = Source("a", GOOD)
    found = checked(old).advice
    assert found and all(d.primary is not None for d in found)
    new = Source("a", "# 한국\n\n" + GOOD)
    moved = carried(found, old, new)
    assert [d.code for d in moved] == [d.code for d in found]
    for before, after in zip(found, moved, strict=True):
        assert before.primary is not None and after.primary is not None
        assert after.primary.span.text == before.primary.span.text
        assert [e.span.text for f in after.fixes for e in f.edits] == [
            e.span.text for f in before.fixes for e in f.edits
        ]
    assert carried(found, old, Source("a", GOOD.replace("sigmoid", "tanh"))) == [
        d
        for d in carried(found, old, Source("a", GOOD.replace("sigmoid", "tanh")))
        if "sigmoid" not in d.message
    ]
    assert carried(found, old, Source("a", "")) == []


def test_a_document_knows_where_imported_texts_lie(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "a.dl"), GOOD)
    document = checked(source, (tmp_path / "a.dl").as_uri(), tmp_path / "a.dl")
    assert isinstance(document, Document) and document.uri_of(source) == document.uri
    other = Source(str(tmp_path / "b.dl"), "")
    assert document.uri_of(other) == (tmp_path / "b.dl").as_uri()
