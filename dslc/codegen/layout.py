"""Statements as text that neither black nor ruff would change.

`render` is the one function others call. Expressions are laid out by `expressions.Splitter`; this
module knows what each statement puts before and after them, and the blank lines around
definitions.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from dslc.codegen import literals
from dslc.codegen.expressions import INDENT, Hold, Splitter
from dslc.codegen.flat import PRIMARY, precedence
from dslc.codegen.nodes import (
    Assert,
    Assign,
    BinOp,
    Blank,
    BoolOp,
    Class,
    Comment,
    Compare,
    Conditional,
    Def,
    Expr,
    Expression,
    For,
    If,
    Param,
    Pass,
    Raise,
    Return,
    Statement,
    TupleOf,
    With,
)
from dslc.codegen.pieces import take_apart

WIDTH = 88


def render(
    node: Statement | Expr | Sequence[Statement], indent: int = 0, width: int = WIDTH
) -> str:
    """The text of statements, each line ended, or of one expression, without a final newline.

    `indent` counts columns. An expression is laid out as if it stood on a line of its own inside
    brackets, its first line without the indentation, ready to be placed by a template.
    """
    if isinstance(node, Expr):
        lines = Splitter(width).place(node, indent, hold=Hold.LINE)
        return "\n".join(lines)[indent:]
    statements = node if isinstance(node, Sequence) else (node,)
    lines = _Page(width).block(statements, indent)
    return "".join(f"{line}\n" for line in lines)


class _Page:
    def __init__(self, width: int) -> None:
        self.width = width
        self.splitter = Splitter(width)
        self.flat = self.splitter.flat

    # --- blocks -----------------------------------------------------------------------------

    def block(self, body: Sequence[Statement], indent: int) -> list[str]:
        """Statements, with one blank line around definitions, two at the top."""
        around = [""] * (1 if indent else 2)
        lines: list[str] = []
        last: Statement | None = None
        pending = False  # a Blank was asked for
        for i, statement in enumerate(body):
            if isinstance(statement, Blank):
                pending = True
                continue
            if last is not None:
                opens = self._starts_definition(body, i) and not isinstance(last, Comment)
                if opens or isinstance(last, Def | Class):
                    lines += around
                elif pending:
                    lines.append("")
            lines += self.statement(statement, indent)
            last, pending = statement, False
        return lines

    @staticmethod
    def _starts_definition(body: Sequence[Statement], i: int) -> bool:
        """Whether a definition comes at `i`, or after the comments that start there."""
        while i < len(body) and isinstance(body[i], Comment):
            i += 1
        return i < len(body) and isinstance(body[i], Def | Class)

    def inner(self, body: Sequence[Statement], indent: int) -> list[str]:
        """The body of a compound statement; `pass` where nothing else would run."""
        idle = all(isinstance(statement, Blank | Comment) for statement in body)
        lines = self.block((*body, Pass()) if idle else body, indent + INDENT)
        return ["", *lines] if self._starts_definition(body, 0) else lines

    # --- statements -------------------------------------------------------------------------

    def statement(self, node: Statement, indent: int) -> list[str]:
        pad = " " * indent
        match node:
            case Comment(text=text):
                return self._comment(text, indent)
            case Pass(comment=comment):
                return self._commented([f"{pad}pass"], comment, indent)
            case Expression(value=value, comment=comment):
                return self.simple("", value, indent, comment, wraps=False)
            case Return(value=None, comment=comment):
                return self._commented([f"{pad}return"], comment, indent)
            case Return(value=value, comment=comment):
                assert value is not None
                return self.simple("return ", value, indent, comment)
            case Assign(targets=targets, value=value, comment=comment, op=op):
                return self._assign(targets, value, op, indent, comment)
            case Assert(test=test, comment=comment):
                return self.simple("assert ", test, indent, comment)
            case Raise(value=value, comment=comment):
                return self.simple("raise ", value, indent, comment)
            case If():
                return self._if(node, indent)
            case For(target=target, iterable=iterable, body=body):
                prefix = f"for {self.flat.targets(target)} in "
                return self.head(prefix, iterable, indent) + self.inner(body, indent)
            case With(context=context, body=body, target=target):
                suffix = "" if target is None else f" as {self.flat.text(target)}"
                return self.head("with ", context, indent, suffix) + self.inner(body, indent)
            case Def():
                return self._def(node, indent)
            case Class():
                return self._class(node, indent)
            case Blank():
                return [""]

    def simple(
        self, prefix: str, value: Expr, indent: int, comment: str | None, wraps: bool = True
    ) -> list[str]:
        return self._commented(self.hang(prefix, value, "", indent, wraps), comment, indent)

    def _assign(
        self, targets: Sequence[Expr], value: Expr, op: str, indent: int, comment: str | None
    ) -> list[str]:
        prefix = "".join(f"{self.flat.targets(target)} {op}= " for target in targets)
        target = targets[0]
        if len(targets) > 1 or not isinstance(target, TupleOf) or len(target.items) < 2:
            return self.simple(prefix, value, indent, comment)
        if self.splitter.fits(indent, prefix + "("):
            return self.simple(prefix, value, indent, comment)
        pad, inner = " " * indent, " " * (indent + INDENT)
        names = [f"{inner}{self.flat.text(item)}," for item in target.items]
        lines = [f"{pad}(", *names, *self.hang(") = ", value, "", indent)]
        return self._commented(lines, comment, indent)

    def head(self, prefix: str, value: Expr, indent: int, suffix: str = "") -> list[str]:
        """The head of a compound statement."""
        return self.hang(prefix, value, f"{suffix}:", indent)

    def _commented(self, lines: list[str], comment: str | None, indent: int) -> list[str]:
        return lines if comment is None else self.splitter.with_comment(lines, comment, indent)

    def _comment(self, text: str, indent: int) -> list[str]:
        pad = " " * indent
        lines: list[str] = []
        for line in text.split("\n"):
            comment = literals.comment(line)
            lines += textwrap.wrap(
                comment,
                max(self.width, indent + 20),
                initial_indent=pad,
                subsequent_indent=f"{pad}# ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        return lines

    def _if(self, node: If, indent: int) -> list[str]:
        lines: list[str] = []
        keyword = "if "
        rest: tuple[Statement, ...] = (node,)
        while len(rest) == 1 and isinstance(branch := rest[0], If):
            lines += self.head(keyword, branch.test, indent)
            lines += self.inner(branch.body, indent)
            keyword, rest = "elif ", branch.orelse
            if rest and isinstance(branch.body[-1], Def | Class):
                lines.append("")
        if rest:
            lines += [f"{' ' * indent}else:", *self.inner(rest, indent)]
        return lines

    # --- the value of a statement -----------------------------------------------------------

    def hang(
        self, prefix: str, value: Expr, suffix: str, indent: int, wraps: bool = True
    ) -> list[str]:
        """The lines of `prefix value suffix`, where black may wrap the value in parentheses."""
        line = f"{prefix}{self.flat.text(value)}{suffix}"
        forced = self.flat.is_forced(value)
        if not forced and self.splitter.fits(indent, line):
            return [" " * indent + line]
        if wraps and isinstance(value, BinOp | Compare | BoolOp):
            lines = self.splitter.at_one_operator(value, indent, prefix, suffix)
            if lines is not None:
                return lines
        if wraps and self._wants_parentheses(prefix, value, indent):
            return self.splitter.parenthesized(value, indent, prefix, suffix)
        lines = self.splitter.place(value, indent, prefix, suffix)
        fits = self.splitter.fits
        if wraps and not fits(0, lines[0]) and fits(indent, f"{prefix}("):
            inner = self.splitter.parenthesized(value, indent, prefix, suffix)
            return inner if fits(0, inner[1]) else lines
        return lines

    def _wants_parentheses(self, prefix: str, value: Expr, indent: int) -> bool:
        match value:
            case BinOp() | Compare() | BoolOp() | Conditional():
                return True
        pieces = take_apart(value, self.flat)
        if precedence(value) == PRIMARY and all(
            isinstance(piece, str) or not piece.items for piece in pieces
        ):
            return self.splitter.fits(indent + INDENT, self.flat.text(value))
        return self.splitter.dots(value) >= 2

    # --- definitions ------------------------------------------------------------------------

    def _def(self, node: Def, indent: int) -> list[str]:
        pad = " " * indent
        params = [self._param(param) for param in node.params]
        returns = "" if node.returns is None else f" -> {self.flat.text(node.returns)}"
        head = f"def {node.name}({', '.join(params)}){returns}:"
        if self.splitter.fits(indent, head) or not params:
            lines = [pad + head]
        else:
            inner = " " * (indent + INDENT)
            body = [f"{inner}{param}," for param in params]
            lines = [f"{pad}def {node.name}(", *body, f"{pad}){returns}:"]
        return self._decorators(node.decorators, indent) + lines + self._suite(node, indent)

    def _param(self, param: Param) -> str:
        text = param.kind + param.name
        if param.annotation is not None:
            text += f": {self.flat.text(param.annotation)}"
        if param.default is not None:
            equals = "=" if param.annotation is None else " = "
            text += equals + self.flat.text(param.default)
        return text

    def _class(self, node: Class, indent: int) -> list[str]:
        bases = f"({self.flat.join(node.bases)})" if node.bases else ""
        head = f"class {node.name}{bases}:"
        lines = [" " * indent + head]
        if node.bases and not self.splitter.fits(indent, head):
            pad = " " * indent
            inner = [f"{pad}    {self.flat.text(base)}," for base in node.bases]
            lines = [f"{pad}class {node.name}(", *inner, f"{pad}):"]
        return self._decorators(node.decorators, indent) + lines + self._suite(node, indent)

    def _decorators(self, decorators: Sequence[Expr], indent: int) -> list[str]:
        return [
            line
            for decorator in decorators
            for line in self.splitter.at_brackets(decorator, indent, "@", "")
        ]

    def _suite(self, node: Def | Class, indent: int) -> list[str]:
        """Docstring and body."""
        doc = literals.docstring(node.docstring or "", indent + INDENT, self.width)
        if not doc:
            return self.block(node.body or (Pass(),), indent + INDENT)
        if not node.body:
            return doc
        starts = isinstance(node.body[0], Blank) or self._starts_definition(node.body, 0)
        gap = [""] if isinstance(node, Class) or starts else []
        return [*doc, *gap, *self.block(node.body, indent + INDENT)]
