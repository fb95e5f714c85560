"""How statements, definitions and sections are laid out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dslc.fmt import expressions
from dslc.fmt.builder import Builder, Drop, Note, Part, Slot
from dslc.fmt.document import (
    CLOSE,
    DEDENT,
    INDENT,
    OPEN,
    Blank,
    Line,
    Space,
    width_of,
)
from dslc.fmt.expressions import OR, SPACE, listed
from dslc.fmt.tables import Row
from dslc.syntax import tree


def file(builder: Builder, declarations: Sequence[tree.Declaration]) -> list[Part]:
    """Declarations with a blank line between them; imports, and sections of a line each, may stand together."""
    rows = _rows(builder, declarations, None)
    parts: list[Part] = []
    for i, (node, row) in enumerate(zip(declarations, rows, strict=True)):
        if i:
            both = isinstance(node, tree.Import) and isinstance(declarations[i - 1], tree.Import)
            row.line = Line(hard=True, blank=Blank.KEPT if both else Blank.ONE)
            parts.append(row.line)
        parts += _declaration(builder, node, row)
    return [*parts, Line(hard=True, blank=Blank.KEPT)]


def _declaration(builder: Builder, node: tree.Declaration, row: Row) -> list[Part]:
    return section(builder, node, row) if isinstance(node, tree.Section) else [node]


def import_(builder: Builder, node: tree.Import) -> list[Part]:
    opening = builder.index[node.path.span.start] + 1
    return ["import", SPACE, node.path, SPACE, *listed(builder, opening, node.names)]


def definition(builder: Builder, node: tree.Definition) -> list[Part]:
    head: list[Part] = [node.kind, SPACE, node.name]
    if node.parameters:
        opening = builder.index[node.name.span.start] + 1
        head += listed(builder, opening, node.parameters)
    else:
        head += [Drop("("), Drop(")")]
    inner = _entries(builder, node.body, None)
    end = Line(1 if node.body else 0)
    return [*head, SPACE, OPEN, "{", INDENT, *inner, DEDENT, end, "}", CLOSE]


def parameter(builder: Builder, node: tree.Parameter) -> list[Part]:
    if node.default is None:
        return [node.name]
    return [node.name, SPACE, "=", SPACE, Slot(node.default, hang=True)]


def section(builder: Builder, node: tree.Section, row: Row) -> list[Part]:
    """On one line when it was and fits, with two blanks between entries; else an entry a line."""
    name: list[Part] = [] if node.name is None else [SPACE, node.name]
    opening = builder.index[(node.name or node.keyword).span.start] + 1
    row.section = True
    row.header = width_of(node.keyword.text) + (width_of(node.name.text) + 1 if node.name else 0)
    inner = _entries(builder, node.entries, row)
    if inner and not builder.one_line(opening):
        inner[0] = Line(hard=True)
    elif not node.entries:
        inner = []
    end = Line(1 if node.entries else 0)
    body: list[Part] = [Note(row.opens), OPEN, "{", INDENT, *inner, DEDENT, end, "}", CLOSE]
    return [node.keyword, *name, row.pad, SPACE, *body, Note(row.closes)]


def _entries(
    builder: Builder,
    statements: Sequence[tree.Statement | tree.Section],
    parent: Row | None,
) -> list[Part]:
    """The statements of a body (`parent` is None) or section, each behind its line."""
    rows = _rows(builder, statements, parent)
    pads = _pads(statements, rows)
    parts: list[Part] = []
    for i, (node, row) in enumerate(zip(statements, rows, strict=True)):
        if parent is None:
            parts.append(Line(2 if i else 1, hard=True, blank=Blank.KEPT))
        else:
            parts.append(Line(2 if i else 1, blank=Blank.KEPT))
        row.key = node.name.text if isinstance(node, tree.Let) else ""
        parts.append(Note(row.begins))
        if isinstance(node, tree.Section):
            parts += section(builder, node, row)
        elif isinstance(node, tree.Let):
            parts += let(builder, node, pads[i])
        else:
            parts.append(node)
        parts += [row.cell, Note(row.ends)] if i < len(rows) - 1 else [Note(row.ends)]
    if parent is not None:
        parent.cells = rows
    return parts


def _rows(builder: Builder, nodes: Sequence[tree.Node], parent: Row | None) -> list[Row]:
    """A row for each of the nodes below each other; where each begins, the one above it has ended."""
    for node in nodes:
        if first := builder.index[node.span.start]:
            builder.stop(first - 1)
    rows = [Row(builder.blank_above(node)) for node in nodes]
    builder.tables.append((rows, parent))
    return rows


def _pads(statements: Sequence[tree.Node], rows: Sequence[Row]) -> list[int]:
    """How many blanks stand in front of the `=` of each setting: it is aligned in neighbours that name no flow."""
    pads = [0] * len(statements)
    run: list[tuple[int, int]] = []
    for i, node in enumerate(statements):
        plain = isinstance(node, tree.Let) and not isinstance(node.value, tree.Flow)
        if run and (not plain or rows[i].blank):
            run = []
        if isinstance(node, tree.Let) and plain:
            run.append((i, width_of(node.name.text)))
            widest = max(width for _, width in run)
            for at, width in run:
                pads[at] = widest - width
    return pads


def let(builder: Builder, node: tree.Let, pad: int = 0) -> list[Part]:
    return [node.name, Space(pad, "broken"), SPACE, "=", SPACE, Slot(node.value)]


def input_(builder: Builder, node: tree.Input) -> list[Part]:
    parts: list[Part] = [OPEN, "input", SPACE, node.name]
    if node.shape is not None:
        parts += [":", SPACE, Slot(node.shape, OR)]
    if node.where is not None:
        parts += [INDENT, Line(), "where", SPACE, Slot(node.where, OR), DEDENT]
    return [*parts, CLOSE]


def output(builder: Builder, node: tree.Output) -> list[Part]:
    return ["output", SPACE, node.name, ":", SPACE, Slot(node.value)]


def assert_(builder: Builder, node: tree.Assert) -> list[Part]:
    return ["assert", SPACE, Slot(node.condition, OR)]


def bare(builder: Builder, node: tree.Bare) -> list[Part]:
    return [Slot(node.value, keep=True)]


PARTS: dict[type[Any], Callable[[Builder, Any], list[Part]]] = expressions.PARTS | {
    tree.Import: import_,
    tree.Definition: definition,
    tree.Parameter: parameter,
    tree.Input: input_,
    tree.Output: output,
    tree.Assert: assert_,
    tree.Bare: bare,
}


def expand(builder: Builder, part: tree.Node | Slot) -> list[Part]:
    """What a node or place is made of."""
    return PARTS[type(part)](builder, part)
