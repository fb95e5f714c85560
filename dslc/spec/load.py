"""A file and what it imports become a `Spec`: definitions collected, bodies resolved, sections bound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dslc.diagnostics import Diagnostic, Fix, Label, error
from dslc.source import Source
from dslc.spec import ir
from dslc.spec.circles import cut_circles
from dslc.spec.damage import Damage
from dslc.spec.imports import Imports, project_root
from dslc.spec.resolve import resolve
from dslc.spec.sections import bind_sections
from dslc.spec.uses import Definitions
from dslc.syntax import tree
from dslc.syntax.files import DISK, Files
from dslc.vocab.word import words


class Loader:
    """Reads one spec. A file that is imported twice is read once."""

    def __init__(self, root: Path, disk: Files) -> None:
        self.found: list[Diagnostic] = []
        self.imports = Imports(root, self, disk)

    def definitions(
        self, file: tree.File, path: Path | None, problems: Iterable[Diagnostic]
    ) -> Definitions:
        """The blocks and models that a file defines or imports, with their bodies resolved."""
        damage = Damage(file.source, problems)
        scope = Definitions({}, damage.definitions(), damage.lost_definition(file))
        places: dict[str, tree.Name] = {}
        own: list[ir.Definition] = []
        for declaration in file.declarations:
            if isinstance(declaration, tree.Import):
                self.imports.bring(declaration, path, scope, places)
        for declaration in file.declarations:
            if isinstance(declaration, tree.Definition):
                definition = self._define(declaration, scope, places, damage)
                if definition is not None:
                    own.append(definition)
        for definition in own:
            definition.torn = damage.lost(definition.node)
            definition.body, found = resolve(definition, scope, damage)
            self.found += found
        self.found += cut_circles(own)
        return scope

    def _define(
        self,
        node: tree.Definition,
        scope: Definitions,
        places: dict[str, tree.Name],
        damage: Damage,
    ) -> ir.Definition | None:
        name = node.name.text
        parameters = tuple(ir.Parameter(p.name.text, p.default, p) for p in node.parameters)
        definition = ir.Definition(node.kind, name, parameters, node)
        if name in places:
            there = [Label(places[name].span, "first defined here")]
            fix = Fix("give one of them another name")
            message = f"`{name}` is defined twice"
            self.found.append(error("E0208", message, node.name.span, secondary=there, fixes=[fix]))
            return definition
        places[name] = node.name
        if _is_reserved(name):
            message = f"`{name}` is a word of the language and cannot be the name of a {node.kind}"
            fix = Fix(f"choose another name, such as `My{name}`")
            self.found.append(error("E0224", message, node.name.span, fixes=[fix]))
            return definition
        if damage.header(node):
            scope.broken.add(name)  # its parameters are not known
            if node.kind == "block":
                return definition
        scope.known[name] = definition
        return definition


def load(
    file: tree.File,
    path: Path | None = None,
    root: Path | None = None,
    problems: Iterable[Diagnostic] = (),
    disk: Files = DISK,
) -> tuple[ir.Spec, list[Diagnostic]]:
    """Bind a parsed file. `path` is where it lies (None: text without a place, for which imports are looked up
    in `root`); `problems` are those of its text, which hide parts of it. Imports are read from `disk`."""
    problems = list(problems)
    if root is None:
        root = project_root(path) if path is not None else Path.cwd()
    loader = Loader(root.resolve(), disk)
    place = path.resolve() if path is not None else None
    if place is not None:
        loader.imports.open.append(place)
    scope = loader.definitions(file, place, problems)
    models = tuple(d for d in scope.known.values() if d.kind == "model" and _own(d, file.source))
    sections = [d for d in file.declarations if isinstance(d, tree.Section)]
    bound, found = bind_sections(sections, Damage(file.source, problems))
    return ir.Spec(file.source, scope.known, models, bound), [*loader.found, *found]


def _is_reserved(name: str) -> bool:
    word = words("flow").get(name)
    return word is not None and not getattr(word, "gives_way", False)


def _own(definition: ir.Definition, source: Source) -> bool:
    return definition.node.span.source is source
