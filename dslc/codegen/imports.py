"""The import block of a script: collected from what its nodes use, sorted as by isort."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator

from dslc.codegen.literals import display_width
from dslc.codegen.nodes import Import, Node, Ref

WIDTH = 88


def collect(*nodes: Node | Iterable[Node]) -> frozenset[Import]:
    """The imports of every `Ref` inside `nodes`."""
    found: set[Import] = set()
    pending: list[object] = list(nodes)
    while pending:
        value = pending.pop()
        if isinstance(value, Ref):
            found |= value.imports
        elif isinstance(value, str | Import):
            continue
        elif dataclasses.is_dataclass(value):
            pending += [getattr(value, field.name) for field in dataclasses.fields(value)]
        elif isinstance(value, Iterable):
            pending += value
    return frozenset(found)


def render_imports(imports: Iterable[Import], width: int = WIDTH) -> str:
    """Standard library, a blank line, then the rest; `import a` comes before `from a import b`."""
    wanted = set(imports)
    blocks = []
    for section in sorted({_section(each.module) for each in wanted}):
        chosen = {each for each in wanted if _section(each.module) == section}
        blocks.append("".join(f"{line}\n" for line in _block(chosen, width)))
    return "\n".join(blocks)


def _section(module: str) -> int:
    top = module.partition(".")[0]
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2


def _block(imports: set[Import], width: int) -> Iterator[str]:
    plain = [each for each in imports if each.name is None]
    for each in sorted(plain, key=lambda each: (_natural(each.module), each.alias or "")):
        yield f"import {each.module}{_alias(each)}"
    named = [each for each in imports if each.name is not None]
    for module in sorted({each.module for each in named}, key=_natural):
        members = sorted((each for each in named if each.module == module), key=_member)
        yield from _from(module, members, width)


def _from(module: str, members: list[Import], width: int) -> Iterator[str]:
    """`from module import a, b`, and each renamed member on a line of its own, as isort has it."""
    plain = [each.name or "" for each in members if not _alias(each)]
    first = True
    for each in members:
        if _alias(each):
            yield f"from {module} import {each.name}{_alias(each)}"
        elif first:
            yield from _together(module, plain, width)
            first = False


def _together(module: str, names: list[str], width: int) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if display_width(line) <= width:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _alias(each: Import) -> str:
    return f" as {each.alias}" if each.alias and each.alias != (each.name or each.module) else ""


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """The order of names where `a9` comes before `a10`."""
    words = re.findall(r"\d+|\D+", name.lower())
    return [(int(word), "") if word.isdigit() else (-1, word) for word in words], name


def _member(each: Import) -> tuple[int, tuple[list[tuple[int, str]], str], str]:
    """isort's order of members: CONSTANTS, Classes, then the rest."""
    name = each.name or ""
    is_constant = name.isupper() and len(name) > 1
    kind = 0 if is_constant else 1 if name[:1].isupper() else 2
    return kind, _natural(name), each.alias or ""
