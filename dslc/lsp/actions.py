"""Quick fixes: every fix of a diagnostic that has edits, and all safe ones at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types

from dslc.diagnostics import Diagnostic, Edit, Fix
from dslc.lint.config import config_for
from dslc.lint.patch import apply, choose, fix_of
from dslc.lint.selection import Options, select
from dslc.linter import Linted, fix
from dslc.lsp.diagnostics import shown
from dslc.lsp.document import Document
from dslc.lsp.formatting import replacing
from dslc.lsp.positions import Positions

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.dslc"
EXPLAIN = "dslc.explain"


def actions(
    document: Document, range: types.Range, only: Iterable[str] | None = None
) -> list[types.CodeAction]:
    """What can be done about the diagnostics that touch `range`, the surest first."""
    start, end = document.positions.offsets(range)
    wanted = None if only is None else [getattr(kind, "value", kind) for kind in only]
    found: list[types.CodeAction] = []
    if _asks(wanted, types.CodeActionKind.QuickFix.value):
        here = [d for d in document.diagnostics if _touches(d, document, start, end)]
        for d in here:
            found += _fixes(d, document)
        found += [_explain(code) for code in dict.fromkeys(d.code for d in here)]
    if _asks(wanted, FIX_ALL):
        found += _all(document)
    return found


def _asks(wanted: list[str] | None, kind: str) -> bool:
    """Whether the client wants actions of a kind: `source` means `source.fixAll.dslc` too."""
    return wanted is None or any(f"{kind}.".startswith(f"{w}.") or not w for w in wanted)


def _touches(d: Diagnostic, document: Document, start: int, end: int) -> bool:
    if d.primary is None or d.primary.span.source is not document.source:
        return start == 0
    return d.primary.span.start <= end and start <= d.primary.span.end


def _fixes(d: Diagnostic, document: Document) -> list[types.CodeAction]:
    sure = [f for f in d.fixes if f.edits]
    return [
        types.CodeAction(
            title=_title(f, d),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown(d, document)],
            is_preferred=(f is sure[0] and (f.safe or d.code.startswith("E"))) or None,
            edit=_workspace_edit(f.edits, document),
        )
        for f in sure
    ]


def _title(f: Fix, d: Diagnostic) -> str:
    """What the fix does; of a rule also whether it changes what is computed."""
    title = f.message[:1].upper() + f.message[1:]
    return title if f.safe or d.code.startswith("E") else f"{title} (changes what is computed)"


def _workspace_edit(edits: Iterable[Edit], document: Document) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for e in edits:
        source = e.span.source
        positions = Positions(source, document.encoding)
        edit = types.TextEdit(positions.of(e.span), e.text)
        changes.setdefault(document.uri_of(source), []).append(edit)
    return types.WorkspaceEdit(changes=dict(changes))


def _explain(code: str) -> types.CodeAction:
    title = f"Explain {code}"
    command = types.Command(title, EXPLAIN, arguments=[code])
    return types.CodeAction(title, kind=types.CodeActionKind.Empty, command=command)


def _all(document: Document) -> list[types.CodeAction]:
    """One action for all safe fixes, where there are any."""
    text = fixed(document)
    if text is None or text == document.source.text:
        return []
    edit = types.WorkspaceEdit(changes={document.uri: replacing(document, text)})
    return [types.CodeAction("Fix all of dslc that is safe", kind=FIX_ALL, edit=edit)]


def fixed(document: Document) -> str | None:
    """The text after all safe fixes: of rules where it checks, else of its mistakes."""
    safe = [f for d in document.diagnostics if (f := fix_of(d, unsafe=False)) is not None]
    mine = [f for f in safe if all(e.span.source is document.source for e in f.edits)]
    if not mine:
        return None
    if document.analysis is None or not document.analysis.ok:
        return apply(document.source.text, choose(mine)[1])
    place = document.path if document.path is not None else document.root
    selection = select(config_for(place)[0], Options(), document.path)
    linted = Linted(document.source, document.diagnostics, checks=True)
    path: Path | None = document.path
    if document.disk is None:
        return fix(linted, selection, path).after.source.text
    return fix(linted, selection, path, disk=document.disk).after.source.text
