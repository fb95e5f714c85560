"""A plan becomes Keras functional code: a function for each block, `build_model` for the model.

Every operation is one statement, `x = layers.Conv2D(…)(x)`, with the shape behind it where it changes. Nothing
here knows a layer; `dslc_keras.words` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from dslc.codegen import values
from dslc.codegen.nodes import (
    Assign,
    Comment,
    Def,
    DictOf,
    Expr,
    If,
    Lit,
    Pair,
    Param,
    Ref,
    Return,
    Statement,
    With,
    call,
    lit,
)
from dslc.codegen.walk import branch_name
from dslc.plan import model as plan
from dslc.vocab.kinds import Computed
from dslc.vocab.tensor import Tensor
from dslc_keras.calls import CallWriter
from dslc_keras.scope import Written
from dslc_keras.shapes import keep_sizes, make_input, shape_comment

# A condition, None for `else`, and what writes its branch.
Arm = tuple[Computed | None, Callable[[], Expr]]


class FunctionWriter(CallWriter):
    """Writes one function."""

    # ----------------------------------------------------------------- the function

    def write(self, name: str) -> Written:
        """`def name(inputs…, parameters…)` of a block, with the parameters that its code uses."""
        self._statements()
        used = [p for p in self.function.parameters if p.name in self.named]
        inputs = tuple(Param(self._text(i)) for i in self.function.inputs)
        body = keep_sizes(self.body, self.sizes, self._new)
        body = self._scoped(body, len(body) - len(self.body))
        definition = Def(name, (*inputs, *self._parameters(used)), tuple(body))
        return Written(name, definition, {p.name: self._text(p.name) for p in used})

    def write_model(self, name: str, docstring: str) -> Def:
        for input_name, tensor in self.function.inputs.items():
            made = make_input(tensor, self.naming, name=input_name)
            promise = values.promises([tensor])
            self.body.append(Assign((self.variables[input_name],), made, promise))
        results = self._statements(model=True)
        inputs = [self.variables[i] for i in self.function.inputs]
        given: Expr = inputs[0] if len(inputs) == 1 else lit(list(inputs))
        outputs: Expr = (
            DictOf(tuple(Pair(Lit(k), v) for k, v in results.items()))
            if len(results) > 1
            else next(iter(results.values()))
        )
        model = call("keras.Model", given, outputs, name=self.function.block)
        self.body.append(Return(model))
        parameters = self._parameters(self.function.parameters)
        return Def("build_model", tuple(parameters), tuple(self.body), docstring)

    def _text(self, name: str) -> str:
        found = self.variables[name]
        assert isinstance(found, Ref)
        return found.name

    def _parameters(self, parameters: Sequence[plan.Parameter]) -> list[Param]:
        found = []
        for parameter in parameters:
            default = None
            if parameter.default is not plan.REQUIRED:
                default = values.value(parameter.default, self.naming)
            found.append(Param(self._text(parameter.name), default))
        return found

    def _statements(self, *, model: bool = False) -> dict[str, Expr]:
        results: dict[str, Expr] = {}
        for statement in self.function.statements:
            match statement:
                case plan.LetLayer():
                    self._let_layer(statement)
                case plan.Let():
                    target = self.variables[statement.name]
                    self._assign(target, self._operand(statement.value, target), statement.value)
                case plan.Result():
                    target = self._result_name(statement, model)
                    value = self._operand(statement.value, target)
                    self.variables.setdefault(statement.name, value)
                    if not model:
                        self.body.append(Return(value))
                    elif isinstance(value, Ref):
                        results[statement.name] = value
                    else:
                        comment = self._shape_comment(statement.value)
                        self.body.append(Assign((target,), value, comment))
                        results[statement.name] = target
                    self.variables[statement.name] = results.get(statement.name, value)
        return results

    def _result_name(self, statement: plan.Result, model: bool) -> Ref:
        if statement.name != "output":
            return Ref(self._new(statement.name))
        only_input = len(self.function.inputs) == 1 and "x" in self.function.inputs
        if "x" not in self.taken or (only_input and not model):
            self.taken.add("x")
            return Ref("x")
        return Ref(self._new("y"))

    def _assign(self, target: Expr, value: Expr, operand: plan.Operand) -> None:
        if value != target:
            self.body.append(
                Assign((target,), value, self._unless_noted(self._shape_comment(operand)))
            )

    def _unless_noted(self, comment: str | None) -> str | None:
        """A line that has a comment above it needs no second one."""
        return None if self.body and isinstance(self.body[-1], Comment) else comment

    @staticmethod
    def _shape_comment(operand: plan.Operand) -> str | None:
        shown: Tensor | None = None
        if isinstance(operand, plan.Merge):
            shown = operand.apply.shown
        elif isinstance(operand, plan.Flow) and operand.steps:
            return FunctionWriter._step_comment(operand.steps[-1])
        return None if shown is None else shape_comment(shown)

    # ----------------------------------------------------------------- operands

    def _operand(self, operand: plan.Operand, target: Expr) -> Expr:
        """The expression for `operand`; statements before it assign to `target` on the way."""
        match operand:
            case plan.Value():
                return self.variables[operand.name]
            case plan.Merge():
                inputs = self._arguments(operand.operands)
                return self._apply(operand.apply, inputs, target)
            case plan.Flow():
                if isinstance(operand.source, plan.Several):
                    xs = self._arguments(operand.source.items)
                else:
                    source = self._operand(operand.source, target)
                    if not isinstance(source, Ref):
                        self._assign(target, source, operand.source)
                        source = target
                    xs = [source]
                return self._steps(operand.steps, xs, target)
            case plan.Choice():
                return self._choice(operand, target)
            case plan.Several():
                raise AssertionError("several values stand only in front of a step")
        raise AssertionError(operand)

    def _arguments(self, operands: tuple[plan.Operand, ...]) -> list[Expr]:
        """The operands of a merge. Branches keep their names until it is written; the next merge has them
        again."""
        found = [
            self._argument(operand, branch_name(operands, i)) for i, operand in enumerate(operands)
        ]
        for operand, name in zip(operands, found, strict=True):
            if not isinstance(operand, plan.Value) and isinstance(name, Ref):
                self.taken.discard(name.name)
        return found

    def _argument(self, operand: plan.Operand, name: str) -> Expr:
        """An operand of a merge: a name, or a branch that gets a name."""
        if isinstance(operand, plan.Value):
            return self.variables[operand.name]
        branch = Ref(self._new(name))
        value = self._operand(operand, branch)
        self._assign(branch, value, operand)
        return branch

    def _choice(self, choice: plan.Choice, target: Expr) -> Expr:
        self._if(
            [
                (condition, partial(self._operand, operand, target))
                for condition, operand in choice.arms
            ],
            target,
        )
        return target

    def _if(self, arms: Sequence[Arm], target: Expr) -> None:
        """`if … elif … else`, each arm ending in an assignment to `target`."""
        outer = self.body
        folded: tuple[Statement, ...] = ()
        for condition, run in reversed(arms):
            self.body = []
            value = run()
            if value != target:
                self.body.append(Assign((target,), value))
            body = tuple(self.body)
            if condition is None:
                folded = body
            else:
                test = values.expression(condition.tree, condition.scope, self.naming)
                folded = (If(test, body, folded),)
        self.body = outer
        self.body += folded

    # ----------------------------------------------------------------- steps

    def _steps(self, steps: tuple[plan.Step, ...], xs: list[Expr], target: Expr) -> Expr:
        value = xs[0]
        for index, step in enumerate(steps):
            if index:
                xs = [value]
            self._mark(step)
            start = len(self.body)
            value = self._step(step, xs, target)
            scoped = self.regions.labels - self.regions.networks
            if self.function.kind == "model" and step.label in scoped:
                value = self._in_scope(str(step.label), start, value, target, step)
            last = index == len(steps) - 1
            if step.label in self.kept_labels:
                kept = Ref(self._new(str(step.label)))
                self.body.append(Assign((kept,), value))
                self.variables[str(step.label)] = value = kept
            elif not last and value != target and not isinstance(value, Ref):
                comment = self._step_comment(step)
                self.body.append(Assign((target,), value, self._unless_noted(comment)))
                value = target
        return value

    # ----------------------------------------------------------------- parts that phases find again

    def _mark(self, step: plan.Step) -> None:
        """Note where a part of a backbone begins."""
        begun = self.regions.beginning(step)
        if begun is not None and (not self.marks or self.marks[-1][1] != begun):
            self.marks.append((len(self.body), begun))

    def _scoped(self, body: list[Statement], shift: int) -> list[Statement]:
        """The body with each part in a scope of names of its own; its result is returned outside."""
        if not self.marks:
            return body
        last = body[-1]
        if isinstance(last, Return) and last.value is not None and not isinstance(last.value, Ref):
            given: list[Expr] = [s.targets[0] for s in body if isinstance(s, Assign)]
            x = given[-1] if given else self.variables[next(iter(self.function.inputs))]
            body = [*body[:-1], Assign((x,), last.value), Return(x)]
        starts = [start + shift for start, _ in self.marks]
        found = body[: starts[0]]
        for (start, name), end in zip(
            zip(starts, (name for _, name in self.marks), strict=True),
            [*starts[1:], len(body) - 1],
            strict=True,
        ):
            found.append(With(call("keras.name_scope", name), tuple(body[start:end])))
        return [*found, body[-1]]

    def _in_scope(self, name: str, start: int, value: Expr, target: Expr, step: plan.Step) -> Expr:
        """What the body has from `start` on, and the value, in a scope of names."""
        if not isinstance(value, Ref):
            comment = self._unless_noted(self._step_comment(step))
            self.body.append(Assign((target,), value, comment))
            value = target
        self.body[start:] = [With(call("keras.name_scope", name), tuple(self.body[start:]))]
        return value

    @staticmethod
    def _step_comment(step: plan.Step) -> str | None:
        """The shape behind a step that changes it."""
        target = step.target
        if not isinstance(target, plan.Apply | plan.Invoke) or target.shown is None:
            return None
        same = target.output.shape == target.inputs[0].shape
        return None if same else shape_comment(target.shown)

    def _step(self, step: plan.Step, xs: list[Expr], target: Expr) -> Expr:
        match step.target:
            case plan.Apply():
                return self._apply(step.target, xs, target, step.label)
            case plan.Invoke():
                return self._invoke(step.target, xs, step.label)
            case plan.Shared():
                return self._op(self.shared[step.target.name], xs, None)
            case plan.Loop():
                return self._loop(step.target, xs, target)
            case plan.Turns():
                return self._turns(step.target, xs, target)
            case plan.Branch():
                arms = [
                    (condition, partial(self._steps, steps, xs, target))
                    for condition, steps in step.target.arms
                ]
                self._if(arms, target)
                return target
        raise AssertionError(step.target)
