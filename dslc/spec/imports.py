"""`import "blocks/heads.dl" (Head)`: other files of the project.

Paths are relative to the file that imports. They never leave the project folder, never form a circle, and bring
only the blocks that they name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec.uses import Definitions
from dslc.syntax import parse, tree
from dslc.syntax.files import Files

if TYPE_CHECKING:
    from dslc.spec.load import Loader

PROJECT_MARKS = ("pyproject.toml", "dslc.toml", ".git")
MAX_IMPORTS = 100
MAX_CHAIN = 20  # of files that import files


def project_root(path: Path) -> Path:
    """The folder that imports stay inside: the nearest one above the spec with a project file, else the
    spec's own folder."""
    folder = path.resolve().parent
    for parent in (folder, *folder.parents):
        if any((parent / mark).exists() for mark in PROJECT_MARKS):
            return parent
    return folder


class Imports:
    """The files read so far."""

    def __init__(self, root: Path, loader: Loader, disk: Files) -> None:
        self.root = root
        self.disk = disk
        self.loader = loader
        self.files: dict[Path, Definitions | None] = {}
        self.open: list[Path] = []

    def _say(self, found: Diagnostic) -> None:
        self.loader.found.append(found)

    def bring(
        self,
        node: tree.Import,
        path: Path | None,
        scope: Definitions,
        places: dict[str, tree.Name],
    ) -> None:
        """Put the definitions that `node` names into `scope`."""
        found = self._file(node, path)
        for name in node.names:
            text = name.text
            if text in places:
                there = [Label(places[text].span, "first named here")]
                fix = Fix("import it once")
                message = f"`{text}` is imported twice"
                self._say(error("E0208", message, name.span, secondary=there, fixes=[fix]))
                continue
            places[text] = name
            if found is not None and text in found.known:
                scope.known[text] = found.known[text]
                continue
            scope.broken.add(text)
            if found is not None and text not in found.broken:
                self._say(_not_defined(node, name, found))

    def _file(self, node: tree.Import, path: Path | None) -> Definitions | None:
        value, span = node.path.value, node.path.span
        base = path.parent if path is not None else self.root
        target = _resolve(base / value) if "\0" not in value else None
        if target is None or Path(value).is_absolute() or not target.is_relative_to(self.root):
            message = "an import stays inside the project folder"
            notes = [f"the project folder is `{self.root.name or '/'}`"]
            fix = Fix("copy the file into the project and import it by a relative path")
            self._say(error("E0210", message, span, notes=notes, fixes=[fix]))
            return None
        if target in self.files:
            return self.files[target]
        if target in self.open:
            chain = " -> ".join(p.name for p in [*self.open[self.open.index(target) :], target])
            message = "these files import each other"
            fix = Fix("move what both need into a third file")
            notes = [f"the circle: {chain}"]
            self._say(error("E0211", message, span, notes=notes, fixes=[fix]))
            return None
        if len(self.files) + len(self.open) > MAX_IMPORTS or len(self.open) > MAX_CHAIN:
            message = f"a spec imports at most {MAX_IMPORTS} files, {MAX_CHAIN} of them in a chain"
            fix = Fix("put blocks that belong together into one file")
            self._say(error("E0210", message, span, fixes=[fix]))
            return None
        return self._read(node, target)

    def _read(self, node: tree.Import, target: Path) -> Definitions | None:
        source, problems = self.disk.read(target)
        if source is None:
            self._say(self._unreadable(node, target, problems))
            return None
        file, faults = parse(source)
        self.loader.found += [*problems, *faults]
        if file is None:
            self.files[target] = None
            return None
        self.open.append(target)
        scope = self.loader.definitions(file, target, faults)
        self.open.pop()
        self.files[target] = scope
        return scope

    def _unreadable(
        self, node: tree.Import, target: Path, problems: tuple[Diagnostic, ...]
    ) -> Diagnostic:
        notes = []
        exists = self.disk.exists(target)
        if problems and exists:
            notes = [problems[0].message.replace(str(target), node.path.value)]
        close = None if exists else did_you_mean(target.name, self.disk.specs(target.parent))
        fix = Fix("the path is relative to the file that imports")
        if close:
            start = node.path.value.rpartition("/")[0]
            text = f"{start}/{close}" if start else close
            fix = Fix(f"did you mean `{text}`?", (Edit(node.path.span, f'"{text}"'),))
        elif exists:
            fix = Fix("name a spec: a text file with blocks")
        message = f"cannot import `{node.path.value}`" + (
            "" if exists else ": there is no such file"
        )
        return error("E0209", message, node.path.span, notes=notes, fixes=[fix])


def _not_defined(node: tree.Import, name: tree.Name, found: Definitions) -> Diagnostic:
    close = did_you_mean(name.text, found.known)
    fix = Fix("import one of these" if found.known else "define a block there")
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(name.span, close),))
    notes = [f"it defines {', '.join(found.known) or 'nothing'}"]
    message = f"`{node.path.value}` defines no `{name.text}`"
    return error("E0209", message, name.span, notes=notes, fixes=[fix])


def _resolve(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
