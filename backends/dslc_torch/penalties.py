"""Penalties on weights: `penalty(model)`, what the regularisers add to the loss.

Where all layers of a class have one penalty it is said once for the class; else `penalised(layer, …)` stands
around each layer that has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dslc.codegen.emission import Context
from dslc.codegen.nodes import (
    Attr,
    BinOp,
    Call,
    Comprehension,
    Def,
    Expr,
    Kw,
    Lit,
    Param,
    Ref,
    Return,
    TupleOf,
    call,
    method,
)
from dslc.codegen.values import value
from dslc.vocab.kinds import Symbolic
from dslc.vocab.word import Word
from dslc_torch.classes import by_rule, is_one_of, is_trained

if TYPE_CHECKING:
    from dslc_torch.weights import Law

Given = tuple[tuple[str, Word], ...]  # the penalties of a layer by attribute


def _of(laws: Iterable[Law]) -> Given:
    return tuple((law.attribute, law.penalty) for law in laws if law.penalty is not None)


class Penalties:
    """The penalties of all layers of a model."""

    def __init__(self) -> None:
        self.classes: dict[str, Given] = {}
        self.uniform = True  # every class has one for all its layers

    def meet(self, name: str, laws: Iterable[Law]) -> None:
        """Take note of a layer of the class `name`."""
        given = _of(laws)
        named = any(isinstance(s, Symbolic) for _, word in given for _, s in _strengths(word))
        if self.classes.setdefault(name, given) != given or named:
            self.uniform = False

    def one_by_one(self) -> None:
        """Say it around each layer, nothing of classes."""
        self.uniform = self.uniform and not any(self.classes.values())

    def wrap(self, made: Expr, laws: Iterable[Law], context: Context) -> Expr:
        """The layer `made` with its own penalties, where its class does not say them."""
        if self.uniform:
            return made
        for attribute, word in _of(laws):
            context.need_helper("penalised")
            strengths = tuple(Kw(key, context.write(item)) for key, item in _strengths(word))
            given = () if attribute == "weight" else (Lit(attribute),)
            made = Call(Ref("penalised"), (made, *given), strengths)
        return made

    def definition(self, *, phases: bool = False) -> Def | None:
        """`def penalty(model)`; None where nothing is penalised. With `phases`, frozen weights have none."""
        if self.uniform and not any(self.classes.values()):
            return None
        doc = "The regularisers' part of the loss."
        module = Ref("module")
        modules = method(Ref("model"), "modules")
        if not self.uniform:
            weight = call("getattr", module, Ref("name"))
            element: Expr = _sum([_size(weight, kind, Ref(kind)) for kind in ("l1", "l2")])
            pair = TupleOf((Ref("name"), TupleOf((Ref("l1"), Ref("l2")))))
            own = method(call("getattr", module, "penalties", {}), "items")
            tests = (Attr(weight, "requires_grad"),) if phases else ()
            every = Comprehension(element, module, modules, "generator", tests, ((pair, own),))
            total: Expr = call("sum", every)
            return Def("penalty", (Param("model"),), (Return(total),), doc)
        parts: list[Expr] = []
        for given, names in by_rule(self.classes):
            element = _sum([_term(Attr(module, attribute), word) for attribute, word in given])
            test = is_one_of("module", names)
            if phases:
                test = is_trained(test, Attr(module, given[0][0]))
            parts.append(call("sum", Comprehension(element, module, modules, "generator", (test,))))
        return Def("penalty", (Param("model"),), (Return(_sum(parts)),), doc)


def _strengths(word: Word) -> list[tuple[str, float]]:
    """(l1 | l2, λ) of a regulariser."""
    if word.word == "l1_l2":
        return [(key, item) for key, item in word]
    return [(word.word, next(item for _, item in word))]


def _term(weight: Expr, word: Word) -> Expr:
    return _sum([_size(weight, kind, value(strength, Ref)) for kind, strength in _strengths(word)])


def _size(weight: Expr, kind: str, strength: Expr) -> Expr:
    """`strength * weight.square().sum()`, or that of the absolute values."""
    total = method(method(weight, "abs" if kind == "l1" else "square"), "sum")
    return BinOp("*", strength, total)


def _sum(parts: list[Expr]) -> Expr:
    total = parts[0]
    for part in parts[1:]:
        total = BinOp("+", total, part)
    return total
