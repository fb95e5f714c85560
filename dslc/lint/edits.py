"""How the text of a spec changes: the edits that rules offer, made from places in the tree.

Each function gives edits, or none where the change cannot be made in place: the fix is then advice. Layout and
comments around the change stay as they are.
"""

from __future__ import annotations

from functools import cached_property

from dslc.diagnostics import Edit
from dslc.lint.layers import Layer
from dslc.lint.trees import parents, walk
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import match_arguments
from dslc.syntax import tree
from dslc.vocab.word import Word

Edits = tuple[Edit, ...]
Place = Layer | ir.Bound | ir.Setting
NONE: Edits = ()


class Editor:
    """The edits of one file. What stands in another file, such as an imported block, is left alone."""

    def __init__(self, file: tree.File) -> None:
        self.file = file
        self.source = file.source

    @cached_property
    def parents(self) -> dict[tree.Node, tree.Node]:
        """What every node of the file stands in."""
        return parents(self.file.declarations)

    @cached_property
    def _words(self) -> dict[Span, tree.Name | tree.Call]:
        nodes = walk(*self.file.declarations)
        return {n.span: n for n in nodes if isinstance(n, (tree.Name, tree.Call))}

    def replace(self, span: Span, text: str) -> Edits:
        return (Edit(span, text),)

    # ----------------------------------------------------------------- steps of a flow

    def step(self, layer: Layer) -> tree.Step | None:
        """The step that `layer` is, where it is one: not a source, an operand, a named layer."""
        node = self._words.get(layer.span)
        parent = self.parents.get(node) if node is not None else None
        return parent if isinstance(parent, tree.Step) and parent.target is node else None

    def neighbours(self, step: tree.Step) -> tuple[tree.Node | None, tree.Node | None]:
        """What stands in front of a step and behind it in its flow."""
        flow = self.parents[step]
        assert isinstance(flow, (tree.Flow, tree.Chain))
        line: list[tree.Node] = [*flow.steps]
        if isinstance(flow, tree.Flow):
            line.insert(0, flow.source)
        at = line.index(step)
        return line[at - 1] if at else None, line[at + 1] if at + 1 < len(line) else None

    def delete_step(self, layer: Layer) -> Edits:
        """Take a layer out of its flow. Not where it has a label, or is all that its flow does."""
        step = self.step(layer)
        if step is None or step.label is not None:
            return NONE
        flow = self.parents[step]
        assert isinstance(flow, (tree.Flow, tree.Chain))
        before, after = self.neighbours(step)
        if len(flow.steps) == 1:
            return NONE
        if before is None:
            assert after is not None
            return (Edit(self.source.span(step.span.start, after.span.start), ""),)
        start, end = before.span.end, step.span.end
        gap = self.source.text[start : step.span.start]
        if "#" in gap:
            arrow = start + gap.rindex("->")
            left, right, below = self._blanks(arrow, end)
            return (Edit(self.source.span(left if below > right else arrow, below), ""),)
        return (Edit(self.source.span(start, end), ""),)

    def _blanks(self, start: int, end: int) -> tuple[int, int, int]:
        """Where the blanks in front of `start` begin, where those behind `end` end, and where the next line begins if
        nothing else stands behind (else the same)."""
        text, left, right = self.source.text, start, end
        while left and text[left - 1] in " \t":
            left -= 1
        while right < len(text) and text[right] in " \t":
            right += 1
        if text.startswith("\r\n", right):
            return left, right, right + 2
        return left, right, right + (text[right : right + 1] in ("\n", "\r"))

    def swap_steps(self, one: Layer, other: Layer) -> Edits:
        """Let two steps change places. Labels would move with them, so labelled steps stay."""
        first, second = self.step(one), self.step(other)
        if first is None or second is None or first is second or first.label or second.label:
            return NONE
        return Edit(first.span, second.span.text), Edit(second.span, first.span.text)

    def insert_before(self, layer: Layer, steps: str) -> Edits:
        """Put `A -> B` in front of a step."""
        step = self.step(layer)
        return NONE if step is None else (Edit(step.span.before(), f"{steps} -> "),)

    def insert_after(self, layer: Layer, steps: str) -> Edits:
        """Put `A -> B` behind a layer."""
        step = self.step(layer)
        if step is None and layer.span not in self._words:
            return NONE
        return (Edit((step or layer.node).span.after(), f" -> {steps}"),)

    # ----------------------------------------------------------------- arguments

    def written(self, at: Place, name: str) -> tree.Expr | None:
        """The value of an argument as the spec gives it; None where a default holds."""
        node, word = self._words.get(at.span), at.value if isinstance(at, ir.Setting) else at.word
        if node is None or not isinstance(word, Word):
            return None
        return match_arguments(type(word), node)[0].get(name)

    def set_argument(self, at: Place, name: str, value: str) -> Edits:
        """Give an argument another value, or add it behind the others."""
        node, old = self._words.get(at.span), self.written(at, name)
        if node is None or (isinstance(at, Layer) and at.word is None):
            return NONE
        if old is not None:
            return (Edit(old.span, value),)
        if isinstance(node, tree.Name):
            return (Edit(node.span.after(), f"({name}={value})"),)
        if node.arguments:
            return (Edit(node.arguments[-1].span.after(), f", {name}={value}"),)
        return (Edit(self.source.span(node.span.end - 1, node.span.end - 1), f"{name}={value}"),)

    def drop_argument(self, at: Place, name: str) -> Edits:
        """Leave an argument to its default."""
        node, old = self._words.get(at.span), self.written(at, name)
        if not isinstance(node, tree.Call) or old is None:
            return NONE
        items = node.arguments
        index = next(i for i, item in enumerate(items) if item.value is old)
        if len(items) == 1:
            return (Edit(self.source.span(node.name.span.end, node.span.end), ""),)
        if index:
            return (Edit(self.source.span(items[index - 1].span.end, items[index].span.end), ""),)
        if items[1].name is None:
            return NONE  # the others would move up
        return (Edit(self.source.span(items[0].span.start, items[1].span.start), ""),)

    # ----------------------------------------------------------------- sections

    def section(self, *path: str) -> tree.Section | None:
        """The section as written: `section("train")`, `section("finetune", "phase")` the first phase."""
        entries: tuple[tree.Node, ...] = self.file.declarations
        found: tree.Section | None = None
        for keyword in path:
            inside = (e for e in entries if isinstance(e, tree.Section))
            found = next((e for e in inside if e.keyword.text == keyword), None)
            if found is None:
                return None
            entries = found.entries
        return found

    def add_setting(self, section: tree.Section | None, key: str, value: str) -> Edits:
        """Write `key = value` behind the settings of a section, its `=` under theirs."""
        if section is None:
            return NONE
        lets = [entry for entry in section.entries if isinstance(entry, tree.Let)]
        if lets:
            line = self.source.line(lets[-1].span.line)
            at = self.source.line_column(lets[-1].name.span.start)[1] - 1
            width = line.find("=", at) - at - 1
            key = key.ljust(width) if not line[:at].strip() else key
        return self.add_entry(section, f"{key} = {value}", after=lets[-1] if lets else None)

    def add_entry(
        self, section: tree.Section | None, text: str, after: tree.Node | None = None
    ) -> Edits:
        """Write a line into a section, behind `after` or at its end."""
        if section is None:
            return NONE
        last = after or (section.entries[-1] if section.entries else None)
        if last is None or "\n" not in self.source.text[section.span.start : last.span.start]:
            blank = "  " if last is not None else " "
            end = last.span.end if last is not None else section.span.start
            at = end if last is not None else self.source.text.index("{", end) + 1
            return (Edit(self.source.span(at, at), blank + text),)
        number = self.source.line_column(last.span.end)[0]
        line = self.source.line(self.source.line_column(last.span.start)[0])
        indent = line[: len(line) - len(line.lstrip())]
        at = self.source.line_starts[number - 1] + len(self.source.line(number))
        if self.source.text.find("}", last.span.end, at) >= 0:
            at = last.span.end
        return (Edit(self.source.span(at, at), f"{self.newline}{indent}{text}"),)

    def delete_entry(self, span: Span) -> Edits:
        """Take a setting, a word or a statement out, with its line where it stands alone. `span` is all of it, as of
        a `tree.Let`, or the word of a section."""
        text = self.source.text
        left, right, below = self._blanks(span.start, span.end)
        last = below > right or right == len(text)
        if left == 0 or text[left - 1] in "\r\n":
            return (Edit(self.source.span(left if last else span.start, below), ""),)
        if last or text[right] == "}":
            return (Edit(self.source.span(left, span.end), ""),)
        return (Edit(self.source.span(span.start, right), ""),)

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.source.text else "\n"
