"""From graph to plan: the body of every function walked once, with its parameters as names.

What the walk claims about sizes is held against every use in the graph. Where a name cannot be kept (a size that
no expression over the parameters gives, a loop that changes shape every turn), the definition is fixed: its uses
get functions of their own, with numbers.
"""

from __future__ import annotations

from typing import Any

from dslc.graph import Frame, Graph, Node
from dslc.plan import model as plan
from dslc.plan.variants import Variant, compact, find_variants, holds
from dslc.spec import ir
from dslc.spec.bind import bind
from dslc.spec.values import UNKNOWN, evaluate
from dslc.vocab.dims import Dim, symbol
from dslc.vocab.kinds import Computed, NamedSize, Param
from dslc.vocab.tensor import AXES, FlowWord, Mismatch, Tensor


class Fix(Exception):
    """A definition whose uses cannot share one function. Caught in `plan_model`; never leaves this module."""

    def __init__(self, definition: ir.Definition, reason: str) -> None:
        super().__init__(f"{definition.name}: {reason}")
        self.definition = definition


def plan_model(spec: ir.Spec, graph: Graph, fixed: frozenset[str] = frozenset()) -> plan.ModelPlan:
    """The plan of a graph without errors. Blocks named in `fixed` are written with numbers, one function for
    each way they are used: a backend asks for it when it cannot write one with names."""
    chosen = {f.definition for f in graph.frames if f.definition.name in fixed}
    while True:
        try:
            return _Walk(spec, graph, chosen).run()
        except Fix as problem:
            assert problem.definition not in chosen, problem
            chosen.add(problem.definition)


class _Walk:
    def __init__(self, spec: ir.Spec, graph: Graph, fixed: set[ir.Definition]) -> None:
        self.graph = graph
        section = spec.sections.get("defaults")
        self.defaults = {
            name: setting.value
            for name, setting in (section.settings if section else {}).items()
            if setting.value is not None
        }
        self.variants = find_variants(graph, fixed)
        self.order: list[plan.Function] = []

    def run(self) -> plan.ModelPlan:
        self._function(self.variants[self.graph.root])
        return plan.ModelPlan(tuple(self.order))

    def _function(self, variant: Variant) -> plan.Function:
        if not variant.done:
            variant.done = True
            _Body(self, variant).run()
            self.order.append(variant.function)
        return variant.function


