"""Every rule: its page, its examples, its cases, its fixes."""

from __future__ import annotations

import re

import lint_cases
import pytest

from dslc.lint.examples import complete
from dslc.lint.patch import fix_of
from dslc.lint.registry import all_rules
from dslc.lint.rule import Rule

RULES = list(all_rules().values())
CASES = lint_cases.collect()
FAMILIES = re.compile(r"L[1-4]\d\d")


def case_name(case: lint_cases.Case) -> str:
    return f"{case.path.stem}-{re.sub('[^a-z0-9]+', '-', case.title.lower()).strip('-')}"


def rule_name(rule: Rule) -> str:
    return rule.name


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_case(case: lint_cases.Case, update: bool) -> None:
    case.check(update)


@pytest.mark.parametrize("rule", RULES, ids=rule_name)
def test_the_wrong_example_is_found_by_this_rule_alone(rule: Rule) -> None:
    found = lint_cases.lint(complete(rule.wrong), RULES)
    assert {d.code for d in found} == {rule.code}, [f"{d.code} {d.message}" for d in found]


@pytest.mark.parametrize("rule", RULES, ids=rule_name)
def test_the_right_example_is_right_for_all_rules(rule: Rule) -> None:
    found = lint_cases.lint(complete(rule.right), RULES)
    assert found == [], [f"{d.code} {d.message}" for d in found]


@pytest.mark.parametrize("rule", RULES, ids=rule_name)
def test_a_rule_has_cases_that_it_finds_and_one_that_it_does_not(rule: Rule) -> None:
    mine = [case.found for case in CASES if case.rule is rule]
    assert any(mine), f"tests/cases/lint/{rule.name.replace('-', '_')}.md has no bad case"
    assert not all(mine), f"tests/cases/lint/{rule.name.replace('-', '_')}.md has no good case"
    offered = {
        "safe" if fix_of(d, unsafe=False) else "unsafe" if fix_of(d, unsafe=True) else "advice"
        for found in mine
        for d in found
    }
    best = next(kind for kind in ("safe", "unsafe", "advice") if kind in offered)
    assert best == rule.fix
    assert all(d.fixes for found in mine for d in found), "a finding says what to do"


@pytest.mark.parametrize("rule", RULES, ids=rule_name)
def test_a_rule_has_a_page(rule: Rule) -> None:
    assert FAMILIES.fullmatch(rule.code)
    assert len(rule.title) <= 90
    assert len(rule.why) > 100, "say why, for someone who learns"


def test_every_file_of_cases_has_its_rule() -> None:
    assert all(case.rule for case in CASES)
