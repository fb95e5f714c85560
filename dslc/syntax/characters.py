"""Text that is no token: unknown characters, habits of other languages, broken strings and numbers.

`repair` reports the fault and appends the tokens that were most likely meant, so that the rest of the
statement is read and nothing is reported twice.
"""

from __future__ import annotations

import re
from math import isfinite

from dslc.source import Source
from dslc.syntax.build import ESCAPES, number_value
from dslc.syntax.report import Report, insert, swap
from dslc.syntax.tokens import CLOSERS, OPENERS, TEXTS, WORDS, Token

# Signs of other languages made of characters that are signs here. Tried in front of the real signs.
FOREIGN = r"(?<![\w)\].])\.[0-9]|/\*|:=|=>|===|!==|<>|\*\*|[+*/%]=|-=(?!=)|&&|\|\||\|>|'"

# What was typed -> (what dslc writes, the terminal, why); no text: the character is taken out.
MEANT: dict[str, tuple[str, str, str]] = {
    ":=": ("=", "EQUAL", "a value is given with `=`"),
    "=>": ("->", "ARROW", "the arrow of a flow is `->`"),
    "|>": ("->", "ARROW", "the arrow of a flow is `->`"),
    "===": ("==", "EQ", "equality is `==`"),
    "!==": ("!=", "NE", "inequality is `!=`"),
    "<>": ("!=", "NE", "inequality is `!=`"),
    "&&": ("and", "AND", "logic is spelled `and`"),
    "||": ("or", "OR", "logic is spelled `or`"),
    "!": ("not", "NOT", "logic is spelled `not`"),
    "→": ("->", "ARROW", "the arrow is typed `->`"),
    "⇒": ("->", "ARROW", "the arrow is typed `->`"),
    "−": ("-", "MINUS", "the minus sign is the plain `-`"),
    "–": ("-", "MINUS", "the minus sign is the plain `-`"),
    "—": ("-", "MINUS", "the minus sign is the plain `-`"),
    "×": ("*", "STAR", "a product is typed `*`, a size `3x3`"),
    "·": ("*", "STAR", "a product is typed `*`"),
    "÷": ("/", "SLASH", "a quotient is typed `/`"),
    "≤": ("<=", "LE", "this comparison is typed `<=`"),
    "≥": (">=", "GE", "this comparison is typed `>=`"),
    "≠": ("!=", "NE", "inequality is typed `!=`"),
    "…": ("..", "RANGE", "a range is typed `..`"),
    "，": (",", "COMMA", "use the plain `,`"),
    "：": (":", "COLON", "use the plain `:`"),
    "（": ("(", "LPAR", "use the plain `(`"),
    "）": (")", "RPAR", "use the plain `)`"),
    "＝": ("=", "EQUAL", "use the plain `=`"),
    ";": ("", "", "a statement ends where the next begins: no `;` is needed"),
    "\u200b": ("", "", "this character is invisible: it came along when text was copied"),
    "\u200c": ("", "", "this character is invisible: it came along when text was copied"),
    "\u200d": ("", "", "this character is invisible: it came along when text was copied"),
    "\u2060": ("", "", "this character is invisible: it came along when text was copied"),
    "\\": ("", "", "lines need no `\\`: a flow continues on a line that starts with `->`"),
}
QUOTES = {"“": "”", "”": "”", "„": "“”", "«": "»", "'": "'", "‘": "’", "’": "’", "`": "`"}
MAX_QUOTED = 500  # how far the end of a string in odd quotes is looked for
BAD_NUMBER = re.compile(r"\.?[0-9](?:[\w×]|\.(?!\.)|(?<=[eE])[+-](?=[0-9]))*")
ODD_SIZE = re.compile(r"[0-9]+(?:[xX×][0-9]+)+\Z")
TERMINAL = re.compile("\x1b(?:\\[[0-9;?]*[A-Za-z])?")
ESCAPE = re.compile(r"\\(?:u(?P<hex>[0-9a-fA-F]{4})|u|.)")


def foreign_comment(source: Source, report: Report, at: int) -> int:
    """`// text` at the start of a line, `/* text */`: the end of it, reported."""
    text = source.text
    end = text.find("*/", at + 2) + 2 if text[at : at + 2] == "/*" else 0
    if end < 2:
        end = _line_end(text, at)
    span = source.span(at, at + 2)
    fixes = [] if text[at + 1] == "*" else [swap("write `#`", span, "#")]
    report.add("E0120", "a comment begins with `#`", span, "not a comment here", fixes=fixes)
    return end


def runs_on(text: str, end: int) -> bool:
    """Does a number that matched up to `end` go on with a dot that begins no range (`1.`), or with a `×`?"""
    follows, beyond = text[end : end + 1], text[end + 1 : end + 2]
    return (follows == "." and beyond != ".") or (follows == "×" and beyond.isdigit())


