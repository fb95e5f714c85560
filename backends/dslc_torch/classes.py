"""Classes of torch layers: the test for several of them, and those of them that one rule is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dslc.codegen.nodes import Attr, BoolOp, Expr, Ref, TupleOf, call


def is_one_of(name: str, classes: list[str]) -> Expr:
    """`isinstance(name, classes)`."""
    kinds: Expr = Ref(classes[0])
    if len(classes) > 1:
        kinds = TupleOf(tuple(Ref(c) for c in classes))
    return call("isinstance", Ref(name), kinds)


def is_trained(test: Expr, weight: Expr) -> Expr:
    """`test`, for a weight that no phase of the training has frozen."""
    return BoolOp("and", (test, Attr(weight, "requires_grad")))


def by_rule(classes: Mapping[str, Any]) -> Iterator[tuple[Any, list[str]]]:
    """Each rule that is not empty, with the classes that it is for."""
    groups: dict[Any, list[str]] = {}
    for name, rule in classes.items():
        if rule:
            groups.setdefault(rule, []).append(name)
    yield from groups.items()
