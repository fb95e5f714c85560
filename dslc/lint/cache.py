"""What was found in files that have not changed since: `.dslc_cache/`, one small JSON file for each spec.

An entry holds for the text of the spec, those of the files that it imports, the configuration and options, and this
very version of dslc. Anything else about it, damage too, makes it one that is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from dslc import __version__
from dslc.diagnostics import Diagnostic
from dslc.lint.wire import decode, encode
from dslc.source import Source

FOLDER = ".dslc_cache"
IGNORE = "# Written by dslc lint; it may be deleted at any time.\n*\n"
SUFFIXES = (".py", ".lark", ".json")


@cache
def fingerprint() -> str:
    """This dslc, as installed: its version, and the times of its files for those who work on it."""
    home = Path(__file__).resolve().parent.parent
    found = [__version__]
    for folder in (home, home.parent / "grammar"):
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(name for name in names if name.endswith(SUFFIXES)):
                status = os.stat(os.path.join(place, name))
                found.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    return digest(*found)


def digest(*parts: str) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "big") + data)
    return hashed.hexdigest()


def text_of(path: Path) -> str | None:
    """The text of a spec, as its reader takes it; None where there is none."""
    try:
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError, ValueError):
        return None


class Cache:
    """The entries under one folder. `salt` is what all results depend on: configuration, options."""

    def __init__(self, root: Path, salt: str) -> None:
        self.folder = root / FOLDER
        self.salt = salt

    def get(self, path: Path) -> tuple[list[Diagnostic], list[Path]] | None:
        """What was found in the spec at `path`, and the files that it imports; None where that is not known."""
        text = text_of(path)
        if text is None:
            return None
        try:
            entry = json.loads(self._place(path).read_bytes())
            if entry["key"] != self._key(path, text):
                return None
            sources = [Source(path.as_posix(), text)]
            for name, wanted in entry["imports"]:
                content = text_of(Path(name))
                if content is None or digest(content) != wanted:
                    return None
                sources.append(Source(name, content))
            return decode(entry["found"], sources), [Path(s.name) for s in sources[1:]]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(
        self,
        path: Path,
        source: Source,
        imports: Mapping[Path, Source | None],
        found: Sequence[Diagnostic],
    ) -> None:
        """Remember what was found. Not where an import failed: files that are not there yet have no text."""
        others = [other for other in imports.values() if other is not None]
        if len(others) < len(imports):
            return
        try:
            entry: dict[str, Any] = {
                "key": self._key(path, source.text),
                "imports": [[other.name, digest(other.text)] for other in others],
                "found": encode(found, [source, *others]),
            }
        except KeyError:
            return
        with suppress(OSError, UnicodeEncodeError):
            self._write(self._place(path), json.dumps(entry, separators=(",", ":")))

    def _write(self, place: Path, text: str) -> None:
        """Whole or not at all, but in no hurry to reach the disk."""
        place.parent.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text(IGNORE, encoding="utf-8")
        fresh = place.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(place)

    def _place(self, path: Path) -> Path:
        return self.folder / "lint" / f"{digest(_absolute(path))[:24]}.json"

    def _key(self, path: Path, text: str) -> str:
        return digest(fingerprint(), self.salt, _absolute(path), path.as_posix(), text)


def _absolute(path: Path) -> str:
    return os.path.realpath(path)
