"""The canonical layout, as edits: of a whole text, of some lines, of what was just typed."""

from __future__ import annotations

import difflib

from lsprotocol import types

from dslc.diagnostics import Edit
from dslc.fmt import format_range, format_source
from dslc.lsp.document import Document

TRIGGERS = ("\n", "}")


def formatted(document: Document) -> list[types.TextEdit] | None:
    """The edits that lay the text out; None where its syntax has mistakes."""
    text, _ = format_source(document.source)
    return None if text is None else replacing(document, text)


def formatted_range(document: Document, range: types.Range) -> list[types.TextEdit] | None:
    """Those for the statements that `range` touches."""
    start, end = document.positions.offsets(range)
    edits, _ = format_range(document.source, start, end)
    if edits is None:
        return None
    return [_shown(document, e) for e in edits]


def formatted_typed(
    document: Document, position: types.Position, typed: str
) -> list[types.TextEdit] | None:
    """Those for the statement that a new line or a brace has finished; nothing moves from the cursor on."""
    at = document.offset(position)
    before = document.source.text[:at].rstrip(" \t")
    stop = len(before.rstrip("\r\n")) if typed == "\n" else len(before)
    start = max(before.rfind("\n", 0, stop), before.rfind("\r", 0, stop)) + 1
    edits, _ = format_range(document.source, start, stop)
    if edits is None:
        return None
    limit = stop if typed == "\n" else at
    return [_shown(document, e) for e in (_cut(e, limit) for e in edits) if e is not None]


def _cut(edit: Edit, limit: int) -> Edit | None:
    """The part of an edit in front of `limit`: what follows there, such as the brace of a body, stays as it is."""
    span = edit.span
    if span.end <= limit:
        return edit
    kept, text = span.source.text[limit : span.end].strip(), edit.text.rstrip()
    if not text.endswith(kept):
        return None
    short = text[: len(text) - len(kept)].rstrip()
    return Edit(span.source.span(span.start, limit), short)


def _shown(document: Document, edit: Edit) -> types.TextEdit:
    """An edit of some lines, with the line ends that the text has."""
    text = edit.text.replace("\n", "\r\n") if "\r\n" in document.source.text else edit.text
    return types.TextEdit(document.range(edit.span), text)


def replacing(document: Document, text: str) -> list[types.TextEdit]:
    """The edits that make `text` of the document, line by line, so that cursors stay where they are."""
    old = document.source.text.splitlines(keepends=True)
    new = text.splitlines(keepends=True)
    ends = [0]
    for line in old:
        ends.append(ends[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        types.TextEdit(document.positions.range(ends[a], ends[b]), "".join(new[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]
