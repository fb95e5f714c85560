"""`dslc compile --emit …`: the values between the stages of the compiler, as text that is the same every time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import choose
from dslc.cli.console import report
from dslc.source import Source, Span
from dslc.spec.spelling import spell_word
from dslc.syntax import tree

if TYPE_CHECKING:
    from dslc.driver import Analysis
    from dslc.graph import Graph

IN_HEAD = ("name", "word", "text", "kind", "keyword", "op", "bracket")  # fields beside the class


def show_stage(analysis: Analysis, stage: str, model: str | None) -> tuple[str | None, int]:
    """The text of a stage and the exit code; mistakes are reported, and what they leave over is shown."""
    report(analysis.diagnostics, err=True)
    code = FINE if analysis.ok else FINDINGS
    if stage == "tree":
        return (None if analysis.file is None else Outline().text(analysis.file)), code
    if stage == "spec":
        return (None if analysis.spec is None else Outline().text(analysis.spec)), code
    chosen = choose(analysis, model) if analysis.source is not None else None
    if chosen is None:
        return None, FINDINGS
    if stage == "graph":
        return "".join(f"{line}\n" for line in graph_lines(chosen.graph)), code
    if not analysis.ok or analysis.spec is None:
        return None, code
    from dslc.plan.walk import plan_model

    return Outline().text(plan_model(analysis.spec, chosen.graph)), code


class _Close:
    """The end of a bracket, among the things still to be written."""


class Outline:
    """Nested dataclasses as an indented s-expression, a part a line, places as `@line:column-column`. What was
    shown is not shown again. In a bound spec an expression is its own text."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.shown: dict[int, str] = {}
        self.bound = False

    def text(self, root: Any) -> str:
        self.bound = not isinstance(root, tree.File)
        todo: list[tuple[int, str, Any]] = [
            (0, "", root)
        ]  # depth, label and value, the next one last
        while todo:
            depth, label, item = todo.pop()
            if isinstance(item, _Close):
                self.lines[-1] += ")"
                continue
            lead = "  " * depth + label
            flat = self.flat(item)
            if flat is None and id(item) in self.shown:
                flat = f"<{self.shown[id(item)]}>"
            if flat is not None:
                self.lines.append(lead + flat)
                continue
            head, parts = self.open(item)
            if dataclasses.is_dataclass(item):
                self.shown[id(item)] = head
            self.lines.append(f"{lead}({head}")
            todo.append((depth, "", _Close()))
            todo += [(depth + 1, name, part) for name, part in reversed(parts)]
        return "\n".join(self.lines) + "\n"

    def flat(self, item: Any) -> str | None:
        """What fits on one line; None for what has parts."""
        if item is None or isinstance(item, bool):
            return str(item).lower()
        if isinstance(item, (int, float, str)):
            return repr(item)
        if isinstance(item, Span):
            return place(item)
        if isinstance(item, Source):
            return repr(item.name)
        if isinstance(item, type):
            return str(getattr(item, "word", item.__name__))
        if isinstance(item, tree.Node) and self.bound:
            return f"`{' '.join(item.span.text.split())}` {place(item.span)}"
        if isinstance(item, Mapping):
            return None if item else "{}"
        if isinstance(item, (tuple, list)):
            parts = [self.flat(part) for part in item]
            known = [part for part in parts if part is not None]
            return (
                f"[{', '.join(known)}]" if len(known) == len(parts) and self.short(item) else None
            )
        if hasattr(type(item), "model_fields"):
            return spell_word(item, full=True)
        if dataclasses.is_dataclass(item):
            return str(item) if "__str__" in vars(type(item)) else None
        return repr(item) if "__repr__" in vars(type(item)) else type(item).__name__

    @staticmethod
    def short(items: Any) -> bool:
        return all(isinstance(i, (int, float, str)) for i in items)

    def open(self, item: Any) -> tuple[str, list[tuple[str, Any]]]:
        """The head of something with parts, and the parts with their labels."""
        if isinstance(item, Mapping):
            return "", [(f"{key}: " if isinstance(key, str) else "", v) for key, v in item.items()]
        if isinstance(item, (tuple, list)):
            return "", [("", part) for part in item]
        head, parts, where = type(item).__name__, [], ""
        for field in dataclasses.fields(item):
            part = getattr(item, field.name)
            if field.name in ("span", "key_span", "node") and isinstance(part, (Span, tree.Node)):
                where = where or f" {place(part if isinstance(part, Span) else part.span)}"
            elif part is None or (isinstance(part, (tuple, str, Mapping)) and not part):
                continue
            elif field.name in IN_HEAD and isinstance(part, (str, type, tree.Name)):
                head += f" {part.text if isinstance(part, tree.Name) else self.flat(part)}"
            else:
                parts.append((f"{field.name}: ", part))
        return head + where, parts


def place(span: Span) -> str:
    line, column = span.source.line_column(span.start)
    end_line, end = span.source.line_column(span.end)
    return f"@{line}:{column}-{end}" if end_line == line else f"@{line}:{column}-{end_line}:{end}"


def graph_lines(graph: Graph) -> Iterator[str]:
    """Every node on a line: number, word, inputs, shape, the way to it and its place in the spec."""
    for node in graph.nodes():
        what = "input" if node.word is None else spell_word(node.word, full=True)
        parts = [f"%{node.index} = {what}"]
        if node.inputs:
            parts.append("of " + ", ".join(f"%{i}" for i in node.inputs))
        parts.append(": ?" if node.output is None else f": {node.output} {node.output.dtype}")
        if node.shares is not None:
            parts.append(f"with the weights of %{node.shares}")
        parts += ["/".join(node.path)] if node.path else []
        yield " ".join([*parts, place(node.span)])
    for name, index in graph.outputs.items():
        yield f"output {name} = {'?' if index is None else f'%{index}'}"
