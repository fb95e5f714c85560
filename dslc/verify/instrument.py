"""A script with marks: the same program, with `dslc_made(…)` around what makes layers and `dslc_seen(…)` around what
computes the result of a word."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from dslc.codegen.layout import render
from dslc.codegen.names import Import
from dslc.codegen.nodes import Call, Lit, Ref, Statement
from dslc.codegen.origins import Origin, Result
from dslc.codegen.page import ModelSection
from dslc.source import Span

MADE, SEEN = "dslc_made", "dslc_seen"
HOME = "dslc.verify.trace"


@dataclass
class Marks:
    """What every mark stands for: the place in the spec, which of the operations there, and whether it is around a
    result rather than what makes a layer."""

    places: list[Span] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    results: list[bool] = field(default_factory=list)

    def new(self, origin: Origin | Result) -> Lit:
        self.places.append(origin.use.span)
        self.parts.append(origin.part)
        self.results.append(isinstance(origin, Result))
        return Lit(len(self.places) - 1)

    def way(self, trail: Sequence[int]) -> tuple[Span, ...]:
        """A way through a script as one through the spec."""
        return tuple(self.places[mark] for mark in trail)


def with_marks(section: ModelSection) -> tuple[ModelSection, Marks]:
    """The model section with marks. Its text is laid out by the same printer, with other widths."""
    marks = Marks()
    program: tuple[Statement, ...] = tuple(_marked(s, marks) for s in section.program)
    needed = frozenset({Import(HOME, MADE), Import(HOME, SEEN)})
    text = render(program).strip()
    return replace(section, text=text, imports=section.imports | needed, program=program), marks


def _marked(node: Any, marks: Marks) -> Any:
    if isinstance(node, tuple):
        return tuple(_marked(item, marks) for item in node)
    if not is_dataclass(node) or isinstance(node, (type, Lit, Ref)):
        return node
    inner = {f.name: getattr(node, f.name) for f in fields(node) if f.init and f.name != "origin"}
    found: Any = replace(node, **{name: _marked(item, marks) for name, item in inner.items()})
    match getattr(node, "origin", None):
        case Origin() as origin:
            assert isinstance(found, Call)
            return Call(Ref(MADE), (marks.new(origin), found.func, *found.args), found.kwargs)
        case Result() as result:
            return Call(Ref(SEEN), (marks.new(result), found))
    return found


class _Plain(ast.NodeTransformer):
    """Takes the marks off again."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Name(id="dslc_made"):
                return ast.Call(node.args[1], node.args[2:], node.keywords)
            case ast.Name(id="dslc_seen"):
                return node.args[1]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == HOME else node


def same_but_marks(plain: str, marked: str) -> bool:
    """Whether a script with marks is the other one without them."""
    return _shape(_Plain().visit(ast.parse(marked))) == _shape(ast.parse(plain))


def _shape(tree: ast.AST) -> str:
    return ast.dump(tree)
