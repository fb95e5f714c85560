"""The last line of a script: which dslc wrote it, and a digest of the lines above. It tells a script that was edited
from one that is stale, and both from one that another version wrote."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from dslc import __version__

LINE = re.compile(
    r"\n# written by dslc (?P<version>\S+), sha256 (?P<digest>[0-9a-f]{12})[ \t]*(?=\n|\Z)"
)


@dataclass(frozen=True)
class Stamp:
    """What the last line says; `whole` means that nothing was changed since."""

    version: str
    whole: bool


def stamped(text: str) -> str:
    """A script with its last line."""
    return f"{text}\n# written by dslc {__version__}, sha256 {_digest(text)}\n"


def split(text: str) -> tuple[str, Stamp | None]:
    """The script without its last line, and that; what was written below it counts. Line endings of Windows are none of
    ours."""
    text = text.replace("\r\n", "\n")
    match = next(reversed([*LINE.finditer(text)]), None)
    if match is None:
        return text, None
    body, below = text[: match.start()], text[match.end() :]
    body += below if below.strip("\n") else ""
    return body, Stamp(match["version"], match["digest"] == _digest(body))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
