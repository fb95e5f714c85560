"""The canonical layout of a spec: `format_source` for a whole text, `format_range` for some of its lines.

There is one style and nothing to set. Lines have at most 110 columns where they can be broken, levels are indented by
two blanks, settings below each other have their `=` in a column. What says something stays: the lines of a flow,
comments and the column of those behind code, single blank lines, the spelling of numbers. See docs/formatting.md.
"""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit
from dslc.source import Source

__all__ = ["format_range", "format_source"]


def format_source(source: Source) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The canonical text of `source`; None, with the reasons, when it is faulty. Nothing but the layout changes."""
    from dslc.fmt.layout import lay_out

    laid, found = lay_out(source)
    return (None if laid is None else laid.text), found


def format_range(
    source: Source, start: int, end: int
) -> tuple[tuple[Edit, ...] | None, tuple[Diagnostic, ...]]:
    """The edits that lay out the statements of `source` with a character from `start` to `end`, as they stand in the
    canonical text; the others stay as they are."""
    from dslc.fmt.layout import lay_out
    from dslc.fmt.ranges import edits

    laid, found = lay_out(source)
    return (None if laid is None else edits(laid, start, end)), found
