"""Rules over one file: what they find, each place once, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dslc.diagnostics import Diagnostic, Fix, Severity
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, Rule
from dslc.lint.suppress import Suppression
from dslc.source import Source


def run_rules(
    facts: Facts, rules: Iterable[Rule], severities: Mapping[str, Severity] | None = None
) -> list[Diagnostic]:
    """What `rules` find and no comment silences, in the file and in the blocks that it imports: a block alone has no
    shapes, so that only its users can judge it. The late rules see which comments were of use."""
    rules = sorted(rules, key=lambda rule: rule.late)
    facts.judged = frozenset(rule.code for rule in rules if not rule.late)
    severities = severities or {}
    found: dict[object, Diagnostic] = {}
    comments: dict[Source, dict[str | None, list[Suppression]]] = {}
    for rule in rules:
        for finding in _findings(rule, facts):
            source = finding.span.source
            diagnostic = finding.diagnostic(rule.code, severities.get(rule.code, rule.severity))
            if source is not facts.source:
                diagnostic = _advice(diagnostic)
            if source not in comments:
                comments[source] = _by_code(facts.suppressions_in(source))
            silenced = [it.covers(diagnostic) for it in comments[source].get(rule.code, ())]
            if not any(silenced):  # all were asked: each is of use
                found.setdefault((rule.code, finding.span), diagnostic)
    return sorted(found.values(), key=lambda d: d.sort_key)


def _findings(rule: Rule, facts: Facts) -> Iterator[Finding]:
    """What a rule finds; a bug in it is told by its name."""
    try:
        yield from rule.check(facts)
    except Exception as problem:
        what = f"{type(problem).__name__}: {problem}"
        message = f"{rule.code} ({rule.name}) fails on {facts.source.name}: {what}"
        raise RuntimeError(message) from problem


def _by_code(suppressions: Iterable[Suppression]) -> dict[str | None, list[Suppression]]:
    found: dict[str | None, list[Suppression]] = {}
    for it in suppressions:
        for code in {item.code for item in it.ignored or ()}:
            found.setdefault(code, []).append(it)
    return found


def _advice(diagnostic: Diagnostic) -> Diagnostic:
    """The same without edits: only the file that is linted is changed."""
    fixes = tuple(Fix(fix.message) for fix in diagnostic.fixes)
    return replace(diagnostic, fixes=fixes)