def repair(source: Source, report: Report, tokens: list[Token], at: int, first: bool) -> int:
    """Report the faulty text at `at`, append what it stands for, return where it ends."""
    text = source.text
    char = text[at]
    if text[at : at + 2] in ("//", "/*"):
        return foreign_comment(source, report, at)
    if char == '"':
        return _open_string(source, report, tokens, at, first)
    if char in QUOTES:
        end = _odd_quotes(source, report, tokens, at, first)
        if end:
            return end
    number = BAD_NUMBER.match(text, at)
    if number:
        _bad_number(source, report, number[0], at)
        tokens.append(Token("NUMBER", "1", at, number.end(), first))
        return number.end()
    for length in (3, 2, 1):
        if text[at : at + length] in MEANT and at + length <= len(text):
            return _foreign(source, report, tokens, at, at + length, first)
    foreign = re.compile(FOREIGN).match(text, at)
    end = foreign.end() if foreign else _run_of_unknown(text, at)
    _unknown(source, report, at, end)
    return _rejoined(text, tokens, at, end)


def check(source: Source, report: Report, tokens: list[Token], token: Token) -> None:
    """Faults inside a token that matched, or between it and the token before."""
    kind = token.type
    if kind == "STRING":
        if "\\" in token.text:
            _check_escapes(source, report, token)
    elif kind == "NUMBER":
        if len(token.text) > 300 or not isfinite(float(token.text.rstrip("kMG").replace("_", ""))):
            span = source.span(token.start, token.end)
            report.add("E0104", "this number is too large", span, "not a number a model can use")
            token.text = "1"
        elif len(token.text.rstrip("kMG")) < len(token.text) and "e" in token.text.lower():
            number_value(token.text)
    elif kind == "SIZE":
        if len(token.text) > 300:
            span = source.span(token.start, token.end)
            report.add("E0104", "this size is too long", span, "no tensor has so many axes")
            token.text = "1x1"
    elif kind in ("NAME", "CALLNAME", "SECTION"):
        if not token.text.isidentifier():
            span = source.span(token.start, token.end)
            report.add(
                "E0102", f"`{token.text}` is not a name", span, "only letters, digits and `_`"
            )
    elif kind == "LPAR" and tokens and tokens[-1].type == "NAME":
        before = tokens[-1]
        gap = source.text[before.end : token.start]
        imported = len(tokens) > 1 and tokens[-2].type == "IMPORT"  # `import heads (Head)`
        if gap and not token.first and not imported:
            report.add(
                "E0117",
                f"the `(` of a call touches its name: `{before.text}(`",
                source.span(before.start, token.end),
                "a space stands in between",
                fixes=[swap("remove the space", source.span(before.end, token.start), "")],
            )
            before.type = "CALLNAME"


def _run_of_unknown(text: str, at: int) -> int:
    """The end of the run of characters that begin no token; a terminal's escape sequence is one."""
    sequence = TERMINAL.match(text, at)
    if sequence:
        return sequence.end()
    end = at + 1
    while end < len(text) and not text[end].isspace() and not text[end].isalnum():
        if text[end] in MEANT or text[end] in QUOTES or text[end] in '_"#()[]{},:=<>+-*/%.':
            break
        end += 1
    return end


def _unknown(source: Source, report: Report, at: int, end: int) -> None:
    shown = source.text[at:end]
    points = " ".join(f"U+{ord(c):04X}" for c in shown[:4])
    label = "not part of the language" if shown.isprintable() else f"{points}: not printable"
    one = "this character means" if end == at + 1 else "these characters mean"
    span = source.span(at, end)
    report.add(
        "E0102",
        f"{one} nothing here: `{shown[:20]}`",
        span,
        label,
        fixes=[swap("take it out", span, "", safe=False)],
    )


def _rejoined(text: str, tokens: list[Token], at: int, end: int) -> int:
    """`re§lu` without the odd sign is one name: what stands behind it joins the token in front."""
    rest = re.compile(r"\w+").match(text, end)
    if rest is None or not tokens or tokens[-1].end != at or tokens[-1].type not in WORDS:
        return end
    before = tokens[-1]
    before.text, before.end = before.text + rest[0], rest.end()
    before.type = "CALLNAME" if text[rest.end() :].startswith("(") else "NAME"
    return rest.end()


