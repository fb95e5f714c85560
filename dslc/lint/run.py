"""Rules over one file: what they find, each place once, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dslc.diagnostics import Diagnostic, Severity
from dslc.lint.facts import Facts
from dslc.lint.rule import Rule
from dslc.lint.suppress import Suppression


def run_rules(
    facts: Facts, rules: Iterable[Rule], severities: Mapping[str, Severity] | None = None
) -> list[Diagnostic]:
    """What `rules` find in the file itself and no comment silences; what stands in an imported file is found there.
    The late ones see which comments were of use."""
    rules = sorted(rules, key=lambda rule: rule.late)
    facts.judged = frozenset(rule.code for rule in rules if not rule.late)
    severities = severities or {}
    found: dict[object, Diagnostic] = {}
    naming: dict[str | None, list[Suppression]] = {}
    for it in facts.suppressions:
        for code in {item.code for item in it.ignored or ()}:
            naming.setdefault(code, []).append(it)
    for rule in rules:
        for finding in rule.check(facts):
            if finding.span.source is not facts.source:
                continue
            severity = severities.get(rule.code, rule.severity)
            diagnostic = finding.diagnostic(rule.code, severity)
            key = (rule.code, finding.span.start, finding.span.end)
            silenced = [it.covers(diagnostic) for it in naming.get(rule.code, ())]
            if not any(silenced):  # all were asked: each is of use
                found.setdefault(key, diagnostic)
    return sorted(found.values(), key=lambda d: d.sort_key)
