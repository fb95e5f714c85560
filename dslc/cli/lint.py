"""`dslc lint`: advice about specs, in the formats of terminals and of CI, and the fixes that are sure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import FINDINGS, FINE, WRONG
from dslc.cli.check import find
from dslc.cli.console import fail, report, say, table
from dslc.cli.formats import FORMATS, rendered
from dslc.cli.lint_files import Call, Result, lint_files
from dslc.lint.config import config_for

if TYPE_CHECKING:
    from dslc.diagnostics import Diagnostic
    from dslc.linter import Fixed


@dataclass(frozen=True)
class How:
    """What to do with what is found."""

    form: str
    fix: bool
    unsafe: bool
    diff: bool
    statistics: bool
    exit_zero: bool

    @property
    def mends(self) -> bool:
        return self.fix or self.diff


def _names(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """`--select L1,batch-size --select L2`: all of them."""
    return tuple(name for value in values for name in value.replace(",", " ").split())


@click.command("lint")
@click.argument("specs", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--select", multiple=True, callback=_names, metavar="RULES",
    help="Only these rules: codes, beginnings of codes such as L1, names; several with commas.",
)  # fmt: skip
@click.option("--ignore", multiple=True, callback=_names, metavar="RULES", help="Not these rules.")
@click.option("--fix", is_flag=True, help="Apply the fixes that keep what is meant.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="Apply, or show, those that change the model as well."
)
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="full",
    help="How to say it: with the lines of source, a line each, or for a machine.",
)  # fmt: skip
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("-w", "--watch", is_flag=True, help="Lint again whenever a spec changes.")
@click.option(
    "--stdin-filename", type=click.Path(path_type=Path), metavar="PATH",
    help="Where the spec on stdin (-) lies: for its imports, its configuration and its name.",
)  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Neither read nor write .dslc_cache.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
def lint_command(
    specs: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    form: str,
    statistics: bool,
    watch: bool,
    stdin_filename: Path | None,
    no_cache: bool,
    exit_zero: bool,
) -> int:
    """Give advice about SPECS, which are files or folders (by default this one), or - for stdin.

    Exits with 0 when nothing is found, with 1 when something is, with 2 when the call or the configuration is wrong.
    A finding is silenced by a comment: `# dslc: ignore[L101] why`.
    """
    how = How(form, fix, unsafe_fixes, diff, statistics, exit_zero)
    call = Call(select, ignore, not no_cache)
    paths = specs or (Path(),)
    if Path("-") in paths:
        if len(paths) > 1 or watch:
            fail("`-` stands alone: a spec on stdin is neither one of several nor watched")
        from dslc.cli.lint_stdin import lint_stdin

        return lint_stdin(stdin_filename, call, how)
    if stdin_filename is not None:
        fail("`--stdin-filename` is for a spec on stdin", "write - in place of the path")
    if watch:
        from dslc.cli.lint_watch import watch_specs

        return watch_specs(paths, call, how)
    return lint_once(list(find(paths)), call, how)[0]


def lint_once(files: Sequence[Path], call: Call, how: How) -> tuple[int, set[Path]]:
    """Lint `files` and say what is found; the exit code, and all files that it depends on."""
    configs = [config_for(path) for path in files]
    problems = {id(d): d for _, found in configs for d in found}
    needs = {*files, *(config.file for config, _ in configs if config.file is not None)}
    if problems:
        report(list(problems.values()), err=True)
        return WRONG, needs
    results = lint_files(files, call)
    needs |= {path for result in results for path in result.imports}
    fixed: list[Fixed] = []
    if how.mends:
        from dslc.cli.lint_fix import mend

        results, fixed = mend(results, call, unsafe=how.unsafe, write=not how.diff)
    return show(results, fixed, how), needs


def show(results: Sequence[Result], fixed: Sequence[Fixed], how: How, *, err: bool = False) -> int:
    """Say what is found, or what would be changed; the exit code."""
    unique = {(d.code, place(d), d.message): d for result in results for d in result.diagnostics}
    found = list(unique.values())
    if how.diff:
        say("".join(it.diff() for it in fixed))
        faults = [d for d in found if _is_fault(d)]
        report(faults, err=True)
        say(f"{_mended(fixed, 'would be fixed')}\n", err=True)
        return FINDINGS if (fixed or faults) and not how.exit_zero else FINE
    if how.statistics:
        say(_statistics(found, how), err=err)
    elif how.form == "full":
        report(found, err=err)
        say(f"{chr(10) * bool(found)}{_summary(found, how)}\n", err=err)
    else:
        say(rendered(found, how.form), err=err)
    if fixed:
        say(f"{_mended(fixed, 'fixed')}\n", err=err or how.form != "full")
    return FINDINGS if found and not how.exit_zero else FINE


def _is_fault(diagnostic: Diagnostic) -> bool:
    """Is it one of `dslc check`? What it proposes is for a person to judge: only advice is followed by --fix."""
    return diagnostic.code[0] == "E"


def place(diagnostic: Diagnostic) -> str:
    return "" if diagnostic.primary is None else str(diagnostic.primary.span)


def _summary(found: Sequence[Diagnostic], how: How) -> str:
    """`3 warnings in 2 files; 2 can be fixed with --fix, 1 more with --unsafe-fixes`."""
    from dslc.lint.patch import fix_of
    from dslc.render import summary

    advice = [d for d in found if not _is_fault(d)]
    safe = sum(fix_of(d, unsafe=False) is not None for d in advice)
    more = sum(fix_of(d, unsafe=True) is not None for d in advice) - safe
    parts = [f"{safe} can be fixed with --fix"] if safe and not how.fix else []
    if more and not (how.fix and how.unsafe):
        option = "--unsafe-fixes" if safe and not how.fix else "--fix --unsafe-fixes"
        parts.append(
            f"{more}{' more' * bool(parts)} {'' if parts else 'can be fixed '}with {option}"
        )
    return "; ".join(filter(None, [summary(found), ", ".join(parts)]))


def _mended(fixed: Sequence[Fixed], done: str) -> str:
    """`4 findings fixed in 2 files (3 L204, 1 L101)`."""
    counts = sum((it.applied for it in fixed), Counter[str]())
    total = counts.total()
    if not total:
        return f"nothing {done}"
    files = f" in {len(fixed)} files" if len(fixed) > 1 else ""
    each = ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))
    return f"{total} finding{'s' * (total > 1)} {done}{files} ({each})"


def _statistics(found: Sequence[Diagnostic], how: How) -> str:
    """How often each code is found; `*` where a fix can be applied."""
    from dslc.cli.explain import pages
    from dslc.lint.patch import fix_of

    counts = Counter(d.code for d in found)
    fixable = {d.code for d in found if not _is_fault(d) and fix_of(d, unsafe=how.unsafe)}
    titles = {code: page.title for code, page in pages().items()}
    if how.form == "json":
        rows = [
            {"code": code, "title": titles[code], "count": count, "fixable": code in fixable}
            for code, count in counts.most_common()
        ]
        return f"{json.dumps(rows, indent=2)}\n"
    lines = table(
        [
            (str(count), code, "[*]" if code in fixable else "", titles[code])
            for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        or [("no problems",)],
        right=(0,),
    )
    return "".join(f"{line}\n" for line in lines)
