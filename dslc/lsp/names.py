"""Who is called what: every name of a spec with the places that give and use it, read off the tree alone, so that it
works in texts with mistakes and for files that are not open."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dslc.lint.trees import children, walk
from dslc.source import Span
from dslc.syntax import tree
from dslc.vocab.sections import SECTIONS, Finetune, Section
from dslc.vocab.word import kind_of, parameters, words

Sort = Literal[
    "model", "block", "parameter", "input", "output", "value", "label", "layer", "size", "phase"
]


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something with a name of the user's. `scope` is the body that gives it, empty for blocks and models."""

    path: Path | None
    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol is written. `sort` says what it is where it is given, and is empty where it is used."""

    span: Span
    symbol: Symbol
    sort: Sort | None = None
    imported: bool = False  # named by `import`: given here, defined elsewhere


@dataclass
class Index:
    """The places of one file in the order of its text. `scopes` holds what each body names, by its definition."""

    places: list[Place] = field(default_factory=list)
    definitions: dict[str, tree.Definition] = field(default_factory=dict)
    imports: dict[str, Path | None] = field(default_factory=dict)
    scopes: dict[str, dict[str, Sort]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)

    def at(self, offset: int) -> Place | None:
        """The place that the cursor touches."""
        i = bisect.bisect_right(self.starts, offset)
        for place in reversed(self.places[max(0, i - 2) : i]):
            if place.span.start <= offset <= place.span.end:
                return place
        return None

    def of(self, symbol: Symbol) -> Iterator[Place]:
        return (place for place in self.places if place.symbol == symbol)

    def given(self, symbol: Symbol) -> Place | None:
        """Where the symbol is defined in this file."""
        return next((p for p in self.of(symbol) if p.sort is not None), None)

    def main(self) -> str:
        """The model that the sections are about: the last one."""
        models = [name for name, d in self.definitions.items() if d.kind == "model"]
        return models[-1] if models else ""


def index_of(file: tree.File, path: Path | None, root: Path) -> Index:
    """All names of a file. An import is followed to its path, which must lie in the project folder `root`."""
    return _Indexer(file, path, root).run()


class _Indexer:
    def __init__(self, file: tree.File, path: Path | None, root: Path) -> None:
        self.file = file
        self.path = path
        self.root = root
        self.index = Index()
        self.backbone: Symbol | None = None  # the block that `finetune` is about
        self.silent: set[tree.Node] = set()  # names that say which argument or size is meant

    def run(self) -> Index:
        index = self.index
        for d in self.file.declarations:
            if isinstance(d, tree.Import):
                target = imported_path(d.path.value, self.path, self.root)
                for name in d.names:
                    index.imports.setdefault(name.text, target)
                    self._place(name, Symbol(target, "", name.text), imported=True)
            elif isinstance(d, tree.Definition):
                index.definitions.setdefault(d.name.text, d)
                self._place(d.name, Symbol(self.path, "", d.name.text), self._kind(d))
        for d in self.file.declarations:
            if isinstance(d, tree.Definition):
                self._body(d)
        for d in self.file.declarations:
            if isinstance(d, tree.Section):
                self._section(d, SECTIONS.get(d.keyword.text))
        index.places.sort(key=lambda p: (p.span.start, p.span.end))
        index.starts = [p.span.start for p in index.places]
        return index

    @staticmethod
    def _kind(node: tree.Definition) -> Sort:
        return "model" if node.kind == "model" else "block"

    def _place(
        self, node: tree.Node, symbol: Symbol, sort: Sort | None = None, imported: bool = False
    ) -> None:
        if node.span.start < node.span.end:  # what is missing in the text has no place
            self.index.places.append(Place(node.span, symbol, sort, imported))

    # ----------------------------------------------------------------- bodies

    def _body(self, node: tree.Definition) -> None:
        scope = node.name.text
        given = dict(_given(node))
        names = self.index.scopes.setdefault(scope, {})
        for name, sort in given.items():
            names.setdefault(name.text, sort)
            self._place(name, Symbol(self.path, scope, name.text), sort)
        for found in walk(*node.parameters, *node.body):
            if isinstance(found, tree.Call):
                self._arguments(found)
            elif isinstance(found, tree.Attribute):
                self.silent.add(found.name)
            if isinstance(found, tree.Name) and found not in given and found not in self.silent:
                self._name(found, scope, names)

    def _name(self, name: tree.Name, scope: str, names: dict[str, Sort]) -> None:
        symbol = Symbol(self.path, scope, name.text) if name.text in names else self._global(name)
        if symbol is not None:
            self._place(name, symbol)

    def _global(self, name: tree.Name) -> Symbol | None:
        if name.text in self.index.definitions:
            return Symbol(self.path, "", name.text)
        if name.text in self.index.imports:
            return Symbol(self.index.imports[name.text], "", name.text)
        return None

    def _arguments(self, call: tree.Call) -> None:
        """`Bottleneck(stride=2)`: the names of arguments are parameters of the block."""
        owner = self._global(call.name)
        for argument in call.arguments:
            if argument.name is None:
                continue
            self.silent.add(argument.name)
            if owner is not None and self._has(owner, argument.name.text):
                self._place(argument.name, Symbol(owner.path, owner.name, argument.name.text))

    def _has(self, owner: Symbol, parameter: str) -> bool:
        """Whether a block of this file has the parameter; of another file everything but `weights` is taken for one."""
        node = self.index.definitions.get(owner.name) if owner.path == self.path else None
        if node is None:
            return parameter != "weights"
        return any(p.name.text == parameter for p in node.parameters)

    # ----------------------------------------------------------------- sections

    def _section(self, node: tree.Section, section: type[Section] | None) -> None:
        main = self.index.main()
        names = self.index.scopes.get(main, {})
        if section is Finetune and node.name is not None:
            if node.name.text in names:
                self._place(node.name, Symbol(self.path, main, node.name.text))
                self.backbone = self._used_as(main, node.name.text)
        elif node.name is not None:
            self._place(
                node.name, Symbol(self.path, f"{node.keyword.text} ", node.name.text), "phase"
            )
        per_output = section.per_output if section is not None else ()
        inner = {s.word: s for s in section.inner} if section is not None else {}
        for entry in node.entries:
            if isinstance(entry, tree.Section):
                if entry.keyword.text in per_output:
                    self._part(entry, main, names)
                else:
                    self._section(entry, inner.get(entry.keyword.text))
            elif self.backbone is not None and _selects(section, entry):
                self._selected(entry.value)
            else:
                self._values(entry, main, names)
        if section is Finetune:
            self.backbone = None

    def _used_as(self, main: str, label: str) -> Symbol | None:
        """The block that the step with this label uses: its labels are what `freeze` names."""
        for found in walk(*self.index.definitions[main].body) if main else ():
            if isinstance(found, tree.Step) and found.label and found.label.text == label:
                target = found.target.name if isinstance(found.target, tree.Call) else found.target
                return self._global(target) if isinstance(target, tree.Name) else None
        return None

    def _part(self, node: tree.Section, main: str, names: dict[str, Sort]) -> None:
        """`loss { kind = mse }`: the keys are outputs, or labels of what is trained."""
        for entry in node.entries:
            if isinstance(entry, tree.Let):
                if entry.name.text in names:
                    self._place(entry.name, Symbol(self.path, main, entry.name.text))
                else:
                    self._part_of_backbone(entry.name)
                self._values(entry, main, names)

    def _values(self, node: tree.Node, main: str, names: dict[str, Sort]) -> None:
        """`monitor=val_kind_accuracy` speaks of the output `kind`."""
        outputs = [n for n, sort in names.items() if sort == "output"]
        for found in walk(*children(node)):
            if not isinstance(found, tree.Name):
                continue
            plain = found.text.removeprefix("val_")
            output = next((o for o in outputs if plain.startswith(f"{o}_")), None)
            if output is not None:
                start = found.span.start + len(found.text) - len(plain)
                span = found.span.source.span(start, start + len(output))
                if span.text == output:
                    self.index.places.append(Place(span, Symbol(self.path, main, output)))

    def _selected(self, value: tree.Expr) -> None:
        """`from(conv4)`: names of steps of the block that is trained."""
        for found in walk(value):
            if isinstance(found, tree.Call):
                self.silent |= {found.name, *(a.name for a in found.arguments if a.name)}
            elif isinstance(found, tree.Name) and found not in self.silent:
                self._part_of_backbone(found)

    def _part_of_backbone(self, name: tree.Name) -> None:
        """A label in the block that is trained; those of another file cannot be told from stages here."""
        block = self.backbone
        if block is None or name.text in words("selector"):
            return
        known = self.index.scopes.get(block.name, {}) if block.path == self.path else None
        if known is None or name.text in known:
            self._place(name, Symbol(block.path, block.name, name.text))


def _given(node: tree.Definition) -> Iterator[tuple[tree.Name, Sort]]:
    """The names that a definition gives, with what they are."""
    parameters = {p.name.text for p in node.parameters}
    yield from ((p.name, "parameter") for p in node.parameters)
    sizes: set[str] = set(parameters)
    for statement in node.body:
        match statement:
            case tree.Input():
                yield statement.name, "input"
                shape = statement.shape
                items = shape.items if isinstance(shape, tree.Tuple) else (shape,)
                for item in items:
                    if isinstance(item, tree.Name) and item.text not in sizes:
                        sizes.add(item.text)
                        yield item, "size"
            case tree.Let():
                yield statement.name, "layer" if _is_layer(statement.value) else "value"
            case tree.Output():
                yield statement.name, "output"
    for found in walk(*node.body):
        if isinstance(found, tree.Step) and found.label is not None:
            yield found.label, "label"


def _is_layer(value: tree.Expr) -> bool:
    """Whether `name = value` names a layer or block, or an activation: something that a flow goes through."""
    if isinstance(value, tree.Name):
        return value.text in words("flow")
    return isinstance(value, tree.Call) and value.name.text not in words("merge")


def _selects(section: type[Section] | None, entry: tree.Let | tree.Bare) -> bool:
    """Whether a setting says which parts of a backbone are meant."""
    if section is None or not isinstance(entry, tree.Let):
        return False
    field = parameters(section).get(entry.name.text)
    kinds = kind_of(field).word_kinds if field is not None else ()
    return bool({"selector", "strategy"} & set(kinds))


def imported_path(text: str, path: Path | None, root: Path) -> Path | None:
    """The file that an import names, where it lies in the project folder."""
    if not text or "\0" in text or Path(text).is_absolute():
        return None
    try:
        target = ((path.parent if path is not None else root) / text).resolve()
        return target if target.is_relative_to(root.resolve()) else None
    except (OSError, RuntimeError, ValueError):
        return None
