"""Text to tokens. Faulty text is reported once, by `characters`, and repaired so that the parser can go on.

The terminals come from the grammar; this module adds only what they cannot say: that a section's word begins
a statement, that `output` in a condition is a value and with braces a rule, and how much is too much.
"""

from __future__ import annotations

import re
from functools import cache

from dslc.source import Source
from dslc.syntax import characters
from dslc.syntax.report import Report
from dslc.syntax.table import load
from dslc.syntax.tokens import ENDERS, OPERATORS, Token
from dslc.syntax.tree import Comment

MAX_TOKENS = 200_000
BRACE = re.compile(r"\s*\{")
BEFORE_VALUE = OPERATORS | {"ASSERT", "NOT"}
BEFORE_SECTION = (ENDERS | {"LBRACE"}) - {"SECTION"}


@cache
def _master(patterns: tuple[tuple[str, str], ...], signs: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(signs, key=lambda sign: (-len(sign), sign))
    parts = [f"(?P<{name}>{regex})" for name, regex in patterns]
    parts.append(f"(?P<_FOREIGN>{characters.FOREIGN})")
    parts.append(f"(?P<_SIGN>{'|'.join(re.escape(sign) for sign in ordered)})")
    return re.compile("|".join(parts))


def scan(source: Source, report: Report) -> tuple[list[Token] | None, tuple[Comment, ...]]:
    """The tokens and comments of `source`; no tokens when there are too many."""
    table = load()
    literals = table.literals
    signs = tuple(text for text in literals if not text.isidentifier())
    match = _master(table.patterns, signs).match
    tokens: list[Token] = []
    comments: list[Comment] = []
    text, at, first = source.text, 0, True
    while at < len(text):
        found = match(text, at)
        kind = "_FOREIGN" if found is None else found.lastgroup or ""
        end = at if found is None else found.end()
        if kind == "SPACE":
            first = first or "\n" in text[at:end] or "\r" in text[at:end]
        elif kind == "COMMENT":
            comments.append(Comment(source.span(at, end), text[at:end]))
        elif (
            kind == "_FOREIGN"
            or (kind == "NUMBER" and characters.runs_on(text, end))
            or (first and text[at:end] == "//")
        ):
            count = len(tokens)
            end = characters.repair(source, report, tokens, at, first)
            first = first and len(tokens) == count
        else:
            word = text[at:end]
            if kind in ("_SIGN", "NAME"):
                kind = literals.get(word, kind)
                if kind == "OUTPUT" and tokens and tokens[-1].type in BEFORE_VALUE:
                    kind = "NAME"  # `assert output == 10`: the result, not the statement
                elif kind == "OUTPUT" and BRACE.match(text, end):
                    kind = "SECTION"  # `output { … }`: a rule of `defaults`
            elif kind == "SECTION" and tokens and tokens[-1].type not in BEFORE_SECTION:
                kind = "NAME"
            token = Token(kind, word, at, end, first)
            characters.check(source, report, tokens, token)
            tokens.append(token)
            first = False
        at = end
        if len(tokens) > MAX_TOKENS:
            report.add(
                "E0122",
                f"the file has more than {MAX_TOKENS:,} words and signs",
                source.span(tokens[-1].start, tokens[-1].end),
                "reading stopped here",
                notes=["a spec of this size is almost always generated: use `repeat` and `block`"],
            )
            return None, tuple(comments)
    return tokens, tuple(comments)
