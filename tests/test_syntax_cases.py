"""What dslc says about every kind of syntax fault, word for word: tests/cases/syntax/*.md."""

from __future__ import annotations

import cases_runner


@cases_runner.cases("syntax")
def test_case(case: cases_runner.Case, update: bool) -> None:
    case.check(update)
