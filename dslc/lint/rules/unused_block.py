"""A block that no model of its file uses.

It is read, checked and looked after like the others, and changes nothing. Often it is what a model once used, or what
one was meant to use: a block that was replaced, a name that was changed in one place only.

A file without a model is a library of blocks, and nothing is said there. Where other files import a block from a file
with models, move it into a library, so that both can import it.

Reference: Martin (2008), Clean Code, chapter 17, G9: Dead Code.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import NONE, Edits
from dslc.lint.facts import Facts
from dslc.lint.places import mentioned
from dslc.lint.rule import Finding, rule
from dslc.syntax import tree


@rule(
    "L411",
    fix="unsafe",
    wrong="""
        block Old(filters) {
          input x
          x -> Conv2D(filters, 5x5, init=he_normal) -> relu
        }

        block Unit(filters) {
          input x
          x -> Conv2D(filters, 3x3, init=he_normal) -> relu
        }

        model Example(classes = 10) {
          input image: 32x32x3
          image -> Unit(16) -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
    right="""
        block Unit(filters) {
          input x
          x -> Conv2D(filters, 3x3, init=he_normal) -> relu
        }

        model Example(classes = 10) {
          input image: 32x32x3
          image -> Unit(16) -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    written = {d.name.text: d for d in facts.file.declarations if isinstance(d, tree.Definition)}
    todo = [model.name for model in facts.models]
    reached = set(todo)
    while todo:
        new = (mentioned(written[todo.pop()]) & written.keys()) - reached
        reached |= new
        todo += new
    idle = {name: node for name, node in written.items() if facts.models and name not in reached}
    needed = {text for node in idle.values() for text in mentioned(node)}
    for name, node in idle.items():
        edits = NONE if name in needed else _gone(facts, node)
        fix = Fix("use it, or remove it", edits)
        yield Finding(node.name.span, f"no model uses the block `{name}`", fixes=(fix,))


def _gone(facts: Facts, node: tree.Definition) -> Edits:
    """The edit that takes a definition away with its lines and the blank ones behind it."""
    line = facts.edit.delete_entry(node.span)[0].span
    text, end = facts.source.text, line.end
    while end < len(text) and text[end] in "\r\n":
        end += 1
    return (Edit(facts.source.span(line.start, end), ""),)
