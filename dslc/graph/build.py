"""Running a model's body on its input shapes: words bound, blocks entered, every shape inferred.

A mistake makes the value behind it unknown; unknown values are silent, so that one mistake is one diagnostic.
Recursion follows the nesting of blocks and parentheses, which is bounded; flows and repeats are loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx

from dslc.diagnostics import Diagnostic, Fix, Label, error
from dslc.graph.explain import call_notes, mismatch
from dslc.graph.model import Frame, Graph, Node
from dslc.graph.sizes import bind_input
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import bind
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.kinds import WordOf
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from dslc.vocab.word import Word

MAX_NODES = 50_000
MAX_DEPTH = 32

# A parameter of a block may hold a layer word, such as an activation.
PARAMETER_KIND = WordOf(
    ("activation", "initializer", "regularizer"), "a number, a name or a word"
)


def build(
    spec: ir.Spec, model: ir.Definition, arguments: dict[str, Any] | None = None
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of `model` with its defaults, or `arguments` in their place."""
    builder = _Builder(spec)
    return builder.model(model, arguments or {}), builder.unique()


class Nodes(tuple[int | None, ...]):
    """The value of a tensor expression: node indices, None where unknown."""

    __slots__ = ()


class Visible(Mapping[str, Any]):
    """A scope as expressions see it: a tensor is its shape, a layer is nothing."""

    def __init__(self, scope: dict[str, Any], graph: Graph) -> None:
        self.scope = scope
        self.graph = graph

    def __getitem__(self, name: str) -> Any:
        value = self.scope[name]
        if isinstance(value, ir.LetLayer):
            raise KeyError(name)
        if isinstance(value, Nodes):
            tensor = self.graph.tensor(value[0]) if len(value) == 1 else None
            return UNKNOWN if tensor is None else tensor
        return value

    def __contains__(self, name: object) -> bool:
        return name in self.scope and not isinstance(self.scope[name], ir.LetLayer)  # type: ignore[index]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.scope if name in self and "\0" not in name)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Builder:
    def __init__(self, spec: ir.Spec) -> None:
        self.found: list[Diagnostic] = []
        self.full = False
        section = spec.sections.get("defaults")
        self.defaults = {
            name: setting.value
            for name, setting in (section.settings if section else {}).items()
            if setting.value is not None
        }
        self.frames: list[Frame] = []
        self.nx: nx.DiGraph[int] = nx.DiGraph()
        self.graph: Graph

    def unique(self) -> list[Diagnostic]:
        """Each mistake once, however many uses of a block show it."""
        seen: dict[tuple[str, Span | None], Diagnostic] = {}
        for d in self.found:
            seen.setdefault((d.code, d.primary.span if d.primary else None), d)
        return list(seen.values())

    # ----------------------------------------------------------------- definitions

    def model(self, model: ir.Definition, arguments: dict[str, Any]) -> Graph:
        frame = Frame(model, {}, {}, None, None, 0)
        self.frames.append(frame)
        self.graph = Graph(self.nx, frame, self.frames, {}, {})
        for parameter in model.parameters:
            if parameter.name in arguments:
                frame.scalars[parameter.name] = arguments[parameter.name]
            elif parameter.default is None:
                fix = Fix(f"write {parameter.name} = 10")
                message = f"the parameter `{parameter.name}` of a model needs a default"
                self.found.append(
                    error("E0222", message, parameter.node.span, fixes=[fix])
                )
                frame.scalars[parameter.name] = UNKNOWN
            else:
                self._scalar(frame, parameter.name, parameter.default)
        scope: dict[str, Any] = dict(frame.scalars)
        for statement in model.inputs:
            tensor, found = bind_input(statement, None, scope)
            self.found += found
            frame.inputs[statement.name] = tensor
            index = self._add(
                None, (), tensor, statement.node.name.span, frame, (statement.name,)
            )
            self.graph.inputs[statement.name] = index
            self.graph.node(index).dtype_fixed = False
            scope[statement.name] = Nodes((index,))
        self._body(frame, scope, ())
        self.graph.outputs = frame.outputs
        return self.graph

    def _body(self, frame: Frame, scope: dict[str, Any], path: tuple[str, ...]) -> None:
        """Run the statements. In `scope` a tensor is a tuple of node indices, a layer its `LetLayer`."""
        for statement in frame.definition.body:
            match statement:
                case ir.LetScalar():
                    value, found = evaluate(statement.value, self._visible(scope))
                    self.found += found
                    scope[statement.name] = value
                    frame.scalars[statement.name] = value
                case ir.LetLayer():
                    scope[statement.name] = statement
                case ir.LetTensor():
                    value = self._operand(
                        statement.value, frame, scope, (*path, statement.name)
                    )
                    scope[statement.name] = value
                    frame.values[statement.name] = self.graph.tensor(value[0])
                case ir.Output():
                    named = isinstance(statement.node, tree.Output)
                    inner = (*path, statement.name) if named else path
                    value = self._operand(statement.value, frame, scope, inner)
                    frame.outputs[statement.name] = value[0]
                    scope.setdefault(statement.name, value)

    def _scalar(self, frame: Frame, name: str, expr: tree.Expr) -> None:
        value, found = evaluate(expr, frame.scalars, PARAMETER_KIND)
        self.found += found
        frame.scalars[name] = value

    def _visible(self, scope: dict[str, Any]) -> Visible:
        return Visible(scope, self.graph)

    # ----------------------------------------------------------------- operands

    def _operand(
        self,
        operand: ir.Operand,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
    ) -> Nodes:
        match operand:
            case ir.ValueUse():
                return Nodes(scope.get(operand.name, (None,)))
            case ir.Flow():
                value = self._operand(operand.source, frame, scope, path)
                return self._steps(operand.steps, value, frame, scope, path)
            case ir.WordUse():
                return self._word(operand, Nodes(()), frame, scope, path)
            case ir.Several():
                items = [
                    self._operand(item, frame, scope, path)[0] for item in operand.items
                ]
                return Nodes(items)
            case ir.MatchOperand():
                arm = self._choose(operand, frame, scope)
                if arm is None:
                    return Nodes((None,))
                value = self._operand(operand.arms[arm].value, frame, scope, path)
                frame.operands[operand] = self.graph.tensor(value[0])
                return value
        return Nodes((None,))

    def _choose(
        self,
        match: ir.MatchOperand | ir.MatchSteps,
        frame: Frame,
        scope: dict[str, Any],
    ) -> int | None:
        """The arm whose condition holds first."""
        for index, arm in enumerate(match.arms):
            if arm.condition is None:
                frame.chosen[match] = index
                return index
            value, found = evaluate(arm.condition, self._visible(scope))
            self.found += found
            if value is UNKNOWN:
                return None
            if not isinstance(value, bool):
                message = "this condition cannot be decided while compiling"
                notes = ["a size is known only when the model runs"]
                self.found.append(
                    error("E0305", message, arm.condition.span, notes=notes)
                )
                return None
            if value:
                frame.chosen[match] = index
                return index
        fix = Fix("add an `else:` arm")
        message = "no arm of this `match` applies"
        notes = call_notes(frame)
        self.found.append(
            error("E0220", message, match.node.span, notes=notes, fixes=[fix])
        )
        return None

    def _steps(
        self,
        steps: tuple[ir.Step, ...],
        value: Nodes,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
    ) -> Nodes:
        for step in steps:
            times = self._times(step, frame, scope)
            inner = (*path, step.label) if step.label else path
            for turn in range(times):
                here = (*inner, str(turn)) if step.times is not None else inner
                value = self._target(step.target, value, frame, scope, here)
                if self.full:
                    return Nodes((None,))
            if step.label:
                scope[step.label] = value
                frame.values[step.label] = self.graph.tensor(value[0])
        return value

    def _times(self, step: ir.Step, frame: Frame, scope: dict[str, Any]) -> int:
        if step.times is None:
            return 1
        times, found = evaluate(step.times, self._visible(scope))
        self.found += found
        if times is UNKNOWN:
            return 1
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            message = "a step is repeated a whole number of times, at least once"
            self.found.append(
                error("E0203", message, step.times.span, f"this is {times}")
            )
            return 1
        frame.repeats[step] = times
        return times

    def _target(
        self,
        target: ir.Target,
        value: Nodes,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
    ) -> Nodes:
        match target:
            case ir.WordUse():
                return self._word(target, value, frame, scope, path)
            case ir.BlockUse():
                return self._block(target, value, frame, scope, path, None)
            case ir.Repeat():
                return self._steps(target.steps, value, frame, scope, path)
            case ir.MatchSteps():
                arm = self._choose(target, frame, scope)
                if arm is None:
                    return Nodes((None,))
                result = self._steps(target.arms[arm].steps, value, frame, scope, path)
                frame.operands[target] = self.graph.tensor(result[0])
                return result
            case ir.SharedUse():
                return self._shared(target, value, frame, scope, path)
        raise AssertionError(target)

    # ----------------------------------------------------------------- layers

    def _word(
        self,
        use: ir.WordUse,
        value: Nodes,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
    ) -> Nodes:
        inputs = [*value]
        for operand in use.operands:
            inputs += self._operand(operand, frame, scope, path)
        if use.word is None:
            return Nodes((None,))
        word, found = bind(
            use.word, use.node, use.arguments, self._visible(scope), self.defaults
        )
        if word is UNKNOWN:
            self.found += [self._in_frame(d, frame) for d in found]
            return Nodes((None,))
        node = self._apply(word, Nodes(inputs), use.node.span, frame, path)
        if node is None:
            return Nodes((None,))
        frame.applied.setdefault(use, []).append(node)
        return Nodes((node.index,))

    @staticmethod
    def _in_frame(diagnostic: Diagnostic, frame: Frame) -> Diagnostic:
        notes = call_notes(frame)
        if not notes:
            return diagnostic
        d = diagnostic
        return Diagnostic(
            d.code,
            d.message,
            d.primary,
            d.secondary,
            (*d.notes, *notes),
            d.fixes,
            d.severity,
        )

    def _apply(
        self,
        word: FlowWord,
        inputs: Nodes,
        span: Span,
        frame: Frame,
        path: tuple[str, ...],
    ) -> Node | None:
        """One application; a node with unknown output stands where the layer refuses."""
        known = tuple(i for i in inputs if i is not None)
        if len(known) < len(inputs):
            return None
        low, high = word.inputs
        if len(known) < low or (high is not None and len(known) > high):
            self.found.append(self._wrong_count(word, len(known), span))
            return None
        for index in known:
            self._fix_dtype(index, word.takes_ids)
        tensors = [self.graph.tensor(i) for i in known]
        if any(t is None for t in tensors):
            return None
        result = word.infer(*[t for t in tensors if t is not None])
        if isinstance(result, Mismatch):
            use = None
            self.found.append(mismatch(self.graph, frame, use, span, result, known))
            return None
        return self.graph.node(self._add(word, known, result, span, frame, path))

    @staticmethod
    def _wrong_count(word: FlowWord, count: int, span: Span) -> Diagnostic:
        low, high = word.inputs
        if high is None:
            wanted = f"at least {low} inputs"
        elif low == high:
            wanted = "one input" if low == 1 else f"{low} inputs"
        else:
            wanted = f"{low} to {high} inputs"
        several = word.kind == "merge"
        fix = Fix(
            f"write {word.word}(a, b)" if several else f"write (a, b) -> {word.word}"
        )
        message = f"`{word.word}` takes {wanted}, got {count}"
        return error("E0403", message, span, fixes=[fix] if low > 1 else [])

    def _fix_dtype(self, index: int, ids: bool) -> None:
        """An input of the model holds whole numbers when the first layer that reads it takes ids."""
        node = self.graph.node(index)
        if node.dtype_fixed or node.output is None:
            return
        node.dtype_fixed = True
        if ids:
            before, node.output = node.output, Tensor(node.output.shape, "int")
            for frame in self.frames:  # blocks that it was handed to already
                for held in (frame.inputs, frame.values):
                    for name, tensor in held.items():
                        if tensor is before:
                            held[name] = node.output

    def _add(
        self,
        word: FlowWord | None,
        inputs: tuple[int, ...],
        output: Tensor | None,
        span: Span,
        frame: Frame,
        path: tuple[str, ...],
    ) -> int:
        index = self.nx.number_of_nodes()
        if index >= MAX_NODES and not self.full:
            self.full = True
            message = f"the model has more than {MAX_NODES:,} layers"
            self.found.append(error("E0404", message, span, fixes=[Fix("repeat less")]))
        self.nx.add_node(
            index, node=Node(index, word, inputs, output, span, frame, path)
        )
        for source in inputs:
            self.nx.add_edge(source, index)
        return index

    # ----------------------------------------------------------------- blocks and shared layers

    def _block(
        self,
        use: ir.BlockUse,
        value: Nodes,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
        shared_first: Frame | None,
    ) -> Nodes:
        block = use.block
        if block is None or not block.body or self.full:
            return Nodes((None,))
        if frame.depth >= MAX_DEPTH:
            message = f"blocks are nested more than {MAX_DEPTH} deep"
            self.found.append(error("E0404", message, use.node.span))
            return Nodes((None,))
        inner = Frame(block, {}, {}, frame, use.node.span, frame.depth + 1)
        visible = self._visible(scope)
        for parameter in block.parameters:
            if parameter.name in use.arguments:
                result, found = evaluate(
                    use.arguments[parameter.name], visible, PARAMETER_KIND
                )
                self.found += found
                inner.scalars[parameter.name] = result
            elif parameter.default is not None:
                self._scalar(inner, parameter.name, parameter.default)
        if UNKNOWN in [v for v in inner.scalars.values() if not isinstance(v, Word)]:
            return Nodes((None,))
        if None in value:
            return Nodes((None,))
        wanted = block.inputs
        if len(wanted) != len(value):
            names = ", ".join(i.name for i in wanted)
            message = (
                f"`{block.name}` takes {len(wanted)} inputs ({names}), got {len(value)}"
            )
            fix = (
                Fix(f"write ({names}) -> {block.name}")
                if len(wanted) > 1
                else Fix("give it one value")
            )
            self.found.append(error("E0403", message, use.node.span, fixes=[fix]))
            return Nodes((None,))
        inner_scope: dict[str, Any] = dict(inner.scalars)
        for statement, index in zip(wanted, value, strict=True):
            tensor = self.graph.tensor(index)
            checked, found = bind_input(statement, tensor, inner_scope)
            self.found += [self._at_call(d, use) for d in found]
            if checked is None:
                return Nodes((None,))
            inner.inputs[statement.name] = tensor
            inner_scope[statement.name] = Nodes((index,))
        inner.shared = shared_first is not None
        self.frames.append(inner)
        frame.called.setdefault(use, []).append(inner)
        self._body(inner, inner_scope, (*path, block.name))
        outputs = list(inner.outputs.values())
        return Nodes(outputs or (None,))

    @staticmethod
    def _at_call(diagnostic: Diagnostic, use: ir.BlockUse) -> Diagnostic:
        """A refusal of an input belongs to the place where the block is used."""
        there = [diagnostic.primary] if diagnostic.primary else []
        primary = Label(use.node.span, "used here")
        d = diagnostic
        return Diagnostic(
            d.code, d.message, primary, (*there, *d.secondary), d.notes, d.fixes
        )

    def _shared(
        self,
        use: ir.SharedUse,
        value: Nodes,
        frame: Frame,
        scope: dict[str, Any],
        path: tuple[str, ...],
    ) -> Nodes:
        held = scope.get(use.name)
        if isinstance(held, FlowWord):  # a parameter that holds an activation
            node = self._apply(held, value, use.node.span, frame, path)
            return Nodes((node.index if node else None,))
        if not isinstance(held, ir.LetLayer):
            if held is not UNKNOWN:
                message = f"`{use.name}` is not a layer"
                notes = call_notes(frame)
                self.found.append(error("E0218", message, use.node.span, notes=notes))
            return Nodes((None,))
        first = self.nx.number_of_nodes()
        if isinstance(held.target, ir.WordUse):
            result = self._word(held.target, value, frame, scope, (*path, use.name))
        else:
            result = self._block(
                held.target, value, frame, scope, (*path, use.name), None
            )
        mine = list(range(first, self.nx.number_of_nodes()))
        key = f"{use.name}\0first"
        if key not in scope:
            scope[key] = mine
            return result
        if None not in result:
            self._share(use, scope[key], mine)
        return result

    def _share(self, use: ir.SharedUse, first: list[int], mine: list[int]) -> None:
        """Let the nodes `mine` use the weights of `first`; the shapes must fit."""
        for old_index, new_index in zip(first, mine, strict=False):
            old, new = self.graph.node(old_index), self.graph.node(new_index)
            old_x, new_x = self.graph.input_tensors(old), self.graph.input_tensors(new)
            if old.word is None or new.word is None or old_x is None or new_x is None:
                continue
            was, now = old.word.weights(*old_x), new.word.weights(*new_x)
            if [w.shape for w in was.values()] != [w.shape for w in now.values()]:
                message = f"`{use.name}` shares its weights, so that its inputs must have equal sizes"
                labels = [Label(old.span, f"first used on {old_x[0]}")]
                got = f"here it gets {new_x[0]}"
                fix = Fix("give each use a layer of its own, or make the shapes equal")
                self.found.append(
                    error(
                        "E0306",
                        message,
                        use.node.span,
                        got,
                        secondary=labels,
                        fixes=[fix],
                    )
                )
                return
            new.shares = old.shares if old.shares is not None else old.index
