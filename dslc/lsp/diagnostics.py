"""What is wrong with a text, as the editor shows it: messages with code, help and the places that explain them."""

from __future__ import annotations

import re
from pathlib import Path

from lsprotocol import types

from dslc.codes import all_codes
from dslc.codes.code import Code
from dslc.diagnostics import Diagnostic
from dslc.lint.registry import all_rules
from dslc.lsp.document import Document
from dslc.lsp.names import imported_path
from dslc.source import Source, Span
from dslc.syntax import tree

SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
UNUSED = ("E0206", "E0207")  # what they mark may go, as what rules called `unused-…` mark
DOCS = Path(__file__).resolve().parents[2] / "docs"  # of a checkout


def diagnostics(document: Document) -> list[types.Diagnostic]:
    """Everything found in the text itself; what is wrong in a file that it imports stands at its `import`."""
    return [shown(d, document) for d in document.diagnostics]


def shown(d: Diagnostic, document: Document) -> types.Diagnostic:
    span = d.primary.span if d.primary is not None else document.source.span(0, 0)
    related = [(label.span, label.text) for label in d.secondary]
    message = d.message
    if span.source is not document.source:
        related.insert(0, (span, d.message))
        message = f"in `{_short(span.source)}`: {message}"
        span = _import_of(span.source, document)
    elif d.primary is not None and d.primary.text:
        message += f"\n{d.primary.text}"
    advice = [f"note: {note}" for note in d.notes] + [f"help: {fix.message}" for fix in d.fixes]
    locations = [
        types.DiagnosticRelatedInformation(document.location(place), text or "see here")
        for place, text in related
    ]
    return types.Diagnostic(
        range=document.range(span),
        message="\n".join([message, *advice]),
        severity=SEVERITIES[d.severity],
        code=d.code,
        code_description=help_of(d.code),
        source="dslc",
        tags=[types.DiagnosticTag.Unnecessary] if _unused(d) else None,
        related_information=locations or None,
        data={"code": d.code},
    )


def _unused(d: Diagnostic) -> bool:
    """Whether the marked text may be taken away: editors show it dimmed."""
    if d.code in UNUSED or d.code.startswith("E"):
        return d.code in UNUSED
    rule = all_rules().get(d.code)
    return rule is not None and rule.name.startswith("unused")


def _short(source: Source) -> str:
    return source.name.rpartition("/")[2]


def _import_of(source: Source, document: Document) -> Span:
    """The `import` that brings `source`, by itself or by what it imports; the first one when it is not known."""
    file = document.file
    found = [d for d in file.declarations if isinstance(d, tree.Import)] if file else []
    for node in found:
        path = imported_path(node.path.value, document.path, document.root)
        if path is not None and path.as_posix() == source.name:
            return node.path.span
    return found[0].path.span if found else document.source.span(0, 0)


def help_of(code: str) -> types.CodeDescription | None:
    """Where the page about a code lies, in a checkout of dslc; else `dslc.explain` and hover show it."""
    name, found = ("codes.md" if code.startswith("E") else "rules.md"), page(code)
    if found is None or not (DOCS / name).is_file():
        return None
    anchor = re.sub(r"[^\w -]", "", f"{code} {found.title}".lower()).replace(" ", "-")
    return types.CodeDescription(f"{(DOCS / name).as_uri()}#{anchor}")


def page(code: str) -> Code | None:
    """The page behind a code, of an error or of a rule."""
    found = all_codes().get(code)
    if found is None:
        rule = all_rules().get(code)
        found = rule.page if rule is not None else None
    return found


def explanation(code: str) -> str | None:
    """What `dslc explain` says, as Markdown."""
    found = page(code)
    if found is None:
        return None
    parts = [f"**{found.code}: {found.title}**", found.why]
    for name, text in (("Wrong", found.wrong), ("Right", found.right)):
        if text:
            parts.append(f"{name}:\n```dl\n{text.rstrip()}\n```")
    return "\n\n".join(parts)
