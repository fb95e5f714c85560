"""What can be folded: definitions, sections, groups and calls over several lines, comments, imports."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from dslc.lint.trees import walk
from dslc.lsp.document import Document
from dslc.syntax import tree

FOLDED = (tree.Definition, tree.Section, tree.Chain, tree.Match, tree.Call, tree.Tuple, tree.Flow)


def folds(document: Document) -> list[types.FoldingRange]:
    file = document.file
    if file is None:
        return []
    found: dict[tuple[int, int], types.FoldingRangeKind | None] = {}
    for node in walk(*file.declarations):
        if isinstance(node, FOLDED):
            first, last = _lines(document, node.span.start, node.span.end)
            if last > first:
                found.setdefault((first, last), types.FoldingRangeKind.Region)
    for lines in _runs(_comments(document, file)):
        found[lines] = types.FoldingRangeKind.Comment
    imports = [d for d in file.declarations if isinstance(d, tree.Import)]
    if len(imports) > 1:
        lines = _lines(document, imports[0].span.start, imports[-1].span.end)
        found[lines] = types.FoldingRangeKind.Imports
    return [
        types.FoldingRange(first, last, kind=kind) for (first, last), kind in sorted(found.items())
    ]


def _lines(document: Document, start: int, end: int) -> tuple[int, int]:
    source = document.source
    return source.line_column(start)[0] - 1, source.line_column(max(start, end - 1))[0] - 1


def _comments(document: Document, file: tree.File) -> Iterator[int]:
    """The lines that hold nothing but a comment."""
    for comment in file.comments:
        line = comment.span.line
        start = document.source.line_starts[line - 1]
        if not document.source.text[start : comment.span.start].strip():
            yield line - 1


def _runs(lines: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Neighbours, two at least: first and last."""
    first = last = -2
    for line in [*lines, -1]:
        if line != last + 1:
            if last > first:
                yield first, last
            first = line
        last = line
