"""Running a model's body on its input shapes: words bound, blocks entered, every shape inferred.

A mistake makes the value behind it unknown; unknown values are silent, so that one mistake is one diagnostic.
Recursion follows the nesting of blocks and parentheses, which is bounded; flows and repeats are loops.
"""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph.model import Frame, Graph
from dslc.graph.record import MAX_DEPTH, MAX_NODES, Record
from dslc.graph.roles import assign_roles
from dslc.graph.scope import NOTHING, Nodes, Visible
from dslc.graph.sizes import bind_input
from dslc.spec import ir
from dslc.spec.bind import bind, part_of, show_value
from dslc.spec.defaults import LayerDefaults, layer_defaults
from dslc.spec.lookup import HELD
from dslc.spec.recall import Reading, Values
from dslc.spec.values import UNKNOWN, Result, evaluate, no_arm, undecided
from dslc.syntax import tree
from dslc.vocab.tensor import FlowWord, Mismatch

Scope = dict[str, Any]
Path = tuple[str, ...]


def build(
    spec: ir.Spec, model: ir.Definition, arguments: dict[str, Any] | None = None
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of `model` with its defaults, or `arguments` in their place."""
    builder = _Builder(spec, model)
    builder.model(arguments or {})
    builder.record.finish()
    builder.record.found += assign_roles(builder.graph, builder.defaults)
    return builder.graph, builder.record.unique()


class _Builder:
    def __init__(self, spec: ir.Spec, model: ir.Definition) -> None:
        self.defaults = layer_defaults(spec)
        self.ruled = self.defaults != LayerDefaults()
        self.settled: dict[Reading, dict[Values, FlowWord]] = {}  # words as these rules leave them
        self.record = Record(Frame(model, {}, {}, None, None, 0))
        self.graph = self.record.graph
        self.first_uses: dict[tuple[Frame, str], tuple[list[int], Nodes]] = {}

    # ----------------------------------------------------------------- definitions

    def model(self, arguments: dict[str, Any]) -> None:
        frame = self.graph.root
        for parameter in frame.definition.parameters:
            if parameter.name in arguments:
                frame.scalars[parameter.name] = arguments[parameter.name]
            elif parameter.default is None:
                span = parameter.node.span
                fix = Fix("give it one", (Edit(span.after(), " = 10"),))
                message = f"the parameter `{parameter.name}` of a model needs a default"
                self.record.say(error("E0222", message, span, fixes=[fix]), frame)
                frame.scalars[parameter.name] = UNKNOWN
            else:
                self._default(frame, parameter)
        scope: Scope = dict(frame.scalars)
        for statement in frame.definition.inputs:
            tensor, found = bind_input(statement, None, scope, self._visible(scope))
            self._say(found, frame)
            span = statement.node.name.span
            node = self.record.add(None, (), tensor, span, frame, (statement.name,))
            self.record.take(frame.inputs, statement.name, node.index)
            self.graph.inputs[statement.name] = node.index
            scope[statement.name] = Nodes((node.index,))
        self._body(frame, scope, ())
        self.graph.outputs = frame.outputs

    def _default(self, frame: Frame, parameter: ir.Parameter) -> None:
        assert parameter.default is not None
        owner = f"the default of `{parameter.name}`"
        value, found = evaluate(parameter.default, frame.scalars, HELD, owner)
        self._say(found, frame)
        frame.scalars[parameter.name] = value

    def _body(self, frame: Frame, scope: Scope, path: Path) -> None:
        """Run the statements. In `scope` a tensor is a tuple of node indices, a layer its `LetLayer`."""
        given = {*frame.scalars, *frame.inputs}
        frame.sizes = {n: v for n, v in scope.items() if n not in given}
        for statement in frame.definition.body:
            if not self.record.tick(statement.node.span):
                return
            match statement:
                case ir.LetScalar():
                    value = self._value(statement, frame, scope)
                    scope[statement.name] = value
                    frame.scalars[statement.name] = value
                case ir.LetLayer():
                    scope[statement.name] = statement
                case ir.LetTensor():
                    inner = (*path, statement.name)
                    nodes = self._one(statement.value, frame, scope, inner)
                    scope[statement.name] = nodes
                    self.record.take(frame.values, statement.name, nodes[0])
                case ir.Output():
                    named = isinstance(statement.node, tree.Output)
                    inner = (*path, statement.name) if named else path
                    nodes = self._one(statement.value, frame, scope, inner)
                    frame.outputs[statement.name] = nodes[0]
                    scope.setdefault(statement.name, nodes)

    def _value(self, statement: ir.LetScalar, frame: Frame, scope: Scope) -> Any:
        if statement.value is None:
            return UNKNOWN
        value, found = evaluate(statement.value, self._visible(scope), HELD, f"`{statement.name}`")
        self._say(found, frame)
        return value

    def _visible(self, scope: Scope) -> Visible:
        return Visible(scope, self.graph)

    def _say(self, found: list[Diagnostic], frame: Frame) -> None:
        for diagnostic in found:
            self.record.say(diagnostic, frame)

    # ----------------------------------------------------------------- operands

    def _one(self, operand: ir.Operand, frame: Frame, scope: Scope, path: Path) -> Nodes:
        """The value of an operand that must be one tensor."""
        nodes = self._operand(operand, frame, scope, path)
        return nodes if len(nodes) == 1 else NOTHING

    def _operand(self, operand: ir.Operand, frame: Frame, scope: Scope, path: Path) -> Nodes:
        if not self.record.deeper(operand.node.span):
            return NOTHING
        value = self._inner(operand, frame, scope, path)
        self.record.levels -= 1
        return value

    def _inner(self, operand: ir.Operand, frame: Frame, scope: Scope, path: Path) -> Nodes:
        match operand:
            case ir.ValueUse():
                held = scope.get(operand.name)
                return held if isinstance(held, Nodes) else NOTHING
            case ir.Flow():
                value = self._operand(operand.source, frame, scope, path)
                return self._steps(operand.steps, value, frame, scope, path)
            case ir.WordUse():
                return self._word(operand, Nodes(()), frame, scope, path)
            case ir.Several():
                return Nodes(self._one(item, frame, scope, path)[0] for item in operand.items)
            case ir.MatchOperand():
                arm = self._choose(operand, frame, scope)
                if arm is None:
                    return NOTHING
                value = self._one(operand.arms[arm].value, frame, scope, path)
                self.record.take(frame.operands, operand, value[0])
                return value
        return NOTHING

    def _choose(
        self, match: ir.MatchOperand | ir.MatchSteps, frame: Frame, scope: Scope
    ) -> int | None:
        """The arm whose condition holds first."""
        arms: tuple[ir.OperandArm | ir.StepArm, ...] = match.arms
        for index, arm in enumerate(arms):
            if arm.condition is None:
                frame.chosen[match] = index
                return index
            value, found = evaluate(arm.condition, self._visible(scope))
            self._say(found, frame)
            if value is UNKNOWN:
                return None
            if not isinstance(value, bool):
                self.record.say(undecided(arm.condition, value), frame)
                return None
            if value:
                frame.chosen[match] = index
                return index
        self.record.say(no_arm(match.node), frame)
        return None

    # ----------------------------------------------------------------- steps

    def _steps(
        self, steps: tuple[ir.Step, ...], value: Nodes, frame: Frame, scope: Scope, path: Path
    ) -> Nodes:
        for step in steps:
            times = self._times(step, frame, scope)
            inner = (*path, step.label) if step.label else path
            for turn in range(times):
                if not self.record.tick(step.node.span):
                    return NOTHING
                here = (*inner, str(turn)) if step.times is not None else inner
                value = self._target(step.target, value, frame, scope, here)
            if step.label:
                scope[step.label] = value
                self.record.take(frame.values, step.label, value[0])
        return value

    def _times(self, step: ir.Step, frame: Frame, scope: Scope) -> int:
        if step.times is None:
            return 1
        times, found = evaluate(step.times, self._visible(scope))
        self._say(found, frame)
        if times is UNKNOWN:
            return 1
        span = step.times.span
        if isinstance(times, float) and times == int(times):
            times = int(times)
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            message = "a step is repeated a whole number of times, at least once"
            shown = show_value(times)
            label = f"this is {shown}" if shown != span.text else ""
            fix = Fix("write a whole number from 1, or `match` to leave the step out")
            self.record.say(error("E0203", message, span, label, fixes=[fix]), frame)
            return 1
        if times > MAX_NODES:
            self.record.stop(f"this step is repeated {times:,} times", span)
        frame.repeats[step] = times
        return times

    def _target(
        self, target: ir.Target, value: Nodes, frame: Frame, scope: Scope, path: Path
    ) -> Nodes:
        if not self.record.deeper(target.node.span):
            return NOTHING
        match target:
            case ir.WordUse():
                result = self._word(target, value, frame, scope, path)
            case ir.BlockUse():
                result = self._block(target, value, frame, scope, path)
            case ir.Repeat():
                result = self._steps(target.steps, value, frame, scope, path)
            case ir.MatchSteps():
                result = NOTHING
                arm = self._choose(target, frame, scope)
                if arm is not None:
                    result = self._steps(target.arms[arm].steps, value, frame, scope, path)
                    self.record.take(frame.operands, target, result[0])
            case ir.SharedUse():
                result = self._shared(target, value, frame, scope, path)
        self.record.levels -= 1
        return result

    # ----------------------------------------------------------------- layers and blocks

    def _word(self, use: ir.WordUse, value: Nodes, frame: Frame, scope: Scope, path: Path) -> Nodes:
        inputs = [*value]
        for operand in use.operands:
            inputs += self._operand(operand, frame, scope, path)
        if use.word is None:
            return NOTHING
        word, found = self._bind(use, scope)
        if word is UNKNOWN:
            self._say(found, frame)
            return self._part(use, Nodes(inputs), frame, scope, path)
        node = self.record.apply(word, tuple(inputs), use.node.span, frame, path)
        if node is None:
            return NOTHING
        frame.applied.setdefault(use, []).append(node)
        return Nodes((node.index,))

    def _bind(self, use: ir.WordUse, scope: Scope) -> Result:
        """The word with its values; one that was met before, where the same is said of it."""
        assert use.word is not None
        reading = use.reading
        values = reading.values(scope) if reading is not None else None
        if reading is None or values is None:
            return bind(use.word, use.node, use.arguments, self._visible(scope), self.defaults)
        known = self.settled.setdefault(reading, {}) if self.ruled else reading.bound
        if values not in known:
            result = bind(use.word, use.node, use.arguments, self._visible(scope), self.defaults)
            if result[0] is UNKNOWN:
                return result
            reading.keep(known, values, result[0])
            return result
        return known[values], []

    def _part(
        self, use: ir.WordUse, inputs: Nodes, frame: Frame, scope: Scope, path: Path
    ) -> Nodes:
        """The result of a layer with a wrong value, where it does not depend on that value."""
        assert use.word is not None
        known = tuple(i for i in inputs if i is not None)
        tensors = [t for t in map(self.graph.tensor, known) if t is not None]
        low, high = use.word.inputs
        if len(tensors) < max(low, len(inputs)) or (high is not None and len(tensors) > high):
            return NOTHING
        word = part_of(use.word, use.arguments, self._visible(scope))
        try:
            result = word.infer(*tensors)
        except (AttributeError, ZeroDivisionError):  # the value is needed, and it has none, or 0
            return NOTHING
        if isinstance(result, Mismatch):
            return NOTHING
        node = self.record.add(word, known, result, use.node.span, frame, path)
        node.sound = False
        return Nodes((node.index,))

    def _block(
        self, use: ir.BlockUse, value: Nodes, frame: Frame, scope: Scope, path: Path
    ) -> Nodes:
        block = use.block
        if block is None or not block.body:
            return NOTHING
        if frame.depth >= MAX_DEPTH:
            self.record.stop(
                f"blocks are nested more than {MAX_DEPTH} deep", use.node.span, "nest less"
            )
            return NOTHING
        wanted = block.inputs
        if len(wanted) != len(value):
            if None not in value and not block.torn:
                self.record.say(_wrong_inputs(block, len(value), use), frame)
            return NOTHING
        here = (*path, block.name)
        inner = Frame(block, {}, {}, frame, use.node.span, frame.depth + 1, here)
        for parameter in block.parameters:
            if parameter.name in use.arguments:
                owner = f"`{parameter.name}` of `{block.name}`"
                argument = use.arguments[parameter.name]
                result, found = evaluate(argument, self._visible(scope), HELD, owner)
                self._say(found, frame)
                inner.scalars[parameter.name] = result
            elif parameter.default is not None:
                self._default(inner, parameter)
        inner_scope: Scope = dict(inner.scalars)
        for statement, index in zip(wanted, value, strict=True):
            tensor = self.graph.tensor(index)
            visible = self._visible(inner_scope)
            checked, found = bind_input(
                statement, tensor, inner_scope, visible, known=tensor is not None
            )
            self._say([_at_call(d, use) for d in found], frame)
            if tensor is not None and checked is None:
                return NOTHING
            self.record.take(inner.inputs, statement.name, index)
            inner_scope[statement.name] = Nodes((index,))
        self.graph.frames.append(inner)
        frame.called.setdefault(use, []).append(inner)
        self._body(inner, inner_scope, here)
        outputs = list(inner.outputs.values())
        return Nodes(outputs) if len(outputs) == 1 and not block.torn else NOTHING

    def _shared(
        self, use: ir.SharedUse, value: Nodes, frame: Frame, scope: Scope, path: Path
    ) -> Nodes:
        held = scope.get(use.name)
        if isinstance(held, FlowWord):  # a parameter that holds an activation
            node = self.record.apply(held, tuple(value), use.node.span, frame, path)
            return Nodes((node.index if node else None,))
        if not isinstance(held, ir.LetLayer):
            if held is not UNKNOWN and held is not None:
                message = f"`{use.name}` is {show_value(held)}, which is no layer"
                fix = Fix("give it an activation, such as relu")
                self.record.say(error("E0218", message, use.node.span, fixes=[fix]), frame)
            return NOTHING
        first = len(self.graph.order)
        inner = (*path, use.name)
        if isinstance(held.target, ir.WordUse):
            result = self._word(held.target, value, frame, scope, inner)
        else:
            result = self._block(held.target, value, frame, scope, inner)
        mine = list(range(first, len(self.graph.order)))
        earlier, inputs = self.first_uses.setdefault((frame, use.name), (mine, value))
        if earlier is not mine and None not in result:
            whole = isinstance(held.target, ir.BlockUse)
            if self.record.fits(use, inputs, value, earlier, frame, whole=whole):
                self.record.share(use, earlier, mine, frame)
        return result


def _wrong_inputs(block: ir.Definition, count: int, use: ir.BlockUse) -> Diagnostic:
    wanted = block.inputs
    names = ", ".join(i.name for i in wanted)
    plural = "input" if len(wanted) == 1 else "inputs"
    message = f"`{block.name}` takes {len(wanted)} {plural} ({names}), got {count}"
    fix = Fix(f"write ({names}) -> {block.name}" if len(wanted) > 1 else "give it one tensor")
    there = [Label(block.node.name.span, "defined here")]
    return error("E0403", message, use.node.span, secondary=there, fixes=[fix])


def _at_call(diagnostic: Diagnostic, use: ir.BlockUse) -> Diagnostic:
    """A refusal of an input belongs to the place where the block is used."""
    d = diagnostic
    there = [Label(d.primary.span, d.primary.text or "declared here")] if d.primary else []
    primary = Label(use.node.span, "used here")
    return Diagnostic(d.code, d.message, primary, (*there, *d.secondary), d.notes, d.fixes)
