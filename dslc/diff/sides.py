"""What is compared with what: the arguments of `dslc diff` become pairs of specs.

    OLD.dl NEW.dl          two files
    PATH                   PATH as `HEAD` has it, and as it is
    REV [--] PATH…         as `REV` has it, and as it is
    REV REV [--] PATH…     two revisions; also `REV..REV`
    REV...REV [--] PATH…   what the second did since it left the first
    REV:PATH               on either side, a file as a revision has it

A path may be a folder: all its specs then, those that only one side has too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dslc.diff.git import Refused, Repository, Revision, refused
from dslc.syntax.files import Read, read

if TYPE_CHECKING:
    from dslc.driver import Analysis

BLOB = re.compile(r"(?P<revision>(?:[^:{]|\{[^}]*\})+):(?P<path>.+)", re.S)
RANGE = re.compile(r"(?P<old>.*?)(?P<dots>\.\.\.?)(?P<new>[^./].*|)", re.S)


@dataclass(frozen=True)
class Side:
    """A spec in one version; `revision` is None for the file on the disk."""

    path: Path
    revision: Revision | None = None
    inside: str = ""  # its path in the revision

    @property
    def title(self) -> str:
        return self.path.as_posix() if self.revision is None else self.revision.title(self.inside)

    @property
    def version(self) -> str:
        """What tells it from the other version of the same file."""
        return "now" if self.revision is None else self.revision.name

    def read(self) -> Read:
        if self.revision is None:
            return read(self.path)
        return self.revision.read(self.revision.place(self.inside))

    def analyse(self) -> Analysis:
        from dslc import driver

        if self.revision is None:
            return driver.analyse(self.path)
        place = self.revision.place(self.inside)
        source, problems = self.revision.read(place)
        if source is None:
            return driver.Analysis(None, None, None, [], list(problems))
        root = self.revision.project(self.inside)
        return driver.analyse_source(source, place, root, self.revision)


@dataclass(frozen=True)
class Pair:
    """Two versions of a spec, called `name`; one of them is missing where it was added or removed."""

    name: str
    old: Side | None
    new: Side | None


class Unclear(Exception):
    """The call does not say what to compare: a message and what to write."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def pairs(before: Sequence[str], after: Sequence[str] | None) -> Iterator[Pair]:
    """The pairs that arguments before and after `--` mean; without a `--`, `after` is None.

    Raises:
        Unclear: they mean nothing.
        Refused: git is not there, or does not know them.
    """
    revisions, paths = _divided(before, after)
    if revisions is None:
        old, new = map(_file, paths)
        yield Pair(new.inside or paths[1], old, new)
        return
    for path in paths or ["."]:
        repository = Repository(_nearest(Path(path)))
        old_revision, new_revision = _versions(repository, revisions)
        inside = _inside(repository, path)
        yield from _compared(path, inside, old_revision, new_revision)


def _divided(
    before: Sequence[str], after: Sequence[str] | None
) -> tuple[list[str] | None, list[str]]:
    """Revisions and paths; no revisions at all where two files are compared."""
    if after is not None:
        if len(before) > 2:
            message = f"`{before[2]}`: a comparison has two sides"
            raise Unclear(message, "dslc diff OLD NEW -- PATH…")
        option = next((a for a in after if a.startswith("-") and not os.path.lexists(a)), None)
        if option is not None:
            raise Unclear(
                f"behind `--` stand paths, not `{option}`", "put options in front of `--`"
            )
        return list(before) or ["HEAD"], list(after)
    many = next((i for i, a in enumerate(before) if _is_path(a)), len(before))
    revisions, paths = list(before[:many]), list(before[many:])
    if not revisions and len(paths) == 2:
        return None, paths
    if not revisions and len(paths) > 2:
        message = "two files are compared with each other, more with a revision"
        raise Unclear(message, f"dslc diff HEAD -- {' '.join(paths)}")
    if len(revisions) > 2:
        close = f"`{revisions[2]}` is neither a file nor a folder, and a comparison has two sides"
        raise Unclear(close, "dslc diff OLD NEW -- PATH…")
    blob = next((a for a in paths if _blob(a)), None)
    if blob is not None:
        advice = f"dslc diff {blob} PATH, or dslc diff REV -- PATH"
        raise Unclear(f"`{blob}` is a file: a comparison of files has two sides", advice)
    return revisions or ["HEAD"], paths


