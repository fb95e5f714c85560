"""Where an expression that does not fit on its line is split.

One rule for all: on one line if it fits; else brackets are opened, their items on one line of
their own where black would do so, else one on each line with a trailing comma, which black and
ruff then leave alone; operators split only inside parentheses. `Splitter.place` is the door.

Black and ruff agree on all of this but in corners that no backend needs, and where no text is
stable under both: three or more filled brackets after one another (`f(a)(b)[c]`), long lambdas,
long slice bounds, and names that do not fit on a line of their own.
"""

from __future__ import annotations

from enum import Enum

from dslc.codegen import literals
from dslc.codegen.flat import (
    LAMBDA,
    OR,
    TEST,
    UNARY,
    Flat,
    Part,
    least_after_not,
    operands,
    precedence,
)
from dslc.codegen.nodes import (
    BinOp,
    BoolOp,
    Commented,
    Compare,
    Comprehension,
    Conditional,
    Expr,
    Kw,
    Lambda,
    Pair,
    Star,
    UnaryOp,
)
from dslc.codegen.pieces import (
    Bracket,
    Pieces,
    joined,
    joined_text,
    take_apart,
    take_operation_apart,
)

INDENT = 4


class Hold(Enum):
    """What is around an expression, and so what may be split without further parentheses."""

    PARENS = "parentheses of its own: at operators, dots and conditions"
    LINE = "a line inside brackets: at operators and dots"
    PREFIX = "something before it on its line, as in `name=`: nowhere but in brackets"


