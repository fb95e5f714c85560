"""Constraints on weights: `constrain(model)`, called after every update.

Where all layers of a class have one constraint it is said once for the class; else `constrained(layer, …)` stands
around each layer that has one. Norms are those of the weights of one unit, with Keras' epsilon.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dslc.codegen.emission import Context
from dslc.codegen.nodes import (
    Attr,
    Call,
    Def,
    Expr,
    Expression,
    For,
    If,
    Kw,
    Lambda,
    Lit,
    Param,
    Ref,
    Statement,
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

Rule = tuple[str, Word, int]  # attribute, constraint, axis of the units

# What applies a constraint: a helper, or a method of tensors.
HELPERS = {"max_norm": "max_norm_", "unit_norm": "unit_norm_"}


def _of(laws: Iterable[Law]) -> tuple[Rule, ...]:
    return tuple((w.attribute, w.constraint, w.units) for w in laws if w.constraint is not None)


class Constraints:
    """The constraints of all layers of a model."""

    def __init__(self, *, stock: bool = False) -> None:
        self.stock = stock  # `Tensor.renorm_` for a helper of Keras' formula
        self.classes: dict[str, tuple[Rule, ...]] = {}
        self.uniform = True  # every class has one for all its layers
        self.helpers: list[str] = []

    def meet(self, name: str, laws: Iterable[Law]) -> None:
        """Take note of a layer of the class `name`."""
        rules = _of(laws)
        named = any(isinstance(item, Symbolic) for _, word, _ in rules for _, item in word)
        if self.classes.setdefault(name, rules) != rules or named:
            self.uniform = False
        self.helpers += [HELPERS[word.word] for _, word, _ in rules if self._helps(word)]

    def one_by_one(self) -> None:
        """Say it around each layer, nothing of classes."""
        self.uniform = self.uniform and not any(self.classes.values())

    def wrap(self, made: Expr, laws: Iterable[Law], context: Context) -> Expr:
        """The layer `made` with its own constraints, where its class does not say them."""
        rules = _of(laws)
        if self.uniform or not rules:
            return made
        context.need_helper("constrained")
        given = []
        for attribute, word, units in rules:
            limits = [context.write(item) for _, item in word]
            rule: Expr = Lambda(("w",), self._applied(word, Ref("w"), limits, units))
            if self._helps(word) and not limits and units == 0:
                rule = Ref(HELPERS[word.word])
            given.append(Kw(attribute, rule))
        return Call(Ref("constrained"), (made,), tuple(given))

    def definition(self, *, phases: bool = False) -> Def | None:
        """`def constrain(model)`; None where nothing is constrained. With `phases`, frozen weights stay as they
        are."""
        if self.uniform and not any(self.classes.values()):
            return None
        doc = "Make true what the constraints say of the weights: called after every update."
        module = Ref("module")
        inner: tuple[Statement, ...] = ()
        if self.uniform:
            for rules, names in reversed([*by_rule(self.classes)]):
                body = tuple(
                    Expression(
                        self._applied(
                            word,
                            Attr(module, attribute),
                            [value(item, Ref) for _, item in word],
                            units,
                        )
                    )
                    for attribute, word, units in rules
                )
                test = is_one_of("module", names)
                if phases:
                    test = is_trained(test, Attr(module, rules[0][0]))
                inner = (If(test, body, inner),)
        else:
            own = method(call("getattr", module, "constraints", {}), "items")
            weight = call("getattr", module, Ref("name"))
            step: Statement = Expression(Call(Ref("rule"), (weight,)))
            if phases:
                step = If(Attr(weight, "requires_grad"), (step,))
            inner = (For(TupleOf((Ref("name"), Ref("rule"))), own, (step,)),)
        every = For(module, method(Ref("model"), "modules"), inner)
        decorator = call("torch.no_grad")
        return Def("constrain", (Param("model"),), (every,), doc, (decorator,))

    def _helps(self, word: Word) -> bool:
        return word.word in HELPERS and not (self.stock and word.word == "max_norm")

    def _applied(self, word: Word, weight: Expr, limits: list[Expr], units: int) -> Expr:
        """The call that makes a constraint true for `weight`."""
        if word.word == "non_negative":
            return method(weight, "clamp_", min=0)
        if not self._helps(word):
            (limit,) = limits
            return method(weight, "renorm_", 2, units, limit)
        axis = () if units == 0 else (Kw("units", Lit(units)),)
        return Call(Ref(HELPERS[word.word]), (weight, *limits), axis)
