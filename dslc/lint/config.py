"""What a project wants of `dslc lint`: `[tool.dslc]` of its pyproject.toml, or its dslc.toml.

    select = ["L1", "batch-size"]          # the rules that run: codes, beginnings of codes, names; all by default
    ignore = ["L105"]
    [per-path]                             # [tool.dslc.per-path] in a pyproject.toml
    "specs/zoo/**" = ["L1"]                # what is ignored there
    [severity]
    saturating-activation = "error"
    [budgets]
    parameters = 5_000_000

The nearest such file above a spec holds for it. This module does not know the rules: `dslc.lint.selection` says
whether those that are named here exist.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from dslc.diagnostics import Diagnostic, Edit, Fix, Severity, did_you_mean, error
from dslc.source import Source, Span

FILES = ("dslc.toml", "pyproject.toml")
KEYS = ("select", "ignore", "per-path", "severity", "budgets")
BUDGETS = ("parameters", "multiply-adds", "activations")
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Config:
    """`source` is the file that says it, None where there is none; `root` is what its paths are relative to."""

    root: Path
    source: Source | None = None
    table: tuple[str, ...] = ()
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    per_path: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    budgets: Mapping[str, int | float] = field(default_factory=dict)

    @property
    def file(self) -> Path | None:
        return None if self.source is None else self.root / Path(self.source.name).name

    def ignored_at(self, path: Path) -> tuple[str, ...]:
        """What the `per-path` table ignores for the spec at `path`."""
        try:
            place = path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            place = path.as_posix()
        return tuple(s for glob, names in self.per_path if matches(glob, place) for s in names)


Loaded = tuple[Config, tuple[Diagnostic, ...]]


def config_for(path: Path) -> Loaded:
    """The configuration for the spec at `path`, or for those in the folder `path`."""
    place = path.resolve()
    return _above(place if place.is_dir() else place.parent)


@cache
def _above(folder: Path) -> Loaded:
    for name in FILES:
        found = _read(folder / name)
        if found is not None:
            return found
    return _above(folder.parent) if folder.parent != folder else (Config(Path.cwd()), ())


def forget() -> None:
    """Read the files anew when next asked."""
    _above.cache_clear()


def _read(file: Path) -> Loaded | None:
    """What `file` says; None where there is none, or where it says nothing about dslc."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    name = _shown(file)
    try:
        source = Source(name, data.decode("utf-8").removeprefix("\ufeff"))
        content = tomllib.loads(source.text)
    except UnicodeDecodeError:
        fix = Fix("save it as UTF-8")
        place = Source(name, "").span(0, 0)
        return Config(file.parent), (error("E0480", f"`{name}` is not UTF-8", place, fixes=[fix]),)
    except RecursionError:
        return Config(file.parent), (_no_toml(source, "too many brackets in each other"),)
    except ValueError as problem:
        return Config(file.parent), (_no_toml(source, str(problem)),)
    table: tuple[str, ...] = ()
    if file.name == "pyproject.toml":
        table = ("tool", "dslc")
        tools = content.get("tool")
        if not isinstance(tools, dict) or "dslc" not in tools:
            return None
        content = tools["dslc"]
    return _Reader(file.parent, source, table).config(content)


