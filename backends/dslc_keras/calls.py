"""Layers and functions applied: plain calls, shared layers, loops."""

from __future__ import annotations

from dataclasses import replace

from dslc.codegen import values
from dslc.codegen.emission import Context, NeedsNumbers, Op
from dslc.codegen.nodes import Assign, Call, Comment, Expr, For, Kw, Lit, Ref, Statement, call, lit
from dslc.codegen.origins import Origin, mark
from dslc.plan import model as plan
from dslc.vocab.dims import is_generic
from dslc_keras.loading import loading
from dslc_keras.scope import Scope
from dslc_keras.shapes import make_input


class CallWriter(Scope):
    """Writes what layers, blocks and loops become."""

    def _steps(self, steps: tuple[plan.Step, ...], xs: list[Expr], target: Expr) -> Expr:
        raise NotImplementedError

    def _named(self, value: Expr, target: Expr) -> Expr:
        if value == target:
            return target
        self.body.append(Assign((target,), value))
        return target

    def _loop(self, loop: plan.Loop, xs: list[Expr], target: Expr) -> Expr:
        """The turns as `for`; a first turn that is written otherwise stands before it."""
        outer = self.body
        taken = set(self.taken)
        self.body = []
        self._named(self._steps(loop.first, xs, target), target)
        first = tuple(self.body)
        self.taken, self.body = set(taken), []
        self._named(self._steps(loop.rest, [target], target), target)
        rest = tuple(self.body)
        self.taken, self.body = taken, []
        self._named(self._steps(loop.first, [target], target), target)
        alike = tuple(self.body) == rest
        self.body = outer
        times = values.value(loop.times, self.naming)
        if alike:
            if xs[0] != target:
                self.body.append(Assign((target,), xs[0]))
            self.body.append(For(Ref("_"), call("range", times), rest))
        else:
            less = values.value(loop.times - 1, self.naming)
            self.body += [*first, For(Ref("_"), call("range", less), rest)]
        return target

    def _turns(self, turns: plan.Turns, xs: list[Expr], target: Expr) -> Expr:
        """Turns that see different sizes: still a loop where their code is the same."""
        bodies = {self._turn(turn, target) for turn in turns.turns}
        if len(turns.turns) > 2 and len(bodies) == 1:
            if xs[0] != target:
                self.body.append(Assign((target,), xs[0]))
            self.body.append(For(Ref("_"), call("range", len(turns.turns)), bodies.pop()))
            return target
        for turn in turns.turns:
            xs = [self._named(self._steps(turn, xs, target), target)]
        return xs[0]

    def _turn(self, steps: tuple[plan.Step, ...], target: Expr) -> tuple[Statement, ...]:
        """One turn without shape comments, which differ from turn to turn."""
        outer, taken = self.body, set(self.taken)
        self.body = []
        self._named(self._steps(steps, [target], target), target)
        body = tuple(replace(s, comment=None) if isinstance(s, Assign) else s for s in self.body)
        self.body, self.taken = outer, taken
        return body

    def _invoke(self, use: plan.Invoke, xs: list[Expr], label: str | None = None) -> Expr:
        """A block on `xs`; one whose weights come from a file is a model of its own, with a name."""
        if use.weights is None:
            return self._call_function(use, xs)
        kind = values.snake_case(use.function.name)
        name = label or self._nth(kind) or kind
        inputs = self._own_inputs(use, name)
        result = self._call_function(use, list(inputs))
        model = call("keras.Model", _one_or_list(inputs), result, name=name)
        variable = Ref(self._new(name))
        self.body.append(Assign((variable,), loading(use.weights, self.helpers.append)(model)))
        return Call(variable, (_one_or_list(xs),))

    def _own_inputs(self, use: plan.Apply | plan.Invoke, name: str) -> list[Expr]:
        """A `keras.Input` for each input of `use`."""
        inputs: list[Expr] = []
        for index, tensor in enumerate(use.inputs):
            ending = "input" if len(use.inputs) == 1 else f"input{index + 1}"
            variable = Ref(self._new(f"{name}_{ending}"))
            self.body.append(Assign((variable,), make_input(tensor, self.naming)))
            inputs.append(variable)
        return inputs

    def _call_function(self, use: plan.Invoke, xs: list[Expr]) -> Expr:
        """`bottleneck(x, 128, stride=2)`: required arguments in order, the others by name."""
        callee = self.written[use.function]
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
        return Call(Ref(callee.name), (*xs, *positional), tuple(keywords), Origin(use))

    def _ops(self, apply: plan.Apply) -> tuple[Op, ...]:
        context = Context(
            apply, self.naming, self.helpers.append, stock=self.stock, departures=self.departures
        )
        return mark(self.table.ops(context), apply)

    def _apply(
        self, apply: plan.Apply, xs: list[Expr], target: Expr, label: str | None = None
    ) -> Expr:
        ops = self._ops(apply)
        if self.function.kind != "model":
            label = None  # a block may be used again, and names are given once
        result = xs[0]
        for index, op in enumerate(ops):
            if index:
                self.body.append(Assign((target,), result, ops[index - 1].comment or None))
                xs = [target]
            if op.note:
                self.body.append(Comment(op.note))
            last = label if index == len(ops) - 1 else None
            result = self._op(op, xs, last or self._further_name(op))
        return result

    def _further_name(self, op: Op) -> str | None:
        """A name for a second network of one kind: Keras would give it that of the first."""
        return self._nth(op.stem) if op.foreign else None

    def _nth(self, kind: str) -> str | None:
        """A name for the second of a kind, the third, and so on."""
        self.networks[kind] += 1
        count = self.networks[kind]
        return f"{kind}_{count}" if count > 1 else None

    @staticmethod
    def _op(op: Op, xs: list[Expr], label: str | None) -> Expr:
        if op.make is None:
            assert op.inline is not None
            return op.inline(*xs)
        make = op.make
        if label is not None and isinstance(make, Call):
            make = replace(make, kwargs=(*make.kwargs, Kw("name", Lit(label))))
        if op.wrap is not None:
            make = op.wrap(make)
        if op.call is not None:
            return op.call(make, *xs)
        several: tuple[Expr, ...] = (lit(list(xs)),) if len(xs) > 1 else tuple(xs)
        return Call(make, several)

    def _let_layer(self, statement: plan.LetLayer) -> None:
        """A layer that is used several times: made once, called under its name."""
        name = self.variables[statement.name]
        if isinstance(statement.target, plan.Apply):
            ops = self._ops(statement.target)
            if len(ops) == 1 and ops[0].make is not None:
                if ops[0].note:
                    self.body.append(Comment(ops[0].note))
                make = self._shared_make(ops[0], statement.name)
                self.body.append(Assign((name,), make))
                self.shared[statement.name] = replace(ops[0], make=name, wrap=None)
                return
            if any(is_generic(*t.shape) for t in statement.target.inputs):
                raise NeedsNumbers
        self._shared_model(statement, name)

    @staticmethod
    def _shared_make(op: Op, name: str) -> Expr:
        """The layer; a network of the library gets its name, to be found by it."""
        assert op.make is not None
        make = op.make
        if op.foreign and isinstance(make, Call):
            make = replace(make, kwargs=(*make.kwargs, Kw("name", Lit(name))))
        return op.wrap(make) if op.wrap is not None else make

    def _shared_model(self, statement: plan.LetLayer, name: Expr) -> None:
        target = statement.target
        inputs = self._own_inputs(target, statement.name)
        if isinstance(target, plan.Invoke):
            result = self._call_function(target, list(inputs))
        else:
            result = self._apply(target, list(inputs), Ref(self._new(f"{statement.name}_output")))
        own = {"name": statement.name} if self.function.kind == "model" else {}
        model: Expr = call("keras.Model", _one_or_list(inputs), result, **own)
        if isinstance(target, plan.Invoke) and target.weights is not None:
            model = loading(target.weights, self.helpers.append)(model)
        self.body.append(Assign((name,), model))
        self.shared[statement.name] = Op(name)


def _one_or_list(items: list[Expr]) -> Expr:
    return items[0] if len(items) == 1 else lit(list(items))
