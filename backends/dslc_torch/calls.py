"""Blocks, loops and branches as items of a sequence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dslc.codegen import values
from dslc.codegen.emission import Layout, NeedsNumbers, Op
from dslc.codegen.nodes import (
    Assign,
    BinOp,
    Call,
    Commented,
    Comprehension,
    Expr,
    If,
    Item,
    Kw,
    Ref,
    Star,
    Statement,
    UnaryOp,
    call,
)
from dslc.codegen.origins import Origin
from dslc.plan import model as plan
from dslc.vocab.dims import Dim, Sym, symbols
from dslc.vocab.tensor import AXES, Tensor
from dslc_torch.layouts import canonical, to_layout
from dslc_torch.loading import loaded
from dslc_torch.scope import Piece, Scope, State, Written


class CallWriter(Scope):
    """Uses of functions: constructor calls, repeated and conditional modules, shared layers."""

    def _step(self, step: plan.Step, state: State) -> None:
        raise NotImplementedError

    def _flush(self, state: State, label: str = "") -> None:
        raise NotImplementedError

    def _ops(self, apply: plan.Apply) -> tuple[Op, ...]:
        raise NotImplementedError

    def _add(self, piece: Piece, state: State) -> None:
        raise NotImplementedError

    # ----------------------------------------------------------------- functions, loops, branches

    def _construct(self, use: plan.Invoke) -> Expr:
        """`Bottleneck(256, 128, stride=2)`: sizes of the input first, then arguments."""
        callee = self.written[use.function]
        sizes = self._callee_sizes(use, callee)
        positional: list[Expr] = []
        keywords: list[Kw] = []
        for parameter in use.function.parameters:
            name = callee.parameters.get(parameter.name)
            if name is None or parameter.name not in use.arguments:
                continue
            item = values.value(use.arguments[parameter.name], self.naming)
            if parameter.default is plan.REQUIRED:
                positional.append(item)
            else:
                keywords.append(Kw(name, item))
        arguments = (*sizes, *positional)
        made = Call(Ref(callee.name), arguments, tuple(keywords), Origin(use))
        return loaded(made, use.weights, self.helpers.append) if use.weights is not None else made

    def _callee_sizes(self, use: plan.Invoke, callee: Written) -> list[Expr]:
        known = self._input_sizes(use)
        found = []
        for size in callee.sizes:
            dim = known[size]
            if isinstance(dim, Sym) and not self._writable(dim):
                raise NeedsNumbers
            found.append(values.value(dim, self.naming))
        return found

    @staticmethod
    def _input_sizes(use: plan.Invoke) -> dict[str, Dim]:
        """The sizes of the inputs of a use, by the names that they have in the function."""
        known: dict[str, Dim] = {}
        only = len(use.inputs) == 1
        for name, tensor in zip(use.function.inputs, use.inputs, strict=True):
            for axis, dim in zip(AXES[tensor.rank], tensor.shape, strict=True):
                known[plan.size_name(name, axis, only=only)] = dim
        return known

    def _writable(self, dim: Sym) -> bool:
        return all(s.name in self.parameters or s.name in self.size_names for s in symbols(dim))

    def _invocation(self, use: plan.Invoke) -> Piece:
        op = Op(make=self._construct(use), stem=values.snake_case(use.function.name))
        assert op.make is not None
        return Piece(op, op.make, use.inputs[0], use.output, use.shown, canonical(use.inputs[0]))

    def _loop(self, loop: plan.Loop, state: State) -> None:
        """The turns as one item of a sequence; the first turn stands alone where it sees other sizes."""
        first, rest = self._turn(loop.first, state), self._turn(loop.rest, state)
        if first is None or rest is None:
            self._unrolled(loop, state)
            return
        number = loop.times
        op = replace(first.op, inline=None)
        if first.item == rest.item:
            item = self._repeated(first.item, number)
            self._add(replace(first, op=op, item=item, after=loop.output), state)
            return
        self._add(first, state)
        if number != 2:
            item = self._repeated(rest.item, number - 1)
            self._add(replace(rest, op=op, item=item), state)
        else:
            self._add(rest, state)

    def _growing(self, turns: plan.Turns) -> Piece | None:
        """`*[DenseLayer(64 + growth * i, growth) for i in range(6)]`: turns of one block whose sizes grow evenly."""
        uses = [turn[0].target for turn in turns.turns if len(turn) == 1]
        first = uses[0] if uses else None
        if not isinstance(first, plan.Invoke) or len(uses) < max(3, len(turns.turns)):
            return None
        callee = self.written[first.function]
        sizes: list[list[Dim]] = []
        for use in uses:
            if not isinstance(use, plan.Invoke) or use.function is not first.function:
                return None
            if use.arguments != first.arguments:
                return None
            known = self._input_sizes(use)
            sizes.append([known[name] for name in callee.sizes])
        steps = [b - a for a, b in zip(sizes[0], sizes[1], strict=True)]
        for turn, row in enumerate(sizes):
            if any(d != a + turn * s for d, a, s in zip(row, sizes[0], steps, strict=True)):
                return None
        index = Ref(values.safe_name("i", set(self.parameters.values())))
        made = self._construct(first)
        assert isinstance(made, Call)
        grown = [
            size
            if step == 0
            else BinOp("+", size, BinOp("*", values.value(step, self.naming), index))
            for size, step in zip(made.args, steps, strict=False)
            if not isinstance(size, (Star, Commented))
        ]
        made = replace(made, args=(*grown, *made.args[len(grown) :]))
        times = call("range", len(turns.turns))
        piece = self._invocation(first)
        last = uses[-1]
        shown = last.shown if isinstance(last, plan.Invoke) else None
        item = Star(Comprehension(made, index, times))
        return replace(piece, item=item, after=turns.output, shown=shown)

    def _repeated(self, item: Item, times: Any) -> Star:
        assert not isinstance(item, (Star, Commented))
        turns = Call(Ref("range"), (values.value(times, self.naming),))
        return Star(Comprehension(item, Ref("_"), turns))

    def _turn(self, steps: tuple[plan.Step, ...], state: State) -> Piece | None:
        """One turn as a single layer; None where it is not a plain one."""
        pieces = self._plain(steps, state.layout)
        if pieces is None:
            return None
        if len(pieces) == 1 and not isinstance(pieces[0].item, Star):
            return pieces[0]
        sequence = Call(Ref("nn.Sequential"), tuple(p.item for p in pieces))
        last = pieces[-1]
        op = Op(make=sequence, stem="blocks")
        return Piece(op, sequence, pieces[0].before, last.after, last.shown, last.layout)

    def _plain(self, steps: tuple[plan.Step, ...], layout: Layout) -> list[Piece] | None:
        """The pieces that `steps` become, when all of them are plain and agree on the layout."""
        outer = (
            self.pieces,
            self.init,
            self.forward,
            set(self.attributes),
            self.helpers,
            self.segments,
        )
        self.pieces, self.init, self.forward = [], [], []
        self.helpers = list(self.helpers)
        state = State(Ref("x"), layout, Ref("x"))
        for step in steps:
            self._step(step, state)
        pieces, clean = (
            self.pieces,
            not self.init and not self.forward and not state.fresh,
        )
        helpers = self.helpers
        (
            self.pieces,
            self.init,
            self.forward,
            self.attributes,
            self.helpers,
            self.segments,
        ) = outer
        if not clean or not pieces:
            return None
        self.helpers[:] = helpers
        return pieces

    def _unrolled(self, loop: plan.Loop, state: State) -> None:
        if not isinstance(loop.times, int):
            raise NeedsNumbers
        for turn in range(loop.times):
            for step in loop.first if turn == 0 else loop.rest:
                self._step(step, state)

    def _arm(self, steps: tuple[plan.Step, ...], layout: Layout) -> Expr:
        """The layers of an arm as one module."""
        if not steps:
            return call("nn.Identity")
        pieces = self._plain(steps, layout)
        if pieces is None:
            raise NeedsNumbers
        if len(pieces) == 1 and not isinstance(pieces[0].item, (Star, Commented)):
            return pieces[0].item
        return Call(Ref("nn.Sequential"), tuple(p.item for p in pieces))

    def _conditional(
        self, name: str, arms: list[tuple[Any, tuple[plan.Step, ...]]], layout: Layout
    ) -> None:
        """`if …: self.name = …` in `__init__`."""
        folded: tuple[Statement, ...] = ()
        for condition, steps in reversed(arms):
            body: tuple[Statement, ...] = (
                Assign((Ref(f"self.{name}"),), self._arm(steps, layout)),
            )
            if condition is None:
                folded = body
            else:
                test = values.expression(condition.tree, condition.scope, self.naming)
                folded = (If(test, body, folded),)
        self.init += folded

    def _branch(self, branch: plan.Branch, state: State) -> None:
        self._flush(state)
        state.settle(self.forward)
        name = self._attribute(self.hint or "optional")
        self._conditional(name, list(branch.arms), state.layout)
        state.value, state.fresh = Call(Ref(f"self.{name}"), (state.value,)), True
        state.layout = canonical(branch.output)

    def _choice(self, choice: plan.Choice, variable: Expr) -> tuple[Expr, Layout]:
        """Arms that are all flows from one value: a module that is one thing or another."""
        sources: set[str] = set()
        arms: list[tuple[Any, tuple[plan.Step, ...]]] = []
        for condition, operand in choice.arms:
            source = operand.source if isinstance(operand, plan.Flow) else operand
            if not isinstance(source, plan.Value):
                return self._choice_in_forward(choice, variable)
            sources.add(source.name)
            arms.append((condition, operand.steps if isinstance(operand, plan.Flow) else ()))
        if len(sources) != 1:
            return self._choice_in_forward(choice, variable)
        value, layout = self.variables[sources.pop()]
        name = self._attribute(self.hint or "optional")
        self._conditional(name, arms, layout)
        return Call(Ref(f"self.{name}"), (value,)), canonical(choice.output)

    def _choice_in_forward(self, choice: plan.Choice, variable: Expr) -> tuple[Expr, Layout]:
        """Arms that merge or start at different values: `__init__` decides, `forward` does as decided."""
        if len(choice.arms) != 2 or choice.arms[0][0] is None:
            raise NeedsNumbers
        condition = choice.arms[0][0]
        flag = Ref(f"self.{self._attribute(f'{self.hint}_choice' if self.hint else 'choice')}")
        outer = self.init, self.forward
        bodies: list[tuple[list[Statement], list[Statement]]] = []
        for _, operand in choice.arms:
            self.init, self.forward = [], []
            value, _ = self._flow(operand, variable, self.hint)
            if value != variable or not self.forward:
                self.forward.append(Assign((variable,), value))
            bodies.append((self.init, self.forward))
        self.init, self.forward = outer
        (init, forward), (other_init, other_forward) = bodies
        test = values.expression(condition.tree, condition.scope, self.naming)
        self.init.append(Assign((flag,), test))
        if init:
            self.init.append(If(flag, tuple(init), tuple(other_init)))
        elif other_init:
            self.init.append(If(UnaryOp("not", flag), tuple(other_init)))
        self.forward.append(If(flag, tuple(forward), tuple(other_forward)))
        return variable, canonical(choice.output)

    def _flow(self, operand: plan.Operand, variable: Expr, hint: str) -> tuple[Expr, Tensor]:
        raise NotImplementedError

    # ----------------------------------------------------------------- shared layers

    def _let_layer(self, statement: plan.LetLayer) -> None:
        """A layer that is used several times: made once; its calls go through the same operations."""
        target = statement.target
        if isinstance(target, plan.Invoke):
            layer = self._made(statement.name, self._construct(target))
            self.shared[statement.name] = lambda *xs: Call(layer, tuple(xs))
            return
        before, after = target.inputs[0], target.output
        stages: list[tuple[Op, Expr | None]] = []
        for op in self._ops(target):
            made = self._made(statement.name, op.make) if self._needs_object(op) else None
            stages.append((op, made))

        def calling(*xs: Expr) -> Expr:
            values_now, layout = list(xs), canonical(before)
            for op, made in stages:
                if op.first is not None:
                    op = where_channels_stand(op, layout)
                wanted = layout if op.layout == "any" else op.layout
                moved = [to_layout(x, before, layout, wanted) for x in values_now]
                values_now, layout = [_apply_op(op, made, moved)], wanted
            ranks_equal = before.rank == after.rank
            return to_layout(
                values_now[0], after, layout if ranks_equal else canonical(after), canonical(after)
            )

        self.shared[statement.name] = calling

    @staticmethod
    def _needs_object(op: Op) -> bool:
        return op.make is not None and op.inline is None

    def _made(self, name: str, make: Expr | None) -> Expr:
        assert make is not None
        attribute = Ref(f"self.{self._attribute(name)}")
        self.init.append(Assign((attribute,), make))
        return attribute

    def _call_shared(self, use: plan.Shared, xs: list[Expr]) -> Expr:
        return self.shared[use.name](*xs)


def _apply_op(op: Op, made: Expr | None, xs: list[Expr]) -> Expr:
    if made is None:
        assert op.inline is not None
        return op.inline(*xs)
    return op.call(made, *xs) if op.call is not None else Call(made, tuple(xs))


def where_channels_stand(op: Op, layout: Layout) -> Op:
    """The operation that is written one way or the other, for channels as they are."""
    inline = op.first if layout == "first" else op.inline
    return replace(op, inline=inline, first=None, layout=layout)
