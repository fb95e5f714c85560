"""Lays out the statements of a rendered template anew, so that templates need not know how long names are.

A simple statement that spans several lines, or is too wide, is read with `ast`, turned into nodes and printed by
`layout`. What holds comments or joined strings is left as the template has it.
"""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from dslc.codegen import nodes
from dslc.codegen.layout import WIDTH, render
from dslc.codegen.literals import display_width

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.Pow: "**", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^",
    ast.LShift: "<<", ast.RShift: ">>", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in", ast.Is: "is",
    ast.IsNot: "is not", ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not",
    ast.And: "and", ast.Or: "or",
}  # fmt: skip


class Unreadable(Exception):
    """A construct that the nodes do not hold."""


@dataclass(frozen=True)
class Verbatim(nodes.Lit):
    """An f-string, as it stands in the template."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", self.value)


def tidy(text: str, width: int = WIDTH) -> str:
    """`text`, a whole module, with its long and broken statements laid out anew."""
    lines = text.split("\n")
    reader = _Reader(lines.copy())
    commented = _comment_lines(text)
    found = [
        node
        for node in _simple_statements(ast.parse(text))
        if node.end_lineno is not None
        and commented.isdisjoint(range(node.lineno, node.end_lineno + 1))
        and (node.end_lineno > node.lineno or display_width(lines[node.lineno - 1]) > width)
    ]
    for node in reversed(found):
        try:
            statement = reader.statement(node)
        except Unreadable:
            continue
        assert node.end_lineno is not None
        lines[node.lineno - 1 : node.end_lineno] = render(
            statement, node.col_offset, width
        ).splitlines()
    return "\n".join(lines)


def _comment_lines(text: str) -> set[int]:
    tokens = tokenize.generate_tokens(StringIO(text).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def _simple_statements(module: ast.Module) -> Iterator[ast.stmt]:
    """Assignments, calls and returns, from top to bottom; docstrings are no statements of interest."""
    simple = ast.Assign | ast.AugAssign | ast.Expr | ast.Return
    found = [node for node in ast.walk(module) if isinstance(node, simple)]
    for node in sorted(found, key=lambda node: node.lineno):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield node


class _Reader:
    """`ast` as nodes, with literals as they are written."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def statement(self, node: ast.stmt) -> nodes.Statement:
        match node:
            case ast.Assign(targets=targets, value=value):
                return nodes.Assign(tuple(map(self.expr, targets)), self.expr(value))
            case ast.AugAssign(target=target, op=op, value=value):
                return nodes.Assign((self.expr(target),), self.expr(value), op=OPERATORS[type(op)])
            case ast.Return(value=result):
                return nodes.Return(None if result is None else self.expr(result))
            case ast.Expr(value=value):
                return nodes.Expression(self.expr(value))
            case _:
                raise Unreadable(node)

    def expr(self, node: ast.expr) -> nodes.Expr:
        match node:
            case ast.Name(id=name):
                return nodes.Ref(name)
            case ast.Constant() | ast.JoinedStr():
                return self._literal(node)
            case ast.Attribute(value=value, attr=attr):
                return nodes.Attr(self.expr(value), attr)
            case ast.Call(func=func, args=args, keywords=keywords):
                given = tuple(map(self.item, args))
                named = tuple(nodes.Kw(k.arg, self.expr(k.value)) for k in keywords)
                return nodes.Call(self.expr(func), given, named)
            case ast.Subscript(value=value, slice=index):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                return nodes.Index(self.expr(value), tuple(map(self._index, parts)))
            case ast.Tuple(elts=elts):
                return nodes.TupleOf(tuple(map(self.item, elts)))
            case ast.List(elts=elts):
                return nodes.ListOf(tuple(map(self.item, elts)))
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return nodes.DictOf(
                    tuple(
                        nodes.Pair(None if k is None else self.expr(k), self.expr(v))
                        for k, v in pairs
                    )
                )
            case _:
                return self._operation(node)

    def _operation(self, node: ast.expr) -> nodes.Expr:
        match node:
            case ast.UnaryOp(op=op, operand=operand):
                return nodes.UnaryOp(OPERATORS[type(op)], self.expr(operand))  # type: ignore[arg-type]
            case ast.BinOp(left=left, op=op, right=right):
                return nodes.BinOp(OPERATORS[type(op)], self.expr(left), self.expr(right))
            case ast.BoolOp(op=op, values=values):
                word = OPERATORS[type(op)]
                return nodes.BoolOp(word, tuple(map(self.expr, values)))  # type: ignore[arg-type]
            case ast.Compare(left=left, ops=ops, comparators=others):
                rest = zip(ops, others, strict=True)
                return nodes.Compare(
                    self.expr(left), tuple((OPERATORS[type(o)], self.expr(v)) for o, v in rest)
                )
            case ast.IfExp(test=test, body=then, orelse=other):
                return nodes.Conditional(self.expr(test), self.expr(then), self.expr(other))
            case ast.ListComp(elt=elt, generators=clauses):
                return self._comprehension("list", self.expr(elt), clauses)
            case ast.SetComp(elt=elt, generators=clauses):
                return self._comprehension("set", self.expr(elt), clauses)
            case ast.GeneratorExp(elt=elt, generators=clauses):
                return self._comprehension("generator", self.expr(elt), clauses)
            case ast.DictComp(key=key, value=value, generators=clauses):
                pair = nodes.Pair(self.expr(key), self.expr(value))
                return self._comprehension("dict", pair, clauses)
            case _:
                raise Unreadable(node)

    def _comprehension(
        self, kind: str, element: nodes.Expr | nodes.Pair, clauses: list[ast.comprehension]
    ) -> nodes.Expr:
        if any(clause.ifs for clause in clauses[:-1]):
            raise Unreadable(clauses)
        (target, iterable), *more = [(self.expr(c.target), self.expr(c.iter)) for c in clauses]
        conditions = tuple(map(self.expr, clauses[-1].ifs))
        return nodes.Comprehension(
            element, target, iterable, kind, conditions, tuple(more)  # type: ignore[arg-type]
        )  # fmt: skip

    def item(self, node: ast.expr) -> nodes.Item:
        if isinstance(node, ast.Starred):
            return nodes.Star(self.expr(node.value))
        return self.expr(node)

    def _index(self, node: ast.expr) -> nodes.Expr | nodes.Slice:
        if isinstance(node, ast.Slice):
            bounds = (node.lower, node.upper, node.step)
            return nodes.Slice(*(None if b is None else self.expr(b) for b in bounds))
        return self.expr(node)

    def _literal(self, node: ast.Constant | ast.JoinedStr) -> nodes.Expr:
        if node.lineno != node.end_lineno:
            raise Unreadable(node)
        line = self.lines[node.lineno - 1].encode()  # offsets count bytes
        return Verbatim(line[node.col_offset : node.end_col_offset].decode())
