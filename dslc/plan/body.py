"""The body of one function: its statements and the values in them."""

from __future__ import annotations

from dslc.graph.sizes import bind_input
from dslc.plan import model as plan
from dslc.plan.steps import Steps
from dslc.plan.uses import Walk
from dslc.plan.variants import Variant
from dslc.spec import ir
from dslc.spec.lookup import HELD
from dslc.spec.values import UNKNOWN, evaluate
from dslc.vocab.tensor import Tensor


class Body(Steps):
    """The walk over one function."""

    def __init__(self, walk: Walk, variant: Variant) -> None:
        super().__init__(walk, variant)
        self.function = variant.function
        self.values: dict[str, Tensor] = {}
        self.statements: list[plan.Statement | ir.LetLayer] = []

    def run(self) -> None:
        for name, tensor in self.function.inputs.items():
            self.name(name, tensor)
            self._bind_sizes(name, tensor)
        for statement in self.variant.definition.body:
            self._statement(statement)
        # A layer in an arm that no use takes is never made.
        self.function.statements = tuple(
            plan.LetLayer(s.name, self.made[s.name]) if isinstance(s, ir.LetLayer) else s
            for s in self.statements
            if not isinstance(s, ir.LetLayer) or s.name in self.made
        )
        for result in self.function.results:
            self.function.outputs[result.name] = result.value.output

    def _bind_sizes(self, name: str, tensor: Tensor) -> None:
        """Names in the declared shape of an input, such as `(H, W, C)`."""
        definition = self.variant.definition
        statement = next(i for i in definition.inputs if i.name == name)
        root = self.walk.graph.root is self.frames[0]
        bind_input(statement, None if root else tensor, self.scope)

    def name(self, name: str, tensor: Tensor) -> None:
        self.values[name] = tensor
        self.scope[name] = tensor

    def _statement(self, statement: ir.Statement) -> None:
        match statement:
            case ir.LetScalar():
                assert statement.value is not None
                value, found = evaluate(statement.value, self.scope, HELD)
                if found or value is UNKNOWN:
                    raise self.cannot("a value")
                self.scope[statement.name] = value
            case ir.LetLayer():
                self.layers[statement.name] = statement
                self.statements.append(statement)
            case ir.LetTensor():
                operand = self._operand(statement.value)
                self.name(statement.name, operand.output)
                self.statements.append(plan.Let(statement.name, operand))
            case ir.Output():
                operand = self._operand(statement.value)
                if statement.name not in self.values:
                    self.name(statement.name, operand.output)
                self.statements.append(plan.Result(statement.name, operand))

    # ----------------------------------------------------------------- operands

    def _operand(self, operand: ir.Operand) -> plan.Operand:
        match operand:
            case ir.ValueUse():
                return plan.Value(operand.name, self.values[operand.name])
            case ir.Flow():
                return self._flow(operand)
            case ir.WordUse():
                return self._merge(operand, ())
            case ir.Several():
                return plan.Several(tuple(self._operand(item) for item in operand.items))
            case ir.MatchOperand():
                return self._choice(operand)
        raise AssertionError(operand)

    def _flow(self, flow: ir.Flow) -> plan.Operand:
        """A flow; a merge with other tensors among its steps takes the flow so far as its first input."""
        source = self._operand(flow.source)
        steps: list[plan.Step] = []
        inputs = _tensors(source)
        for step in flow.steps:
            target = step.target
            if isinstance(target, ir.WordUse) and target.operands:
                before = plan.Flow(source, tuple(steps)) if steps else source
                several = isinstance(before, plan.Several)
                source = self._merge(target, before.items if several else (before,))  # type: ignore[union-attr]
                steps = []
                if step.label:
                    self.statements.append(plan.Let(step.label, source))
                    source = plan.Value(step.label, source.output)
                inputs = (source.output,)
            else:
                new = self.step(step, inputs)
                steps += new
                inputs = (new[-1].output,)
            if step.label:
                self.name(step.label, inputs[0])
        return plan.Flow(source, tuple(steps)) if steps else source

    def _merge(self, use: ir.WordUse, first: tuple[plan.Operand, ...]) -> plan.Merge:
        operands = [*first]
        for operand in use.operands:
            operands.append(self._operand(operand))
        apply = self.apply(use, tuple(o.output for o in operands))
        return plan.Merge(apply, tuple(operands))

    def _choice(self, match: ir.MatchOperand) -> plan.Operand:
        taken = self.arms(match)
        operands = []
        for i in taken:
            with self.only(self.choosing(match, i)):
                operands.append(self._operand(match.arms[i].value))
        if len(taken) == 1:
            return operands[0]
        conditions = self.conditions(match, taken)
        output = self.join(match, [o.output for o in operands])
        return plan.Choice(tuple(zip(conditions, operands, strict=True)), output)


def _tensors(operand: plan.Operand) -> tuple[Tensor, ...]:
    if isinstance(operand, plan.Several):
        return tuple(item.output for item in operand.items)
    return (operand.output,)
