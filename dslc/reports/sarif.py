"""SARIF 2.1.0, the format of code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/.

Columns count characters (`unicodeCodePoints`), as everywhere in dslc; a region also has its offset. Paths inside of
the working folder are relative to `%SRCROOT%`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from dslc import __version__
from dslc.codes.code import Code
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from dslc.source import Source, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def render_sarif(diagnostics: Iterable[Diagnostic], pages: Mapping[str, Code]) -> str:
    """One run with all that was found; `pages` are the texts behind the codes, for their help."""
    found = sorted(diagnostics, key=lambda d: d.sort_key)
    codes = sorted({d.code for d in found})
    rules = [_rule(code, pages.get(code)) for code in codes]
    driver = {
        "name": "dslc",
        "semanticVersion": __version__,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"uri": f"{Path.cwd().as_uri()}/"}},
        "results": [_result(d, codes) for d in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, page: Code | None) -> dict[str, Any]:
    if page is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.why},
        "help": {
            "text": _help(page, "{}:\n\n{}"),
            "markdown": _help(page, "{}:\n\n```dl\n{}\n```"),
        },
    }


def _help(page: Code, example: str) -> str:
    parts = [page.why]
    for name, text in (("Wrong", page.wrong), ("Right", page.right)):
        if text:
            parts.append(example.format(name, text.rstrip()))
    if page.references:
        parts.append(f"Read on: {', '.join(page.references)}")
    return "\n\n".join(parts)


def _result(diagnostic: Diagnostic, codes: Sequence[str]) -> dict[str, Any]:
    advice = [f"help: {fix.message}" for fix in diagnostic.fixes]
    notes = [f"note: {note}" for note in diagnostic.notes]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": LEVELS[diagnostic.severity],
        "message": {"text": "\n".join([diagnostic.message, *advice, *notes])},
    }
    if diagnostic.primary is not None:
        result["locations"] = [_location(diagnostic.primary)]
    if diagnostic.secondary:
        result["relatedLocations"] = [
            {"id": number, **_location(label)}
            for number, label in enumerate(diagnostic.secondary, start=1)
        ]
    fixes = [_fix(fix) for fix in diagnostic.fixes if fix.edits]
    return {**result, "fixes": fixes} if fixes else result


def _location(label: Label) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(label.span.source),
            "region": _region(label.span),
        }
    }
    return {**place, "message": {"text": label.text}} if label.text else place


def _artifact(source: Source) -> dict[str, str]:
    """The file by its path from the working folder, or by its whole path where it lies elsewhere."""
    path = PurePosixPath(source.name)
    if path.is_absolute():
        inside = os.path.relpath(path, Path.cwd())
        if inside.startswith(os.pardir):
            return {"uri": path.as_uri()}
        path = PurePosixPath(inside)
    if os.pardir in path.parts:
        return {"uri": Path(os.path.abspath(path)).as_uri()}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> dict[str, Any]:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": span.start,
        "charLength": span.end - span.start,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    sources = list(dict.fromkeys(edit.span.source for edit in fix.edits))
    return {
        "description": {"text": fix.message},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(source),
                "replacements": [_edit(e) for e in fix.edits if e.span.source is source],
            }
            for source in sources
        ],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
