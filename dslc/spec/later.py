"""What dslc will have and does not have yet: named as such, never taken for a slip of the pen."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.syntax import tree

SECTIONS = {
    "evaluate": "the test part of the split is what is evaluated: split = stratified(70, 15, 15)",
}


def later_section(node: tree.Section) -> Diagnostic | None:
    """A section that is not part of dslc yet."""
    text = node.keyword.text
    if text not in SECTIONS:
        return None
    fixes = [Fix(f"remove it; {SECTIONS[text]}")]
    return error("E0214", f"`{text}` is not yet part of dslc", node.keyword.span, fixes=fixes)
