"""A script with marks: the same program, with `dslc_made(…)` around what makes layers and `dslc_seen(…)` around what
computes the result of a word."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from dslc.codegen.layout import render
from dslc.codegen.nodes import Call, Lit, Ref, Statement
from dslc.codegen.origins import Origin, Result
from dslc.codegen.page import ModelSection
from dslc.source import Span

MADE, SEEN = "dslc_made", "dslc_seen"
HOME = "dslc.verify.trace"
IMPORT = f"from {HOME} import {MADE}, {SEEN}"


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


def with_marks(script: str, section: ModelSection) -> tuple[str, Marks]:
    """A script whose model section has marks. The section is laid out by the same printer, with other widths."""
    marks = Marks()
    program: tuple[Statement, ...] = tuple(_marked(s, marks) for s in section.program)
    found = script.replace(section.text, f"{IMPORT}\n\n\n{render(program).strip()}", 1)
    assert _shape(_Plain().visit(ast.parse(found))) == _shape(ast.parse(script)), "another script"
    return found, marks


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


def _shape(tree: ast.AST) -> str:
    return ast.dump(tree)
