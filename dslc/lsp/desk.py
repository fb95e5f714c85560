"""The open documents and their checks. The protocol never waits here: texts are checked one after the other by a
thread of its own, and what it finds about a text that has changed meanwhile is dropped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lsprotocol import types

from dslc.driver import Analysis
from dslc.lsp.buffers import Buffers, path_of
from dslc.lsp.carry import carried
from dslc.lsp.document import Checker, Document, folder_of
from dslc.lsp.memory import sweep
from dslc.lsp.positions import Encoding, edited
from dslc.lsp.project import Project
from dslc.source import Source

T = TypeVar("T")
LONGEST_PAUSE = (
    0.25  # seconds that a check waits for more typing: as long as the last one took, at most this
)
QUIET = 0.1  # seconds without typing before the rules run
PATIENCE = 0.08  # seconds that someone who types waits for the shapes in front of the cursor
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Open:
    """One open text. `tick` counts its changes and those of the files that it imports."""

    uri: str
    path: Path | None
    root: Path
    version: int | None
    source: Source
    checker: Checker
    tick: int = 0
    moved: bool = False  # it is checked because of another file
    checked: int = -1  # the tick that `document` is about
    document: Document | None = None
    task: asyncio.Task[None] | None = None
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        return self.document is not None and self.checked == self.tick


class Desk:
    """All that is open. `publish` is told of every document when there is something new about it, `refresh` when that
    is so because of another file; `advises` says whether rules run."""

    def __init__(
        self,
        publish: Callable[[Document], None] = lambda document: None,
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        self.publish = publish
        self.told = refresh
        self.advises = True
        self.sweeps = False  # a process of its own: what checks leave behind is swept between them
        self.encoding: Encoding = "utf-16"
        self.buffers = Buffers()
        self.project = Project(self.buffers)
        self.open: dict[str, Open] = {}
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="dslc-check")

    # ----------------------------------------------------------------- texts

    def opened(self, uri: str, text: str, version: int | None) -> None:
        path = path_of(uri)
        folders = self.project.folders
        root = folder_of(path, folders[0] if folders else None)
        source = Source(str(path) if path is not None else "untitled.dl", text)
        checker = Checker(path, root, self.buffers)
        self.open[uri] = Open(uri, path, root, version, source, checker)
        self._changed(self.open[uri])

    def changed(
        self,
        uri: str,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        version: int | None,
    ) -> None:
        held = self.open.get(uri)
        if held is None:
            return
        for change in changes:
            text = edited(held.source, change, self.encoding)
            held.source = Source(held.source.name, text)
        held.version = version
        self._changed(held)

    def closed(self, uri: str) -> None:
        held = self.open.pop(uri, None)
        if held is None:
            return
        for future in held.waiting:
            if not future.done():
                future.set_result(None)
        if held.path is not None:
            self.buffers.open.pop(held.path, None)
            self.touched([held.path])

    def _changed(self, held: Open) -> None:
        if held.path is not None:
            self.buffers.open[held.path] = held.source
        self._again(held)
        if held.path is not None:
            self.touched([held.path])

    def touched(self, paths: Sequence[Path]) -> None:
        """Check what is open and imports one of these files."""
        for held in self.open.values():
            if held.path not in paths and held.checker.read.intersection(paths):
                held.moved = True
                self._again(held)

    def refresh(self) -> None:
        """Check everything anew."""
        for held in self.open.values():
            held.moved = True
            self._again(held)

    # ----------------------------------------------------------------- checks

    def _again(self, held: Open) -> None:
        held.tick += 1
        if held.task is None or held.task.done():
            held.task = asyncio.get_running_loop().create_task(self._settle(held))

    async def _settle(self, held: Open) -> None:
        """Check a text until it stands still."""
        pause = 0.0
        while self.open.get(held.uri) is held:
            await asyncio.sleep(pause)
            tick = held.tick
            source, version = held.source, held.version
            start = time.perf_counter()
            analysis = await self.work(held.checker.update, source)
            pause = min(time.perf_counter() - start, LONGEST_PAUSE)
            if held.tick != tick:
                continue
            self._found(held, analysis, source, version, tick)
            document = held.document
            if self.sweeps:
                await self.work(sweep)
            if held.tick != tick:  # typed while it was swept
                continue
            if not (self.advises and analysis is not None and analysis.ok):
                return
            await asyncio.sleep(QUIET)
            if held.tick != tick:
                continue
            advice = await self.work(held.checker.advice, analysis)
            if held.tick != tick:
                continue
            if document is not None:
                document.advice = advice or []
                self._tell(document)
            return

    def _found(
        self, held: Open, analysis: Analysis | None, source: Source, version: int | None, tick: int
    ) -> None:
        before = held.document
        document = Document(
            held.uri,
            held.path,
            held.root,
            version,
            source,
            self.encoding,
            analysis,
            disk=self.buffers,
        )
        if before is not None:
            if analysis is not None and analysis.ok and self.advises:
                document.advice = carried(before.advice, before.source, source)
            document.earlier = before.earlier
        if analysis is not None and analysis.models:
            document.earlier = analysis
        held.document, held.checked = document, tick
        waiting, held.waiting = held.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        self._tell(document)
        if held.moved:
            held.moved = False
            self.told()

    def _tell(self, document: Document) -> None:
        """Publish a document; a bug on the way is logged, and the next check goes on."""
        try:
            self.publish(document)
        except Exception:
            log.exception("publishing %s failed", document.uri)

    async def work(self, do: Callable[..., T], *args: object) -> T | None:
        """What `do` gives, computed by the other thread; a bug in it is logged, and gives nothing."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.worker, do, *args)
        except Exception:
            log.exception("%s failed", getattr(do, "__qualname__", do))
            return None

    # ----------------------------------------------------------------- answers

    async def current(self, uri: str) -> Document | None:
        """The document as it is now, checked."""
        held = self.open.get(uri)
        while held is not None and not held.fresh and self.open.get(uri) is held:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            held.waiting.append(future)
            await future
        return held.document if held is not None else None

    async def settled(self, uri: str) -> Document | None:
        """The same with the advice of the rules."""
        document = await self.current(uri)
        held = self.open.get(uri)
        while held is not None and held.task is not None and not held.task.done():
            await asyncio.wait([held.task])
        return held.document if held is not None else document

    async def soon(self, uri: str) -> Document | None:
        """The document checked, if that is done at once; else with its present text alone."""
        try:
            return await asyncio.wait_for(self.current(uri), PATIENCE)
        except TimeoutError:
            return self.now(uri)

    def now(self, uri: str) -> Document | None:
        """The document with its present text, checked or not: for what cannot wait, such as completion."""
        held = self.open.get(uri)
        if held is None or held.fresh:
            return held.document if held is not None else None
        before = held.document
        return Document(
            held.uri, held.path, held.root, held.version, held.source, self.encoding,
            earlier=before.earlier if before is not None else None, disk=self.buffers,
        )  # fmt: skip

    def close(self) -> None:
        for held in self.open.values():
            if held.task is not None:
                held.task.cancel()
        self.worker.shutdown(wait=False, cancel_futures=True)