def _foreign(
    source: Source, report: Report, tokens: list[Token], at: int, end: int, first: bool
) -> int:
    shown = source.text[at:end]
    meant, kind, why = MEANT[shown]
    span = source.span(at, end)
    name = f"`{shown}`" if shown.isprintable() else f"U+{ord(shown[0]):04X}"
    message = "write it" if not meant else f"write `{meant}`"
    if kind and kind in ("AND", "OR", "NOT"):
        left = "" if source.text[at - 1 : at].isspace() else " "
        right = "" if source.text[end : end + 1].isspace() else " "
        fix = swap(message, span, f"{left}{meant}{right}")
    else:
        fix = swap(message if meant else f"remove {name}", span, meant)
    report.add("E0102", f"{name} is not part of the language", span, why, fixes=[fix])
    if kind:
        tokens.append(Token(kind, meant, at, end, first))
    return end


def _line_end(text: str, at: int) -> int:
    end = at
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return end


def _open_string(source: Source, report: Report, tokens: list[Token], at: int, first: bool) -> int:
    """A string without its end: it is taken to stop in front of the brackets that this line still closes."""
    text = source.text
    end = at + len(text[at : _line_end(text, at)].rstrip())
    opened: list[str] = []
    i = len(tokens)
    while i and not (i < len(tokens) and tokens[i].first):
        i -= 1
    for token in tokens[i:]:
        if token.type in OPENERS:
            opened.append(TEXTS[OPENERS[token.type]])
        elif token.type in CLOSERS and opened:
            opened.pop()
    while opened and end > at + 1 and text[end - 1] == opened[0]:
        opened.pop(0)
        end = at + len(text[at : end - 1].rstrip())
    end = max(end, at + 1)
    if text[end - 1] == "," and end > at + 1:
        end -= 1
    span = source.span(at, end)
    report.add(
        "E0103",
        "this string has no end",
        span,
        'a string ends with `"` on the line where it began',
        fixes=[insert('close it with `"`', span.after(), '"', safe=False)],
    )
    tokens.append(Token("STRING", '""', at, end, first))
    return end


def _odd_quotes(source: Source, report: Report, tokens: list[Token], at: int, first: bool) -> int:
    """`“text”` or `'text'` on one line: the end, or 0 when nothing closes it."""
    text = source.text
    closing = QUOTES[text[at]] + '"'
    end = at + 1
    limit = min(len(text), at + MAX_QUOTED)
    while end < limit and text[end] not in "\r\n" and text[end] not in closing:
        end += 1
    if end >= limit or text[end] in "\r\n":
        return 0
    end += 1
    inner = text[at + 1 : end - 1].replace("\\", "\\\\")
    span = source.span(at, end)
    report.add(
        "E0102",
        f"strings are written in plain double quotes, not in `{text[at]}`",
        span,
        'use `"`',
        fixes=[swap("use plain double quotes", span, f'"{inner}"')],
    )
    tokens.append(Token("STRING", f'"{inner}"', at, end, first))
    return end


def _bad_number(source: Source, report: Report, text: str, at: int) -> None:
    span = source.span(at, at + len(text))
    plain = re.sub("[xX×]", "x", text)
    if ODD_SIZE.match(text):
        message, label, better = "a size is joined by a small `x`", "read as a size", plain
    elif re.fullmatch(r"[0-9]+(x[0-9]+)*x", plain):
        message, label = f"`{text}` misses a number behind its last `x`", "a size such as `3x3`"
        better = plain + plain.removesuffix("x").rsplit("x", 1)[-1]
    elif re.fullmatch(r"[0-9_]+\.", text):
        message, label, better = (
            "a number does not end with a dot",
            "a digit is missing",
            text + "0",
        )
    elif re.fullmatch(r"\.[0-9_]+(?:[eE][+-]?[0-9]+)?", text):
        message, label, better = (
            "a number does not begin with a dot",
            "a digit is missing",
            "0" + text,
        )
    elif re.fullmatch(r"[0-9][0-9_.]*[KmgbB]+", text):
        message, label, better = f"`{text}` has an unknown suffix", "use `k`, `M` or `G`", ""
    else:
        message, label, better = f"`{text}` is not a number", "not a number, not a size", ""
    notes = ["numbers: `64` `1e-3` `0.5` `5M` `10_000`; sizes: `3x3` `28x28x1`; ranges: `0..1`"]
    fixes = [swap(f"write `{better}`", span, better, safe=False)] if better else []
    report.add("E0104", message, span, label, notes=notes, fixes=fixes)


def _check_escapes(source: Source, report: Report, token: Token) -> None:
    for escape in ESCAPE.finditer(token.text):
        if escape["hex"] is not None and not 0xD800 <= int(escape["hex"], 16) <= 0xDFFF:
            continue
        if escape[0][1] in ESCAPES and escape["hex"] is None:
            continue
        span = source.span(token.start + escape.start(), token.start + escape.end())
        report.add(
            "E0105",
            f"`{escape[0]}` is not an escape",
            span,
            r"known: `\"` `\\` `\n` `\t` `\u00e9`",
            fixes=[insert("a backslash itself is written twice", span, "\\", safe=False)],
        )
        token.text = '""'
        return
