"""The tree from above: what stands in what. No recursion, for flows are long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from dslc.syntax import tree


def children(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes right below `node`, in the order of the text."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, tree.Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, tree.Node))


def walk(*roots: tree.Node) -> Iterator[tree.Node]:
    """`roots` and everything in them, in the order of the text."""
    todo = list(reversed(roots))
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(list(children(node)))


def parents(roots: Iterable[tree.Node]) -> dict[tree.Node, tree.Node]:
    """What every node stands in; the roots stand in nothing."""
    return {child: node for node in walk(*roots) for child in children(node)}