def _shown(file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.as_posix()


def _no_toml(source: Source, problem: str) -> Diagnostic:
    """A file that is no TOML, at the place that its reader names."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$", problem)
    at = len(source.text.rstrip())
    if found is not None and found[1]:
        at = source.line_starts[int(found[1]) - 1] + int(found[2]) - 1
    reason = problem[: found.start()] if found is not None else problem
    span = source.span(at, min(at + 1, len(source.text)))
    message = f"`{source.name}` is not TOML: {reason[:1].lower()}{reason[1:]}"
    return error(
        "E0480", message, span, fixes=[Fix("mend the line; https://toml.io has the rules")]
    )


class _Reader:
    """Turns the tables of one file into a `Config`, with a diagnostic for each thing that is none."""

    def __init__(self, root: Path, source: Source, table: tuple[str, ...]) -> None:
        self.root = root
        self.source = source
        self.table = table
        self.found: list[Diagnostic] = []

    def config(self, content: Any) -> Loaded:
        if not isinstance(content, dict):
            self._wrong(("",), "a table", content)
            content = {}
        for key in content:
            if key not in KEYS:
                self._unknown((key,), key, KEYS, "dslc has no setting")
        select = self._names(content, "select") if "select" in content else None
        config = Config(
            self.root,
            self.source,
            self.table,
            select,
            self._names(content, "ignore"),
            tuple(
                (glob, self._strings(("per-path", glob), names))
                for glob, names in self._table(content, "per-path").items()
            ),
            self._severities(self._table(content, "severity")),
            self._budgets(self._table(content, "budgets")),
        )
        return config, tuple(self.found)

    def _names(self, content: Mapping[str, Any], key: str) -> tuple[str, ...]:
        return self._strings((key,), content.get(key, []))

    def _strings(self, keys: tuple[str, ...], value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._wrong(keys, 'a list of rules, such as ["L101"]', value)
        return ()

    def _table(self, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = content.get(key, {})
        if isinstance(value, dict):
            return value
        self._wrong((key,), f"a table: [{'.'.join((*self.table, key))}]", value)
        return {}

    def _severities(self, table: Mapping[str, Any]) -> dict[str, Severity]:
        for rule, value in table.items():
            if value not in SEVERITIES:
                self._wrong(("severity", rule), f"one of {', '.join(SEVERITIES)}", value)
        return {rule: cast(Severity, v) for rule, v in table.items() if v in SEVERITIES}

    def _budgets(self, table: Mapping[str, Any]) -> dict[str, int | float]:
        found: dict[str, int | float] = {}
        for name, value in table.items():
            if name not in BUDGETS:
                self._unknown(("budgets", name), name, BUDGETS, "there is no budget")
            elif isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                self._wrong(("budgets", name), "a number > 0", value)
            else:
                found[name] = value
        return found

    def _unknown(self, keys: tuple[str, ...], key: str, known: Iterable[str], what: str) -> None:
        known = list(known)
        close = did_you_mean(key, known)
        span = locate(self.source, (*self.table, *keys))
        fix = Fix("remove it")
        if close:
            edits = (Edit(span, close),) if span.text == key else ()
            fix = Fix(f"did you mean `{close}`?", edits)
        elif key == "tool" and not self.table:
            fix = Fix("write the settings as they are: in a dslc.toml without `[tool.dslc]`")
        notes = [f"it may be one of {', '.join(known)}"]
        self.found.append(error("E0481", f"{what} `{key}`", span, notes=notes, fixes=[fix]))

    def _wrong(self, keys: tuple[str, ...], wanted: str, value: Any) -> None:
        shown = (
            "a table"
            if isinstance(value, dict)
            else str(value).lower()
            if isinstance(value, bool)
            else repr(value)
        )
        name = ".".join(filter(None, keys)) or ".".join(self.table)
        span = locate(self.source, (*self.table, *keys))
        message = f"`{name}` must be {wanted}"
        self.found.append(
            error("E0482", message, span, f"this is {shown}", fixes=[Fix(f"write {wanted}")])
        )


def locate(source: Source, keys: tuple[str, ...], value: str | None = None) -> Span:
    """Where a TOML file says `keys`, or `value` behind them; the start of the file where that is not found (the
    reader of TOML gives no places)."""
    keys = tuple(filter(None, keys))
    table: tuple[str, ...] = ()
    best = source.span(0, 0)
    for number in range(1, len(source.line_starts) + 1):
        line, start = source.line(number), source.line_starts[number - 1]
        header = re.match(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$", line)
        if header:
            table = _keys(header[1])
            if table == keys:
                best = source.span(start + header.start(1), start + header.end(1))
            continue
        entry = re.match(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w.-])+(?:\s*\.\s*[\w-]+)*)\s*=", line)
        here = (*table, *_keys(entry[1])) if entry else ()
        if entry and here == keys[: len(here)]:
            best = source.span(start + entry.start(1), start + entry.end(1))
            if here == keys:
                break
    if value is not None:
        at = source.text.find(value, best.end)
        if at >= 0:
            return source.span(at, at + len(value))
    return best


def _keys(dotted: str) -> tuple[str, ...]:
    """`tool.dslc."per-path"` as its keys."""
    parts = re.findall(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)", dotted)
    return tuple("".join(part) for part in parts)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", glob.strip("/"))
    return re.compile("".join(parts.get(t) or re.escape(t) for t in tokens) + r"(?:/.*)?")


def matches(glob: str, path: str) -> bool:
    """Whether a path, with `/`, is one of `glob` or below it. A glob without `/` also stands for a name anywhere."""
    names = [path] if "/" in glob.strip("/") else [path, *path.split("/")]
    return any(_pattern(glob).fullmatch(name) for name in names)
