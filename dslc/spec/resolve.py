"""Bodies of blocks and models: every name looked up once, whatever the sizes will be.

Reports what is wrong with names: unknown words and parameters, values that are never used or named twice. What
depends on values (ranges, shapes) is found later, when the body is run with its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.bind import match_arguments, pair_arguments
from dslc.spec.values import LITERAL_NAMES
from dslc.syntax import tree
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import aliases, words


class Resolver:
    """Resolves one body. The result is `body()`; diagnostics collect in `found`."""

    def __init__(
        self, definition: ir.Definition, definitions: Mapping[str, ir.Definition]
    ) -> None:
        self.definition = definition
        self.definitions = definitions
        self.found: list[Diagnostic] = []
        self.names: dict[
            str, tree.Name
        ] = {}  # everything named in the body, where it was named
        self.tensors: set[str] = set()
        self.layers: set[str] = set()
        self.used: set[str] = set()
        self.labels: dict[str, tree.Name] = {}

    # ----------------------------------------------------------------- statements

    def body(self) -> tuple[ir.Statement, ...]:
        for parameter in self.definition.parameters:
            self._declare(parameter.node.name)
            if parameter.default is not None:
                self._scan(parameter.default)
        written = self.definition.node.body
        last_bare = max(
            (i for i, s in enumerate(written) if isinstance(s, tree.Bare)), default=-1
        )
        statements: list[ir.Statement] = []
        explicit = any(isinstance(s, tree.Output) for s in written)
        for index, statement in enumerate(written):
            match statement:
                case tree.Input():
                    statements.append(self._input(statement))
                case tree.Let():
                    statements.append(self._let(statement))
                case tree.Output():
                    value = self._operand(statement.value)
                    statements.append(ir.Output(statement.name.text, value, statement))
                    self._declare(statement.name, output=True)
                    self.tensors.add(statement.name.text)
                case tree.Assert():
                    statements.append(ir.Assert(statement.condition, statement))
                    self._scan(statement.condition, asserts=True)
                case tree.Bare():
                    value = self._operand(statement.value)
                    if index == last_bare and not explicit:
                        statements.append(ir.Output("output", value, statement))
                    elif not isinstance(value, ir.Broken):
                        self._unused_flow(statement, explicit)
        self._check_ends(statements)
        return tuple(statements)

    def _input(self, node: tree.Input) -> ir.Input:
        self._declare(node.name)
        self.tensors.add(node.name.text)
        if self.definition.kind == "model" and node.shape is None:
            fix = Fix("give it", (Edit(node.span.after(), ": 28x28x1"),))
            message = f"the input `{node.name.text}` of a model needs a shape"
            self.found.append(error("E0222", message, node.span, fixes=[fix]))
        for expr in (node.shape, node.where):
            if expr is not None:
                self._scan(expr, sizes=True)
        return ir.Input(node.name.text, node.shape, node.where, node)

    def _let(self, node: tree.Let) -> ir.Statement:
        name = node.name.text
        value = node.value
        result: ir.Statement
        if isinstance(value, (tree.Name, tree.Call)) and self._is_layer(value):
            target = self._use(value)
            result = ir.LetLayer(name, target, node)  # type: ignore[arg-type]
            self._declare(node.name)
            self.layers.add(name)
            return result
        if self._is_tensor(value):
            result = ir.LetTensor(name, self._operand(value), node)
            self._declare(node.name)
            self.tensors.add(name)
            return result
        self._scan(value)
        self._declare(node.name)
        return ir.LetScalar(name, value, node)

    def _is_layer(self, value: tree.Name | tree.Call) -> bool:
        """Whether `name = value` names a layer or block that is to be shared."""
        name = value.text if isinstance(value, tree.Name) else value.name.text
        if isinstance(value, tree.Name) and name in self.names:
            return False
        word = words("flow").get(name)
        if word is not None:
            return word.kind != "merge"
        if name in self.definitions or name in aliases("flow"):
            return True
        return isinstance(value, tree.Call)

    def _is_tensor(self, value: tree.Expr) -> bool:
        match value:
            case tree.Flow():
                return True
            case tree.Name():
                return value.text in self.tensors
            case tree.Call():
                return True
            case tree.Match():
                return any(self._is_tensor(arm.value) for arm in value.arms)
            case tree.Tuple():
                return any(self._is_tensor(item) for item in value.items)
        return False

    # ----------------------------------------------------------------- operands and flows

    def _operand(self, expr: tree.Expr) -> ir.Operand:
        match expr:
            case tree.Name():
                return self._value(expr)
            case tree.Flow():
                source = self._operand(expr.source)
                steps = self._steps(expr.steps)
                return ir.Flow(source, steps, expr)
            case tree.Call():
                use = self._use(expr)
                if (
                    isinstance(use, ir.WordUse)
                    and use.word is not None
                    and use.word.kind == "merge"
                ):
                    return use
                if isinstance(use, ir.WordUse) and use.word is None:
                    return ir.Broken(expr)
                self._layer_without_input(expr)
                return ir.Broken(expr)
            case tree.Match():
                arms = []
                for arm in expr.arms:
                    if arm.condition is not None:
                        self._scan(arm.condition)
                    arms.append(ir.OperandArm(arm.condition, self._operand(arm.value)))
                return ir.MatchOperand(tuple(arms), expr)
            case tree.Tuple():
                return ir.Several(
                    tuple(self._operand(item) for item in expr.items), expr
                )
        self.found.append(
            error("E0218", "a tensor is needed here", expr.span, "this is a value")
        )
        return ir.Broken(expr)

    def _value(self, node: tree.Name) -> ir.Operand:
        name = node.text
        if name in self.tensors:
            self.used.add(name)
            return ir.ValueUse(name, node)
        if name in self.names:
            self.used.add(name)
            if name in self.layers:
                message = f"`{name}` is a layer; it needs an input"
                fix = Fix(f"write x -> {name}")
            else:
                message, fix = f"`{name}` is a number or a name, not a tensor", None
            self.found.append(
                error("E0218", message, node.span, fixes=[fix] if fix else [])
            )
            return ir.Broken(node)
        if words("flow").get(name) is not None or name in self.definitions:
            self._layer_without_input(node)
            return ir.Broken(node)
        close = did_you_mean(name, self.tensors)
        fixes = (
            [Fix(f"did you mean `{close}`?", (Edit(node.span, close),))]
            if close
            else []
        )
        message = f"nothing is called `{name}` here"
        notes = []
        if not close and self.tensors:
            notes = [f"the values so far are {', '.join(sorted(self.tensors))}"]
        self.found.append(error("E0217", message, node.span, fixes=fixes, notes=notes))
        return ir.Broken(node)

    def _layer_without_input(self, node: tree.Name | tree.Call) -> None:
        first = next(iter(self.tensors), "x")
        for name in self.tensors:
            self.used.add(name)
        fix = Fix(
            f"write {first} -> {node.span.text.splitlines()[0]}",
            (Edit(node.span.before(), f"{first} -> "),),
        )
        name = node.text if isinstance(node, tree.Name) else node.name.text
        message = f"`{name}` has no input"
        self.found.append(
            error("E0223", message, node.span, "a flow starts at a value", fixes=[fix])
        )

    def _steps(self, steps: tuple[tree.Step, ...]) -> tuple[ir.Step, ...]:
        return tuple(self._step(step) for step in steps)

    def _step(self, step: tree.Step) -> ir.Step:
        target: ir.Target
        match step.target:
            case tree.Chain():
                target = ir.Repeat(self._steps(step.target.steps), step.target)
            case tree.Match():
                target = self._match_steps(step.target)
            case tree.Name() if step.target.text in self.layers:
                self.used.add(step.target.text)
                target = ir.SharedUse(step.target.text, step.target)
            case tree.Name() if step.target.text in self.names:
                target = self._not_a_layer(step.target)
            case tree.Name() | tree.Call():
                target = self._use(step.target)
        if step.times is not None:
            self._scan(step.times)
        if step.label is not None:
            self._label(step.label)
        return ir.Step(
            target, step.times, step.label.text if step.label else None, step
        )

    def _not_a_layer(self, node: tree.Name) -> ir.Target:
        """A tensor or number where a layer should stand; a parameter may hold an activation."""
        self.used.add(node.text)
        if node.text in {p.name for p in self.definition.parameters}:
            return ir.SharedUse(node.text, node)
        message = f"`{node.text}` is not a layer"
        fix = Fix(f"to merge, write -> add({node.text}) or -> concat({node.text})")
        self.found.append(error("E0218", message, node.span, fixes=[fix]))
        return ir.WordUse(None, {}, (), node)

    def _match_steps(self, node: tree.Match) -> ir.MatchSteps:
        arms = []
        for arm in node.arms:
            if arm.condition is not None:
                self._scan(arm.condition)
            arms.append(ir.StepArm(arm.condition, self._arm_steps(arm.value)))
        return ir.MatchSteps(tuple(arms), node)

    def _arm_steps(self, value: tree.Expr) -> tuple[ir.Step, ...]:
        """`A -> B` in an arm of `-> match`: steps that go on from the value that comes in."""
        if isinstance(value, tree.Flow) and isinstance(
            value.source, (tree.Name, tree.Call)
        ):
            first = self._bare_step(value.source)
            return (first, *self._steps(value.steps))
        if isinstance(value, (tree.Name, tree.Call)):
            return (self._bare_step(value),)
        self.found.append(
            error("E0218", "an arm of `-> match` holds steps", value.span)
        )
        return ()

    def _bare_step(self, node: tree.Name | tree.Call) -> ir.Step:
        if isinstance(node, tree.Name) and node.text in self.tensors:
            self.used.add(node.text)
            message = f"the arm starts at `{node.text}`, but a step goes on from what comes in"
            start = Fix("start the arm at its first layer")
            self.found.append(error("E0218", message, node.span, fixes=[start]))
            return ir.Step(ir.WordUse(None, {}, (), node), None, None, node)
        if isinstance(node, tree.Name) and node.text in self.layers:
            self.used.add(node.text)
            return ir.Step(ir.SharedUse(node.text, node), None, None, node)
        return ir.Step(self._use(node), None, None, node)

    def _label(self, label: tree.Name) -> None:
        first = self.labels.get(label.text) or self.names.get(label.text)
        if first is not None:
            message = f"the label `{label.text}` is used twice"
            there = [Label(first.span, "first used here")]
            fix = Fix("give one of them another name")
            self.found.append(
                error("E0208", message, label.span, secondary=there, fixes=[fix])
            )
        self.labels[label.text] = label
        self.tensors.add(label.text)

    # ----------------------------------------------------------------- words and blocks

    def _use(self, node: tree.Name | tree.Call) -> ir.WordUse | ir.BlockUse:
        name = node.name if isinstance(node, tree.Call) else node
        block = self.definitions.get(name.text)
        if block is not None:
            return self._block(block, node)
        word = words("flow").get(name.text)
        if word is None:
            self.found.append(self._unknown_word(name))
            self._scan_arguments(node)
            return ir.WordUse(None, {}, (), node)
        assert issubclass(word, FlowWord)
        operands: tuple[ir.Operand, ...] = ()
        if word.kind == "merge" and isinstance(node, tree.Call):
            given = [a.value for a in node.arguments if a.name is None]
            operands = tuple(self._operand(value) for value in given)
            named = tuple(a for a in node.arguments if a.name is not None)
            node_for_names: tree.Call | tree.Name = tree.Call(
                node.span, node.name, named
            )
        else:
            node_for_names = node
        arguments, found = match_arguments(word, node_for_names)
        self.found += found
        for value in arguments.values():
            self._scan(value)
        if found:
            self._scan_arguments(node)
        return ir.WordUse(None if found else word, arguments, operands, node)

    def _unknown_word(self, name: tree.Name) -> Diagnostic:
        alias = aliases("flow").get(name.text)
        if alias is not None:
            fix = Fix(f"write `{alias}`", (Edit(name.span, alias),), safe=True)
            message = f"`{name.text}` is called `{alias}` here"
            return error("E0212", message, name.span, fixes=[fix])
        known = [*words("flow"), *self.definitions, *self.layers]
        close = did_you_mean(name.text, known)
        if close is None:
            other = did_you_mean(name.text, aliases("flow"))
            close = aliases("flow")[other] if other else None
        fixes = (
            [Fix(f"did you mean `{close}`?", (Edit(name.span, close),))]
            if close
            else []
        )
        if not fixes:
            fixes = [Fix("`dslc words` lists every layer, activation and merge")]
        return error(
            "E0201", f"there is no layer or block `{name.text}`", name.span, fixes=fixes
        )

    def _block(self, block: ir.Definition, node: tree.Name | tree.Call) -> ir.BlockUse:
        names = [p.name for p in block.parameters]
        required = [p.name for p in block.parameters if p.default is None]
        given = node.arguments if isinstance(node, tree.Call) else ()
        arguments, found = pair_arguments(
            block.name, given, node, names, positional=len(names), required=required
        )
        self.found += found
        for argument in given:
            self._scan(argument.value)
        return ir.BlockUse(None if found else block, arguments, node)

    # ----------------------------------------------------------------- names

    def _declare(self, name: tree.Name, *, output: bool = False) -> None:
        first = self.names.get(name.text) or self.labels.get(name.text)
        if first is not None and not output:
            message = f"`{name.text}` is named twice"
            there = [Label(first.span, "first named here")]
            self.found.append(error("E0208", message, name.span, secondary=there))
        elif name.text in LITERAL_NAMES or name.text in words("flow"):
            message = f"`{name.text}` is a word of the language"
            fix = Fix("choose another name")
            self.found.append(error("E0224", message, name.span, fixes=[fix]))
        self.names.setdefault(name.text, name)

    def _scan_arguments(self, node: tree.Name | tree.Call) -> None:
        for argument in node.arguments if isinstance(node, tree.Call) else ():
            self._scan(argument.value)

    def _scan(
        self, expr: tree.Node, *, asserts: bool = False, sizes: bool = False
    ) -> None:
        """Mark the names that an expression uses. What they are is known when it is evaluated."""
        todo: list[tree.Node] = [expr]
        while todo:
            node = todo.pop()
            match node:
                case tree.Name():
                    self.used.add(node.text)
                case tree.Tuple():
                    todo += node.items
                case tree.Range():
                    todo += [node.low, node.high]
                case tree.Unary():
                    todo.append(node.operand)
                case tree.Binary():
                    todo += [node.left, node.right]
                case tree.Attribute():
                    todo.append(node.value)
                case tree.Call():
                    todo += [a.value for a in node.arguments]
                case tree.Match():
                    for arm in node.arms:
                        todo += [arm.condition] if arm.condition is not None else []
                        todo.append(arm.value)
                case tree.Flow():
                    self._operand(node)

    def _unused_flow(self, statement: tree.Bare, explicit: bool) -> None:
        message = "the result of this flow is never used"
        start = statement.span.before()
        verb = Fix("name it and use it", (Edit(start, "y = "),))
        fixes = [verb]
        if explicit:
            fixes = [Fix("make it an output", (Edit(start, "output y: "),))]
        self.found.append(error("E0207", message, statement.span, fixes=fixes))

    def _check_ends(self, statements: list[ir.Statement]) -> None:
        """Inputs, outputs and the use of everything that has a name."""
        definition = self.definition
        where = definition.node.name.span
        if not any(isinstance(s, ir.Input) for s in statements):
            fix = (
                Fix("declare one", ())
                if not definition.node.body
                else Fix("write `input x` first")
            )
            message = f"{definition.kind} `{definition.name}` has no input"
            self.found.append(error("E0401", message, where, fixes=[fix]))
        if not any(isinstance(s, ir.Output) for s in statements):
            message = f"{definition.kind} `{definition.name}` has no result"
            fix = Fix("end it with a flow: its last flow is its output")
            self.found.append(error("E0402", message, where, fixes=[fix]))
        if any(d.code.startswith(("E01", "E0217", "E0201")) for d in self.found):
            return  # a name may look unused only because its use is misspelt
        for name, node in self.names.items():
            if name in self.used or any(
                isinstance(s, ir.Output) and s.name == name for s in statements
            ):
                continue
            self.found.append(self._unused(name, node))

    def _unused(self, name: str, node: tree.Name) -> Diagnostic:
        if any(p.name == name for p in self.definition.parameters):
            message = f"the parameter `{name}` is never used"
            return error(
                "E0206", message, node.span, fixes=[Fix("use it or remove it")]
            )
        if any(
            isinstance(s, tree.Input) and s.name is node
            for s in self.definition.node.body
        ):
            message = f"the input `{name}` is never used"
            return error(
                "E0207", message, node.span, fixes=[Fix(f"start a flow: {name} -> …")]
            )
        message = f"the value `{name}` is never used"
        return error("E0207", message, node.span, fixes=[Fix("use it or remove it")])
