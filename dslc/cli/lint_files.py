"""Specs to what is found in them: from the cache, else by one process or several."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import WRONG
from dslc.cli.console import fail, report
from dslc.diagnostics import Diagnostic
from dslc.lint.cache import Cache, digest
from dslc.lint.config import Config, config_for

if TYPE_CHECKING:
    from dslc.lint.selection import Options

MANY = 16  # specs that are worth another process
AT_ONCE = 8  # of them, that a process takes


@dataclass(frozen=True)
class Call:
    """What the command line says about rules. `cached` is whether results are kept."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    cached: bool = True

    @property
    def options(self) -> Options:
        from dslc.lint.selection import Options

        return Options(self.select, self.ignore)

    def cache(self, config: Config) -> Cache | None:
        if not self.cached:
            return None
        said = config.source.text if config.source is not None else ""
        return Cache(config.root, digest(said, *self.select, "", *self.ignore))


@dataclass(frozen=True)
class Result:
    """What is found in one spec, and the files that it imports."""

    path: Path
    diagnostics: list[Diagnostic]
    imports: list[Path] = field(default_factory=list)

    @property
    def checks(self) -> bool:
        """Whether the spec has no errors of its own; a rule may be made an error, which is none."""
        return not any(d.severity == "error" and d.code[0] == "E" for d in self.diagnostics)


def lint_files(paths: Sequence[Path], call: Call) -> list[Result]:
    """What is found in each of `paths`, in their order."""
    results = {path: found for path in paths if (found := _known(path, call)) is not None}
    rest = [path for path in paths if path not in results]
    if rest:
        check_names(call, [config_for(path)[0] for path in rest])
    for result in _several(rest, call) if len(rest) > MANY else map(Worker(call), rest):
        results[result.path] = result
    return [results[path] for path in paths]


def check_names(call: Call, configs: Sequence[Config]) -> None:
    """Leave when the call or a configuration names rules that there are not. What the cache knows was asked for with
    names that are right, so that this needs the rules only where they run."""
    from dslc.lint.selection import wrong_names, wrong_options

    for selector, close in wrong_options(call.options):
        hint = f"did you mean `{close}`?" if close else "`dslc explain` lists the rules"
        fail(f"there is no rule `{selector}`", hint)
    files = {config.file: config for config in configs}
    found = [d for config in files.values() for d in wrong_names(config)]
    if found:
        report(found, err=True)
        raise click.exceptions.Exit(WRONG)


def _known(path: Path, call: Call) -> Result | None:
    cache = call.cache(config_for(path)[0])
    found = cache.get(path) if cache is not None else None
    return None if found is None else Result(path, *found)


class Worker:
    """Lints one spec after the other."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, path: Path) -> Result:
        from dslc.lint.selection import select
        from dslc.linter import Recorder, lint
        from dslc.syntax import read

        source, found = read(path)
        if source is None:
            return Result(path, list(found))
        config = config_for(path)[0]
        selection = select(config, self.call.options, path)
        disk = Recorder()
        linted = lint(source, selection, path, disk)
        cache = self.call.cache(config)
        if cache is not None:
            cache.put(path, source, disk.sources, linted.diagnostics)
        return Result(path, linted.diagnostics, list(disk.sources))


def _several(paths: Sequence[Path], call: Call) -> Iterator[Result]:
    """As many processes as there are processors, or fewer where the specs are not so many."""
    count = min(_processors(), -(-len(paths) // MANY))
    if count < 2:
        yield from map(Worker(call), paths)
        return
    import dslc.lint.registry
    import dslc.linter

    dslc.lint.registry.all_rules()  # once, before the processes part
    with ProcessPoolExecutor(count, initializer=_leave_interrupts) as pool:
        size = max(1, min(AT_ONCE, len(paths) // (4 * count)))
        try:
            yield from pool.map(Worker(call), paths, chunksize=size)
        except BaseException:  # such as Ctrl-C: what waits need not be done any more
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that waits for the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _processors() -> int:
    with suppress(AttributeError):  # where only all of them can be counted
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
