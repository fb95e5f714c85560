"""Opening brackets that were forgotten: where their place is sure, they are put in."""

from __future__ import annotations

from dslc.diagnostics import Label
from dslc.source import Source
from dslc.syntax.report import Report, insert, swap
from dslc.syntax.tokens import LITERALS, WORDS, Token

REACH = 100  # tokens; no call on one line is longer
ARGUMENTS = LITERALS | WORDS | {"MINUS", "LSQB"}  # an argument may begin with them


def put_in(
    source: Source, tokens: list[Token], report: Report, *, lines: bool = False
) -> list[Token]:
    """`tokens` with the `{` and `(` that are missing; each is reported. With `lines` a `)` closes what its own line
    opened."""
    return _parentheses(source, _braces(source, tokens, report), report, lines)


def _braces(source: Source, tokens: list[Token], report: Report) -> list[Token]:
    """`match`, `model Net(…)` and `train` without their `{`, where more is closed than opened, get one."""
    lacking = sum((t.type == "RBRACE") - (t.type == "LBRACE") for t in tokens)
    out: list[Token] = []
    header = False
    line: list[Token] = []
    for token in tokens:
        section = bool(line) and token.first and _heads_section(source, line, token)
        fits = header and token.type not in ("LBRACE", "ARROW")
        if lacking > 0 and token.first and (fits or section):
            place = source.span(out[-1].end, out[-1].end)
            report.add(
                "E0101",
                "a `{` is missing",
                place,
                "a body begins here",
                fixes=[insert("insert `{`", place, " {", safe=False)],
            )
            out.append(Token("LBRACE", "{", place.end, place.end, False, virtual=True))
            lacking -= 1
            if section:
                line[0].type = "SECTION"
        if token.first:
            header = token.type in ("MODEL", "BLOCK")
            line = []
        header = (header or token.type == "MATCH") and token.type != "LBRACE"
        line.append(token)
        out.append(token)
    return out


def _heads_section(source: Source, line: list[Token], following: Token) -> bool:
    """Is `line` the `train` or `phase head` of a section: words alone, above a line that is indented?"""
    if len(line) > 2 or any(token.type != "NAME" for token in line) or following.type == "ARROW":
        return False
    column, inner = (source.line_column(t.start)[1] for t in (line[0], following))
    return inner > column


def _parentheses(source: Source, tokens: list[Token], report: Report, lines: bool) -> list[Token]:
    """`Dense 3) -> relu`: a `)` that closes nothing on its line, behind a name and what may be its argument."""
    places: dict[int, Token] = {}
    opened = 0
    for i, token in enumerate(tokens):
        opened = (0 if lines and token.first else opened) + (token.type == "LPAR")
        if token.type != "RPAR":
            continue
        at = _argument(tokens, i, places) if opened == 0 else 0
        if at:
            places[at] = token
        opened = max(opened - 1, 0)
    if not places:
        return tokens
    out: list[Token] = []
    for i, token in enumerate(tokens):
        if i in places:
            name, closer = out[-1], places[i]
            place = source.span(name.end, name.end)
            report.add(
                "E0108",
                f"a `(` is missing behind `{name.text}`",
                place,
                "its arguments begin here",
                secondary=[Label(source.span(closer.start, closer.end), "and end here")],
                fixes=[swap("insert `(`", source.span(name.end, token.start), "(", safe=False)],
            )
            name.type = "CALLNAME"
            out.append(Token("LPAR", "(", name.end, name.end, False, virtual=True))
        out.append(token)
    return out


def _argument(tokens: list[Token], closer: int, taken: dict[int, Token]) -> int:
    """The index of the first argument of the call that ends at `closer` and lacks its `(`; 0 when there is none."""
    depth = found = 0
    at = closer
    while at > max(0, closer - REACH) and not tokens[at].first:
        at -= 1
        depth += (tokens[at].type == "RPAR") - (tokens[at].type == "LPAR")
        if depth < 0 or tokens[at].type == "LBRACE":
            break
        name, argument = tokens[at], tokens[at + 1]
        if not depth and name.type == "NAME" and argument.type in ARGUMENTS and at + 1 not in taken:
            found = at + 1
            break
    return found
