"""What a scaffold comes to: the text of a spec, or why there is none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from dslc.syntax.tokens import KEYWORDS
from dslc.vocab.word import aliases, all_words, words


@dataclass(frozen=True, slots=True)
class Proposal:
    """A spec, its file name without the ending, and what was found in the data, a line each."""

    text: str
    stem: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsuitable:
    """Why no spec can be proposed, and what to do about it."""

    message: str
    help: str = ""


def model_name(text: str) -> str:
    """A name for a model from the name of a file: `my churn-2024` gives `MyChurn2024`. It is no word of dslc."""
    parts = re.findall(r"[A-Za-z0-9]+", plain(text))
    name = "".join(part[0].upper() + part[1:] for part in parts)
    if not name or name[0].isdigit():
        name = f"Model{name}"
    return f"{name}Net" if name in words("flow") or name in aliases("flow") else name


def plain(text: str) -> str:
    """`text` without accents."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(char for char in split if not unicodedata.combining(char))


def file_stem(text: str) -> str:
    """A name for the file of the spec."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", plain(text)).strip("_").lower() or "model"


def quoted(text: str) -> str:
    """`text` as a string of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def reference(column: str) -> str:
    """The name of a column as a value: bare where it can be, else in quotes."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", column) is not None
    known = {word.lower() for kind in all_words().values() for word in kind}
    taken = known | {k.lower() for k in KEYWORDS} | {"true", "false", "none", "in"}
    return column if plain and column.lower() not in taken else quoted(column)


def comment(text: str) -> str:
    """`text` inside of a comment: on one line, without characters that do not print."""
    return "".join(c if c.isprintable() else " " for c in text)


def listed(names: list[str], most: int = 4) -> str:
    """`a, b, c and 5 more`."""
    if len(names) <= most:
        return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
