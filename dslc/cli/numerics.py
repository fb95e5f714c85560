"""What `dslc check` says of `numerics = stock`: where each backend computes otherwise than the language."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dslc.cli.console import safe

if TYPE_CHECKING:
    from dslc.driver import Analysis, ModelAnalysis


def deviation_table(analysis: Analysis, model: ModelAnalysis, width: int) -> str:
    """`numerics = stock: …` and a line for each deviation; nothing with `exact`, or where nothing differs."""
    from dslc.spec.defaults import wants_stock

    if analysis.spec is None or not wants_stock(analysis.spec):
        return ""
    from dslc.codegen.backend import backend_names, load_backend
    from dslc.driver import deviations_of
    from dslc.numerics import grouped

    lines: list[str] = []
    for backend in filter(None, map(load_backend, backend_names())):
        uses = grouped(deviations_of(analysis, model, backend))
        if uses:
            lines.append(f"    {backend.title}")
        for use in uses:
            lines += textwrap.wrap(
                safe(f"{use.place}: {use.text} ({use.first.setup})"),
                max(width, 60),
                initial_indent=" " * 6,
                subsequent_indent=" " * 8,
                break_long_words=False,
            )
    if not lines:
        return ""
    head = "  numerics = stock: what the frameworks' own classes do otherwise, and by how much\n"
    return head + "".join(f"{line}\n" for line in lines)
