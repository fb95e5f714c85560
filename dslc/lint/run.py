"""Rules over one file: what they find, each place once, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dslc.diagnostics import Diagnostic, Severity
from dslc.lint.facts import Facts
from dslc.lint.rule import Rule


def run_rules(
    facts: Facts, rules: Iterable[Rule], severities: Mapping[str, Severity] | None = None
) -> list[Diagnostic]:
    """What `rules` find in the file itself; what stands in an imported file is found there."""
    severities = severities or {}
    found: dict[object, Diagnostic] = {}
    for rule in rules:
        for finding in rule.check(facts):
            if finding.span.source is facts.source:
                severity = severities.get(rule.code, rule.severity)
                key = (rule.code, finding.span.start, finding.span.end)
                found.setdefault(key, finding.diagnostic(rule.code, severity))
    return sorted(found.values(), key=lambda d: d.sort_key)
