"""Every bracket gets its partner before the parser sees it.

Brackets that match are left alone, however the text is laid out. Only when some do not is the indentation
asked where the missing one belongs; each is then reported once and put in (or taken out), so that one
forgotten bracket is one diagnostic.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

from dslc.diagnostics import Fix, Label
from dslc.source import Source
from dslc.syntax.openers import put_in
from dslc.syntax.report import Report, insert, swap
from dslc.syntax.tokens import CLOSERS, LITERALS, OPENERS, TEXTS, WORDS, Token

MAX_NESTING = 64
DECLARING = frozenset({"MODEL", "BLOCK", "IMPORT"})
STARTING = DECLARING | {"SECTION", "INPUT", "OUTPUT", "ASSERT"}  # never inside ( ) or [ ]


@dataclass(frozen=True, slots=True)
class Missing:
    """The opener at index `opener` is closed in front of the token at `before`."""

    opener: int
    before: int


@dataclass(frozen=True, slots=True)
class Stray:
    """The closer at index `closer` closes nothing, or (`opener` >= 0) a bracket of another kind."""

    closer: int
    opener: int = -1


Fault = Missing | Stray


class Open(NamedTuple):
    """An opener that waits for its partner: its index, its line and the indentation of that line."""

    at: int
    row: int
    indent: int


def balance(source: Source, tokens: list[Token], report: Report) -> list[Token] | None:
    """`tokens` with all brackets paired and their depths set; None when they nest too deep."""
    faults, deep = _pair(source, tokens, 0, False)
    crossed = _crossed(tokens) and _mends(source, tokens)
    if faults or crossed or deep is not None:
        tokens = put_in(source, tokens, report, lines=crossed)
        ways = (
            [(2, False)]
            if crossed
            else [(hints, swaps) for hints in (2, 1, 0) for swaps in (False, True)]
        )
        tries = [_pair(source, tokens, *way) for way in ways]
        shallow = [found for found, too_deep in tries if too_deep is None]
        if not shallow:
            _too_deep(source, tries[-1][1] or deep or tokens[0], report)
            return None
        chosen = min(shallow, key=len)
        broken = {d.primary.span.line for d in report.found if d.code == "E0103" and d.primary}
        for fault in chosen:
            _explain(source, tokens, fault, report, broken)
        tokens = _repair(tokens, chosen)
    depth = 0
    for token in tokens:
        depth -= token.type in CLOSERS
        token.depth = depth
        depth += token.type in OPENERS
    return tokens


def _too_deep(source: Source, token: Token, report: Report) -> None:
    report.add(
        "E0121",
        f"brackets nest deeper than {MAX_NESTING} levels",
        source.span(token.start, token.end),
        f"level {MAX_NESTING + 1} begins here",
        fixes=[Fix("give the inner parts names: `y = …`, or make them a `block`")],
    )


def _pair(
    source: Source, tokens: list[Token], hints: int, swaps: bool
) -> tuple[list[Fault], Token | None]:
    """The faults of the brackets; with `hints` keywords have a say (1), and the indentation too (2);
    with `swaps` a closer of the wrong kind closes all the same. Ends at an opener that nests too deep."""
    faults: list[Fault] = []
    stack: list[Open] = []
    row = indent = 0
    for i, token in enumerate(tokens):
        kind = token.type
        if token.first:
            row += 1
            indent = source.line_column(token.start)[1] - 1
            if kind not in CLOSERS:
                while stack and _ends(tokens, i, stack[-1], indent, hints):
                    faults.append(Missing(stack.pop().at, i))
        elif hints == 2 and kind == "ARROW" and stack and _cut_short(tokens, i, stack[-1].at):
            faults.append(Missing(stack.pop().at, i))
        if kind in OPENERS:
            stack.append(Open(i, row, indent))
            if len(stack) > MAX_NESTING:
                return faults, token
        elif kind in CLOSERS:
            if swaps and stack and _wrong_kind(tokens, i, stack[-1].at):
                faults.append(Stray(i, stack.pop().at))
                continue
            _close(tokens, Open(i, row, indent), stack, faults, hints == 2)
    while stack:
        faults.append(Missing(stack.pop().at, len(tokens)))
    return faults, None


def _ends(tokens: list[Token], i: int, top: Open, indent: int, hints: int) -> bool:
    """Must the bracket `top` have been closed before the line that begins with token `i`?

    Some words never stand inside `( )` or `[ ]`: there the answer is sure. With `hints` keywords end bodies
    too (1), and so does the indentation (2).
    """
    opener, outer = top.at, top.indent
    kind, before = tokens[i].type, tokens[i - 1].type
    following = tokens[i + 1].type if i + 1 < len(tokens) else ""
    declares = kind in DECLARING and (following in WORDS or following == "STRING")
    if tokens[opener].type == "LBRACE":
        return (hints > 0 and declares) or (hints > 1 and indent <= outer and i > opener + 1)
    if declares or kind in STARTING - DECLARING:
        return True
    if before in ("COMMA", "LPAR", "LSQB"):
        return (
            hints > 1 and indent <= outer and before == "COMMA" and following in ("EQUAL", "ARROW")
        )
    return (kind == "NAME" and following == "EQUAL") or (hints > 1 and indent <= outer)


def _cut_short(tokens: list[Token], i: int, opener: int) -> bool:
    """`Conv2D(32, 3x3 -> relu`: no flow starts from a literal or inside `key = value`, so the call ended."""
    if tokens[opener].type != "LPAR" or opener == 0 or tokens[opener - 1].type != "CALLNAME":
        return False
    return tokens[i - 1].type in LITERALS or tokens[i - 2].type == "EQUAL"


def _crossed(tokens: list[Token]) -> bool:
    """`Dense(8, init=x -> relu` above `-> Dense(4)) -> relu`: two faults that make up for each other."""
    stack: list[
        tuple[int, int, bool]
    ] = []  # an opener, its line, whether it must have been closed there
    row = 0
    for i, token in enumerate(tokens):
        row += token.first
        if token.type in OPENERS:
            stack.append((i, row, False))
        elif token.type in CLOSERS and stack:
            _, opened, cut = stack.pop()
            if cut and opened != row and token.type == "RPAR":
                return True
        elif token.type == "ARROW" and stack and _cut_short(tokens, i, stack[-1][0]):
            stack[-1] = (*stack[-1][:2], stack[-1][1] == row - token.first)
    return False


def _mends(source: Source, tokens: list[Token]) -> bool:
    """Are the lines whole when a `(` closes on its own line? Else their layout says nothing about them."""
    tried = put_in(source, [copy(token) for token in tokens], Report(source), lines=True)
    faults, deep = _pair(source, tried, 2, False)
    signs = {tried[f.opener if isinstance(f, Missing) else f.closer].type for f in faults}
    return deep is None and signs <= {"LPAR", "RPAR"}


def _wrong_kind(tokens: list[Token], closer: int, opener: int) -> bool:
    """`(` with `]`, or `[` with `)`."""
    kinds = {tokens[opener].type, CLOSERS[tokens[closer].type]}
    return kinds == {"LPAR", "LSQB"}


def _close(
    tokens: list[Token], closer: Open, stack: list[Open], faults: list[Fault], hints: bool
) -> None:
    """Find the partner of `closer`; what was opened above it is missing its own."""
    i, wanted, first = closer.at, CLOSERS[tokens[closer.at].type], tokens[closer.at].first
    if hints and first and wanted == "LBRACE" and stack and stack[-1].indent > closer.indent:
        partners = [n for n, opened in enumerate(stack) if opened.indent == closer.indent]
        while partners and len(stack) > partners[-1] + 1:
            faults.append(Missing(stack.pop().at, i))
    if all(tokens[opened.at].type != wanted for opened in stack):
        faults.append(Stray(i))
        return
    inner = tokens[stack[-1].at].type
    if inner == "LBRACE" and wanted != "LBRACE":
        faults.append(Stray(i))  # `( { )`: the brace holds statements, so the `)` is the odd one
        return
    if hints and inner == wanted == "LBRACE" and not first and stack[-1].row != closer.row:
        faults.append(Stray(i))  # a `}` behind a statement closes only what its own line opened
        return
    while tokens[stack[-1].at].type != wanted:
        faults.append(Missing(stack.pop().at, i))
    stack.pop()


def _explain(
    source: Source, tokens: list[Token], fault: Fault, report: Report, broken: set[int]
) -> None:
    if isinstance(fault, Missing):
        opener = tokens[fault.opener]
        sign = TEXTS[OPENERS[opener.type]]
        before = tokens[fault.before - 1]
        place = source.span(before.end, before.end)
        span = source.span(opener.start, opener.end)
        if span.line in broken:
            return
        fresh, how = sign, f"insert `{sign}`"
        if sign == "}" and place.line != span.line:
            line = source.line(span.line)
            how += " on a line of its own"
            fresh = "\n" + line[: len(line) - len(line.lstrip())] + sign
        report.add(
            "E0107",
            f"this `{opener.text}` is never closed",
            span,
            "opened here",
            secondary=[Label(place, f"`{sign}` probably belongs here")],
            fixes=[insert(how, place, fresh, safe=False)],
        )
        return
    closer = tokens[fault.closer]
    span = source.span(closer.start, closer.end)
    if span.line in broken:
        return
    if fault.opener >= 0:
        opener = tokens[fault.opener]
        sign = TEXTS[OPENERS[opener.type]]
        report.add(
            "E0109",
            f"`{opener.text}` is closed by `{closer.text}`",
            span,
            f"`{sign}` belongs here",
            secondary=[Label(source.span(opener.start, opener.end), "opened here")],
            fixes=[swap(f"write `{sign}`", span, sign, safe=False)],
        )
        return
    report.add(
        "E0108",
        f"this `{closer.text}` closes nothing",
        span,
        "no bracket is open for it",
        fixes=[swap("take it out", span, "", safe=False)],
    )


def _repair(tokens: list[Token], faults: list[Fault]) -> list[Token]:
    strays: dict[int, Stray] = {}
    missing: dict[int, list[int]] = {}
    for fault in faults:
        if isinstance(fault, Stray):
            strays[fault.closer] = fault
        else:
            missing.setdefault(fault.before, []).append(fault.opener)
    out: list[Token] = []
    for i in range(len(tokens) + 1):
        for opener in missing.get(i, ()):
            kind = OPENERS[tokens[opener].type]
            place = tokens[i - 1].end
            out.append(Token(kind, TEXTS[kind], place, place, False, virtual=True))
        if i == len(tokens):
            break
        stray = strays.get(i)
        if stray is None:
            out.append(tokens[i])
        elif stray.opener >= 0:
            token, kind = tokens[i], OPENERS[tokens[stray.opener].type]
            out.append(Token(kind, TEXTS[kind], token.start, token.end, token.first))
    return out
