"""One open text at one moment: what the features answer from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from lsprotocol import types

from dslc.diagnostics import Diagnostic, Label
from dslc.driver import Analysis, analyse_source, facts_of
from dslc.lint.config import config_for
from dslc.lint.selection import Options, select
from dslc.lint.trees import parents, walk
from dslc.linter import Recorder, findings
from dslc.lsp.names import Index, index_of
from dslc.lsp.positions import Encoding, Positions
from dslc.lsp.steps import Uses, uses_of
from dslc.source import Source, Span
from dslc.spec.imports import project_root
from dslc.syntax import tree
from dslc.syntax.files import MAX_BYTES, Files, too_large


class Checker:
    """Checks the texts that one file has while it is edited. It is used by one thread at a time."""

    def __init__(self, path: Path | None, root: Path, disk: Files) -> None:
        self.path = path
        self.root = root
        self.disk = disk
        self.read: frozenset[Path] = frozenset()  # the other files that the last check asked for

    def update(self, source: Source) -> Analysis:
        """What is known of the file now that it has this text."""
        if len(source.text) > MAX_BYTES:
            _, found = too_large(
                Path(source.name).name, len(source.text.encode("utf-8", "replace"))
            )
            place = Label(source.span(0, 0))
            return Analysis(source, None, None, [], [replace(d, primary=place) for d in found])
        disk = Recorder(self.disk)
        analysis = analyse_source(source, self.path, self.root, disk)
        self.read = frozenset(disk.sources)
        return analysis

    def advice(self, analysis: Analysis) -> list[Diagnostic]:
        """What the rules that the project selects find in a text without errors."""
        place = self.path if self.path is not None else self.root
        selection = select(config_for(place)[0], Options(), self.path)
        facts = facts_of(analysis, selection.budgets)
        return [] if facts is None else findings(facts, selection)


def folder_of(path: Path | None, workspace: Path | None) -> Path:
    """The project folder that a file belongs to: nothing outside of it is read."""
    if path is not None:
        return project_root(path)
    return workspace if workspace is not None else Path.cwd()


@dataclass(eq=False)
class Document:
    """A text with what is known of it. `analysis` and `advice` are of this very text; `earlier` is the last analysis
    that had a spec, for what can be said while the text is broken."""

    uri: str
    path: Path | None
    root: Path
    version: int | None
    source: Source
    encoding: Encoding = "utf-16"
    analysis: Analysis | None = None
    advice: list[Diagnostic] = field(default_factory=list)
    earlier: Analysis | None = None
    disk: Files | None = None

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.source, self.encoding)

    @property
    def file(self) -> tree.File | None:
        return self.analysis.file if self.analysis is not None else None

    @cached_property
    def index(self) -> Index:
        """Who is called what in this text."""
        return index_of(self.file, self.path, self.root) if self.file else Index()

    @cached_property
    def above(self) -> dict[tree.Node, tree.Node]:
        """What every node of the tree stands in."""
        return parents(self.file.declarations) if self.file else {}

    @cached_property
    def names(self) -> list[tree.Name]:
        """Every name in the tree, in the order of the text."""
        found = walk(*self.file.declarations) if self.file else ()
        return sorted((n for n in found if isinstance(n, tree.Name)), key=lambda n: n.span.start)

    @cached_property
    def steps(self) -> dict[tuple[int, int], tree.Step]:
        """Every step of a flow, by the place of the word or block in it."""
        found = walk(*self.file.declarations) if self.file else ()
        steps = (node for node in found if isinstance(node, tree.Step))
        return {(s.target.span.start, s.target.span.end): s for s in steps}

    @cached_property
    def uses(self) -> Uses:
        """What flows through every step of this text."""
        return uses_of(self.analysis) if self.analysis is not None else {}

    @property
    def diagnostics(self) -> list[Diagnostic]:
        found = self.analysis.diagnostics if self.analysis is not None else []
        return sorted([*found, *self.advice], key=lambda d: d.sort_key)

    def offset(self, position: types.Position) -> int:
        return self.positions.offset(position)

    def range(self, span: Span) -> types.Range:
        return self.positions.of(span)

    def uri_of(self, source: Source) -> str:
        """Where a text lies: this one, or one that it imports."""
        if source is self.source:
            return self.uri
        return Path(source.name).as_uri() if Path(source.name).is_absolute() else self.uri

    def location(self, span: Span) -> types.Location:
        if span.source is self.source:
            return types.Location(self.uri, self.range(span))
        return types.Location(
            self.uri_of(span.source), Positions(span.source, self.encoding).of(span)
        )


def checked(
    source: Source,
    uri: str = "untitled:spec.dl",
    path: Path | None = None,
    root: Path | None = None,
    disk: Files | None = None,
    *,
    encoding: Encoding = "utf-16",
    advice: bool = True,
) -> Document:
    """A text, checked at once: for commands, files that are not open, and tests."""
    from dslc.syntax.files import DISK

    root = folder_of(path, root)
    checker = Checker(path, root, disk or DISK)
    analysis = checker.update(source)
    found = checker.advice(analysis) if advice else []
    return Document(uri, path, root, None, source, encoding, analysis, found, analysis, disk)