class Splitter:
    def __init__(self, width: int) -> None:
        self.width = width
        self.flat = Flat()

    def fits(self, indent: int, text: str) -> bool:
        return indent + literals.display_width(text) <= self.width

    def place(
        self,
        node: Part,
        indent: int,
        prefix: str = "",
        suffix: str = "",
        least: int = LAMBDA,
        hold: Hold = Hold.PREFIX,
    ) -> list[str]:
        """The lines of `prefix node suffix` at `indent`."""
        line = f"{prefix}{self.flat.text(node, least)}{suffix}"
        if not self.flat.is_forced(node) and self.fits(indent, line):
            return [" " * indent + line]
        match node:
            case Commented(node=inner, comment=comment):
                lines = self.place(inner, indent, prefix, suffix, least, hold)
                return self.with_comment(lines, comment, indent)
            case Kw(name=name, value=value):
                prefix += "**" if name is None else f"{name}="
                return self.place(value, indent, prefix, suffix)
            case Pair(key=key, value=value):
                if key is None:
                    return self.place(value, indent, f"{prefix}**", suffix)
                return self._pair(key, value, indent, suffix)
            case Star(node=inner):
                return self.place(inner, indent, f"{prefix}*", suffix, OR)
        if precedence(node) < least:
            return self.parenthesized(node, indent, prefix, suffix)
        return self._split(node, indent, prefix, suffix, hold)

    def _split(self, node: Part, indent: int, prefix: str, suffix: str, hold: Hold) -> list[str]:
        match node:
            case BinOp() | Compare() | BoolOp() if hold is not Hold.PREFIX:
                return self._at_operators(node, indent, prefix, suffix)
            case Conditional(test=test, then=then, other=other) if hold is Hold.PARENS:
                return [
                    *self.place(then, indent, prefix, "", OR, Hold.LINE),
                    *self.place(test, indent, "if ", "", OR, Hold.LINE),
                    *self.place(other, indent, "else ", suffix, OR, Hold.LINE),
                ]
            case BinOp() | Compare() | BoolOp() | Conditional():
                return self.parenthesized(node, indent, prefix, suffix)
            case UnaryOp(op="not", operand=operand):
                least = least_after_not(operand)
                return self.place(operand, indent, f"{prefix}not ", suffix, least)
            case UnaryOp(op=op, operand=operand):
                return self.place(operand, indent, prefix + op, suffix, UNARY)
            case Lambda(params=params, body=body):
                head = f"lambda {', '.join(params)}: " if params else "lambda: "
                return self.at_brackets(body, indent, prefix + head, suffix)
        if self.dots(node) >= 2:
            if hold is Hold.PREFIX:
                return self.parenthesized(node, indent, prefix, suffix)
            return self._at_dots(node, indent, prefix, suffix)
        return self.at_brackets(node, indent, prefix, suffix)

    def _pair(self, key: Expr, value: Expr, indent: int, suffix: str) -> list[str]:
        head = f"{self.flat.text(key, UNARY)}: "
        keys = take_operation_apart(key, self.flat, UNARY)
        lines = self.place(value, indent, head, suffix)
        if self.fits(0, lines[0]) or all(isinstance(piece, str) for piece in keys):
            return lines
        return self._open(joined([*keys, ": ", *take_apart(value, self.flat)]), indent, "", suffix)

    def parenthesized(self, node: Part, indent: int, prefix: str, suffix: str) -> list[str]:
        """`node` in parentheses on lines of their own."""
        pad = " " * indent
        body = self.place(node, indent + INDENT, hold=Hold.PARENS)
        return [f"{pad}{prefix}(", *body, f"{pad}){suffix}"]

    def with_comment(self, lines: list[str], text: str, indent: int) -> list[str]:
        """`lines` with a comment after the last, or above them where it would not fit.

        It goes above what ends in `)(x)`, or in parentheses around one line: black would move it.
        """
        comment = literals.comment(text)
        last = f"{lines[-1]}  {comment}"
        closes = lines[-1].strip().rstrip(",") in (")", "]", "}")
        wraps_one_line = len(lines) == 3 and lines[0].endswith(" (")
        if self.fits(0, last) and (len(lines) == 1 or (closes and not wraps_one_line)):
            return [*lines[:-1], last]
        return [" " * indent + comment, *lines]

    # --- operators and dots -----------------------------------------------------------------

    def _at_operators(
        self, node: BinOp | Compare | BoolOp, indent: int, prefix: str, suffix: str
    ) -> list[str]:
        lines: list[str] = []
        chain = operands(node)
        for i, (op, value, least) in enumerate(chain):
            before = f"{op} " if op else prefix
            after = suffix if i == len(chain) - 1 else ""
            lines += self.place(value, indent, before, after, least, Hold.LINE)
        return lines

    def dots(self, node: Part) -> int:
        """How many attributes are taken of calls and indices: two make black split at the dots."""
        pieces = take_apart(node, self.flat)
        return sum(isinstance(piece, str) and i > 0 for i, piece in enumerate(pieces))

    def _at_dots(self, node: Part, indent: int, prefix: str, suffix: str) -> list[str]:
        links: list[Pieces] = [[]]
        for i, piece in enumerate(take_apart(node, self.flat)):
            if i and isinstance(piece, str):
                links.append([])
            links[-1].append(piece)
        lines: list[str] = []
        for i, link in enumerate(links):
            after = suffix if i == len(links) - 1 else ""
            lines += self._open(link, indent, "" if i else prefix, after)
        return lines

    # --- brackets ---------------------------------------------------------------------------

    def at_brackets(self, node: Part, indent: int, prefix: str, suffix: str) -> list[str]:
        """`node` with the brackets opened that must be, or that hold most."""
        return self._open(take_apart(node, self.flat), indent, prefix, suffix)

    def at_one_operator(
        self, node: BinOp | Compare | BoolOp, indent: int, prefix: str, suffix: str
    ) -> list[str] | None:
        """`a + f(…)` split in its brackets, where black prefers that to more parentheses."""
        if len(operands(node)) != 2:
            return None
        pieces = take_operation_apart(node, self.flat)
        if not (self._ends_well(pieces, indent) or self._starts_well(pieces, indent)):
            return None
        choices = [
            i for i, piece in enumerate(pieces) if isinstance(piece, Bracket) and piece.items
        ]
        if not choices:
            return None
        best = None
        for choice in reversed([] if self.flat.is_forced(node) else choices):
            head, tail = joined_text(pieces[:choice]), joined_text(pieces[choice + 1 :])
            if self.fits(indent, f"{prefix}{head}(") and self.fits(indent, f"){tail}{suffix}"):
                best = choice
                break
        lines = self._open(pieces, indent, prefix, suffix, best)
        return lines if self.fits(0, lines[0]) else None

    def _ends_well(self, pieces: Pieces, indent: int) -> bool:
        last = pieces[-1]
        if isinstance(last, str) or not last.items or last.kind == "index":
            return False
        several = any(isinstance(piece, Bracket) for piece in pieces[:-1])
        return several or self.fits(indent + INDENT, joined_text(pieces[:-1]) + "(")

    def _starts_well(self, pieces: Pieces, indent: int) -> bool:
        first, rest = pieces[0], pieces[1:]
        if isinstance(first, str) or not first.items:
            return False
        following = next((i for i, piece in enumerate(rest) if isinstance(piece, Bracket)), None)
        text = joined_text(rest) if following is None else joined_text(rest[:following]) + "("
        return self.fits(indent + INDENT, ")" + text)

    def _open(
        self,
        pieces: Pieces,
        indent: int,
        prefix: str,
        suffix: str,
        first: int | None = None,
    ) -> list[str]:
        opened = [
            i == first
            or (isinstance(piece, Bracket) and any(map(self.flat.is_forced, piece.items)))
            for i, piece in enumerate(pieces)
        ]
        if any(opened):  # ruff would open the calls before a forced one too
            last = max(i for i, is_open in enumerate(opened) if is_open)
            for i, piece in enumerate(pieces[:last]):
                if first is None and isinstance(piece, Bracket) and piece.kind == "call":
                    opened[i] = bool(piece.items)
        while (chosen := self._to_open(pieces, opened, indent, prefix, suffix)) is not None:
            opened[chosen] = True
        pad = " " * indent
        lines: list[str] = []
        line = pad + prefix
        for i, piece in enumerate(pieces):
            if isinstance(piece, str):
                line += piece
            elif not opened[i]:
                line += f"{piece.opening}{piece.flat}{piece.closing}"
            else:
                natural = i == len(pieces) - 1 and sum(opened) == 1
                lines += [line + piece.opening, *self._body(piece, indent + INDENT, natural)]
                line = pad + piece.closing
        return [*lines, line + suffix]

    def _to_open(
        self,
        pieces: Pieces,
        opened: list[bool],
        indent: int,
        prefix: str,
        suffix: str,
    ) -> int | None:
        """The bracket to open next, on the first line that is too long, as black chooses it.

        That is the last that the line reaches, but a longer one whose items can be kept apart by a
        trailing comma is better: in `Dense(64, …)(x)` the arguments of `Dense`.
        """
        line = prefix
        closed: list[int] = []
        reached: list[int] = []
        for i, piece in enumerate(pieces):
            if isinstance(piece, str):
                line += piece
                continue
            fits = self.fits(indent, line + piece.opening)
            if opened[i]:
                if not fits and closed:
                    break
                line, closed, reached = piece.closing, [], []
                continue
            line += f"{piece.opening}{piece.flat}{piece.closing}"
            if piece.items:
                closed.append(i)
                reached += [i] if fits else []
        else:
            if self.fits(indent, line + suffix) or not closed:
                return None
        last = (reached or closed[:1])[-1]

        def size(i: int) -> int:
            piece = pieces[i]
            assert isinstance(piece, Bracket)
            return len(piece.flat) if i == last or piece.kind in ("call", "display") else 0

        return max(reached or [last], key=size)

    def _body(self, bracket: Bracket, indent: int, natural: bool) -> list[str]:
        """The lines between opened brackets; `natural` allows all items on one line."""
        closed = not any(map(self.flat.is_forced, bracket.items))
        match bracket.kind:
            case "parens":
                return self.place(bracket.items[0], indent, hold=Hold.PARENS)
            case "clauses":
                if closed and self.fits(indent, bracket.flat):
                    return [" " * indent + bracket.flat]
                generator = bracket.items[0]
                assert isinstance(generator, Comprehension)
                return self._clauses(generator, indent)
            case "index" if len(bracket.items) == 1:
                return self.place(bracket.items[0], indent, hold=Hold.LINE)
            case "call" | "index" if natural and closed and self.fits(indent, bracket.flat):
                return [" " * indent + bracket.flat]
        lines: list[str] = []
        if bracket.opening == "(" and bracket.kind == "display" and len(bracket.items) == 1:
            return self._lone_item(bracket.items[0], indent)
        for item in bracket.items:
            lines += self.place(item, indent, suffix=",", hold=Hold.LINE)
        return lines

    def _lone_item(self, item: Part, indent: int) -> list[str]:
        """The item of `(x,)`: its comma does not keep the brackets open, a comment line does."""
        if not isinstance(item, Commented):
            return self.place(item, indent, suffix=",", hold=Hold.LINE)
        lines = self.place(item.node, indent, suffix=",", hold=Hold.LINE)
        return [" " * indent + literals.comment(item.comment), *lines]

    def _clauses(self, node: Comprehension, indent: int) -> list[str]:
        lines = self.place(node.element, indent, "", "", TEST, Hold.LINE)
        for target, iterable in ((node.target, node.iterable), *node.more):
            prefix = f"for {self.flat.targets(target)} in "
            lines += self.place(iterable, indent, prefix, "", OR)
        for test in node.conditions:
            lines += self.place(test, indent, "if ", "", OR, Hold.LINE)
        return lines
