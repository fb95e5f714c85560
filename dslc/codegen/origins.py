"""From a written program back to the plan: which layer object of a script holds the arrays of which use of a word.

Writers mark the calls that construct layers, and the expressions that compute what a word gives (`mark`). A backend
follows its own program with the numbers of a model, as Python would run it, and notes a `Holder` for every layer that
it meets. A trail is the places in the spec on the way there: the uses of blocks, then the word itself. What a
`repeat` makes has one trail and the order of its turns.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dslc.codegen.emission import Op
from dslc.codegen.nodes import (
    Attr,
    BinOp,
    BoolOp,
    Call,
    Commented,
    Compare,
    Conditional,
    Expr,
    Index,
    Kw,
    ListOf,
    Lit,
    Ref,
    Star,
    Statement,
    TupleOf,
    UnaryOp,
)
from dslc.codegen.nodes import Comprehension as For_
from dslc.plan.model import Apply, Invoke
from dslc.source import Span

Trail = tuple[Span, ...]
Shapes = tuple[tuple[int | None, ...], ...]


class Origin:
    """What a call constructs: `part` of the operations of a word, or a use of a block."""

    __slots__ = ("part", "use")

    def __init__(self, use: Apply | Invoke, part: int = 0) -> None:
        self.use = use
        self.part = part


class Result:
    """What an expression computes: what `part` of the operations of a word gives."""

    __slots__ = ("part", "use")

    def __init__(self, use: Apply, part: int = 0) -> None:
        self.use = use
        self.part = part


@dataclass(frozen=True)
class Holder:
    """A layer object: the trail of its word, its place in the files of the framework, its class."""

    trail: Trail
    part: int
    place: str
    made_by: str


def mark(ops: tuple[Op, ...], apply: Apply) -> tuple[Op, ...]:
    """The operations of a word, their constructors and their results marked."""
    return tuple(_marked(op, apply, part) for part, op in enumerate(ops))


def _marked(op: Op, apply: Apply, part: int) -> Op:
    result = Result(apply, part)

    def traced(write: Callable[..., Expr] | None) -> Callable[..., Expr] | None:
        if write is None:
            return None

        def written(*given: Expr) -> Expr:
            found = write(*given)
            return found if any(found is one for one in given) else computed(found, result)

        return written

    found = replace(op, inline=traced(op.inline), call=traced(op.call), first=traced(op.first))
    if isinstance(op.make, Call):
        found = replace(found, make=replace(op.make, origin=Origin(apply, part)))
    if op.steps is not None:
        steps = op.steps

        def stepped(*given: Expr) -> tuple[tuple[Statement, ...], Expr]:
            statements, value = steps(*given)
            return statements, computed(value, result)

        found = replace(found, steps=stepped)
    return found


def computed(node: Expr, result: Result) -> Expr:
    """An expression marked as a result; a name stays one."""
    if isinstance(node, (Call, BinOp, Attr, Index)):
        return replace(node, origin=result)
    return node


# --------------------------------------------------------------------------- following a program

BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow,
}  # fmt: skip
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "is": operator.is_, "is not": operator.is_not,
}  # fmt: skip
UNARY: Mapping[str, Callable[[Any], Any]] = {
    "-": operator.neg, "+": operator.pos, "not": operator.not_, "~": operator.invert,
}  # fmt: skip
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "range": range, "min": min, "max": max, "len": len, "int": int, "float": float, "abs": abs, "round": round,
    "sum": sum, "tuple": tuple, "list": list,
}  # fmt: skip


class Unknown:
    """A value that has nothing to do with where arrays lie: an initialiser, an activation."""


UNKNOWN = Unknown()


class Follower:
    """Evaluates the expressions of a program. `names` are the variables of the function that runs."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def call(self, node: Call) -> Any:
        """The value of a call that is not one of Python's own functions."""
        raise NotImplementedError

    def binary(self, op: str, left: Any, right: Any) -> Any:
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        return BINARY[op](left, right)

    def attribute(self, value: Any, name: str) -> Any:
        return UNKNOWN

    def index(self, value: Any, items: tuple[Any, ...]) -> Any:
        if isinstance(value, (tuple, list)) and len(items) == 1 and isinstance(items[0], int):
            return value[items[0]]
        return UNKNOWN

    def value(self, node: Any) -> Any:
        match node:
            case Lit():
                return node.value
            case Ref():
                return self.names.get(node.name, UNKNOWN)
            case Call():
                name = node.func.name if isinstance(node.func, Ref) else ""
                if name in FUNCTIONS and name not in self.names:
                    found = [self.value(item) for item in node.args]
                    return (
                        UNKNOWN
                        if any(isinstance(f, Unknown) for f in found)
                        else FUNCTIONS[name](*found)
                    )
                return self.call(node)
            case TupleOf() | ListOf():
                return tuple(self.items(node.items))
            case BinOp():
                return self.binary(node.op, self.value(node.left), self.value(node.right))
            case UnaryOp():
                operand = self.value(node.operand)
                return UNKNOWN if isinstance(operand, Unknown) else UNARY[node.op](operand)
            case Compare():
                return self._compare(node)
            case BoolOp():
                return self._logic(node)
            case Conditional():
                return self.value(node.then if self.value(node.test) else node.other)
            case Attr():
                return self.attribute(self.value(node.value), node.name)
            case Index():
                return self.index(self.value(node.value), tuple(self.value(i) for i in node.items))
        return UNKNOWN

    def items(self, items: Iterable[Any]) -> list[Any]:
        """The values of items, `*[… for …]` among them."""
        found: list[Any] = []
        for item in items:
            if isinstance(item, Commented):
                item = item.node
            if not isinstance(item, Star):
                found.append(self.value(item))
            elif isinstance(item.node, For_):
                found += self._turns(item.node)
            else:
                found += list(self.value(item.node))
        return found

    def keywords(self, node: Call) -> dict[str, Any]:
        given = [kw.node if isinstance(kw, Commented) else kw for kw in node.kwargs]
        return {kw.name: self.value(kw.value) for kw in given if isinstance(kw, Kw) and kw.name}

    def _turns(self, node: For_) -> list[Any]:
        assert isinstance(node.target, Ref)
        outer, found = dict(self.names), []
        for turn in self.value(node.iterable):
            self.names[node.target.name] = turn
            found.append(self.value(node.element))
        self.names = outer
        return found

    def _compare(self, node: Compare) -> Any:
        left = self.value(node.left)
        for op, item in node.rest:
            right = self.value(item)
            assert not isinstance(left, Unknown) and not isinstance(right, Unknown), node
            if not COMPARE[op](left, right):
                return False
            left = right
        return True

    def _logic(self, node: BoolOp) -> Any:
        value: Any = node.op == "and"
        for item in node.values:
            value = self.value(item)
            if bool(value) != (node.op == "and"):
                return value
        return value


def origin_of(node: Expr) -> Origin | None:
    return node.origin if isinstance(node, Call) and isinstance(node.origin, Origin) else None


def constructor(node: Call) -> str:
    """The name of the class that a call constructs."""
    return node.func.name if isinstance(node.func, Ref) else ""
