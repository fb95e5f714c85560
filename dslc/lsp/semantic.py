"""Semantic tokens: what every word of a text is, with more certainty than a grammar of colours has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lsprotocol import types

from dslc.lsp.document import Document
from dslc.lsp.names import Place, Sort
from dslc.lsp.positions import units
from dslc.spec.lookup import LITERAL_NAMES
from dslc.syntax.report import Report
from dslc.syntax.scan import scan
from dslc.syntax.tokens import KEYWORDS, OPERATORS, Token
from dslc.vocab.sections import SECTIONS
from dslc.vocab.word import all_words

Type = types.SemanticTokenTypes
SORTS: dict[Sort, Type] = {
    "model": Type.Class,
    "block": Type.Class,
    "parameter": Type.Parameter,
    "input": Type.Variable,
    "output": Type.Variable,
    "value": Type.Variable,
    "label": Type.Variable,
    "layer": Type.Variable,
    "size": Type.TypeParameter,
    "phase": Type.Namespace,
}
TYPES = [
    Type.Class, Type.Parameter, Type.Variable, Type.TypeParameter, Type.Namespace, Type.Keyword, Type.Type,
    Type.Function, Type.Property, Type.Number, Type.String, Type.Comment, Type.Operator, Type.EnumMember,
]  # fmt: skip
MODIFIERS = [types.SemanticTokenModifiers.Declaration, types.SemanticTokenModifiers.DefaultLibrary]
LEGEND = types.SemanticTokensLegend([t.value for t in TYPES], [m.value for m in MODIFIERS])
NUMBER = {type: i for i, type in enumerate(TYPES)}
DECLARED, LIBRARY = 1, 2
SIGNS = OPERATORS | {"ARROW", "RANGE", "EQUAL"}


def tokens(document: Document, range: types.Range | None = None) -> types.SemanticTokens:
    """Those of the text, or of a range of it, as the protocol packs them: each relative to the one before."""
    whole = (0, len(document.source.text))
    first, last = whole if range is None else document.positions.offsets(range)
    data: list[int] = []
    line = column = 0
    for start, end, type, modifiers in _lines(document, coloured(document)):
        if end <= first or start >= last:
            continue
        at = document.positions.position(start)
        text = document.source.text[start:end]
        data += [
            at.line - line,
            at.character - (column if at.line == line else 0),
            units(text, document.encoding),
            NUMBER[type],
            modifiers,
        ]
        line, column = at.line, at.character
    return types.SemanticTokens(data)


Coloured = tuple[int, int, Type, int]


def coloured(document: Document) -> list[Coloured]:
    """Every word, sign and comment: from where to where, what it is, and how."""
    scanned, comments = scan(document.source, Report(document.source))
    found = [(c.span.start, c.span.end, Type.Comment, 0) for c in comments]
    names = {p.span.start: p for p in document.index.places}
    pieces = [t for t in scanned or [] if t.end > t.start]
    for i, token in enumerate(pieces):
        following = pieces[i + 1].type if i + 1 < len(pieces) else ""
        meaning = _meaning(token, names.get(token.start), following)
        if meaning is not None:
            found.append((token.start, token.end, *meaning))
    return sorted(found)


def _meaning(token: Token, place: Place | None, following: str) -> tuple[Type, int] | None:
    match token.type:
        case "NUMBER" | "SIZE":
            return Type.Number, 0
        case "STRING":
            return Type.String, 0
        case "SECTION":
            return (Type.Keyword, LIBRARY) if token.text in SECTIONS else (Type.Namespace, 0)
        case "NAME" | "CALLNAME":
            return _name(token, place, following)
    if token.type in SIGNS and not token.text.isalpha():
        return Type.Operator, 0
    return (Type.Keyword, 0) if token.type in KEYWORDS else None


def _name(token: Token, place: Place | None, following: str) -> tuple[Type, int] | None:
    if place is not None and place.span.end == token.end:
        sort = place.sort
        if sort is not None:
            return SORTS[sort], DECLARED
        if following == "EQUAL":
            return Type.Parameter, 0
        return (Type.Variable, 0) if place.symbol.scope else (Type.Class, 0)
    if following == "EQUAL":
        return Type.Property, 0
    if token.text in LITERAL_NAMES:
        return Type.Keyword, LIBRARY
    kind = _kinds().get(token.text)
    if kind is not None:
        return (Type.Type if kind == "layer" else Type.Function), LIBRARY
    return Type.EnumMember, 0


@cache
def _kinds() -> dict[str, str]:
    """The first kind that has a word of each name."""
    pairs = [(name, kind) for kind, found in all_words().items() for name in found]
    return dict(reversed(pairs))


def _lines(document: Document, found: list[Coloured]) -> Iterator[Coloured]:
    """The same in pieces of one line: clients take none of several."""
    starts = document.source.line_starts
    for start, end, type, modifiers in found:
        first = document.source.line_column(start)[0]
        last = document.source.line_column(max(start, end - 1))[0]
        for number in range(first, last + 1):
            a = max(start, starts[number - 1])
            b = min(end, starts[number - 1] + len(document.source.line(number)))
            if b > a:
                yield a, b, type, modifiers
