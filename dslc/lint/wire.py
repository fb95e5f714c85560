"""Diagnostics as plain data and back: for the cache and between processes. What comes back is checked, for a cache is
a file that anything may have happened to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from dslc.source import Source, Span

SEVERITIES: dict[object, Severity] = {"error": "error", "warning": "warning", "info": "info"}


def encode(diagnostics: Sequence[Diagnostic], sources: Sequence[Source]) -> list[Any]:
    """Every diagnostic as a list; places are offsets into one of `sources`.

    Raises:
        KeyError: a place is in none of them.
    """
    numbers = {source: number for number, source in enumerate(sources)}

    def place(span: Span, text: str) -> list[Any]:
        return [numbers[span.source], span.start, span.end, text]

    return [
        [
            d.code,
            d.severity,
            d.message,
            None if d.primary is None else place(d.primary.span, d.primary.text),
            [place(label.span, label.text) for label in d.secondary],
            list(d.notes),
            [[f.message, f.safe, [place(e.span, e.text) for e in f.edits]] for f in d.fixes],
        ]
        for d in diagnostics
    ]


def decode(data: Any, sources: Sequence[Source]) -> list[Diagnostic]:
    """The diagnostics that `encode` was given.

    Raises:
        ValueError: this is no such data.
    """
    try:
        return [_diagnostic(item, sources) for item in data]
    except (TypeError, KeyError, IndexError) as problem:
        raise ValueError(str(problem)) from None


def _diagnostic(item: Any, sources: Sequence[Source]) -> Diagnostic:
    code, severity, message, primary, secondary, notes, fixes = item
    return Diagnostic(
        _text(code),
        _text(message),
        None if primary is None else Label(*_place(primary, sources)),
        tuple(Label(*_place(label, sources)) for label in secondary),
        tuple(map(_text, notes)),
        tuple(_fix(fix, sources) for fix in fixes),
        SEVERITIES[severity],
    )


def _fix(item: Any, sources: Sequence[Source]) -> Fix:
    message, safe, edits = item
    return Fix(_text(message), tuple(Edit(*_place(edit, sources)) for edit in edits), safe is True)


def _place(item: Any, sources: Sequence[Source]) -> tuple[Span, str]:
    number, start, end, text = item
    if not isinstance(start, int) or not isinstance(end, int) or number not in range(len(sources)):
        raise ValueError("no place")
    source = sources[number]
    if not 0 <= start <= end <= len(source.text):
        raise ValueError("a place outside of the text")
    return Span(source, start, end), _text(text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value
