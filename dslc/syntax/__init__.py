"""Text to tree: `parse` a source, `read` a file. A user's mistake is a diagnostic, never an exception."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit, Fix
from dslc.source import Source
from dslc.syntax.files import read
from dslc.syntax.tree import File

__all__ = ["parse", "read"]

SMALLEST = "model Tiny { input x: 4  x -> Dense(2) }"


def parse(source: Source) -> tuple[File | None, tuple[Diagnostic, ...]]:
    """The tree of `source`. Faulty statements are left out of it, each with its own diagnostic; the tree is
    None when nothing can be said about the rest."""
    from dslc.syntax import lines, statements
    from dslc.syntax.brackets import balance
    from dslc.syntax.parser import Parser
    from dslc.syntax.recall import quick
    from dslc.syntax.report import Report
    from dslc.syntax.scan import scan

    known = quick(source)
    if known is not None:
        return known, ()
    report = Report(source)
    tokens, comments = scan(source, report)
    if tokens is None:
        return None, report.diagnostics()
    if not tokens and not report.found:
        report.add(
            "E0106",
            "this spec is empty",
            source.span(0, 0),
            "a spec needs at least a model",
            fixes=[
                Fix(f"the smallest one: {SMALLEST}", (Edit(source.span(0, 0), f"{SMALLEST}\n"),))
            ],
        )
        return None, report.diagnostics()
    balanced = balance(source, lines.whole_arrows(source, tokens, report), report)
    if balanced is None:
        return None, report.diagnostics()
    declared = Parser(source, lines.check(source, balanced, report), report).run()
    declarations = statements.check(declared, report)
    return File(source, declarations, comments), report.diagnostics()
