"""Runs a plan with numbers, as its script would run: an interpretation of it that knows nothing of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dslc.plan import model as plan
from dslc.spec.values import evaluate
from dslc.vocab.dims import Sym, product
from dslc.vocab.dims import evaluate as number
from dslc.vocab.kinds import Computed, NamedSize, Param
from dslc.vocab.tensor import AXES, FlowWord, Tensor, Weight
from dslc.vocab.word import kind_of, parameters


class Run:
    """One run of a function. `weights` counts what its layers hold, those of the functions that it calls too."""

    def __init__(
        self, function: plan.Function, arguments: Mapping[str, Any], inputs: tuple[Tensor, ...]
    ) -> None:
        self.weights = 0
        self.env: dict[str, Any] = {}
        for parameter in function.parameters:
            given = arguments.get(parameter.name, parameter.default)
            assert given is not plan.REQUIRED, f"{function.name} lacks {parameter.name}"
            self.env[parameter.name] = given
        self.values: dict[str, Tensor] = dict(zip(function.inputs, inputs, strict=True))
        only = len(inputs) == 1
        for name, tensor in self.values.items():
            for axis, dim in zip(AXES[tensor.rank], tensor.shape, strict=True):
                self.env[plan.size_name(name, axis, only=only)] = dim
        self.made: set[str] = set()
        self.outputs: dict[str, Tensor] = {}
        for statement in function.statements:
            match statement:
                case plan.Let():
                    self.values[statement.name] = self.operand(statement.value)
                case plan.Result():
                    self.outputs[statement.name] = self.operand(statement.value)
                case plan.LetLayer():
                    pass  # made where it is first used
        for name, claimed in function.outputs.items():
            self.expect(claimed, self.outputs[name])

    # ----------------------------------------------------------------- values

    def value(self, item: Any) -> Any:
        if isinstance(item, Sym):
            return number(item, self.sizes())
        if isinstance(item, Param):
            return self.env[item.name]
        if isinstance(item, NamedSize):
            given = self.env[item.name]
            return given if isinstance(given, tuple) else (given,) * len(item)
        if isinstance(item, Computed):
            scope = {name: self.value(held) for name, held in item.scope.items()}
            found, problems = evaluate(item.tree, scope)
            assert not problems
            return found
        if isinstance(item, Tensor):
            return Tensor(tuple(self.value(d) for d in item.shape), item.dtype)
        if isinstance(item, tuple):
            return tuple(self.value(i) for i in item)
        return item

    def sizes(self) -> dict[str, int]:
        found = {k: v for k, v in self.env.items() if isinstance(v, int)}
        for name, value in self.env.items():
            items = value if isinstance(value, tuple) else (value,) * 3
            found |= {f"{name}[{i}]": v for i, v in enumerate(items) if isinstance(v, int)}
        return found

    def expect(self, claimed: Tensor, actual: Tensor) -> None:
        assert self.value(claimed) == actual, f"{claimed} is claimed, {actual} is made"

    # ----------------------------------------------------------------- flows

    def operand(self, operand: plan.Operand) -> Tensor:
        match operand:
            case plan.Value():
                found = self.values[operand.name]
            case plan.Flow():
                source = operand.source
                several = isinstance(source, plan.Several)
                inputs = tuple(map(self.operand, source.items if several else (source,)))  # type: ignore[union-attr]
                found = self.steps(operand.steps, inputs)
            case plan.Merge():
                found = self.apply(operand.apply, tuple(map(self.operand, operand.operands)))
            case plan.Choice():
                for condition, value in operand.arms:
                    if condition is None or self.value(condition):
                        found = self.operand(value)
                        break
            case _:
                raise AssertionError(operand)
        self.expect(operand.output, found)
        return found

    def steps(self, steps: tuple[plan.Step, ...], inputs: tuple[Tensor, ...]) -> Tensor:
        for step in steps:
            inputs = (self.target(step.target, inputs),)
            if step.label:
                self.values[step.label] = inputs[0]
        return inputs[0]

    def target(self, target: Any, inputs: tuple[Tensor, ...]) -> Tensor:
        match target:
            case plan.Apply():
                return self.apply(target, inputs)
            case plan.Invoke():
                return self.invoke(target, inputs)
            case plan.Shared():
                before = self.weights
                found = self.target(target.target, inputs)
                if target.name in self.made:
                    self.weights = before
                self.made.add(target.name)
                return found
            case plan.Loop():
                found = self.steps(target.first, inputs)
                for _ in range(self.value(target.times) - 1):
                    found = self.steps(target.rest, (found,))
            case plan.Turns():
                found = inputs[0]
                for i, turn in enumerate(target.turns):
                    found = self.steps(turn, inputs if i == 0 else (found,))
            case plan.Branch():
                for condition, steps in target.arms:
                    if condition is None or self.value(condition):
                        found = self.steps(steps, inputs)
                        break
        self.expect(target.output, found)
        return found

    def apply(self, apply: plan.Apply, inputs: tuple[Tensor, ...]) -> Tensor:
        word = self.concrete(apply.word)
        found = word.infer(*inputs)
        assert isinstance(found, Tensor), found
        weights: dict[str, Weight] = word.arrays(*inputs)
        self.weights += sum(int(product(w.shape)) for w in weights.values())  # type: ignore[arg-type]
        return found

    def concrete(self, word: FlowWord) -> FlowWord:
        fields = parameters(type(word))
        values = {}
        for name, field in fields.items():
            held = self.value(getattr(word, name))
            values[name] = None if held is None else kind_of(field).accept(held)
        return type(word).model_construct(**values)

    def invoke(self, invoke: plan.Invoke, inputs: tuple[Tensor, ...]) -> Tensor:
        arguments = {name: self.value(item) for name, item in invoke.arguments.items()}
        run = Run(invoke.function, arguments, inputs)
        self.weights += run.weights
        found = next(iter(run.outputs.values()))
        self.expect(invoke.output, found)
        return found


def run_model(planned: plan.ModelPlan, inputs: dict[str, Tensor]) -> Run:
    return Run(planned.model, {}, tuple(inputs[name] for name in planned.model.inputs))
