"""How values of a spec are spelled in Python: the one door through which its text reaches a script.

Every string is escaped until it is printable and safe between its quotes, so no spec, however
hostile, can end a literal, a docstring or a comment early. This module imports nothing of dslc.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import unicodedata

Scalar = str | int | float | bool | None

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*(?:_\d+)*)(?:\.\d+(?:_\d+)*)?(?:e[+-]?\d+)?", re.ASCII)
_DIRECTIVE = re.compile(
    r"\b(fmt|isort|mypy|noqa|nosec|pragma|pylint|pyright|pytype|ruff|flake8|type|yapf|ty|coding)(\s*[:=])",
    re.IGNORECASE,
)
_QUOTE = "\\x22"  # a double quote that may stand beside those of a docstring
_BARE_DIRECTIVE = re.compile(r"\b(noqa|nosec)\b", re.IGNORECASE)
_MAX_DIGITS = 4000  # CPython refuses to convert longer integers


def literal(value: Scalar, text: str | None = None) -> str:
    """The Python spelling of `value`; a number keeps the spelling `text` if it means the same."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if text is not None and _same_number(text, value):
        return text
    if isinstance(value, int) and abs(value) >= 10**_MAX_DIGITS:
        return hex(value)
    if isinstance(value, float) and "e" in repr(value):
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa}e{int(exponent)}"  # 1e-5, not 1e-05
    return repr(value)


def _same_number(text: str, value: int | float) -> bool:
    if len(text) > 100 or not _NUMBER.fullmatch(text):
        return False
    read = ast.literal_eval(text)
    return type(read) is type(value) and repr(read) == repr(value)


def string(value: str) -> str:
    """`value` in double quotes, or in single ones where that saves escapes, as black has it."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    body = escape(value).replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"


def escape(text: str) -> str:
    """`text` with backslashes doubled and all that is unprintable escaped, as by `repr`."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(ch if ch.isprintable() and ch != "\\" else repr(ch)[1:-1] for ch in text)


def comment(text: str) -> str:
    """`# text` on one line, without control characters and what a tool would obey (`noqa`)."""
    line = " ".join(text.split())
    line = "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in line)
    line = _DIRECTIVE.sub(r"\1 -", line)
    line = _BARE_DIRECTIVE.sub(r"'\1'", line)
    return f"# {line}" if line else "#"


def docstring(text: str, indent: int, width: int) -> list[str]:
    """The lines of a docstring that says `text`, each with its indentation; none for empty text."""
    pad = " " * indent
    lines = inspect.cleandoc(text.expandtabs(4)).split("\n")
    lines = [line.rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return []
    lines[0] = lines[0].lstrip()
    ends_quoted = lines[-1].endswith('"')
    if ends_quoted:
        lines[-1] = lines[-1][:-1]
    lines = [escape(line).replace('"""', '\\"\\"\\"') for line in lines]
    if lines[0].startswith('"'):
        lines[0] = _QUOTE + lines[0][1:]
    if ends_quoted:
        lines[-1] += _QUOTE
    opened = f'{pad}"""{lines[0]}'
    if len(lines) == 1 and display_width(opened) + 3 <= width:
        return [f'{opened}"""']
    rest = [f"{pad}{line}" if line else "" for line in lines[1:]]
    return [opened, *rest, f'{pad}"""']


def display_width(text: str) -> int:
    """Columns that `text` takes: wide East Asian characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(ch: str) -> int:
    if unicodedata.combining(ch):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1
