"""First values of weights, said once for all layers of a class.

torch's own first values are not the spec's, so every script sets them: `init_weights` for what most layers of a
class do, `own_init(layer, …)` around those that differ. Penalties and constraints are collected likewise, in
`penalty(model)` and `constrain(model)`: see their modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dslc.codegen.backend import CannotKeepNames
from dslc.codegen.departures import Noted
from dslc.codegen.emission import Context, NeedsNumbers, Op, Table
from dslc.codegen.nodes import (
    Attr,
    Call,
    Compare,
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
from dslc.codegen.values import Naming, safe_name
from dslc.codegen.walk import applied
from dslc.plan import model as plan
from dslc.vocab.word import Word
from dslc_torch.classes import is_one_of
from dslc_torch.constraints import Constraints
from dslc_torch.penalties import Penalties


@dataclass(frozen=True)
class Law:
    """The first values of one parameter of a layer, the penalty on it, and what it may be.

    `init` writes the call that fills the tensor, such as `nn.init.zeros_(tensor)`; `function` is its name where
    a plain function does it. `present` is False where this layer has no such parameter although others of its
    class do, None where that depends on a parameter of the block. `owner` is the class of the parts that have
    the parameter, where it is not the layer itself. `guard` asks a layer whether it has the parameter, where a
    missing one is not None. `comment` explains the line in `init_weights`. `units` is the axis of the units whose
    norms a constraint is about.
    """

    attribute: str
    init: Callable[[Expr], Expr]
    key: object  # equal for equal laws
    function: Expr | None = None
    present: bool | None = True
    penalty: Word | None = None
    owner: str = ""
    guard: Callable[[Expr], Expr] | None = None
    comment: str = ""
    constraint: Word | None = None
    units: int = 0


def laws_of(op: Op) -> tuple[Law, ...]:
    return tuple(law for law in op.weights if isinstance(law, Law))


def _class_name(op: Op) -> str:
    """The class whose layers follow the laws of `op`."""
    owner = laws_of(op)[0].owner
    if owner:
        return owner
    """The class that `isinstance` asks for: helpers such as `Conv2dSame` extend one of torch's."""
    assert isinstance(op.make, Call) and isinstance(op.make.func, Ref), op
    name = op.make.func.name
    return f"nn.{name.removesuffix('Same')}" if name.endswith("Same") else name


def _key(op: Op) -> tuple[object, ...]:
    return tuple((law.attribute, law.key) for law in laws_of(op))


def _parameter(name: str) -> Ref:
    """Stands for a parameter or one of its axes, `kernel[0]`: the laws do not tell them apart."""
    return Ref(safe_name(name.partition("[")[0]))


class WeightLaws:
    """What the layers of a model have in common, gathered before its classes are written."""

    def __init__(
        self, functions: tuple[plan.Function, ...], table: Table, *, stock: bool = False
    ) -> None:
        self.stock = stock
        self.departures: list[Noted] = []
        self.common: dict[str, tuple[Law, ...]] = {}
        self.own = False  # some layer has laws that are not those of its class
        self.penalties = Penalties()
        self.constraints = Constraints(stock=stock)
        self.helpers: list[str] = []
        kinds: dict[str, Counter[tuple[object, ...]]] = {}
        self.absent: set[tuple[str, str]] = set()  # (class, attribute) that some layers lack
        self.found: set[tuple[str, str]] = set()  # (class, attribute) that some layers have
        samples: dict[tuple[str, tuple[object, ...]], tuple[Law, ...]] = {}
        foreign = False
        for op in self._all_ops(functions, table):
            foreign = foreign or op.foreign
            if not laws_of(op):
                continue
            name, key = _class_name(op), _key(op)
            kinds.setdefault(name, Counter())[key] += 1
            samples.setdefault((name, key), laws_of(op))
            for law in laws_of(op):
                if law.present is not True:
                    self.absent.add((name, law.attribute))
                if law.present is not False:
                    self.found.add((name, law.attribute))
            self.penalties.meet(name, laws_of(op))
            self.constraints.meet(name, laws_of(op))
        for name, counter in kinds.items():
            self.common[name] = samples[name, _most(counter)]
        self.helpers += self.constraints.helpers
        if foreign:  # what is said of a class would hold for layers of the library too
            self.penalties.one_by_one()
            self.constraints.one_by_one()

    def _all_ops(self, functions: tuple[plan.Function, ...], table: Table) -> Iterator[Op]:
        """What the words of all functions become.

        Raises:
            CannotKeepNames: a law depends on a parameter of a block.
        """
        for function in functions:
            for apply in applied((function,)):
                try:
                    yield from table.ops(self.context(apply, _parameter, self.helpers.append))
                except NeedsNumbers as problem:
                    raise CannotKeepNames(function.block) from problem

    def context(
        self, apply: plan.Apply, naming: Naming, need_helper: Callable[[str], None]
    ) -> Context:
        """What a row sees."""
        return Context(apply, naming, need_helper, self.stock, self.departures)

    def wrap(self, op: Op, apply: plan.Apply, context: Context) -> Op:
        """`op` with its own laws around it, where they are not those of its class."""
        if not laws_of(op) or op.make is None:
            return op
        name = _class_name(op)
        common = {law.attribute: law.key for law in self.common[name]}
        own = [
            law
            for law in laws_of(op)
            if common.get(law.attribute) != law.key and law.present is not False
        ]
        made = op.make
        if own:
            self.own = True
            context.need_helper("own_init")
            made = Call(
                Ref("own_init"),
                (made,),
                tuple(Kw(law.attribute, _function(law)) for law in own),
            )
        made = self.penalties.wrap(made, laws_of(op), context)
        made = self.constraints.wrap(made, laws_of(op), context)
        return replace(op, make=made)

    # ----------------------------------------------------------------- definitions

    def init_weights(self) -> Def | None:
        """`def init_weights(module)`: classes that share their laws share a branch."""
        branches: dict[tuple[object, ...], list[str]] = {}
        for name, laws in self.common.items():
            key = tuple((law.attribute, law.key) for law in laws)
            branches.setdefault(key, []).append(name)
        folded: tuple[Statement, ...] = ()
        for names in reversed(list(branches.values())):
            body: list[Statement] = []
            for law in self.common[names[0]]:
                target = Attr(Ref("module"), law.attribute)
                fill = Expression(law.init(target), law.comment or None)
                if not any((name, law.attribute) in self.found for name in names):
                    continue
                if not any((name, law.attribute) in self.absent for name in names):
                    body.append(fill)
                    continue
                present: Expr = Compare(target, (("is not", Lit(None)),))
                if law.guard is not None:
                    present = law.guard(Ref("module"))
                before = body[-1] if body else None
                if isinstance(before, If) and before.test == present:
                    body[-1] = replace(before, body=(*before.body, fill))
                else:
                    body.append(If(present, (fill,)))
            folded = (If(is_one_of("module", names), tuple(body), folded),)
        if not folded:
            return None
        if self.own:
            every = method(call("getattr", Ref("module"), "own_init", {}), "items")
            draw = Expression(Call(Ref("fill"), (call("getattr", Ref("module"), Ref("name")),)))
            folded += (For(TupleOf((Ref("name"), Ref("fill"))), every, (draw,)),)
        doc = "Draw the first weights of a layer as the spec says; torch's own draws differ."
        return Def("init_weights", (Param("module"),), folded, doc)


def _most(counter: Counter[tuple[object, ...]]) -> tuple[object, ...]:
    return counter.most_common(1)[0][0]


def _function(law: Law) -> Expr:
    return law.function or Lambda(("w",), law.init(Ref("w")))
