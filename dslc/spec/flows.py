"""Flows of one body: every step looked up once, whatever the sizes will be."""

from __future__ import annotations

from dslc.diagnostics import Edit, Fix, did_you_mean, error
from dslc.spec import ir
from dslc.spec.refuse import short
from dslc.spec.uses import Uses
from dslc.syntax import tree
from dslc.vocab.word import words

MERGES = {"+": "add", "-": "subtract", "*": "multiply"}


class Flows(Uses):
    """Turns operands and steps of a body into their bound form."""

    # ----------------------------------------------------------------- operands

    def operand(self, expr: tree.Expr, *, source: bool = False) -> ir.Operand:
        match expr:
            case tree.Name():
                return self._value(expr)
            case tree.Flow():
                return ir.Flow(self.operand(expr.source, source=True), self.steps(expr.steps), expr)
            case tree.Call():
                return self._called(expr)
            case tree.Match():
                return self._match(expr)
            case tree.Tuple():
                return self._several(expr, source)
        self.names.use(expr)
        if isinstance(expr, tree.Binary) and self.is_tensor(expr):
            if not self.names.damage.touches(expr.span):
                self._sum_of_tensors(expr)
            return ir.Broken(expr)
        if not self.names.damage.touches(expr.span):
            message = "a tensor is needed here"
            self.say("E0218", message, expr, "this is a number", Fix("write a flow: x -> …"))
        return ir.Broken(expr)

    def _sum_of_tensors(self, expr: tree.Binary) -> None:
        """`x + y`: merges have names."""
        word = MERGES[expr.op]
        left, right = expr.left.span.text, expr.right.span.text
        fix = Fix(f"write {word}(…, …)")
        if self.is_tensor(expr.left) and self.is_tensor(expr.right):
            text = f"{word}({left}, {right})"
            fix = Fix(f"write {short(text)}", (Edit(expr.span, text),))
        message = f"`{expr.op}` works on numbers, not on tensors"
        self.say("E0218", message, expr, "", fix)

    def _several(self, expr: tree.Tuple, source: bool) -> ir.Operand:
        items = tuple(self.operand(item) for item in expr.items)
        if self.names.damage.touches(expr.span):
            return ir.Broken(expr)
        if not source:
            inner = expr.span.text[1:-1].strip()
            where = "several tensors stand in front of an arrow: (a, b) -> concat"
            fix = Fix("write them without the brackets", (Edit(expr.span, inner),))
            if "," not in inner:
                fix = Fix("write one tensor")
            self.say("E0218", "one tensor is needed here", expr, where, fix)
            return ir.Broken(expr)
        if expr.bracket == "[" and len(items) > 1:
            text = f"({expr.span.text[1:-1].strip()})"
            fix = Fix(f"write {short(text)}", (Edit(expr.span, text),), safe=True)
            label = "brackets hold lists of settings"
            self.say("E0218", "tensors in front of an arrow stand in parentheses", expr, label, fix)
            return ir.Several(items, expr)
        if len(items) < 2:
            fix = Fix("write x -> …, or (a, b) -> …")
            self.say("E0218", "a tuple of tensors holds at least two", expr, "", fix)
            return ir.Broken(expr)
        return ir.Several(items, expr)

    def _called(self, expr: tree.Call) -> ir.Operand:
        word = words("flow").get(expr.name.text)
        block = expr.name.text in self.definitions.known
        if (word is None or word.kind != "merge") and (word is not None or block):
            given = [a for a in expr.arguments if a.name is None and self.is_tensor(a.value)]
            if given and not self.names.damage.touches(expr.span):
                return self._function_call(expr, given)
        before = len(self.names.found)
        use = self.use(expr)
        if isinstance(use, ir.WordUse) and use.word is not None and use.word.kind == "merge":
            return use
        if len(self.names.found) == before and not self._silent(expr):
            self._without_input(expr)
        return ir.Broken(expr)

    def _silent(self, node: tree.Name | tree.Call) -> bool:
        name = node.name.text if isinstance(node, tree.Call) else node.text
        return self.names.damage.next_to(node.span) or name in self.definitions.broken

    def _function_call(self, expr: tree.Call, given: list[tree.Argument]) -> ir.Operand:
        """`Dense(x, 8)` or `Block(a, b)`: tensors as arguments."""
        for argument in expr.arguments:
            self.names.use(argument.value)
        rest = [a.span.text for a in expr.arguments if a not in given]
        tensors = ", ".join(a.value.span.text for a in given)
        call = f"{expr.name.text}({', '.join(rest)})" if rest else expr.name.text
        text = f"{tensors if len(given) == 1 else f'({tensors})'} -> {call}"
        message = f"tensors flow into `{expr.name.text}` by an arrow"
        label = "its parentheses hold numbers and words"
        self.say(
            "E0223", message, expr, label, Fix(f"write {short(text)}", (Edit(expr.span, text),))
        )
        return ir.Broken(expr)

    def is_tensor(self, value: tree.Expr) -> bool:
        match value:
            case tree.Flow():
                return True
            case tree.Name():
                return value.text in self.names.tensors
            case tree.Call():
                return self._makes_tensor(value)
            case tree.Match():
                return any(self.is_tensor(arm.value) for arm in value.arms)
            case tree.Tuple():
                return any(self.is_tensor(item) for item in value.items)
            case tree.Binary():
                sides = (value.left, value.right)
                return value.op in MERGES and any(self.is_tensor(side) for side in sides)
        return False

    def _makes_tensor(self, call: tree.Call) -> bool:
        word = words("flow").get(call.name.text)
        if word is not None and word.kind == "merge":
            return True
        return any(a.name is None and self.is_tensor(a.value) for a in call.arguments)

    def _match(self, expr: tree.Match) -> ir.Operand:
        arms = []
        self.inside += 1
        for arm in expr.arms:
            if arm.condition is not None:
                self.names.check(arm.condition)
            arms.append(ir.OperandArm(arm.condition, self.operand(arm.value)))
        self.inside -= 1
        if self.names.damage.touches(expr.span):
            return ir.Broken(expr)
        return ir.MatchOperand(tuple(arms), expr)

    def _value(self, node: tree.Name) -> ir.Operand:
        names, text = self.names, node.text
        names.used.add(text)
        if text in names.tensors:
            return ir.ValueUse(text, node)
        if text in names.broken or names.damage.touches(node.span):
            return ir.Broken(node)
        if text in names.scalars:
            fix = Fix(f"numbers and words are used inside parentheses: Dense({text})")
            self.say("E0218", f"`{text}` is a number or a word, not a tensor", node, "", fix)
        elif text in words("flow") or text in self.definitions.known:
            self._without_input(node)
        elif names.elsewhere(text):
            names.found.append(names.unknown(node))
        elif text not in self.definitions.broken and not names.silent:
            self._unknown_value(node)
        return ir.Broken(node)

    def _unknown_value(self, node: tree.Name) -> None:
        tensors = self.names.tensors
        close = did_you_mean(node.text, tensors)
        if close:
            fix = Fix(f"did you mean `{close}`?", (Edit(node.span, close),))
        else:
            fix = Fix(f"declare `input {node.text}`, or name a flow: {node.text} = …")
        notes = [f"the values so far are {', '.join(tensors)}"] if tensors and not close else []
        message = f"nothing is called `{node.text}` here"
        self.names.found.append(error("E0217", message, node.span, notes=notes, fixes=[fix]))

    def _without_input(self, node: tree.Name | tree.Call) -> None:
        """`Dense(8)` at the start of a flow."""
        first = next(iter(self.names.tensors), "x")
        self.names.used |= set(self.names.tensors)
        fix = Fix(
            f"write {first} -> {short(node.span.text)}",
            (Edit(node.span.before(), f"{first} -> "),),
        )
        name = node.text if isinstance(node, tree.Name) else node.name.text
        self.say("E0223", f"`{name}` has no input", node, "a flow starts at a value", fix)

    # ----------------------------------------------------------------- steps

    def steps(self, steps: tuple[tree.Step, ...]) -> tuple[ir.Step, ...]:
        return tuple(self._step(step) for step in steps)

    def _step(self, step: tree.Step) -> ir.Step:
        target: ir.Target
        match step.target:
            case tree.Chain():
                target = ir.Repeat(self._group(step.target.steps), step.target)
            case tree.Match():
                target = self._match_steps(step.target)
                if self.names.damage.touches(step.target.span):
                    target = ir.WordUse(None, {}, (), _name_for(step.target))
            case tree.Name() | tree.Call():
                target = self.target(step.target)
        if step.times is not None:
            self.names.check(step.times)
            self._repeated_merge(target, step)
            self._repeated_file(target, step)
        label = self._label(step.label) if step.label is not None else None
        return ir.Step(target, step.times, label, step)

    def _group(self, steps: tuple[tree.Step, ...]) -> tuple[ir.Step, ...]:
        self.inside += 1
        self.chained += 1
        found = self.steps(steps)
        self.chained -= 1
        self.inside -= 1
        return found

    def _repeated_merge(self, target: ir.Target, step: tree.Step) -> None:
        if isinstance(target, ir.WordUse) and target.operands:
            message = "a merge with other tensors is not repeated"
            self.say("E0415", message, step.target, "", Fix("write it once for each tensor"))

    def _repeated_file(self, target: ir.Target, step: tree.Step) -> None:
        if isinstance(target, ir.BlockUse) and target.weights is not None:
            message = "a block with weights from a file is not repeated"
            label = "every turn would have the same weights"
            self.say("E0439", message, target.weights, label, Fix("write it once for each file"))

    def target(self, node: tree.Name | tree.Call) -> ir.Target:
        """A layer, block or shared layer as a step."""
        if isinstance(node, tree.Name):
            names, text = self.names, node.text
            if text in names.layers:
                names.used.add(text)
                return ir.SharedUse(text, node)
            if text in names.scalars and text not in names.broken:
                names.used.add(text)
                return ir.SharedUse(text, node)
            if text in names.given or text in names.broken:
                return self._not_a_layer(node)
        return self.use(node)

    def _not_a_layer(self, node: tree.Name) -> ir.Target:
        """A tensor where a layer should stand."""
        self.names.used.add(node.text)
        if node.text not in self.names.broken and not self.names.damage.touches(node.span):
            message = f"`{node.text}` is a tensor, not a layer"
            fix = Fix(f"to merge, write -> add({node.text}) or -> concat({node.text})")
            self.say("E0218", message, node, "a step is a layer, an activation or a block", fix)
        return ir.WordUse(None, {}, (), node)

    def _match_steps(self, node: tree.Match) -> ir.MatchSteps:
        arms = []
        self.inside += 1
        self.chained += 1
        for arm in node.arms:
            if arm.condition is not None:
                self.names.check(arm.condition)
            arms.append(ir.StepArm(arm.condition, self._arm_steps(arm.value)))
        self.chained -= 1
        self.inside -= 1
        return ir.MatchSteps(tuple(arms), node)

    def _arm_steps(self, value: tree.Expr) -> tuple[ir.Step, ...]:
        """`A -> B` in an arm of `-> match`: steps that go on from the value that comes in."""
        rest: tuple[tree.Step, ...] = ()
        first = value
        if isinstance(value, tree.Flow):
            first, rest = value.source, value.steps
        if isinstance(first, (tree.Name, tree.Call)):
            return (self._bare_step(first), *self.steps(rest))
        if isinstance(first, tree.Binary) and first.op == "*":
            step = self._repeated_step(first)
            if step is not None:
                return (step, *self.steps(rest))
        if isinstance(first, tree.Match):
            step = ir.Step(self._match_steps(first), None, None, first)
            return (step, *self.steps(rest))
        self.names.use(value)
        if not self.names.damage.touches(value.span):
            message = "an arm of `-> match` holds steps"
            fix = Fix("write a layer or a block: Dense(8) -> relu")
            self.say("E0218", message, first, "this is none", fix)
        return (ir.Step(ir.WordUse(None, {}, (), _name_for(first)), None, None, _name_for(first)),)

    def _repeated_step(self, node: tree.Binary) -> ir.Step | None:
        """`Block(64) * 3` in an arm, which reads like a product."""
        target: ir.Target
        if isinstance(node.left, (tree.Name, tree.Call)):
            target = self._bare_step(node.left).target
        elif isinstance(node.left, tree.Flow):
            target = ir.Repeat(self._arm_steps(node.left), node.left)
        else:
            return None
        self.names.check(node.right)
        return ir.Step(target, node.right, None, node)

    def _bare_step(self, node: tree.Name | tree.Call) -> ir.Step:
        if isinstance(node, tree.Name) and node.text in self.names.tensors:
            self.names.used.add(node.text)
            message = f"the arm starts at `{node.text}`, but a step goes on from what comes in"
            fix = Fix("start the arm at its first layer; to keep the value, write `match` in front")
            self.say("E0218", message, node, "", fix)
            return ir.Step(ir.WordUse(None, {}, (), node), None, None, node)
        return ir.Step(self.target(node), None, None, node)

    def _label(self, label: tree.Name) -> str | None:
        if self.inside:
            self.names.hidden[label.text] = label
            self.names.given.setdefault(label.text, label)
            self.names.used.add(label.text)
            message = f"the label `{label.text}` stands inside a group of steps or an arm"
            why = "it would name another value each time"
            fix = Fix("put it behind the group, or make the steps a `block`")
            if not self.names.damage.near(label.span):
                self.say("E0415", message, label, why, fix)
            return None
        if not self.names.declare(label, what="label"):
            return None
        self.names.labels.add(label.text)
        self.names.used.add(label.text)
        self.names.tensor(label.text)
        return label.text


def _name_for(node: tree.Node) -> tree.Name:
    return tree.Name(node.span, "")
