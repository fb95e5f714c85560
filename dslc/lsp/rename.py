"""Rename: a name of the user's, everywhere in the project, when the result means the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from dslc.diagnostics import Edit
from dslc.driver import analyse_source
from dslc.lint.patch import apply
from dslc.lsp.document import Document
from dslc.lsp.names import Place, Symbol
from dslc.lsp.navigation import home, places, sources
from dslc.lsp.positions import Positions
from dslc.lsp.project import Project
from dslc.source import Source
from dslc.spec.lookup import LITERAL_NAMES
from dslc.syntax.files import Files, Read
from dslc.syntax.report import Report
from dslc.syntax.scan import scan
from dslc.syntax.tokens import KEYWORDS
from dslc.vocab.word import words


@dataclass(frozen=True)
class Refused:
    """Why a name stays as it is."""

    message: str


def prepare(
    document: Document, position: types.Position, project: Project
) -> types.PrepareRenamePlaceholder | Refused | None:
    """The name under the cursor, if it is one of the user's."""
    place = document.index.at(document.offset(position))
    if place is None:
        return None
    if home(place.symbol, document, project) is None:
        return Refused(f"`{place.symbol.name}` is defined nowhere in this project")
    return types.PrepareRenamePlaceholder(document.range(place.span), place.span.text)


def rename(
    document: Document, position: types.Position, new: str, project: Project
) -> types.WorkspaceEdit | Refused | None:
    """The edits that give the name under the cursor another one, in all files."""
    ready = prepare(document, position, project)
    if ready is None or isinstance(ready, Refused):
        return ready
    place = document.index.at(document.offset(position))
    assert place is not None
    if new == place.symbol.name:
        return types.WorkspaceEdit(changes={})
    why = unfit(new, place.symbol) or taken(new, place.symbol, document, project)
    if why:
        return Refused(why)
    found = list(places(place.symbol, document, project))
    broken = _breaks(found, new, document, project)
    if broken:
        return Refused(broken)
    changes: dict[str, list[types.TextEdit]] = {}
    for p in found:
        edit = types.TextEdit(Positions(p.span.source, document.encoding).of(p.span), new)
        changes.setdefault(document.uri_of(p.span.source), []).append(edit)
    return types.WorkspaceEdit(changes=dict(changes))


def unfit(new: str, symbol: Symbol) -> str:
    """Why `new` can be no name, or nothing."""
    source = Source("name", new)
    tokens, comments = scan(source, report := Report(source))
    if not tokens or len(tokens) > 1 or comments or report.found or tokens[0].text != new:
        return f"`{new}` is no name: letters, digits and `_`, the first no digit"
    if tokens[0].type in KEYWORDS or tokens[0].type not in ("NAME", "CALLNAME"):
        return f"`{new}` is a keyword of the language"
    word = words("flow").get(new)
    gives_way = not symbol.scope and getattr(word, "gives_way", False)
    if new in LITERAL_NAMES or (word is not None and not gives_way):
        return f"`{new}` is a word of the language and cannot be a name"
    return ""


def taken(new: str, symbol: Symbol, document: Document, project: Project) -> str:
    """Why `new` would mean something else, or nothing: in its own scope, or in a body that uses the name."""
    indices = [document.index, *(f.index for f in project.files(document))]
    uses = [i for i in indices if any(True for _ in i.of(symbol))]
    for index in uses:
        if symbol.scope:
            if new in index.scopes.get(symbol.scope, {}):
                return f"`{symbol.scope}` has a `{new}` already"
        elif new in index.definitions or new in index.imports:
            return f"there is a `{new}` already"
        elif any(new in names for names in index.scopes.values()):
            return f"`{new}` is a name in a body that uses `{symbol.name}`, or beside it"
    if symbol.scope and any(new in i.definitions or new in i.imports for i in uses):
        return f"there is a block or model `{new}`"
    return ""


class _Changed:
    """The files of the project with some of their texts replaced."""

    def __init__(self, disk: Files, texts: dict[Path, Source]) -> None:
        self.disk = disk
        self.texts = texts

    def read(self, path: Path) -> Read:
        found = self.texts.get(path)
        return (found, ()) if found is not None else self.disk.read(path)

    def exists(self, path: Path) -> bool:
        return self.disk.exists(path)

    def specs(self, folder: Path) -> list[str]:
        return self.disk.specs(folder)


def _breaks(found: list[Place], new: str, document: Document, project: Project) -> str:
    """The first mistake that the new name would make in a file, or nothing."""
    fresh: dict[Source, Source] = {}
    for source in sources(found):
        edits = [Edit(p.span, new) for p in found if p.span.source is source]
        fresh[source] = Source(source.name, apply(source.text, edits))
    at = {s: document.path if s is document.source else Path(s.name) for s in fresh}
    disk = _Changed(project.disk, {p: fresh[s] for s, p in at.items() if p is not None})
    for source, path in at.items():
        before = analyse_source(source, path, document.root, project.disk)
        after = analyse_source(fresh[source], path, document.root, disk)
        more = Counter(d.code for d in after.diagnostics) - Counter(
            d.code for d in before.diagnostics
        )
        for d in after.diagnostics:
            if d.code in more:
                return f"then {d.message}"
    return ""
