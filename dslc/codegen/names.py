"""Names in generated Python: identifiers are checked, imports are values."""

from __future__ import annotations

import keyword
import unicodedata
from dataclasses import dataclass


def require_name(name: str) -> None:
    """Refuse, as a bug in dslc, a name that is not a plain Python identifier."""
    assert name.isidentifier(), name
    assert not keyword.iskeyword(name), name
    assert unicodedata.is_normalized("NFKC", name), name  # Python would read another name


@dataclass(frozen=True)
class Import:
    """`import module [as alias]`, or with a `name`: `from module import name [as alias]`."""

    module: str
    name: str | None = None
    alias: str | None = None

    def __post_init__(self) -> None:
        for part in self.module.split("."):
            require_name(part)
        for name in (self.name, self.alias):
            if name is not None:
                require_name(name)
