"""JUnit XML, which every CI shows as a table of tests: a suite for each file, a failed case for each finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from dslc.diagnostics import Diagnostic

# What XML 1.0 cannot hold, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(diagnostics: Iterable[Diagnostic]) -> str:
    """A document with one case for each diagnostic; where nothing is wrong, a suite with a case that passes."""
    suites: dict[str, list[Diagnostic]] = {}
    for d in sorted(diagnostics, key=lambda d: d.sort_key):
        suites.setdefault(d.primary.span.source.name if d.primary else "dslc", []).append(d)
    total = sum(map(len, suites.values()))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="dslc" tests="{max(total, 1)}" failures="{total}" errors="0">')
    for name, found in suites.items():
        lines += _suite(name, found)
    if not suites:
        lines.append('  <testsuite name="dslc" tests="1" failures="0" errors="0">')
        lines.append('    <testcase name="no problems" classname="dslc"/>')
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(name: str, found: list[Diagnostic]) -> Iterable[str]:
    yield (
        f"  <testsuite name={_quoted(name)} tests={_quoted(len(found))} "
        f'failures={_quoted(len(found))} errors="0">'
    )
    for d in found:
        line, column = (0, 0)
        if d.primary is not None:
            line, column = d.primary.span.source.line_column(d.primary.span.start)
        where = f"line {line}, col {column}, " if d.primary is not None else ""
        notes = [*(f"help: {fix.message}" for fix in d.fixes), *(f"note: {n}" for n in d.notes)]
        body = "\n".join([f"{where}{d.code} {d.message}", *notes])
        yield (
            f"    <testcase name={_quoted(f'dslc.{d.code}')} classname={_quoted(name.removesuffix('.dl'))} "
            f"file={_quoted(name)} line={_quoted(line)} column={_quoted(column)}>"
        )
        yield f"      <failure type={_quoted(d.severity)} message={_quoted(d.message)}>{escape(_clean(body))}</failure>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _quoted(value: object) -> str:
    """A value of an attribute, with its quotes."""
    return quoteattr(_clean(str(value)))


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
