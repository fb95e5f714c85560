"""A suppression that silences nothing.

The code below it was mended, or moved away, and the comment stayed. It would silence the next finding of that rule
here, one that nobody has looked at, and it tells readers of a problem that is not there.

A file of blocks alone is not judged: what its comments silence is found where the blocks are used.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.suppress import Suppression


@rule(
    "L401",
    severity="warning",
    fix="safe",
    late=True,
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu  # dslc: ignore[L101] as in the paper
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=glorot_uniform) -> tanh  # dslc: ignore[L101] as in the paper
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for it in facts.suppressions if facts.models else ():
        listed = it.ignored or ()
        idle = [i for i in listed if i.code in facts.judged and i.code not in it.used]
        for item in idle:
            edits = facts.edit.delete_entry(it.span)
            if len(listed) > 1:
                edits = (_from_list(it, [i.span.start for i in listed].index(item.span.start)),)
            message = f"nothing here is found by `{item.span.text}`"
            fix = Fix("remove it", edits, safe=True)
            yield Finding(item.span, message, "silences nothing", fixes=(fix,))


def _from_list(it: Suppression, index: int) -> Edit:
    """One code out of several, with its comma."""
    assert it.ignored is not None
    spans = [item.span for item in it.ignored]
    source = it.span.source
    if index:
        return Edit(source.span(spans[index - 1].end, spans[index].end), "")
    return Edit(source.span(spans[0].start, spans[1].start), "")
