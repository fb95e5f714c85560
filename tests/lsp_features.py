"""Every feature of the language server on one text, with the cursor anywhere: for tests that nothing crashes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types

from dslc.driver import Analysis
from dslc.lsp import (
    actions,
    completion,
    diagnostics,
    folding,
    formatting,
    hints,
    hover,
    lens,
    links,
    navigation,
    rename,
    semantic,
    signature,
    symbols,
)  # fmt: skip
from dslc.lsp.document import Checker, Document
from dslc.lsp.positions import Encoding
from dslc.lsp.project import Project
from dslc.source import Source
from dslc.syntax.files import DISK

Feature = Callable[[Document, types.Position, Project], Any]

AT_CURSOR: dict[str, Feature] = {
    "hover": hover.hover,
    "completion": completion.complete,
    "signature": signature.signature,
    "definition": navigation.definition,
    "references": navigation.references,
    "highlights": lambda d, p, _: navigation.highlights(d, p),
    "prepare": rename.prepare,
    "typed": lambda d, p, _: formatting.formatted_typed(d, p, "\n"),
    "actions": lambda d, p, _: actions.actions(d, types.Range(p, p), ["quickfix"]),
}
OF_TEXT: dict[str, Callable[[Document], Any]] = {
    "diagnostics": diagnostics.diagnostics,
    "hints": hints.hints,
    "symbols": symbols.symbols,
    "folds": folding.folds,
    "tokens": semantic.tokens,
    "lenses": lens.lenses,
    "links": links.links,
}


class Typist:
    """Types into one file: each text is checked as by the server, the last good analysis is kept."""

    def __init__(self, path: Path, encoding: Encoding = "utf-16") -> None:
        self.path = path
        self.checker = Checker(path, path.parent, DISK)
        self.encoding = encoding
        self.earlier: Analysis | None = None
        self.project = Project()

    def type(self, text: str) -> Document:
        source = Source(str(self.path), text)
        analysis = self.checker.update(source)
        document = Document(
            self.path.as_uri(), self.path, self.path.parent, 1, source, self.encoding, analysis,
            earlier=self.earlier,
        )  # fmt: skip
        if analysis.models:
            self.earlier = analysis
        return document

    def everything(self, document: Document, offset: int, *, layout: bool = False) -> None:
        """Ask every feature; an exception names it."""
        position = document.positions.position(offset)
        assert document.positions.offset(position) == offset
        for name, feature in AT_CURSOR.items():
            _asked(name, feature, document, position, self.project)
        for name, of_text in OF_TEXT.items():
            _asked(name, of_text, document)
        if layout:
            _asked("formatting", formatting.formatted, document)


def _asked(name: str, feature: Callable[..., Any], *args: Any) -> None:
    try:
        feature(*args)
    except Exception as problem:
        problem.add_note(f"asked for {name}")
        raise
