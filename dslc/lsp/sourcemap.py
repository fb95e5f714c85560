"""Which lines of a script come from which lines of its spec, both ways.

Layers and blocks are followed through the marks that `dslc verify` puts around what they became; sections by the names
of their words in the part of the script that is theirs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dslc.codegen.page import ModelSection
from dslc.lint.trees import walk
from dslc.source import Source, Span
from dslc.syntax import tree
from dslc.verify.instrument import HOME, MADE, SEEN, with_marks

HEADING = "# --- "
PARTS: Mapping[str, tuple[str, ...]] = {
    "data": ("data",),
    "augment": ("data",),
    "defaults": ("model",),
}  # the parts of a script by the section that they are about; all others are trainings
TRAINING = ("training", "model")


@dataclass
class SourceMap:
    """First and last line (from 0) in the other text, for each line that has one."""

    to_script: dict[int, tuple[int, int]] = field(default_factory=dict)
    to_spec: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, spec: tuple[int, int], script: tuple[int, int]) -> None:
        """Note that these lines of the spec became those of the script. The smallest place says most of a line of
        the script; a line of the spec is shown at the first place that it became, in whole."""
        for line in range(spec[0], spec[1] + 1):
            held = self.to_script.get(line)
            if held is None or _touch(held, script):
                first, last = held or script
                self.to_script[line] = min(first, script[0]), max(last, script[1])
        for line in range(script[0], script[1] + 1):
            held = self.to_spec.get(line)
            if held is None or spec[1] - spec[0] < held[1] - held[0]:
                self.to_spec[line] = spec


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] + 1 and other[0] <= one[1] + 1


def source_map(script: str, section: ModelSection, source: Source, file: tree.File) -> SourceMap:
    """The map between the text of a spec and its script."""
    found = SourceMap()
    marked, marks = with_marks(script, section)
    plain = ast.parse(script)
    owners: dict[ast.stmt, list[Span]] = {}
    for owner, node, mark in _marked(plain, ast.parse(marked)):
        span = marks.places[mark]
        if owner is not None:
            owners.setdefault(owner, []).append(span)
        if span.source is source:
            found.add(_lines(span), (node.lineno - 1, (node.end_lineno or node.lineno) - 1))
    _definitions(found, owners, source, file)
    _sections(found, script, plain, file)
    return found


def _lines(span: Span) -> tuple[int, int]:
    source = span.source
    last = source.line_column(max(span.start, span.end - 1))[0]
    return span.line - 1, last - 1


Found = tuple[ast.stmt | None, ast.expr, int]


def _marked(plain: ast.AST, marked: ast.AST) -> Iterator[Found]:
    """Every expression of a script that a mark is around in its double: with the definition around, and the mark."""
    todo: list[tuple[ast.stmt | None, object, object]] = [(None, plain, marked)]
    while todo:
        owner, one, two = todo.pop()
        if isinstance(one, list) and isinstance(two, list):
            kept = [t for t in two if not (isinstance(t, ast.ImportFrom) and t.module == HOME)]
            todo += [(owner, a, b) for a, b in zip(one, kept, strict=True)]
            continue
        mark = _mark(two)
        if mark is not None and isinstance(two, ast.Call) and isinstance(one, ast.expr):
            yield owner, one, mark
            if isinstance(two.func, ast.Name) and two.func.id == SEEN:
                todo.append((owner, one, two.args[1]))
            elif isinstance(one, ast.Call):
                todo.append((owner, one.func, two.args[1]))
                todo.append((owner, one.args, two.args[2:]))
                todo.append((owner, one.keywords, two.keywords))
        elif isinstance(one, ast.AST) and isinstance(two, ast.AST):
            if owner is None and isinstance(one, (ast.FunctionDef, ast.ClassDef)):
                owner = one
            todo += [
                (owner, getattr(one, name, None), getattr(two, name, None)) for name in one._fields
            ]


def _mark(node: object) -> int | None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=int(mark)), *_]):
            return mark if name in (MADE, SEEN) else None
    return None


def _definitions(
    found: SourceMap, owners: Mapping[ast.stmt, list[Span]], source: Source, file: tree.File
) -> None:
    """The head of a block or model stands for the head of the class or function that it became."""
    for node in file.declarations:
        if not isinstance(node, tree.Definition):
            continue
        for owner, spans in owners.items():
            inside = [s for s in spans if s.source is source]
            if inside and all(node.span.start <= s.start < node.span.end for s in inside):
                line = _lines(node.name.span)
                found.add(line, (owner.lineno - 1, owner.lineno - 1))


# ------------------------------------------------------------------------------------ sections
def _sections(found: SourceMap, script: str, plain: ast.Module, file: tree.File) -> None:
    """The words of sections, by the names that they have in their part of the script."""
    parts = _parts(script)
    named = sorted(_names(plain))
    for node in file.declarations:
        if not isinstance(node, tree.Section):
            continue
        wanted = PARTS.get(node.keyword.text, TRAINING)
        places = [parts[name] for name in wanted if name in parts]
        if places:
            found.add(_lines(node.keyword.span), (places[0][0], places[0][0]))
        for entry in _entries(node):
            lines = next((found for n in _words(entry) for found in _written(n, named, places)), [])
            for line in lines:
                found.add(_lines(entry.span), (line, line))


def _entries(node: tree.Section) -> Iterator[tree.Let | tree.Bare]:
    """The settings and words of a section and of those in it."""
    for entry in node.entries:
        if isinstance(entry, tree.Section):
            yield from _entries(entry)
        else:
            yield entry


def _words(entry: tree.Let | tree.Bare) -> Iterator[str]:
    """The names that may tell where an entry went: of its value first, then of its key."""
    yield from (n.text for n in walk(entry.value) if isinstance(n, tree.Name))
    if isinstance(entry, tree.Let):
        yield entry.name.text


def _written(
    name: str, named: list[tuple[int, str, bool]], places: list[tuple[int, int]]
) -> Iterator[list[int]]:
    """The lines of a part that call something of this name, else those that name it, where there are any."""
    for first, last in places:
        inside = [(n, called) for n, text, called in named if text == name and first <= n <= last]
        if inside:
            yield [n for n, called in inside if called] or [inside[0][0]]


def _parts(script: str) -> dict[str, tuple[int, int]]:
    """The parts of a script by their headings: first and last line."""
    lines = script.split("\n")
    heads = [
        (i, line[len(HEADING) :].rstrip("- "))
        for i, line in enumerate(lines)
        if line.startswith(HEADING)
    ]
    ends = [i - 1 for i, _ in heads[1:]] + [len(lines) - 1]
    return {name: (i, end) for (i, name), end in zip(heads, ends, strict=False)}


def _names(plain: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Every name that the script writes, by line: variables, attributes, keywords, what it defines; and whether it is
    called there."""
    called = {node.func for node in ast.walk(plain) if isinstance(node, ast.Call)}
    for node in ast.walk(plain):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield (node.end_lineno or node.lineno) - 1, name, node in called
            case ast.keyword(arg=str(name)):
                yield node.value.lineno - 1, name, False
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno - 1, name, False
