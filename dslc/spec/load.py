"""A file and what it imports become a `Spec`.

Imports name other files of the project by relative path; they never leave the project folder, never form a
circle, and bring only the blocks that they name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.resolve import Resolver
from dslc.spec.sections import bind_sections
from dslc.syntax import parse, read, tree
from dslc.vocab.word import words

PROJECT_MARKS = ("pyproject.toml", "dslc.toml", ".git")
MAX_IMPORTS = 100


@dataclass
class _Loader:
    root: Path
    files: dict[Path, dict[str, ir.Definition]] = field(default_factory=dict)
    open: list[Path] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)

    def definitions(
        self, file: tree.File, path: Path | None
    ) -> dict[str, ir.Definition]:
        """The blocks and models that a file defines or imports, with their bodies resolved."""
        scope: dict[str, ir.Definition] = {}
        places: dict[str, tree.Name] = {}
        own: list[ir.Definition] = []
        for declaration in file.declarations:
            if isinstance(declaration, tree.Import):
                self._import(declaration, path, scope, places)
        for declaration in file.declarations:
            if isinstance(declaration, tree.Definition):
                definition = self._define(declaration, scope, places)
                if definition is not None:
                    own.append(definition)
        for definition in own:
            resolver = Resolver(definition, scope)
            definition.body = resolver.body()
            self.found += resolver.found
        self._cycles(own)
        return scope

    def _define(
        self,
        node: tree.Definition,
        scope: dict[str, ir.Definition],
        places: dict[str, tree.Name],
    ) -> ir.Definition | None:
        name = node.name.text
        if name in places:
            there = [Label(places[name].span, "first defined here")]
            message = f"`{name}` is defined twice"
            self.found.append(error("E0208", message, node.name.span, secondary=there))
            return None
        if name in words("flow"):
            message = f"`{name}` is a word of the language"
            fix = Fix("choose another name")
            self.found.append(error("E0224", message, node.name.span, fixes=[fix]))
            return None
        parameters = tuple(
            ir.Parameter(p.name.text, p.default, p) for p in node.parameters
        )
        places[name] = node.name
        scope[name] = ir.Definition(node.kind, name, parameters, node)
        return scope[name]

    def _import(
        self,
        node: tree.Import,
        path: Path | None,
        scope: dict[str, ir.Definition],
        places: dict[str, tree.Name],
    ) -> None:
        found = self._open(node, path)
        if found is None:
            return
        for name in node.names:
            definition = found.get(name.text)
            if definition is None:
                close = did_you_mean(name.text, found)
                fixes = (
                    [Fix(f"did you mean `{close}`?", (Edit(name.span, close),))]
                    if close
                    else []
                )
                notes = [f"it defines {', '.join(found) or 'nothing'}"]
                message = f"`{node.path.value}` defines no `{name.text}`"
                self.found.append(
                    error("E0209", message, name.span, fixes=fixes, notes=notes)
                )
            elif name.text in places:
                there = [Label(places[name.text].span, "first named here")]
                message = f"`{name.text}` is imported twice"
                self.found.append(error("E0208", message, name.span, secondary=there))
            else:
                scope[name.text] = definition
                places[name.text] = name

    def _open(
        self, node: tree.Import, path: Path | None
    ) -> dict[str, ir.Definition] | None:
        span = node.path.span
        value = node.path.value
        base = path.parent if path is not None else self.root
        target = _resolve(base / value) if "\0" not in value else None
        if (
            target is None
            or Path(value).is_absolute()
            or not target.is_relative_to(self.root)
        ):
            message = "an import stays inside the project folder"
            notes = [f"the project folder is {self.root.name or '/'}/"]
            fix = Fix("copy the file into the project and import it by a relative path")
            self.found.append(error("E0210", message, span, notes=notes, fixes=[fix]))
            return None
        if target in self.files:
            return self.files[target]
        if target in self.open:
            chain = " -> ".join(
                p.name for p in [*self.open[self.open.index(target) :], target]
            )
            message = "these files import each other"
            self.found.append(error("E0211", message, span, notes=[chain]))
            return None
        if len(self.files) >= MAX_IMPORTS:
            message = f"a spec imports at most {MAX_IMPORTS} files"
            self.found.append(error("E0210", message, span))
            return None
        source, problems = read(target)
        if source is None:
            message = f"cannot import `{value}`"
            notes = [problems[0].message] if problems else []
            near = (
                [p.name for p in target.parent.glob("*.dl")]
                if target.parent.is_dir()
                else []
            )
            close = did_you_mean(target.name, near)
            fixes = [Fix(f"did you mean `{close}`?")] if close else []
            self.found.append(error("E0209", message, span, notes=notes, fixes=fixes))
            return None
        file, problems = parse(source)
        self.found += problems
        self.open.append(target)
        scope = self.definitions(file, target) if file is not None else {}
        self.open.pop()
        self.files[target] = scope
        return scope

    def _cycles(self, own: list[ir.Definition]) -> None:
        """Blocks that contain themselves: each circle is reported once and cut."""
        state: dict[str, int] = {}
        names = {d.name: d for d in own}
        for start in own:
            stack: list[tuple[ir.Definition, list[ir.BlockUse]]] = [
                (start, _uses(start))
            ]
            if state.get(start.name):
                continue
            state[start.name] = 1
            while stack:
                definition, todo = stack[-1]
                if not todo:
                    state[definition.name] = 2
                    stack.pop()
                    continue
                use = todo.pop()
                block = use.block
                if block is None or block.name not in names:
                    continue
                if state.get(block.name) == 1:
                    circle = [d.name for d, _ in stack]
                    circle = [*circle[circle.index(block.name) :], block.name]
                    message = f"block `{block.name}` contains itself"
                    notes = [" -> ".join(circle)] if len(circle) > 2 else []
                    fix = Fix("use `* n` to repeat a block")
                    where = Label(block.node.name.span, "defined here")
                    self.found.append(
                        error(
                            "E0211",
                            message,
                            use.node.span,
                            secondary=[where],
                            notes=notes,
                            fixes=[fix],
                        )
                    )
                    for name in circle:
                        names[name].body = ()
                elif not state.get(block.name):
                    state[block.name] = 1
                    stack.append((block, _uses(block)))


def _uses(definition: ir.Definition) -> list[ir.BlockUse]:
    """Every use of a block in a body."""
    uses: list[ir.BlockUse] = []
    todo: list[object] = list(definition.body)
    while todo:
        node = todo.pop()
        match node:
            case ir.BlockUse():
                uses.append(node)
            case ir.LetTensor() | ir.Output() | ir.OperandArm():
                todo.append(node.value)
            case ir.LetLayer():
                todo.append(node.target)
            case ir.Flow():
                todo += [node.source, *node.steps]
            case ir.Step():
                todo.append(node.target)
            case ir.Repeat() | ir.StepArm():
                todo += node.steps
            case ir.MatchSteps() | ir.MatchOperand():
                todo += node.arms
            case ir.WordUse():
                todo += node.operands
            case ir.Several():
                todo += node.items
    return uses


def _resolve(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def project_root(path: Path) -> Path:
    """The folder that imports stay inside: the nearest one above the spec with a project file, else the
    spec's own folder."""
    folder = path.resolve().parent
    for parent in (folder, *folder.parents):
        if any((parent / mark).exists() for mark in PROJECT_MARKS):
            return parent
    return folder


def load(
    file: tree.File, path: Path | None = None, root: Path | None = None
) -> tuple[ir.Spec, list[Diagnostic]]:
    """Bind a parsed file. `path` is where it lies (None: text without a place, for which imports are looked up
    in `root`)."""
    if root is None:
        root = project_root(path) if path is not None else Path.cwd()
    loader = _Loader(root.resolve())
    if path is not None:
        loader.open.append(path.resolve())
    definitions = loader.definitions(file, path.resolve() if path is not None else None)
    own = {d.name.text for d in file.declarations if isinstance(d, tree.Definition)}
    models = tuple(
        d for d in definitions.values() if d.kind == "model" and d.name in own
    )
    sections, found = bind_sections(
        [d for d in file.declarations if isinstance(d, tree.Section)]
    )
    return ir.Spec(file.source, definitions, models, sections), [*loader.found, *found]
