"""What dslc has to say about a spec: one `Diagnostic`, shown by many renderers.

A diagnostic carries a code (see `dslc.codes`), the message, the place, the places that explain it, notes and
fixes. Nothing here formats for a terminal; nothing here knows a word of the language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dslc.source import Span

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Label:
    """A place with a few words about it, shown under the marked text."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span` by `text`; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to type. `edits` may be empty: then the fix is advice. `safe` means that meaning is kept or
    plainly what was intended, so `--fix` may apply it."""

    message: str
    edits: tuple[Edit, ...] = ()
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: what is wrong, where, why, and what to type instead."""

    code: str
    message: str
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    severity: Severity = "error"

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        if self.primary is None:
            return ("", 0, 0, self.code)
        span = self.primary.span
        return (span.source.name, span.start, span.end, self.code)


def error(
    code: str,
    message: str,
    span: Span | None,
    label: str = "",
    *,
    secondary: Iterable[Label] = (),
    notes: Iterable[str] = (),
    fixes: Iterable[Fix] = (),
) -> Diagnostic:
    """An error at `span`; `label` is written under the marked text."""
    primary = None if span is None else Label(span, label)
    return Diagnostic(code, message, primary, tuple(secondary), tuple(notes), tuple(fixes))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity == "error" for d in diagnostics)


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """The known name closest to `wrong`, or None when none is close. Case is ignored first."""
    import difflib

    names = list(dict.fromkeys(known))
    lowered = {name.lower(): name for name in reversed(names)}
    if wrong.lower() in lowered:
        return lowered[wrong.lower()]
    close = difflib.get_close_matches(wrong.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else None
