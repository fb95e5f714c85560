"""Words and blocks as one body uses them: looked up, with their arguments paired."""

from __future__ import annotations

from dataclasses import dataclass, field

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.bind import activation_argument, blocks, match_arguments, pair_arguments
from dslc.spec.habits import alias_fix, misread_arguments
from dslc.spec.lookup import HELD, other_kind
from dslc.spec.names import Names
from dslc.spec.recall import read
from dslc.spec.refuse import short
from dslc.syntax import tree
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import aliases, kind_of, parameters, words


@dataclass(frozen=True)
class Definitions:
    """The blocks and models that a body may use. `broken` ones could not be read; their uses are not judged."""

    known: dict[str, ir.Definition] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    lost: bool = False  # there may be more of them


class Uses:
    """Looks up the words and blocks of one body."""

    def __init__(self, names: Names, definitions: Definitions) -> None:
        self.names = names
        self.definitions = definitions
        self.inside = 0  # groups and arms around the step being read
        self.chained = 0  # those of them that hold steps, not values

    def say(self, code: str, message: str, node: tree.Node, label: str = "", *fixes: Fix) -> None:
        self.names.found.append(error(code, message, node.span, label, fixes=fixes))

    def operand(self, expr: tree.Expr, *, source: bool = False) -> ir.Operand:
        """What has a tensor as its value. Only the `source` of a flow may be several tensors."""
        raise NotImplementedError

    def is_tensor(self, value: tree.Expr) -> bool:
        """Whether an expression is a tensor, not a number or word."""
        raise NotImplementedError

    def use(self, node: tree.Name | tree.Call) -> ir.WordUse | ir.BlockUse:
        """A word or block with its arguments paired."""
        name = node.name if isinstance(node, tree.Call) else node
        if self.names.damage.next_to(node.span):
            self._use_arguments(node)
            if name.text not in words("flow"):
                self.names.broken.add(name.text)
            return ir.WordUse(None, {}, (), node)
        block = self.definitions.known.get(name.text)
        word = words("flow").get(name.text)
        itself = block is not None and block.node is self.names.definition
        if block is not None and not (itself and word is not None):
            return self._block(block, node)
        if word is None:
            return self._foreign(name, node)
        assert issubclass(word, FlowWord)
        return self._word(word, node)

    def _word(self, word: type[FlowWord], node: tree.Name | tree.Call) -> ir.WordUse:
        names = self.names
        if word.kind != "merge" or isinstance(node, tree.Name):
            reading = read(word, node)
            if (
                reading is not None
                and names.knows(reading.free)
                and names.broken.isdisjoint(reading.names)
                and not names.damage.touches(node.span)
            ):
                names.used.update(reading.names)
                return ir.WordUse(word, reading.arguments(node), (), node, reading)
        operands: tuple[ir.Operand, ...] = ()
        call = node
        if word.kind == "merge" and isinstance(node, tree.Call):
            operands = self._operands(node)
            named = tuple(a for a in node.arguments if a.name is not None)
            call = tree.Call(node.span, node.name, named)
            if self.chained and operands:
                message = (
                    f"`{word.word}` with other tensors cannot stand in a group of steps or an arm"
                )
                why = "only one tensor comes in here"
                self.say(
                    "E0415",
                    message,
                    node,
                    why,
                    Fix("make the steps a `block`: there each value has a name"),
                    Fix("or choose between values: y = match { condition: add(a, b)  else: a }"),
                )
        misplaced = activation_argument(word, call) or misread_arguments(word, call)
        if misplaced is not None:
            names.found.append(misplaced)
            self._use_arguments(node)
            return ir.WordUse(None, {}, (), node)
        arguments, found = match_arguments(word, call)
        names.found += found
        self._use_arguments(call)
        fields = parameters(word)
        sound = not blocks(found)
        for name, value in arguments.items():
            owner = f"`{name}` of `{word.word}`"
            sound = names.check(value, kind_of(fields[name]), owner) and sound
        return ir.WordUse(word if sound else None, arguments if sound else {}, operands, node)

    def _operands(self, node: tree.Call) -> tuple[ir.Operand, ...]:
        """The tensors in the parentheses of a merge."""
        given = [a.value for a in node.arguments if a.name is None]
        if len(given) == 1 and isinstance(given[0], tree.Tuple) and len(node.arguments) == 1:
            inside = given[0]
            text = inside.span.text[1:-1].strip().rstrip(",")
            message = (
                f"the tensors of `{node.name.text}` stand in its parentheses, without more brackets"
            )
            fix = Fix(
                f"write {node.name.text}({short(text)})", (Edit(inside.span, text),), safe=True
            )
            self.say("E0218", message, inside, "", fix)
            given = list(inside.items)
        return tuple(self.operand(value) for value in given)

    def _foreign(self, name: tree.Name, node: tree.Name | tree.Call) -> ir.WordUse:
        """A step that is no word of the language."""
        self._use_arguments(node)
        text = name.text
        broken = text in self.definitions.broken or text in self.names.broken
        if broken or (self.definitions.lost and not self._closest(text)):
            return ir.WordUse(None, {}, (), node)
        alias = aliases("flow").get(text)
        prefix = name.span.source.span(max(name.span.start - 1, 0), name.span.start)
        if alias is not None and (self.definitions.lost or self.names.damage.touches(prefix)):
            return ir.WordUse(None, {}, (), node)
        if alias is not None:
            fix = alias_fix(node, alias)
            message = f"`{text}` is called `{alias}` here"
            self.names.found.append(error("E0212", message, name.span, fixes=[fix]))
            word = words("flow")[alias]
            assert issubclass(word, FlowWord)
            simple = isinstance(node, tree.Name) or not node.arguments
            _, problems = match_arguments(word, node)
            if simple and not problems and word.kind != "merge":
                return ir.WordUse(word, {}, (), node)
            return ir.WordUse(None, {}, (), node)
        close = self._closest(text)
        self.names.found.append(self._unknown_word(name, close))
        guess = words("activation").get(close or "")
        if guess is not None and isinstance(node, tree.Name) and issubclass(guess, FlowWord):
            return ir.WordUse(guess, {}, (), node)  # whatever activation it is, the shape stays
        return ir.WordUse(None, {}, (), node)

    def _closest(self, text: str) -> str | None:
        close = did_you_mean(text, [*words("flow"), *self.definitions.known, *self.names.layers])
        if close is None:
            other = did_you_mean(text, aliases("flow"))
            close = aliases("flow")[other] if other else None
        return close

    def _unknown_word(self, name: tree.Name, close: str | None) -> Diagnostic:
        elsewhere = other_kind(name.text)
        names, text = self.names, name.text
        secondary: list[Label] = []
        if elsewhere:
            message = f"`{text}` is {elsewhere}, not a layer"
            fixes = [Fix("a step of a flow is a layer, an activation, a merge or a block")]
        elif text in names.later and text not in names.given:
            message = f"`{text}` is used before it is named"
            secondary = [Label(names.later[text].span, "named here")]
            fixes = [Fix("move the line that names it up: a body is read from top to bottom")]
        else:
            message = f"there is no layer or block `{text}`"
            fixes = [Fix("`dslc words` lists every layer, activation and merge")]
            if close:
                fixes = [Fix(f"did you mean `{close}`?", (Edit(name.span, close),))]
        return error("E0201", message, name.span, secondary=secondary, fixes=fixes)

    def _block(self, block: ir.Definition, node: tree.Name | tree.Call) -> ir.BlockUse:
        use = node
        node, weights = self._without_weights(block, use)
        meanings = {p.name: "" for p in block.parameters}
        required = [p.name for p in block.parameters if p.default is None]
        arguments, found = pair_arguments(
            block.name, node, meanings, positional=len(meanings), required=required
        )
        self.names.found += found
        self._use_arguments(node)
        sound = not found
        for name, value in arguments.items():
            if self.is_tensor(value):
                message = f"`{name}` of `{block.name}` is a parameter: it holds a number or a word"
                fix = Fix(f"tensors flow in by an arrow: (a, b) -> {block.name}")
                self.say("E0218", message, value, "this is a tensor", fix)
                sound = False
            else:
                sound = self.names.check(value, HELD, f"`{name}` of `{block.name}`") and sound
        return ir.BlockUse(block if sound else None, arguments, use, weights)

    def _without_weights(
        self, block: ir.Definition, node: tree.Name | tree.Call
    ) -> tuple[tree.Name | tree.Call, tree.String | None]:
        """`Block(8, weights="run/best")` taken apart: what belongs to the block, and the file. A parameter of the
        block that has this name is meant instead."""
        given = node.arguments if isinstance(node, tree.Call) else ()
        found = next((a for a in given if a.name is not None and a.name.text == "weights"), None)
        if found is None or any(p.name == "weights" for p in block.parameters):
            return node, None
        assert isinstance(node, tree.Call)
        rest = tree.Call(node.span, node.name, tuple(a for a in given if a is not found))
        value = found.value
        if not isinstance(value, tree.String):
            message = f"the weights of a block are those of a file: `{block.name}` is not published"
            fix = Fix('write the path in quotes: weights="runs/digits-{backend}/best"')
            self.say("E0439", message, value, "", fix)
            return rest, None
        if self.names.definition.kind != "model" or self.chained:
            message = "a block with weights from a file stands in the flow of a model"
            fix = Fix(
                "take it out of the group, the arm or the block: there it could be used many times"
            )
            self.say("E0439", message, found, "", fix)
            return rest, None
        return rest, value

    def _use_arguments(self, node: tree.Name | tree.Call) -> None:
        for argument in node.arguments if isinstance(node, tree.Call) else ():
            self.names.use(argument.value)
