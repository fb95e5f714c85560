"""The text behind one diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """`why` teaches a learner the reason in a few sentences; `wrong` and `right` are short specs or lines.
    `references` say where to read on: a page of the documentation such as `docs/language.md#shapes`, or a paper."""

    code: str
    title: str
    why: str
    wrong: str
    right: str
    references: tuple[str, ...] = ()
