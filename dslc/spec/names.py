"""The names of one body: where they were given, what they are, whether anything uses them."""

from __future__ import annotations

from collections.abc import Collection

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.spec import ir
from dslc.spec.damage import Damage
from dslc.spec.lookup import LITERAL_NAMES, names_in, undefined, unknown_name
from dslc.syntax import tree
from dslc.vocab.kinds import Kind
from dslc.vocab.word import words

PROMISES = ("params", "trainable", "multiply_adds", "output")  # known to `assert` in a model


class Names:
    """Everything that has a name in a body, in the order of its statements."""

    def __init__(self, definition: tree.Definition, damage: Damage) -> None:
        self.definition = definition
        self.damage = damage
        self.found: list[Diagnostic] = []
        self.given: dict[str, tree.Name] = {}  # where each name was given
        self.tensors: dict[str, None] = {}
        self.layers: set[str] = set()
        self.scalars: set[str] = set()
        self.broken: set[str] = damage.names_in(definition.span)
        self.silent = damage.lost(
            definition
        )  # what names an unreadable statement gave is not known
        self.used: set[str] = set()
        self.labels: set[str] = set()
        self.hidden: dict[str, tree.Name] = {}  # labels that are out of sight
        self.later = _later(definition)

    # ----------------------------------------------------------------- giving names

    def declare(self, name: tree.Name, *, what: str = "") -> bool:
        """Note that `name` is given here; False when that is a mistake."""
        text = name.text
        if self.damage.touches(name.span):
            self.broken.add(text)
            self.given.setdefault(text, name)
            return False
        first = self.given.get(text)
        if first is not None:
            message = f"`{text}` is named twice"
            label = "first named here"
            if what == "label":
                message, label = f"the label `{text}` is used twice", "first used here"
            fix = Fix(f"give one of them another name, such as `{self.free(text)}`")
            there = [Label(first.span, label)]
            self.found.append(error("E0208", message, name.span, secondary=there, fixes=[fix]))
            return False
        self.given[text] = name
        if text in LITERAL_NAMES or text in words("flow"):
            message = f"`{text}` is a word of the language and cannot be a name"
            other = text.lower() if text[:1].isupper() else f"my_{text}"
            fix = Fix(f"choose another name, such as `{other}`")
            self.found.append(error("E0224", message, name.span, fixes=[fix]))
            self.broken.add(text)
            return False
        self.broken.discard(text)
        return True

    def free(self, text: str) -> str:
        """A name like `text` that nothing has."""
        number = 2
        while f"{text}{number}" in self.given or f"{text}{number}" in self.later:
            number += 1
        return f"{text}{number}"

    def tensor(self, name: str) -> None:
        self.tensors[name] = None

    # ----------------------------------------------------------------- using names

    @property
    def known(self) -> set[str]:
        """What an expression may name."""
        return {*self.tensors, *self.scalars} | self.broken

    def knows(self, names: Collection[str]) -> bool:
        """Whether all these names have a sound meaning here."""
        return all(name in self.tensors or name in self.scalars for name in names)

    @property
    def shown(self) -> list[str]:
        """What a message lists as known."""
        return [*self.tensors, *sorted(self.scalars)]

    def use(self, expr: tree.Expr) -> None:
        """Mark the names in `expr` as used."""
        self.used.update(names_in(expr))

    def check(self, expr: tree.Expr, kind: Kind | None = None, owner: str = "") -> bool:
        """Mark the names in `expr` as used, and report those that mean nothing. False when there are any."""
        self.use(expr)
        if self.damage.touches(expr.span):
            return False
        found = [self.explain(d, expr) for d in undefined(expr, self.known, kind, owner)]
        self.found += [d for d in found if not (self.silent and d.code == "E0217")]
        return not found and not self._leans_on_broken(expr)

    def _leans_on_broken(self, expr: tree.Expr) -> bool:
        return isinstance(expr, tree.Name) and expr.text in self.broken

    def explain(self, d: Diagnostic, expr: tree.Node) -> Diagnostic:
        """The diagnostic of an unknown name, with what this body knows of it."""
        if d.code != "E0217" or d.primary is None:
            return d
        node = tree.Name(d.primary.span, d.primary.span.text)
        plain = d.message.startswith("nothing")
        return self.unknown(node) if plain or self.elsewhere(node.text) else d

    def elsewhere(self, text: str) -> bool:
        """Whether the body gives this name, but not where it is asked for."""
        return text in self.later or text in self.hidden or text in self.layers

    def unknown(self, node: tree.Name) -> Diagnostic:
        """A name that stands for no value here."""
        text = node.text
        if text in self.hidden:
            message = f"the label `{text}` is not seen here"
            where = "it stands inside a group of steps or an arm of a `match`"
            there = [Label(self.hidden[text].span, where)]
            fix = Fix("put the label behind the group")
            return error("E0217", message, node.span, secondary=there, fixes=[fix])
        if text in self.layers:
            message = f"`{text}` is a layer, not a value"
            there = [Label(self.given[text].span, "named here")]
            fix = Fix(f"let something flow through it: x -> {text}")
            return error("E0218", message, node.span, secondary=there, fixes=[fix])
        if text in self.later and text not in self.given:
            message = f"`{text}` is used before it is named"
            there = [Label(self.later[text].span, "named here")]
            fix = Fix("move the line that names it up: a body is read from top to bottom")
            return error("E0217", message, node.span, secondary=there, fixes=[fix])
        return unknown_name(node, self.shown, None)

    # ----------------------------------------------------------------- what nothing uses

    def unused(self, statements: list[ir.Statement]) -> list[Diagnostic]:
        """A diagnostic for every name that nothing uses."""
        outputs = {s.name for s in statements if isinstance(s, ir.Output)}
        skip = self.used | outputs | self.broken
        return [self._unused(n, node) for n, node in self.given.items() if n not in skip]

    def _unused(self, name: str, node: tree.Name) -> Diagnostic:
        for parameter in self.definition.parameters:
            if parameter.name is node:
                fix = Fix(
                    "remove it, or use it in the body", (_parameter_gone(self.definition, node),)
                )
                message = f"the parameter `{name}` is never used"
                return error("E0206", message, node.span, fixes=[fix])
        what = "layer" if name in self.layers else "value"
        fix = Fix("use it, or remove it")
        for statement in self.definition.body:
            if isinstance(statement, tree.Input) and statement.name is node:
                what, fix = "input", Fix(f"start a flow from it: {name} -> …")
        return error("E0207", f"the {what} `{name}` is never used", node.span, fixes=[fix])


def _parameter_gone(definition: tree.Definition, name: tree.Name) -> Edit:
    """The edit that takes a parameter and its comma away."""
    parameters = definition.parameters
    source = name.span.source
    at = next(i for i, p in enumerate(parameters) if p.name is name)
    if len(parameters) == 1:
        start = source.text.rfind("(", 0, name.span.start)
        end = source.text.find(")", parameters[0].span.end)
        return Edit(source.span(start, end + 1), "")
    if at == 0:
        return Edit(source.span(parameters[0].span.start, parameters[1].span.start), "")
    return Edit(source.span(parameters[at - 1].span.end, parameters[at].span.end), "")


def _later(definition: tree.Definition) -> dict[str, tree.Name]:
    """Every name that some statement of the body gives."""
    found: dict[str, tree.Name] = {}
    for statement in definition.body:
        if isinstance(statement, (tree.Let, tree.Input, tree.Output)):
            found.setdefault(statement.name.text, statement.name)
        value = getattr(statement, "value", None)
        if isinstance(value, tree.Flow):
            for step in value.steps:
                if step.label is not None:
                    found.setdefault(step.label.text, step.label)
    return found
