"""Specs as a revision of a git repository holds them. git only reads here: blobs as they were committed, without
filters, text conversion, hooks or the index; nothing is checked out, and nothing is executed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from dslc.diagnostics import Diagnostic, Fix, did_you_mean, error
from dslc.spec.imports import PROJECT_MARKS
from dslc.syntax.files import MAX_BYTES, Read, decoded, too_large

SECONDS = 60  # that git may take for one answer
QUIET = {
    "GIT_TERMINAL_PROMPT": "0",  # asks nobody for a password
    "GIT_LITERAL_PATHSPECS": "1",  # `*` in a path is a star
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
# What git sets for its hooks, relative to a folder that need not be ours: the repository is that around the spec.
HOOKS = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


class Refused(Exception):
    """git is not there or does not know: the diagnostic says it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def refused(code: str, message: str, advice: str, said: str = "") -> Refused:
    notes = [f"git says: {line}" for line in said.strip().splitlines()[:2]]
    return Refused(error(code, message, None, notes=notes, fixes=[Fix(advice)]))


@dataclass(frozen=True)
class Entry:
    """What a revision has at a path: a `blob`, a `tree` or a `commit` (of another repository)."""

    path: str
    kind: str
    link: bool
    oid: str


class Repository:
    """The repository around a folder."""

    def __init__(self, folder: Path) -> None:
        self.program = shutil.which("git")
        self.folder = folder
        if self.program is None:
            advice = "install git, or compare two files: dslc diff OLD.dl NEW.dl"
            raise refused("E0460", "old versions are read by `git`, which is not installed", advice)
        code, out, said = self.call("rev-parse", "--show-toplevel")
        if code:
            name = folder.as_posix()
            shown = "the current folder" if name == "." else f"`{name}`"
            advice = "call it in a repository, or compare two files: dslc diff OLD.dl NEW.dl"
            told = "" if "not a git repository" in said else said
            raise refused(
                "E0461", f"{shown} is in no git repository that can be read", advice, told
            )
        self.top = Path(os.fsdecode(out.removesuffix(b"\n"))).resolve()

    def call(self, *arguments: str, lines: Iterable[str] = ()) -> tuple[int, bytes, str]:
        """Exit code, stdout and stderr of a call of git, which reads `lines`."""
        assert self.program is not None
        command = [self.program, "-c", "core.fsmonitor=false", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={k: v for k, v in os.environ.items() if k not in HOOKS} | QUIET,
                input="".join(f"{line}\n" for line in lines).encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except OSError as problem:
            advice = "see to the installation of git"
            said = problem.strerror or str(problem)
            raise refused("E0460", "`git` cannot be started", advice, said) from None
        except subprocess.TimeoutExpired:
            message = f"`git {arguments[0]}` did not answer within {SECONDS} seconds"
            raise refused("E0466", message, "see what holds it up") from None
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def answer(self, *arguments: str, lines: Iterable[str] = ()) -> bytes:
        """What git answers when it must have an answer."""
        code, out, said = self.call(*arguments, lines=lines)
        if code:
            message = f"`git {arguments[0]}` failed"
            raise refused("E0466", message, "see what git says", said)
        return out

    def revision(self, name: str) -> Revision:
        """The version called `name`."""
        oid = self.commit(name)
        if oid is None:
            raise self._unknown(name)
        return Revision(self, oid, name)

    def commit(self, name: str) -> str | None:
        if not name or name.startswith("-") or "\0" in name:
            return None
        code, out, _ = self.call("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return None if code else out.decode().strip()

    def merge_base(self, old: str, new: str) -> Revision:
        """Where `new` left `old`."""
        a, b = self.revision(old).oid, self.revision(new).oid
        code, out, said = self.call("merge-base", a, b)
        if code:
            advice = f"compare the two as they are: dslc diff {old} {new}"
            message = f"`{old}` and `{new}` have no commit in common here"
            raise refused("E0466", message, advice, said)
        oid = out.decode().split()[0]
        return Revision(self, oid, oid[:10])

    def _unknown(self, name: str) -> Refused:
        code, out, _ = self.call("for-each-ref", "--format=%(refname:short)")
        known = [] if code else out.decode("utf-8", "replace").split()
        close = did_you_mean(name, ["HEAD", *known])
        advice = f"did you mean `{close}`?" if close else "`git log --oneline` lists what there is"
        _, shallow, _ = self.call("rev-parse", "--is-shallow-repository")
        if shallow.strip() == b"true":
            advice = "this clone is shallow: `git fetch --unshallow`, or `fetch-depth: 0` in CI"
        return refused("E0462", f"there is no revision `{name}`", advice)


class Revision:
    """The files of one version. Paths in it are those of a folder that is not on the disk, so that no link there
    leads elsewhere."""

    def __init__(self, repository: Repository, oid: str, name: str) -> None:
        self.repository = repository
        self.oid = oid
        self.name = name
        self.base = Path(repository.top.anchor, ".revisions", oid, repository.top.name or "root")
        self._entries: dict[str, Entry | None] = {}
        self._blobs: dict[str, bytes | int] = {}  # what they hold, or how much of it is too much

    def place(self, inside: str) -> Path:
        """The path of a file of the repository in this version."""
        return self.base / inside

    def title(self, inside: str) -> str:
        """As git calls it: `HEAD~1:specs/net.dl`."""
        return f"{self.name}:{inside}"

    def entry(self, inside: str) -> Entry | None:
        if inside not in self._entries:
            found = [e for e in self._listed("--", inside) if e.path == inside]
            self._entries[inside] = found[0] if found else None
        return self._entries[inside]

    def below(self, inside: str) -> list[str]:
        """The specs below a folder, hidden folders apart, in order."""
        entries = self._listed("-r", "--", inside) if inside else self._listed("-r")
        found = [
            e
            for e in entries
            if e.kind == "blob"
            and e.path.endswith(".dl")
            and not any(part.startswith(".") for part in PurePosixPath(e.path[len(inside) :]).parts)
        ]
        self._entries |= {e.path: e for e in found}
        self._load([e.oid for e in found])
        return sorted(e.path for e in found)

    def _load(self, oids: Sequence[str]) -> None:
        """Read many files at once."""
        oids = [oid for oid in dict.fromkeys(oids) if oid not in self._blobs]
        if not oids:
            return
        ask = self.repository.answer
        told = ask("cat-file", "--batch-check=%(objectsize)", lines=oids)
        sizes = dict(zip(oids, map(int, told.split()), strict=True))
        small = [oid for oid in oids if sizes[oid] <= MAX_BYTES]
        out = memoryview(ask("cat-file", "--batch=%(objectname)", lines=small))
        self._blobs |= sizes
        for oid in small:  # the name, a line break, what it holds, a line break
            start = len(oid) + 1
            end = start + sizes[oid]
            self._blobs[oid] = bytes(out[start:end])
            out = out[end + 1 :]

    def _listed(self, *arguments: str) -> Iterator[Entry]:
        options = [a for a in arguments if a == "-r"]
        paths = [a for a in arguments if a != "-r"]
        out = self.repository.answer("ls-tree", "-z", "--full-tree", *options, self.oid, *paths)
        for line in out.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, kind, oid = head.split()
            yield Entry(os.fsdecode(path), kind.decode(), mode == b"120000", oid.decode())

    def project(self, inside: str) -> Path:
        """The folder that the imports of a spec stay inside, as `project_root` has it on the disk."""
        for folder in PurePosixPath(inside).parents:
            for mark in PROJECT_MARKS:
                if self.entry((folder / mark).as_posix()) is not None:
                    return self.base / folder
        return self.base

    # ----------------------------------------------------------------- as a place to read from

    def inside(self, path: Path) -> str:
        return path.relative_to(self.base).as_posix()

    def read(self, path: Path) -> Read:
        inside = self.inside(path)
        title = self.title(inside)
        try:
            entry = self._file(inside)
            self._load([entry.oid])
        except Refused as problem:
            return None, (problem.diagnostic,)
        blob = self._blobs[entry.oid]
        return too_large(title, blob) if isinstance(blob, int) else decoded(title, blob)

    def exists(self, path: Path) -> bool:
        return path.is_relative_to(self.base) and self.entry(self.inside(path)) is not None

    def specs(self, folder: Path) -> list[str]:
        if not folder.is_relative_to(self.base):
            return []
        inside = self.inside(folder)
        names = self._listed() if inside == "." else self._listed("--", f"{inside}/")
        return sorted(PurePosixPath(e.path).name for e in names if e.path.endswith(".dl"))

    def _file(self, inside: str) -> Entry:
        entry = self.entry(inside)
        if entry is None:
            raise self.missing(inside)
        if entry.kind != "blob" or entry.link:
            what = (
                "a link" if entry.link else "a folder" if entry.kind == "tree" else "a repository"
            )
            message = f"`{self.title(inside)}` is {what}, not a file"
            raise refused("E0464", message, "name a spec: a text file that ends in .dl")
        return entry

    def missing(self, inside: str) -> Refused:
        close = did_you_mean(inside, self._all)
        advice = f"did you mean `{close}`?" if close else f"see `git ls-tree -r {self.name}`"
        return refused("E0463", f"there is no `{inside}` in `{self.name}`", advice)

    @cached_property
    def _all(self) -> list[str]:
        return self.below("")
