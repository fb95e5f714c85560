"""From the text of a spec to what `dslc lint` says about it, and to the text after its fixes."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dslc.diagnostics import Diagnostic, Fix
from dslc.driver import analyse_source, facts_of
from dslc.lint.facts import Facts
from dslc.lint.patch import apply, choose, fix_of
from dslc.lint.run import run_rules
from dslc.lint.selection import Selection
from dslc.source import Source
from dslc.syntax.files import DISK, Files, Read

ROUNDS = 100  # of fixes; each may make room for others


@dataclass(frozen=True)
class Linted:
    """What is found in a text. `diagnostics` are its errors, or what the rules find where it has none."""

    source: Source
    diagnostics: list[Diagnostic]
    checks: bool


@dataclass(frozen=True)
class Fixed:
    """What is left after the fixes, and how many each rule gave."""

    before: Source
    after: Linted
    applied: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> bool:
        return self.before.text != self.after.source.text

    def diff(self) -> str:
        """The change as a unified diff."""
        name = self.before.name
        old, new = (s.text.splitlines(keepends=True) for s in (self.before, self.after.source))
        lines = difflib.unified_diff(old, new, name, name)
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )


def lint(
    source: Source, selection: Selection, path: Path | None = None, disk: Files | None = None
) -> Linted:
    """Check a text, then let the selected rules speak. `path` is where it lies: what it imports is looked up there."""
    analysis = analyse_source(source, path, disk=disk or Recorder())
    facts = facts_of(analysis, selection.budgets)
    if facts is None:
        return Linted(source, analysis.diagnostics, checks=False)
    both = [*analysis.diagnostics, *findings(facts, selection)]
    return Linted(source, sorted(both, key=lambda d: d.sort_key), checks=True)


def findings(facts: Facts, selection: Selection) -> list[Diagnostic]:
    """What the selected rules say about a file that checks."""
    return [
        d
        for d in run_rules(facts, selection.rules, selection.severities)
        if d.primary is None
        or (place := d.primary.span.source) is facts.source
        or selection.wants(d.code, Path(place.name))
    ]


def fix(
    linted: Linted,
    selection: Selection,
    path: Path | None = None,
    *,
    unsafe: bool = False,
    disk: Files | None = None,
) -> Fixed:
    """Apply fixes, round by round, until none is left: in a round those that do not overlap, the first of the text
    first. No fix is kept whose result does not check."""
    before, now = linted.source, linted
    applied: Counter[str] = Counter()
    refused: set[object] = set()
    seen = {before.text}
    for _ in range(ROUNDS):
        offers = _offers(now, unsafe=unsafe, refused=refused)
        step = _step(now, offers, selection, path, disk, refused)
        if step is None or step[0].source.text in seen:
            break
        now, used = step
        seen.add(now.source.text)
        applied += used
    return Fixed(before, now, applied)


def _offers(linted: Linted, *, unsafe: bool, refused: set[object]) -> list[tuple[str, Fix]]:
    """The fixes that may be applied, each with the code of its finding."""
    if not linted.checks:
        return []
    offers = ((d.code, fix_of(d, unsafe=unsafe)) for d in linted.diagnostics)
    return [
        (code, fix)
        for code, fix in offers
        if fix is not None
        and all(edit.span.source is linted.source for edit in fix.edits)
        and _key(code, fix) not in refused
    ]


def _step(
    now: Linted,
    offers: list[tuple[str, Fix]],
    selection: Selection,
    path: Path | None,
    disk: Files | None,
    refused: set[object],
) -> tuple[Linted, Counter[str]] | None:
    """As many of `offers` as go together; where their result does not check, the first that does alone."""
    tried = {id(fix): code for code, fix in offers}
    groups = [[fix for _, fix in offers]] if len(offers) > 1 else []
    groups += [[fix] for _, fix in offers]
    for group in groups:
        chosen, edits = choose(group)
        fresh = Source(now.source.name, apply(now.source.text, edits))
        result = lint(fresh, selection, path, disk)
        if result.checks and fresh.text != now.source.text:
            return result, Counter(tried[id(fix)] for fix in chosen)
        if len(group) == 1:
            refused.add(_key(tried[id(group[0])], group[0]))
    return None


def _key(code: str, fix: Fix) -> object:
    """What a fix is, wherever its line has moved to."""
    places = ((e.span.source.line(e.span.line), e.span.text, e.text) for e in fix.edits)
    return code, tuple(places)


def _near(path: Path) -> str:
    """The path from the working folder, where it lies in it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


class Recorder:
    """Files that remember what was asked of them: what the result depends on besides the spec itself. Their names are
    those from the working folder."""

    def __init__(self, disk: Files = DISK) -> None:
        self.disk = disk
        self.sources: dict[Path, Source | None] = {}

    def read(self, path: Path) -> Read:
        source, found = self.disk.read(path)
        if source is not None:
            source = Source(_near(path), source.text)
        self.sources[path] = source
        return source, found

    def exists(self, path: Path) -> bool:
        self.sources.setdefault(path, None)
        return self.disk.exists(path)

    def specs(self, folder: Path) -> list[str]:
        return self.disk.specs(folder)
