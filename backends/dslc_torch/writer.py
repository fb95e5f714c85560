"""A plan becomes PyTorch modules: one class for each block, one for the model.

Runs of layers that take one tensor and give one are `nn.Sequential`; what needs the tensor itself (a flatten that
keeps channels last, a merge) is written in `forward`. Sizes that follow from the input are parameters of the
class (`in_channels`) and are passed by its users. Nothing here knows a layer; `dslc_torch.words` does.
"""

from __future__ import annotations

from collections.abc import Sequence

from dslc.codegen import values
from dslc.codegen.emission import Layout, NeedsNumbers
from dslc.codegen.nodes import (
    Assign,
    Call,
    Class,
    Comment,
    Def,
    Expr,
    Expression,
    Param,
    Ref,
    Return,
    call,
    lit,
    method,
)
from dslc.codegen.walk import branch_name
from dslc.plan import model as plan
from dslc.vocab.tensor import Tensor
from dslc_torch.layouts import canonical, to_layout
from dslc_torch.scope import Written
from dslc_torch.steps import StepWriter


class ClassWriter(StepWriter):
    """Writes one class."""

    # ----------------------------------------------------------------- the class

    def write(self, name: str, docstring: str | None) -> Written:
        """The class; inputs of `forward` are in the order of the spec."""
        outputs: list[tuple[str, Expr]] = []
        for statement in self.function.statements:
            match statement:
                case plan.LetLayer():
                    self._let_layer(statement)
                case plan.Let():
                    variable = self.variables[statement.name][0]
                    value, tensor = self._flow(statement.value, variable, statement.name)
                    if value != variable:
                        self.forward.append(Assign((variable,), value))
                    self.variables[statement.name] = (variable, canonical(tensor))
                case plan.Result():
                    self._result(statement, outputs)
        result: Expr = lit(dict(outputs)) if len(outputs) > 1 else outputs[0][1]
        self.forward.append(Return(result))
        inputs = tuple(Param(self._text(i)) for i in self.function.inputs)
        order = [s for s in self.size_names if s in self.sizes]
        sizes = tuple(Param(self.sizes[s]) for s in order)
        used = [
            p
            for p in self.function.parameters
            if p.name in self.named or self.function.kind == "model"
        ]
        parameters = (*sizes, *self._parameters(used))
        promise = values.promises(self.function.inputs.values())
        start_of = [Comment(promise)] if promise and self.function.kind == "model" else []
        body = (*start_of, *self.forward)
        methods = [Def("forward", (Param("self"), *inputs), body)]
        if self.init or parameters:
            start = Expression(method(call("super"), "__init__"))
            methods.insert(0, Def("__init__", (Param("self"), *parameters), (start, *self.init)))
        definition = Class(name, (Ref("nn.Module"),), tuple(methods), docstring)
        names = {p.name: self.parameters[p.name] for p in used}
        regions = {region: tuple(attributes) for region, attributes in self.places.items()}
        return Written(name, definition, tuple(order), names, regions)

    def _text(self, name: str) -> str:
        found = self.variables[name][0]
        assert isinstance(found, Ref)
        return found.name

    def _parameters(self, parameters: Sequence[plan.Parameter]) -> list[Param]:
        found = []
        for parameter in parameters:
            default = None
            if parameter.default is not plan.REQUIRED:
                default = values.value(parameter.default, self.naming)
            found.append(Param(self.parameters[parameter.name], default))
        return found

    def _result(self, statement: plan.Result, outputs: list[tuple[str, Expr]]) -> None:
        several = len(self.function.outputs) > 1
        if statement.name != "output":
            variable = Ref(self._variable(statement.name))
        elif list(self.function.inputs) == ["x"] or "x" not in self.taken:
            self.taken.add("x")
            variable = Ref("x")
        else:
            variable = Ref(self._variable("y"))
        hint = statement.name if several or statement.name != "output" else ""
        value, tensor = self._flow(statement.value, variable, hint)
        if several and value != variable:
            self.forward.append(Assign((variable,), value))
            value = variable
        self.variables[statement.name] = (value, canonical(tensor))
        outputs.append((statement.name, value))

    # ----------------------------------------------------------------- operands

    def _flow(self, operand: plan.Operand, variable: Expr, hint: str) -> tuple[Expr, Tensor]:
        """An operand in the layout that values have between functions."""
        outer, self.hint = self.hint, hint
        value, layout = self._operand(operand, variable)
        self.hint = outer
        return to_layout(value, operand.output, layout, canonical(operand.output)), operand.output

    def _operand(self, operand: plan.Operand, variable: Expr) -> tuple[Expr, Layout]:
        match operand:
            case plan.Value():
                return self.variables[operand.name]
            case plan.Merge():
                xs = self._arguments(operand.operands)
                return self._apply_several(operand.apply, xs, variable, None)
            case plan.Flow():
                return self._steps_of(operand, variable)
            case plan.Choice():
                return self._choice(operand, variable)
        raise AssertionError(operand)

    def _arguments(self, operands: tuple[plan.Operand, ...]) -> list[Expr]:
        """The operands of a merge; a branch of one expression stays inside it."""
        found: list[Expr] = []
        for index, operand in enumerate(operands):
            if isinstance(operand, plan.Value):
                value, layout = self.variables[operand.name]
            else:
                name = branch_name(operands, index)
                branch = Ref(self._variable(name))
                value, _ = self._flow(operand, branch, self._branch_hint(name))
                layout = canonical(operand.output)
                if not any(isinstance(s, Assign) and s.targets == (branch,) for s in self.forward):
                    self.taken.discard(branch.name)  # one expression: the name was not needed
            found.append(to_layout(value, operand.output, layout, canonical(operand.output)))
        return found

    def _branch_hint(self, name: str) -> str:
        """The name of a branch's layers: `branch1`, or `e_branch1` where another merge has that one."""
        return f"{self.hint}_{name}" if self.hint and name in self.attributes else name

    def _steps_of(self, flow: plan.Flow, variable: Expr) -> tuple[Expr, Layout]:
        if isinstance(flow.source, plan.Several):
            xs = self._arguments(flow.source.items)
            first, *rest = flow.steps
            outer = self._enter(first)
            value, layout = self._several_step(first, xs, variable)
            self._leave(first, outer)
            return self._run(tuple(rest), value, layout, variable)
        value, layout = self._operand(flow.source, variable)
        return self._run(flow.steps, value, layout, variable)

    def _several_step(self, step: plan.Step, xs: list[Expr], variable: Expr) -> tuple[Expr, Layout]:
        target = step.target
        if isinstance(target, plan.Apply):
            return self._apply_several(target, xs, variable, step.label)
        if isinstance(target, plan.Invoke):
            name = self._attribute(step.label or values.snake_case(target.function.name))
            self.init.append(Assign((Ref(f"self.{name}"),), self._construct(target)))
            return Call(Ref(f"self.{name}"), tuple(xs)), canonical(target.output)
        if isinstance(target, plan.Shared):
            return self._call_shared(target, xs), canonical(target.output)
        raise NeedsNumbers

    def _apply_several(
        self, apply: plan.Apply, xs: list[Expr], variable: Expr, label: str | None
    ) -> tuple[Expr, Layout]:
        """A word with several inputs: an inline operation, or a layer of its own."""
        (op,) = self._ops(apply)
        if op.inline is not None:
            return op.inline(*xs), canonical(apply.output)
        layer = self._own_attribute(op, label)
        value = op.call(layer, *xs) if op.call is not None else Call(layer, tuple(xs))
        return value, canonical(apply.output)
