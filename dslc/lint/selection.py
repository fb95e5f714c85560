"""Which rules run on a file, and how bad their findings are: configuration and options, against the rules there are.

A rule is meant by its code, the beginning of its code, its name or `ALL`. The longer beginning wins: `L1` ignored and
`L104` selected runs that one of the family. What is said on the command line comes after the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dslc.diagnostics import Diagnostic, Edit, Fix, Severity, did_you_mean, error
from dslc.lint.config import Config, locate
from dslc.lint.registry import all_rules
from dslc.lint.rule import Rule

ALL = "ALL"
BUDGET = "over-budget"  # whoever sets a budget wants to hear of it


@dataclass(frozen=True)
class Options:
    """What the command line says about rules: `--select`, `--ignore`."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The rules for one file and the severities that differ from their own."""

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity]
    budgets: Mapping[str, int | float]
    config: Config | None = None

    def wants(self, code: str, path: Path) -> bool:
        """Whether the rule is not ignored at `path`, which may be an imported file."""
        ignored = () if self.config is None else self.config.ignored_at(path)
        return not ignored or not _best(ignored, all_rules()[code])


def weight(selector: str, rule: Rule) -> int:
    """How exactly a selector means `rule`: 0 not at all, then by the length of what is given."""
    text = selector.upper()
    if selector.lower() == rule.name or text == rule.code:
        return 100
    if text == ALL:
        return 1
    return 1 + len(text) if rule.code.startswith(text) else 0


def select(config: Config, options: Options, path: Path | None = None) -> Selection:
    """The rules for the spec at `path`."""
    wanted = options.select or config.select
    if wanted is None:
        wanted = (ALL,)
    elif config.budgets and not options.select:
        wanted = (*wanted, BUDGET)
    ignored = (*options.ignore, *(() if options.select else config.ignore))
    here = config.ignored_at(path) if path is not None else ()
    chosen = [
        rule
        for rule in all_rules().values()
        if _best(wanted, rule) > _best(ignored, rule) and not _best(here, rule)
    ]
    severities = {
        rule.code: severity
        for name, severity in config.severity.items()
        for rule in all_rules().values()
        if weight(name, rule)
    }
    return Selection(tuple(chosen), severities, config.budgets, config)


def _best(selectors: Iterable[str], rule: Rule) -> int:
    return max((weight(selector, rule) for selector in selectors), default=0)


def wrong_options(options: Options) -> Iterator[tuple[str, str | None]]:
    """The selectors of the command line that mean no rule, each with the closest that does."""
    for selector in (*options.select, *options.ignore):
        if not _known(selector):
            yield selector, _close(selector)


def wrong_names(config: Config) -> list[Diagnostic]:
    """A diagnostic for whatever the configuration names and is no rule."""
    named: list[tuple[tuple[str, ...], str | None]] = []
    named += [(("select",), name) for name in config.select or ()]
    named += [(("ignore",), name) for name in config.ignore]
    named += [(("per-path", glob), name) for glob, names in config.per_path for name in names]
    named += [(("severity", name), None) for name in config.severity]
    found: list[Diagnostic] = []
    for keys, value in named:
        name = keys[-1] if value is None else value
        if _known(name):
            continue
        assert config.source is not None
        span = locate(config.source, (*config.table, *keys), value)
        close = _close(name)
        fix = Fix("`dslc explain` lists the rules")
        if close:
            edits = (Edit(span, close),) if span.text == name else ()
            fix = Fix(f"did you mean `{close}`?", edits)
        found.append(error("E0483", f"there is no rule `{name}`", span, fixes=[fix]))
    return found


def _known(selector: str) -> bool:
    return any(weight(selector, rule) for rule in all_rules().values())


def _close(selector: str) -> str | None:
    names = {rule.name for rule in all_rules().values()}
    return did_you_mean(selector, sorted(names))
