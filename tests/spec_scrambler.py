"""Specs as no one would lay them out: real ones with other blanks, line breaks, comments, parentheses and commas, and
random ones from the grammar. All say something that the parser understands."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from dslc.source import Source
from dslc.syntax import parse, tree
from dslc.syntax.report import Report
from dslc.syntax.scan import scan

COMMENTS = (
    "#",
    "# why",
    "#no blank",
    "# 층: 합성곱 🙂",
    "# {[( ->",
    '# "x',
    "# a\t# b  ",
    "#" + "=" * 120,
)
BLANKS = ("", " ", " ", "  ", "\t", " \t ")
BREAKS = ("\n", "\n\n", "\n\n\n\n", "\r\n", "\r", "\n   ", " \n", "\n\t")
GLUED = {("CALLNAME", "LPAR"), ("SECTION", "LBRACE"), ("SECTION", "NAME"), ("NAME", "LBRACE")}


def scramble(text: str, dice: random.Random, comments: float = 0.05) -> str:
    """`text` with the same words and signs, and in between whatever changes nothing."""
    source = Source("s.dl", text)
    file, found = parse(source)
    assert file is not None and not found, found
    tokens = scan(source, Report(source))[0] or []
    begins = {node.span.start for node in statements(file)}
    breaks = dice.choice((0.02, 0.1, 0.4))
    out: list[str] = []
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        kinds = ("" if before is None else before.type, token.type)
        if kinds == ("CALLNAME", "LPAR"):
            gap = ""
        elif kinds in GLUED:
            gap = dice.choice((" ", "  ", "\t"))
        elif before is None or (token.start in begins and token.first) or dice.random() < breaks:
            gap = dice.choice(BREAKS)
        else:
            gap = dice.choice(BLANKS) or (" " if _joins(before.text, token.text) else "")
        if "\n" in gap or "\r" in gap:
            while dice.random() < comments * 4:
                gap = dice.choice(BLANKS) + dice.choice(COMMENTS) + dice.choice(BREAKS) + gap
        elif kinds not in GLUED and dice.random() < comments:
            gap = f"{dice.choice(BLANKS)}{dice.choice(COMMENTS)}{dice.choice(BREAKS)}"
        out += [gap, token.text]
    return "".join(out) + dice.choice(("", "\n", "\n\n", "  ", " # end", "\n# end", "\r\n"))


def _joins(first: str, second: str) -> bool:
    """Would two tokens without a blank between them be others?"""
    word = (first[-1].isalnum() or first[-1] == "_") and (second[0].isalnum() or second[0] in '_("')
    return (
        word
        or first[-1] + second[0] in ("->", "..", "//", "==", "<=", ">=", "!=", "--")
        or (first[-1] in "=<>!./-" and second[0] in "=>./-")
        or first[-1] == '"'
        or second[0] == '"'
    )


def statements(file: tree.File) -> Iterator[tree.Node]:
    """All declarations, statements and entries of a file."""
    stack: list[tree.Node] = list(file.declarations)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.body if isinstance(node, tree.Definition) else ())
        stack.extend(node.entries if isinstance(node, tree.Section) else ())


class Grower:
    """Random texts from the grammar."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def pick(self, *choices: str | Callable[[], str]) -> str:
        choice = self.dice.choice(choices)
        return choice if isinstance(choice, str) else choice()

    def name(self) -> str:
        return self.pick("x", "y", "image", "relu", "층", "a_long_name_of_something", "same", "h2")

    def word(self) -> str:
        return self.pick(
            "Conv2D", "Dense", "BatchNorm", "leaky_relu", "Ünit", "Residual_Bottleneck_Block"
        )

    def some(self, make: Callable[[], str], least: int, most: int) -> list[str]:
        return [make() for _ in range(self.dice.randint(least, most))]

    def listed(self, make: Callable[[], str], least: int = 0) -> str:
        items = self.some(make, least, 3)
        comma = "," if items and self.dice.random() < 0.2 else ""
        return ", ".join(items) + comma

    def file(self) -> str:
        parts = self.some(self.declaration, 1, 2)
        return "".join(part + self.pick("\n", "\n\n", "\n\n\n") for part in parts)

    def declaration(self) -> str:
        kind = self.dice.random()
        if kind < 0.15:
            return f'import "a/b.dl" ({self.listed(self.name, 1)})'
        if kind < 0.5:
            return self.section(2)
        head = f"{self.pick('model', 'block')} {self.word()}"
        if self.dice.random() < 0.6:
            head += f"({self.listed(self.parameter)})"
        return f"{head} {{\n{self.lines(self.statement)}}}"

    def lines(self, make: Callable[[], str]) -> str:
        return "".join(item + self.pick("\n", "\n", "\n\n") for item in self.some(make, 0, 4))

    def parameter(self) -> str:
        return self.name() + (f" = {self.value(1)}" if self.dice.random() < 0.5 else "")

    def section(self, depth: int) -> str:
        head = self.pick("train", "data", "phase head", "finetune x", "loss", "Conv2D", "output")
        entry = lambda: self.entry(depth)  # noqa: E731
        if self.dice.random() < 0.5:
            body = "  ".join(self.let(1) for _ in range(self.dice.randint(0, 4)))
            return f"{head} {{ {body} }}"
        return f"{head} {{\n{self.lines(entry)}}}"

    def entry(self, depth: int) -> str:
        if depth > 0 and self.dice.random() < 0.3:
            return self.section(depth - 1)
        return self.let(2) if self.dice.random() < 0.7 else self.call(2)

    def let(self, depth: int) -> str:
        return f"{self.name()} = {self.value(depth)}"

    def statement(self) -> str:
        kind = self.dice.random()
        if kind < 0.15:
            shape = f": {self.expression(1)}" if self.dice.random() < 0.7 else ""
            where = f" where {self.condition(2)}" if shape and self.dice.random() < 0.4 else ""
            return f"input {self.name()}{shape}{where}"
        if kind < 0.3:
            return f"output {self.name()}: {self.value(3)}"
        if kind < 0.4:
            return f"assert {self.condition(3)}"
        return self.let(3) if kind < 0.7 else self.flow(3)

    def value(self, depth: int) -> str:
        return (
            self.flow(depth) if depth > 0 and self.dice.random() < 0.4 else self.expression(depth)
        )

    def flow(self, depth: int) -> str:
        source = self.pick(
            self.name,
            lambda: self.call(depth - 1),
            f"({self.name()}, {self.name()})",
            f"(-{self.name()} + 1)",
        )
        return source + "".join(self.some(lambda: self.link(depth - 1), 1, 4))

    def link(self, depth: int) -> str:
        return self.pick(" ", " ", "\n") + "->" + self.pick(" ", " ", "\n") + self.step(depth)

    def step(self, depth: int) -> str:
        kind = self.dice.random()
        label = f" as {self.name()}" if self.dice.random() < 0.1 else ""
        times = (
            f" * {self.pick('2', 'n', '(n + 1)', 'x.depth')}" if self.dice.random() < 0.15 else ""
        )
        if depth <= 0 or kind < 0.7:
            return self.pick(self.name, lambda: self.call(depth)) + times + label
        if kind < 0.8:
            return f"({self.chain(depth)}){times}{label}"
        if kind < 0.9:
            gap = self.pick(" ", "\n")
            return f"repeat {self.expression(1)} {{{gap}{self.chain(depth)}{gap}}}{label}"
        return self.match(depth - 1) + label

    def chain(self, depth: int) -> str:
        first = self.pick("", "-> ") + self.step(depth - 1)
        return first + "".join(self.some(lambda: self.link(depth - 1), 0, 3))

    def match(self, depth: int) -> str:
        gap = self.pick("  ", "\n")
        arms = self.some(lambda: self.arm(self.condition(1), depth), 1, 2)
        arms.append(self.arm("else", depth))
        return f"match {{{gap}{gap.join(arms)}{gap}}}"

    def arm(self, condition: str, depth: int) -> str:
        return f"{condition}:{self.pick(' ', ' ', chr(10))}{self.value(depth)}"

    def call(self, depth: int) -> str:
        return f"{self.word()}({self.listed(lambda: self.argument(depth - 1))})"

    def argument(self, depth: int) -> str:
        return (f"{self.name()}=" if self.dice.random() < 0.5 else "") + self.value(depth)

    def condition(self, depth: int) -> str:
        left, right = self.expression(1), self.expression(1)
        one = f"{left} {self.pick('==', '!=', '<', '>=')} {right}"
        if depth <= 0 or self.dice.random() < 0.4:
            return self.pick(one, f"not {one}", f"({one})")
        other = self.condition(depth - 1)
        return self.pick(f"{one} and {other}", f"{one} or {other}", f"({one} or {other}) and {one}")

    def expression(self, depth: int) -> str:
        plain = self.pick(
            self.name(), "64", "1e-3", "5M", "10_000", "3x3", "28x28x1", "0..1", "-1..1", "-2", "true",
            '"a \\"b\\" #"', f"{self.name()}.channels", f"-{self.name()}", "()", "[]",
        )  # fmt: skip
        if depth <= 0 or self.dice.random() < 0.5:
            return plain
        kind = self.dice.randrange(10)
        if kind < 3:
            left, right = self.expression(depth - 1), self.expression(depth - 1)
            sign = self.pick("+", "-", "*", "//", "%")
            return f"{left} {sign} {right}" if kind else f"({left} + {plain}) {sign} {right}"
        if kind < 5:
            return self.pick(f"({plain})", f"(({plain}))", f"-({self.expression(depth - 1)})")
        if kind < 7:
            inside = self.listed(lambda: self.value(depth - 1))
            return f"[{inside}]" if kind == 5 else f"({self.value(depth - 1)}, {inside})"
        return self.pick(
            lambda: self.call(depth), lambda: f"({self.flow(depth)})", lambda: self.match(depth - 1)
        )
