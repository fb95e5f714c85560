"""Bodies of blocks and models: every name looked up once, whatever the sizes will be.

Reports what is wrong with names: unknown words and parameters, values that are never used or named twice. What
depends on values (ranges, shapes) is found later, when the body is run with its arguments.
"""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.damage import Damage
from dslc.spec.flows import Flows
from dslc.spec.lookup import HELD
from dslc.spec.names import PROMISES, Names
from dslc.spec.uses import Definitions
from dslc.syntax import tree
from dslc.vocab.word import aliases, words

SHAPES = "28x28x1"  # the example in fixes


def resolve(
    definition: ir.Definition, definitions: Definitions, damage: Damage
) -> tuple[tuple[ir.Statement, ...], list[Diagnostic]]:
    """The statements of `definition`, and what is wrong with their names."""
    body = _Body(definition, definitions, damage)
    return body.run(), body.names.found


class _Body:
    def __init__(self, definition: ir.Definition, definitions: Definitions, damage: Damage) -> None:
        self.definition = definition
        self.definitions = definitions
        self.damage = damage
        self.damaged = damage.touches(definition.node.span)
        self.names = Names(definition.node, damage)
        self.flows = Flows(self.names, definitions)
        self.statements: list[ir.Statement] = []

    def run(self) -> tuple[ir.Statement, ...]:
        names = self.names
        for parameter in self.definition.parameters:
            if parameter.default is not None:
                names.check(parameter.default, HELD, f"the default of `{parameter.name}`")
            names.declare(parameter.node.name)
            names.scalars.add(parameter.name)
        written = self.definition.node.body
        explicit = any(isinstance(s, tree.Output) for s in written)
        result = None
        if not explicit:
            result = next((s for s in reversed(written) if isinstance(s, tree.Bare)), None)
        for statement in written:
            self._statement(statement, result)
        self._check_ends()
        return tuple(self.statements)

    def _statement(self, statement: tree.Statement, result: tree.Bare | None) -> None:
        match statement:
            case tree.Input():
                self._input(statement)
            case tree.Let():
                self._let(statement)
            case tree.Output():
                self._output(statement)
            case tree.Assert():
                self._assert(statement)
            case tree.Bare():
                self._bare(statement, result)

    # ----------------------------------------------------------------- statements

    def _input(self, node: tree.Input) -> None:
        names = self.names
        names.declare(node.name)
        names.tensor(node.name.text)
        if self.definition.kind == "model" and node.shape is None and not self._torn(node):
            fix = Fix("give it one", (Edit(node.span.after(), f": {SHAPES}"),))
            message = f"the input `{node.name.text}` of a model needs a shape"
            body = self.definition.node.body
            following = body[body.index(node) + 1 :][:1]
            if following and self._shape_of_input(following[0]):
                fix = Fix("write `:` in front of it", (Edit(node.span.after(), ":"),))
            names.found.append(error("E0222", message, node.span, fixes=[fix]))
        if node.shape is not None:
            items = node.shape.items if isinstance(node.shape, tree.Tuple) else (node.shape,)
            if self._batch_axis(node.shape, items):
                self.statements.append(ir.Input(node.name.text, None, None, node))
                return
            for item in items:
                if isinstance(item, tree.Name) and item.text not in names.tensors:
                    names.scalars.add(item.text)  # a size that the input names
                    names.used.add(item.text)
                    continue
                names.check(item)
        if node.where is not None:
            names.check(node.where)
        shape = None if self.damage.next_to(node.span) else node.shape
        self.statements.append(ir.Input(node.name.text, shape, node.where, node))

    def _batch_axis(self, shape: tree.Expr, items: tuple[tree.Expr, ...]) -> bool:
        """`(None, 8, 8, 1)`: whether a shape has an axis without a size. Reports it."""
        empty = [isinstance(i, tree.Name) and i.text in ("None", "none") for i in items]
        if not any(empty) or self.damage.touches(shape.span):
            return False
        if not empty[0] or len(items) == 1 or any(empty[1:]):
            message = "an axis has a size, or a name where its size varies"
            fix = Fix("write a name in its place, as in (H, W, 3)")
            span = items[empty.index(True)].span
        else:
            rest = items[1:]
            sizes = all(isinstance(i, tree.Number) for i in rest)
            text = ("x" if sizes else ", ").join(i.span.text for i in rest)
            text = text if sizes or len(rest) == 1 else f"({text})"
            message = "the batch axis is never written"
            fix = Fix(f"write {text}", (Edit(shape.span, text),))
            span = shape.span
        self.names.found.append(error("E0203", message, span, fixes=[fix]))
        return True

    def _let(self, node: tree.Let) -> None:
        names, name, value = self.names, node.name.text, node.value
        flow = isinstance(value, tree.Flow)
        if not flow and (self.damage.touches(node.span) or self.damage.behind(node.span)):
            names.use(value)
            names.broken.add(name)
            self.statements.append(ir.LetScalar(name, None, node))
            return
        if isinstance(value, (tree.Name, tree.Call)) and self._is_layer(value):
            target = self.flows.use(value)
            names.declare(node.name)
            names.layers.add(name)
            if isinstance(target, ir.WordUse) and target.word is None:
                names.layers.discard(name)
                names.broken.add(name)
            self.statements.append(ir.LetLayer(name, target, node))
        elif self.flows.is_tensor(value):
            cut = self._cut(node, value)
            operand = self._broken(value) if cut else self.flows.operand(value)
            if name in names.given and self.damage.touches(node.span):
                return  # `y -> …` without its arrow, taken for `y = …`
            self.statements.append(ir.LetTensor(name, operand, node))
            names.declare(node.name)
            names.tensor(name)
            if isinstance(operand, ir.Broken):
                names.broken.add(name)
        else:
            sound = names.check(value, HELD, f"`{name}`")
            names.declare(node.name)
            names.scalars.add(name)
            if not sound:
                names.broken.add(name)
            self.statements.append(ir.LetScalar(name, value if sound else None, node))

    def _is_layer(self, value: tree.Name | tree.Call) -> bool:
        """Whether `name = value` names a layer or block that is to be shared."""
        name = value.text if isinstance(value, tree.Name) else value.name.text
        if isinstance(value, tree.Name) and name in self.names.given:
            return False
        if isinstance(value, tree.Call) and self.flows.is_tensor(value):
            return False
        if any(name in words(k) for k in ("regularizer", "initializer", "constraint")):
            return False
        word = words("flow").get(name)
        if word is not None and name not in self.definitions.known:
            return word.kind != "merge"
        if name in self.definitions.known or name in aliases("flow"):
            return True
        return isinstance(value, tree.Call)

    def _output(self, node: tree.Output) -> None:
        names, name = self.names, node.name.text
        cut = self._cut(node, node.value)
        operand = self._broken(node.value) if cut else self.flows.operand(node.value)
        same = isinstance(node.value, tree.Name) and node.value.text == name
        repeated = any(isinstance(s, ir.Output) and s.name == name for s in self.statements)
        if repeated or not same:
            names.declare(node.name)
        names.tensor(name)
        self.statements.append(ir.Output(name, operand, node))

    def _assert(self, node: tree.Assert) -> None:
        names = self.names
        model = self.definition.kind == "model"
        hidden = {name for name in PROMISES if name not in names.given and model}
        names.scalars |= hidden
        sound = names.check(node.condition)
        names.scalars -= hidden
        if sound:
            self.statements.append(ir.Assert(node.condition, node))

    def _bare(self, node: tree.Bare, result: tree.Bare | None) -> None:
        value = node.value
        if self.damage.near(node.span) and not self.flows.is_tensor(value):
            self.names.use(value)
            return
        if self._shape_of_input(node):
            return
        if self._goes_on(node):
            self._without_arrow(node)
            if node is result:
                self.statements.append(ir.Output("output", ir.Broken(value), node))
            return
        label = value.steps[-1].label if isinstance(value, tree.Flow) else None
        operand = self.flows.operand(value)
        if self._cut(node, value):
            operand = ir.Broken(value)
        if node is result:
            self.statements.append(ir.Output("output", operand, node))
        elif label is not None and label.text in self.names.labels:
            # `x -> A as a`: the flow gives `a` its value.
            self.names.used.discard(label.text)
            self.statements.append(ir.LetTensor(label.text, operand, node))
        elif not isinstance(operand, ir.Broken) and not self.damaged and not self._cut(node, value):
            self._unused_flow(node, result)

    def _shape_of_input(self, node: tree.Statement) -> bool:
        """Whether a name stands behind an input on its line: a shape without its `:`."""
        body = self.definition.node.body
        at = body.index(node)
        before = body[at - 1] if at else None
        if not isinstance(before, tree.Input) or before.shape is not None:
            return False
        if self.definition.kind != "model" or not isinstance(node, tree.Bare):
            return False
        gap = node.span.source.text[before.span.end : node.span.start]
        return "\n" not in gap and isinstance(node.value, (tree.Name, tree.Tuple))

    # ----------------------------------------------------------------- a missing arrow

    def _goes_on(self, node: tree.Statement) -> bool:
        """Whether a statement starts with a layer, right behind a tensor: its arrow was forgotten."""
        body = self.definition.node.body
        at = body.index(node)
        if not isinstance(node, tree.Bare) or not at:
            return False
        before = body[at - 1]
        head = node.value.source if isinstance(node.value, tree.Flow) else node.value
        same_line = "\n" not in node.span.source.text[before.span.end : node.span.start]
        if not self._is_step(head, same_line):
            return False
        value = before.value if isinstance(before, (tree.Bare, tree.Let, tree.Output)) else None
        if isinstance(value, tree.Flow):
            return True
        if value is not None and not isinstance(value, tree.Call) and self.flows.is_tensor(value):
            return True
        return self._goes_on(before)

    def _is_step(self, head: tree.Expr, same_line: bool) -> bool:
        """Whether an expression can only be a step, not the start of a flow."""
        if isinstance(head, tree.Match):
            return same_line
        if isinstance(head, tree.Name):
            name = head.text
            if name in self.names.layers:
                return same_line
        elif isinstance(head, tree.Call) and not self.flows.is_tensor(head):
            name = head.name.text
        else:
            return False
        if name in self.names.given or name in self.names.later:
            return False
        word = words("flow").get(name)
        return name in self.definitions.known or (word is not None and word.kind != "merge")

    def _without_arrow(self, node: tree.Bare) -> None:
        head = node.value.source if isinstance(node.value, tree.Flow) else node.value
        if isinstance(head, (tree.Name, tree.Call)):
            self.flows.target(head)
        if isinstance(node.value, tree.Flow):
            self.flows.steps(node.value.steps)
        name = head.name.text if isinstance(head, tree.Call) else head.span.text
        name = "match" if isinstance(head, tree.Match) else name
        message = f"`{name}` has no input: its arrow is missing"
        label = "a flow goes on with ->"
        fix = Fix("write -> in front of it", (Edit(head.span.before(), "-> "),))
        self.names.found.append(error("E0223", message, head.span, label, fixes=[fix]))

    def _broken(self, value: tree.Expr) -> ir.Broken:
        """The part of a flow that was read, with its labels; its value is not known."""
        if isinstance(value, tree.Tuple):
            self.names.use(value)
        else:
            self.flows.operand(value)
        return ir.Broken(value)

    def _cut(self, node: tree.Statement, value: tree.Expr) -> bool:
        """Whether a flow goes on behind what was read of it."""
        body = self.definition.node.body
        at = body.index(node) + 1
        return self.damage.behind(value.span) or (at < len(body) and self._goes_on(body[at]))

    # ----------------------------------------------------------------- the body as a whole

    def _unused_flow(self, statement: tree.Bare, result: tree.Bare | None) -> None:
        message = "the result of this flow is never used"
        start = statement.span.before()
        fix = Fix("name it and use it", (Edit(start, "y = "),))
        if result is None:
            fix = Fix("make it an output", (Edit(start, "output y: "),))
        self.names.found.append(error("E0207", message, statement.span, fixes=[fix]))

    def _torn(self, node: tree.Node) -> bool:
        return self.damage.touches(node.span) or self.damage.behind(node.span)

    def _check_ends(self) -> None:
        """Inputs, outputs and the use of everything that has a name. A body with a statement that could not be
        read, or a name that is misspelt, only looks incomplete."""
        if self.damaged:
            return
        definition = self.definition
        if not definition.node.body:
            self._incomplete("E0401", "is empty", "write `input x` and a flow, x -> …")
            return
        has_input = any(isinstance(s, ir.Input) for s in self.statements)
        outputs = [s for s in self.statements if isinstance(s, ir.Output)]
        if not has_input and not self.names.found:
            shape = f": {SHAPES}" if definition.kind == "model" else ""
            self._incomplete("E0401", "has no input", f"write `input x{shape}` first")
        if not outputs and not self.names.found:
            self._incomplete("E0402", "has no result", "end it with a flow: that is its result")
        elif len(outputs) > 1 and definition.kind == "block":
            self._several_outputs(outputs)
        if outputs and not any(d.code in ("E0217", "E0218", "E0223") for d in self.names.found):
            wrong = [
                d.primary.span.text
                for d in self.names.found
                if d.code == "E0201" and d.primary is not None
            ]
            for unused in self.names.unused(self.statements):
                assert unused.primary is not None
                name = unused.primary.span.text
                if not any(did_you_mean(word, [name]) for word in wrong):  # else it is misspelt
                    self.names.found.append(unused)

    def _incomplete(self, code: str, what: str, advice: str) -> None:
        definition = self.definition
        message = f"{definition.kind} `{definition.name}` {what}"
        span = definition.node.name.span
        self.names.found.append(error(code, message, span, fixes=[Fix(advice)]))

    def _several_outputs(self, outputs: list[ir.Output]) -> None:
        message = f"block `{self.definition.name}` has {len(outputs)} results, but a step gives one"
        there = [Label(outputs[0].node.span, "the first")]
        fix = Fix("merge them with `concat`, or write a block for each; models may have several")
        span = outputs[1].node.span
        self.names.found.append(error("E0402", message, span, secondary=there, fixes=[fix]))