def _is_path(text: str) -> bool:
    return os.path.lexists(text) or text.endswith(".dl") or _blob(text) is not None


def _blob(text: str) -> re.Match[str] | None:
    """`REV:PATH`, unless there is a file of that name."""
    return None if os.path.lexists(text) else BLOB.fullmatch(text)


def _file(text: str) -> Side:
    match = _blob(text)
    if match is None:
        return Side(Path(text))
    repository = Repository(Path())
    revision = repository.revision(match["revision"])
    path = match["path"]
    if path.startswith(("./", "../")):
        inside = _inside(repository, path)
    else:
        inside = _plain(repository, repository.top / path, path)
    if revision.entry(inside) is None:
        raise revision.missing(inside)
    return Side(repository.top / inside, revision, inside)


def _versions(repository: Repository, revisions: Sequence[str]) -> tuple[Revision, Revision | None]:
    """The old version and the new one; None is the disk."""
    if len(revisions) == 2:
        return repository.revision(revisions[0]), repository.revision(revisions[1])
    match = RANGE.fullmatch(revisions[0])
    if match is None:
        return repository.revision(revisions[0]), None
    old, new = match["old"] or "HEAD", match["new"] or "HEAD"
    if match["dots"] == "...":
        return repository.merge_base(old, new), repository.revision(new)
    return repository.revision(old), repository.revision(new)


def _nearest(path: Path) -> Path:
    """The folder of `path`, or the one above it that is there."""
    while not path.is_dir():
        if path == path.parent:
            return Path()
        path = path.parent
    return path


def _inside(repository: Repository, path: str) -> str:
    place = Path(path)
    return _plain(repository, place.parent.resolve() / place.name, path)


def _plain(repository: Repository, place: Path, shown: str) -> str:
    """The path in the repository, `` for all of it."""
    whole = Path(os.path.normpath(place))
    if not whole.is_relative_to(repository.top):
        message = f"`{shown}` is not in the repository `{repository.top.name}`"
        advice = "a revision has the files of its repository; compare two files instead"
        raise refused("E0465", message, advice)
    inside = whole.relative_to(repository.top).as_posix()
    return "" if inside == "." else inside


def _compared(path: str, inside: str, old: Revision, new: Revision | None) -> Iterator[Pair]:
    """The pairs of one path: itself, or the specs below it."""
    before = old.entry(inside) if inside else None
    after = new.entry(inside) if new is not None and inside else None
    folder = not inside or (new is None and Path(path).is_dir())
    if folder or any(e is not None and e.kind == "tree" for e in (before, after)):
        yield from _folder(path, inside, old, new)
        return
    there = Path(path).exists() if new is None else after is not None
    if before is None and not there:
        raise (new or old).missing(inside)
    one = Side(Path(path), old, inside) if before is not None else None
    other = Side(Path(path), new, inside if new is not None else "") if there else None
    yield Pair(path, one, other)


def _folder(path: str, inside: str, old: Revision, new: Revision | None) -> Iterator[Pair]:
    root = Path(path)
    was = {_short(p, inside) for p in old.below(inside)}
    if new is not None:
        now = {_short(p, inside) for p in new.below(inside)}
    else:
        now = {p.relative_to(root).as_posix() for p in _specs(root)} if root.is_dir() else set()
    for name in sorted(was | now):
        place = root / name
        whole = f"{inside}/{name}" if inside else name
        one = Side(place, old, whole) if name in was else None
        other = Side(place, new, whole if new is not None else "") if name in now else None
        yield Pair(place.as_posix(), one, other)


def _short(path: str, inside: str) -> str:
    return path[len(inside) + 1 :] if inside else path


def _specs(folder: Path) -> Iterator[Path]:
    """All `*.dl` below a folder, hidden folders apart."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".dl"))


__all__ = ["Pair", "Refused", "Side", "Unclear", "pairs"]