class _Body:
    """The walk over one function. `frames` are the uses it stands for."""

    def __init__(self, walk: _Walk, variant: Variant) -> None:
        self.walk = walk
        self.variant = variant
        self.frames = variant.frames
        self.function = variant.function
        self.environments = {f: variant.environment(f) for f in variant.frames}
        self.turn: dict[object, int] = {}  # how often a use was met in each frame
        self.scope: dict[str, Any] = {
            p.name: variant.dynamic.get(p.name, self.frames[0].scalars.get(p.name))
            for p in variant.definition.parameters
        }
        self.values: dict[str, Tensor] = {}
        self.layers: dict[str, ir.LetLayer] = {}
        self.made: dict[str, plan.Apply | plan.Invoke] = {}

    def fix(self, reason: str) -> Fix:
        return Fix(self.variant.definition, reason)

    # ----------------------------------------------------------------- statements

    def run(self) -> None:
        for name, tensor in self.function.inputs.items():
            self._name(name, tensor)
            self._bind_sizes(name, tensor)
        statements: list[plan.Statement] = []
        for statement in self.variant.definition.body:
            match statement:
                case ir.LetScalar():
                    value, found = evaluate(statement.value, self.scope)
                    if found or value is UNKNOWN:
                        raise self.fix("a value")
                    self.scope[statement.name] = value
                case ir.LetLayer():
                    self.layers[statement.name] = statement
                    statements.append(statement)  # type: ignore[arg-type]
                case ir.LetTensor():
                    operand = self._operand(statement.value)
                    self._name(statement.name, operand.output)
                    statements.append(plan.Let(statement.name, operand))
                case ir.Output():
                    operand = self._operand(statement.value)
                    self._name(statement.name, operand.output)
                    statements.append(plan.Result(statement.name, operand))
        self.function.statements = tuple(
            plan.LetLayer(s.name, self.made[s.name]) if isinstance(s, ir.LetLayer) else s
            for s in statements
        )
        for result in self.function.results:
            self.function.outputs[result.name] = result.value.output

    def _bind_sizes(self, name: str, tensor: Tensor) -> None:
        """Names in the declared shape of a block's input, such as `(H, W, C)`."""
        from dslc.graph.sizes import bind_input

        statement = next(i for i in self.variant.definition.inputs if i.name == name)
        if self.variant.definition.kind == "block":
            bind_input(statement, tensor, self.scope)
        elif statement.shape is not None:
            bind_input(statement, None, self.scope)
            self._name(name, tensor)

    def _name(self, name: str, tensor: Tensor) -> None:
        self.values[name] = tensor
        self.scope[name] = tensor

    # ----------------------------------------------------------------- operands

    def _operand(self, operand: ir.Operand) -> plan.Operand:
        match operand:
            case ir.ValueUse():
                return plan.Value(operand.name, self.values[operand.name])
            case ir.Flow():
                source = self._operand(operand.source)
                inputs = self._tensors(source)
                return plan.Flow(source, self._steps(operand.steps, inputs))
            case ir.WordUse():
                operands = tuple(self._operand(o) for o in operand.operands)
                apply = self._apply(operand, tuple(o.output for o in operands))
                return plan.Merge(apply, operands)
            case ir.Several():
                return plan.Several(tuple(self._operand(item) for item in operand.items))
            case ir.MatchOperand():
                return self._choice(operand)
        raise AssertionError(operand)

    @staticmethod
    def _tensors(operand: plan.Operand) -> tuple[Tensor, ...]:
        if isinstance(operand, plan.Several):
            return tuple(item.output for item in operand.items)
        return (operand.output,)

    def _arms(self, match: ir.MatchOperand | ir.MatchSteps) -> list[int]:
        """The arms that some use takes, in order."""
        chosen = {f.chosen[match] for f in self.frames if match in f.chosen}
        return sorted(chosen)

    def _condition(self, expr: Any) -> Computed:
        value, found = evaluate(expr, self.scope)
        if found or not isinstance(value, Computed):
            raise self.fix("a condition")
        return Computed(value.tree, dict(self.scope))

    def _choice(self, match: ir.MatchOperand) -> plan.Operand:
        taken = self._arms(match)
        operands = [self._operand(match.arms[i].value) for i in taken]
        if len(taken) == 1:
            return operands[0]
        conditions = self._conditions(match, taken)
        output = self._join(match, [o.output for o in operands])
        return plan.Choice(tuple(zip(conditions, operands, strict=True)), output)

    def _conditions(
        self, match: ir.MatchOperand | ir.MatchSteps, taken: list[int]
    ) -> list[Computed | None]:
        found: list[Computed | None] = []
        for i in taken[:-1]:
            condition = match.arms[i].condition
            assert condition is not None
            found.append(self._condition(condition))
        return [*found, None]

    def _join(self, match: ir.MatchOperand | ir.MatchSteps, tensors: list[Tensor]) -> Tensor:
        """One symbolic shape for all arms: for every axis the expression that holds in every use."""
        if len({t.rank for t in tensors}) > 1:
            raise self.fix("arms of different rank")
        dims: list[Dim] = []
        for axis in range(tensors[0].rank):
            for candidate in dict.fromkeys(t.shape[axis] for t in tensors):
                if all(self._holds(candidate, f, match, axis) for f in self.frames):
                    dims.append(candidate)
                    break
            else:
                raise self.fix("arms of different shape")
        return Tensor(tuple(dims), tensors[0].dtype)

    def _holds(
        self, dim: Dim, frame: Frame, match: ir.MatchOperand | ir.MatchSteps, axis: int
    ) -> bool:
        actual = frame.operands.get(match)
        return actual is None or holds(dim, actual.shape[axis], self.environments[frame])

    # ----------------------------------------------------------------- steps

    def _steps(
        self, steps: tuple[ir.Step, ...], inputs: tuple[Tensor, ...]
    ) -> tuple[plan.Step, ...]:
        found: list[plan.Step] = []
        for step in steps:
            new = self._step(step, inputs)
            found += new
            if new:
                inputs = (new[-1].output,)
            if step.label:
                self._name(step.label, inputs[0])
        return tuple(found)

    def _step(self, step: ir.Step, inputs: tuple[Tensor, ...]) -> list[plan.Step]:
        if step.times is not None:
            return [plan.Step(self._loop(step, inputs), step.label)]
        target = self._target(step.target, inputs)
        if isinstance(target, tuple):  # a group or a decided match: its steps stand here
            if step.label and len(target) == 1:
                return [plan.Step(target[0].target, step.label)]
            if step.label and target:
                group = plan.Turns((target,), target[-1].output)
                return [plan.Step(group, step.label)]
            return list(target)
        return [plan.Step(target, step.label)]

    def _target(
        self, target: ir.Target, inputs: tuple[Tensor, ...]
    ) -> plan.Apply | plan.Invoke | plan.Shared | plan.Branch | tuple[plan.Step, ...]:
        match target:
            case ir.WordUse():
                return self._apply(target, inputs)
            case ir.BlockUse():
                return self._invoke(target, inputs)
            case ir.Repeat():
                return self._steps(target.steps, inputs)
            case ir.MatchSteps():
                return self._branch(target, inputs)
            case ir.SharedUse():
                return self._shared(target, inputs)
        raise AssertionError(target)

    def _branch(
        self, match: ir.MatchSteps, inputs: tuple[Tensor, ...]
    ) -> plan.Branch | tuple[plan.Step, ...]:
        taken = self._arms(match)
        arms = [self._steps(match.arms[i].steps, inputs) for i in taken]
        if len(taken) == 1:
            return arms[0]
        conditions = self._conditions(match, taken)
        outputs = [arm[-1].output if arm else inputs[0] for arm in arms]
        return plan.Branch(tuple(zip(conditions, arms, strict=True)), self._join(match, outputs))

    def _loop(self, step: ir.Step, inputs: tuple[Tensor, ...]) -> plan.Loop | plan.Turns:
        assert step.times is not None
        times, found = evaluate(step.times, self.scope)
        counts = {f.repeats.get(step) for f in self.frames}
        if found or times is UNKNOWN or isinstance(times, (Param, Computed)):
            raise self.fix("a number of turns")
        first = self._once(step, inputs)
        output = first[-1].output
        if counts == {1}:
            return plan.Loop(times, first, first, output)
        rest = self._once(step, (output,))
        if rest[-1].output == output:
            self._skip(step, rest)
            return plan.Loop(times, first, rest, output)
        if not isinstance(times, int):
            raise self.fix("a loop that changes shape")
        turns = [first, rest]
        while len(turns) < times:
            turns.append(self._once(step, (turns[-1][-1].output,)))
        return plan.Turns(tuple(turns), turns[-1][-1].output)

    def _once(self, step: ir.Step, inputs: tuple[Tensor, ...]) -> tuple[plan.Step, ...]:
        target = self._target(step.target, inputs)
        return target if isinstance(target, tuple) else (plan.Step(target),)

    def _skip(self, step: ir.Step, rest: tuple[plan.Step, ...]) -> None:
        """The turns after the second are like it: count them as met, in every frame."""
        for use in _uses_in(step.target):
            for frame in self.frames:
                met = len(frame.applied.get(use, ())) or len(frame.called.get(use, ()))  # type: ignore[call-overload]
                self.turn[(use, frame)] = met

    # ----------------------------------------------------------------- words and blocks

    def _met(self, use: ir.WordUse | ir.BlockUse) -> list[tuple[Frame, Any]]:
        """What this use became in every frame, the next one not yet met."""
        found: list[tuple[Frame, Any]] = []
        for frame in self.frames:
            record = (
                frame.applied.get(use) if isinstance(use, ir.WordUse) else frame.called.get(use)
            )
            at = self.turn.get((use, frame), 0)
            if record and at < len(record):
                found.append((frame, record[at]))
                self.turn[(use, frame)] = at + 1
        return found

    def _apply(self, use: ir.WordUse, inputs: tuple[Tensor, ...]) -> plan.Apply:
        assert use.word is not None
        word, found = bind(use.word, use.node, use.arguments, self.scope, self.walk.defaults)
        if found or word is UNKNOWN:
            raise self.fix(f"{use.word.word}")
        output = word.infer(*inputs)
        if isinstance(output, Mismatch):
            raise self.fix(f"{use.word.word}: {output.message}")
        met: list[tuple[Frame, Node]] = self._met(use)
        shapes = {n.output for _, n in met}
        for frame, node in met:
            self._check(output, node.output, frame)
        shown = shapes.pop() if len(shapes) == 1 else None
        return plan.Apply(word, inputs, output, shown, use.node.span)

    def _check(self, claimed: Tensor, actual: Tensor | None, frame: Frame) -> None:
        assert actual is not None
        if claimed.rank != actual.rank or not all(
            holds(a, b, self.environments[frame])
            for a, b in zip(claimed.shape, actual.shape, strict=True)
        ):
            raise self.fix(f"{claimed} is not {actual}")

    def _invoke(self, use: ir.BlockUse, inputs: tuple[Tensor, ...]) -> plan.Invoke:
        assert use.block is not None
        met: list[tuple[Frame, Frame]] = self._met(use)
        variants = {self.walk.variants[inner] for _, inner in met}
        if len(variants) != 1:
            raise self.fix(f"{use.block.name} in several forms")
        variant = variants.pop()
        function = self.walk._function(variant)
        arguments, values = self._arguments(use, variant)
        output = self._result(variant, values, inputs)
        shown: set[Tensor | None] = set()
        for frame, inner in met:
            index = next(iter(inner.outputs.values()))
            actual = self.walk.graph.tensor(index)
            self._check(output, actual, frame)
            shown.add(actual)
        one = shown.pop() if len(shown) == 1 else None
        return plan.Invoke(function, arguments, inputs, output, one, use.node.span)

    def _arguments(
        self, use: ir.BlockUse, variant: Variant
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The arguments to write, and the value of every parameter that stayed a name."""
        from dslc.graph.build import PARAMETER_KIND

        written: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for parameter in variant.definition.parameters:
            name = parameter.name
            given = use.arguments.get(name)
            if given is not None:
                value, found = evaluate(given, self.scope, PARAMETER_KIND)
            elif parameter.default is not None:
                value, found = evaluate(parameter.default, values, PARAMETER_KIND)
            else:
                value, found = UNKNOWN, []
            if found or value is UNKNOWN:
                raise self.fix(f"argument {name}")
            values[name] = value
            if name not in variant.dynamic:
                continue
            default = next(p.default for p in variant.function.parameters if p.name == name)
            if default is plan.REQUIRED or compact(value) != default:
                written[name] = value if isinstance(value, NamedSize) else compact(value)
        return written, values

    def _result(
        self, variant: Variant, values: dict[str, Any], inputs: tuple[Tensor, ...]
    ) -> Tensor:
        """The callee's output in terms of this function."""
        from dslc.plan.model import size_name
        from dslc.vocab.dims import Sym, substitute

        sizes: dict[str, Dim] = {
            name: value for name, value in values.items() if isinstance(value, (int, Sym))
        }
        for name, size in variant.dynamic.items():
            if isinstance(size, NamedSize):
                given = values[name]
                items = given if isinstance(given, tuple) else (given,) * len(size)
                sizes |= {f"{name}[{i}]": item for i, item in enumerate(items)}
        only = len(inputs) == 1
        for name, tensor in zip(variant.function.inputs, inputs, strict=True):
            for axis, dim in zip(AXES[tensor.rank], tensor.shape, strict=True):
                sizes[size_name(name, axis, only=only)] = dim
        output = next(iter(variant.function.outputs.values()))
        return Tensor(tuple(substitute(d, sizes) for d in output.shape), output.dtype)

    def _shared(self, use: ir.SharedUse, inputs: tuple[Tensor, ...]) -> Any:
        layer = self.layers.get(use.name)
        if layer is None:  # a parameter that holds an activation
            word = self.scope[use.name]
            if not isinstance(word, FlowWord):
                raise self.fix(use.name)
            output = word.infer(*inputs)
            assert isinstance(output, Tensor)
            return plan.Apply(word, inputs, output, None, use.node.span)
        target = self._target(layer.target, inputs)
        assert isinstance(target, (plan.Apply, plan.Invoke))
        self.made[use.name] = _for_both(self.made.get(use.name, target), target)
        return plan.Shared(use.name, self.made[use.name], target.output, target.shown)


def _for_both(
    made: plan.Apply | plan.Invoke, use: plan.Apply | plan.Invoke
) -> plan.Apply | plan.Invoke:
    """A layer that is used again: a size that is another this time is known for none of its uses."""
    if not isinstance(made, plan.Apply) or not isinstance(use, plan.Apply):
        return made
    pairs = list(zip(made.inputs, use.inputs, strict=True))
    if all(a == b or a.rank != b.rank for a, b in pairs):
        return made
    inputs = tuple(
        Tensor(
            tuple(
                x if x == y else symbol(f"{axis}{i}")
                for axis, x, y in zip(AXES[a.rank], a.shape, b.shape, strict=True)
            ),
            a.dtype,
        )
        for i, (a, b) in enumerate(pairs)
    )
    output = made.word.infer(*inputs)
    if isinstance(output, Mismatch):
        return made
    return plan.Apply(made.word, inputs, output, None, made.span)


def _uses_in(target: ir.Target) -> list[ir.WordUse | ir.BlockUse]:
    """The words and blocks applied by a step, at any depth of groups and arms."""
    found: list[ir.WordUse | ir.BlockUse] = []
    todo: list[Any] = [target]
    while todo:
        item = todo.pop()
        match item:
            case ir.WordUse():
                found.append(item)
                todo += item.operands
            case ir.BlockUse():
                found.append(item)
            case ir.Repeat() | ir.StepArm():
                todo += [s.target for s in item.steps]
            case ir.MatchSteps():
                todo += item.arms
            case ir.Flow():
                todo += [item.source, *(s.target for s in item.steps)]
            case ir.Several():
                todo += item.items
            case ir.MatchOperand():
                todo += [arm.value for arm in item.arms]
    return found
