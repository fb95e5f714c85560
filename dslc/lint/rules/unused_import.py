"""A block that is imported and used nowhere.

Each import is a promise to the reader that something of that file matters here, and a reason to read and check it: when
the other file changes or is gone, this one no longer checks, for nothing.

A file without a model is a library: what it imports may be meant for those who import it, and nothing is said.

Reference: the same in Python, https://docs.astral.sh/ruff/rules/unused-import/.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.places import steps
from dslc.lint.rule import Finding, rule
from dslc.source import Span
from dslc.syntax import tree


@rule(
    "L410",
    fix="safe",
    wrong="""
        import "digits_low.dl" (Features)
        import "siamese.dl" (Tower)

        model Example(classes = 10) {
          input image: 8x8x1
          image -> Features -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
    right="""
        import "digits_low.dl" (Features)

        model Example(classes = 10) {
          input image: 8x8x1
          image -> Features -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    if not facts.models:
        return
    used = steps(facts)
    for node in facts.file.declarations:
        if not isinstance(node, tree.Import):
            continue
        idle = [name for name in node.names if name.text not in used]
        if len(idle) == len(node.names):
            message = f"nothing of `{node.path.value}` is used"
            edits = facts.edit.delete_entry(node.span)
            yield Finding(node.span, message, fixes=(Fix("remove the import", edits, safe=True),))
            continue
        for name in idle:
            message = f"`{name.text}` is imported and not used"
            fix = Fix("remove it", _gone(node, name), safe=True)
            yield Finding(name.span, message, fixes=(fix,))


def _gone(node: tree.Import, name: tree.Name) -> Edits:
    """The edit that takes one of several names away, and its comma."""
    at = node.names.index(name)
    start, end = name.span.start, name.span.end
    if at:
        start = node.names[at - 1].span.end
    else:
        end = node.names[1].span.start
    return (Edit(Span(name.span.source, start, end), ""),)
