"""Random nodes of generated Python, for tests of its printer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import TypeVar

from dslc.codegen.nodes import (
    BINARY_OPERATORS,
    COMPARISONS,
    Assert,
    Assign,
    Attr,
    BinOp,
    BoolOp,
    Call,
    Commented,
    Compare,
    Comprehension,
    Conditional,
    DictOf,
    Expr,
    Expression,
    For,
    If,
    Index,
    Kw,
    ListOf,
    Lit,
    Pair,
    Ref,
    Return,
    Slice,
    Star,
    Statement,
    TupleOf,
    UnaryOp,
    With,
    call,
)

T = TypeVar("T")
NAMES = ["x", "y", "self", "inputs", "hidden_state", "a_rather_long_feature_name"]
DOTTED = [*NAMES, "nn.Conv2d", "layers.Conv2D", "self.block.batch_normalization", "torch.add"]


class Grower:
    """Random nodes of all kinds, the same for the same seed; none that only one formatter keeps."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def ref(self) -> Ref:
        return Ref(self.random.choice(DOTTED))

    def scalar(self) -> Lit:
        values = [self.random.randrange(1000), -1, -2.5, 1e-3, True, None, "s" * 9, "é'\"{}\\"]
        return Lit(self.random.choice(values))

    def many(self, make: Callable[[int], T], depth: int, most: int) -> tuple[T, ...]:
        return tuple(make(depth) for _ in range(self.random.randrange(most + 1)))

    def comment(self) -> str:
        return "(" + "N, " * self.random.randrange(1, 14) + "3)"

    def item(self, depth: int) -> Expr | Star | Commented:
        kind = self.random.random()
        if kind < 0.05:
            return Star(self.primary(depth))
        return Commented(self.grow(depth), self.comment()) if kind < 0.12 else self.grow(depth)

    def keyword(self, depth: int) -> Kw | Commented:
        keyword = Kw(self.name(), self.grow(depth))
        return Commented(keyword, "note") if self.random.random() < 0.05 else keyword

    def call(self, depth: int) -> Call:
        func = self.primary(depth - 1, brackets=1)
        if self.random.random() < 0.06:
            loop = (self.grow(depth - 1), Ref("i"), self.grow(depth - 1))
            return Call(func, (Comprehension(*loop, kind="generator"),))
        keywords = {
            name: self.keyword(depth - 1) for name in self.many(lambda _: self.name(), 0, 3)
        }
        named = (Kw(k, v.value) if isinstance(v, Kw) else v for k, v in keywords.items())
        double = (Kw(None, self.ref()),) if self.random.random() < 0.05 else ()
        return Call(func, self.many(self.item, depth - 1, 4), (*unique(named), *double))

    def primary(self, depth: int, brackets: int = 2) -> Expr:
        """A name with calls, indices and attributes, of which at most `brackets` are in a row."""
        kind = self.random.random()
        if depth <= 0 or brackets == 0 or kind < 0.3:
            return self.ref()
        if kind < 0.6:
            return self.call(depth) if brackets > 1 else Call(self.ref(), (self.grow(depth - 1),))
        if kind < 0.8:
            return Attr(self.primary(depth - 1, brackets), self.name())
        index = self.random.choice([self.scalar, self.ref, self.slice])
        return Index(self.primary(depth - 1, brackets - 1), (index(), *self.many(self.bound, 0, 1)))

    def bound(self, _: int = 0) -> Expr:
        return self.random.choice([Lit(1), Lit(-1), Ref("x"), Ref("self.stop")])

    def slice(self) -> Slice:
        return Slice(*(self.random.choice([None, self.bound()]) for _ in range(3)))

    def grow(self, depth: int) -> Expr:
        if depth <= 0 or self.random.random() < 0.2:
            return self.random.choice([self.scalar, self.ref])()
        d = depth - 1
        kind = self.random.randrange(20)
        if kind < 10:
            return self.primary(depth)
        if kind < 12:
            return self.random.choice([ListOf, TupleOf])(self.many(self.item, d, 4))
        if kind < 13:
            return DictOf(self.many(lambda d: Pair(self.scalar(), self.grow(d)), d, 3))
        if kind < 15:
            return BinOp(self.random.choice(BINARY_OPERATORS), self.grow(d), self.grow(d))
        return self.operation(kind, d)

    def operation(self, kind: int, d: int) -> Expr:
        if kind < 16:
            return UnaryOp(self.random.choice(["-", "not", "~"]), self.grow(d))
        if kind < 17:
            return Compare(self.grow(d), ((self.random.choice(COMPARISONS), self.grow(d)),))
        if kind < 18:
            values = (self.grow(d), self.grow(d), *self.many(self.grow, d, 1))
            return BoolOp(self.random.choice(["and", "or"]), values)
        if kind < 19:
            return Conditional(self.grow(d), self.grow(d), self.grow(d))
        conditions = self.many(self.grow, d, 1)
        kinds = ("list", "set", "generator")
        loop = (self.grow(d), Ref("i"), self.grow(d))
        return Comprehension(*loop, self.random.choice(kinds), conditions)

    def statement(self, depth: int) -> Statement:
        note = self.random.choice([None, None, self.comment()])
        kind = self.random.random()
        body = (Expression(call("run")),)
        if kind < 0.6:
            return Assign((self.ref(),), self.grow(depth), note)
        if kind < 0.7:
            return Return(self.grow(depth), note)
        if kind < 0.8:
            return Expression(self.call(depth), note)
        if kind < 0.9:
            return If(self.grow(depth), body, self.many(self.statement, depth - 1, 1))
        loops = [Assert(self.grow(depth)), With(self.call(depth), body, Ref("fh"))]
        return self.random.choice([*loops, For(Ref("i"), self.grow(depth), body)])


def unique(keywords: Iterable[Kw | Commented]) -> Iterator[Kw | Commented]:
    """The keywords with the names that came first."""
    seen = set()
    for each in keywords:
        keyword = each.node if isinstance(each, Commented) else each
        if keyword.name not in seen:
            seen.add(keyword.name)
            yield each
