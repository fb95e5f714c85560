"""The LALR(1) machine: tokens to tree, statement by statement past every fault.

It runs the table of the grammar with a stack, so neither long flows nor deep nesting recurse. On a token that
does not fit, `unexpected` explains it; then the unfinished statement is dropped and reading goes on where the
next one begins. The statements around it stay in the tree.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from dslc.source import Source, Span
from dslc.syntax import unexpected
from dslc.syntax.build import ACTIONS
from dslc.syntax.habits import HABITS
from dslc.syntax.report import Report
from dslc.syntax.table import END, load
from dslc.syntax.tokens import CLOSERS, CONTINUING, OPENERS, Token
from dslc.syntax.tree import Name

MAX_DEPTH = 200
NESTING = frozenset("binary unary attribute call group list match flow section".split())

Context = Literal["file", "body", "section", "match"]
SIGNS: tuple[tuple[str, Context], ...] = (
    ("MODEL", "file"),
    ("ASSERT", "body"),
    ("SECTION", "section"),
    ("ELSE", "match"),
)


@cache
def contexts() -> dict[int, Context]:
    """The states of the machine between two statements, by what they list."""
    found: dict[int, Context] = {}
    for state, row in enumerate(load().actions):
        for sign, context in SIGNS:
            if row.get(sign, 0) > 0:
                found[state] = context
                break
    return found


class Parser:
    """One run over the tokens of one source."""

    def __init__(self, source: Source, tokens: list[Token], report: Report) -> None:
        size = tokens[-1].end if tokens else 0
        self.source = source
        self.report = report
        self.table = load()
        self.contexts = contexts()
        self.tokens = [*tokens, Token(END, "", size, size, True)]
        self.at = 0
        self.begin = 0  # index of the token that began the statement being read
        self.states = [self.table.start]
        self.values: list[Any] = []
        self.spans: list[tuple[int, int, int]] = []  # start, end, depth of the tree

    def run(self) -> list[Any]:
        """The declarations of the file; faults go to the report."""
        failed = -1
        while True:
            if self.feed(self.tokens[self.at]):
                if self.states[-1] == self.table.end:
                    return list(self.values[-1])
                self.at += 1
            elif not unexpected.explain(self):
                self.recover(self.at == failed)
                failed = self.at

    # ------------------------------------------------------------------------------- the machine
    def feed(self, token: Token) -> bool:
        """Shift `token` after the reductions it asks for; false, with those made, when it does not fit."""
        actions, states, kind = self.table.actions, self.states, token.type
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                return False
            if action > 0:
                if states[-1] in self.contexts:
                    self.begin = self.at
                states.append(action - 1)
                self.values.append(token)
                self.spans.append((token.start, token.end, 0))
                return True
            self.reduce(-action - 1)
            if states[-1] == self.table.end:
                return True

    def reduce(self, number: int) -> None:
        rule = self.table.rules[number]
        states, values, spans, size = self.states, self.values, self.spans, rule.size
        if rule.passes:
            states.pop()
        elif size == 0:
            place = self.tokens[self.at].start
            values.append(self.build(rule.name, [], (place, place, 0)))
            spans.append((place, place, 0))
        else:
            items, over = values[-size:], spans[-size:]
            del states[-size:], values[-size:], spans[-size:]
            depth = over[0][2] if size == 1 else max([span[2] for span in over])
            covered = over[0][0], over[-1][1], depth + (rule.name in NESTING)
            if covered[2] > MAX_DEPTH:
                values.append(self.shorten(covered))
                covered = (covered[0], covered[1], 0)
            else:
                values.append(self.build(rule.name, items, covered))
            spans.append(covered)
        states.append(self.table.gotos[states[-1]][rule.origin])

    def build(self, name: str, items: list[Any], covered: tuple[int, int, int]) -> Any:
        """The value of a reduction; rules named `_…` are lists that grow in place."""
        if name[0] == "_":
            grown = items[0] if items and type(items[0]) is list else []
            for item in items[1:] if items and items[0] is grown else items:
                if type(item) is list:
                    grown.extend(item)
                else:
                    grown.append(item)
            return grown
        for item in items:
            if type(item) is list:
                items = self.build("_", [[], *items], covered)
                break
        return ACTIONS[name](items, Span(self.source, covered[0], covered[1]))

    def shorten(self, covered: tuple[int, int, int]) -> Name:
        """Report an expression of too many levels; a name stands in for it."""
        span = self.source.span(covered[0], covered[1])
        if not self.report.explains(span.start, span.end):
            self.report.add(
                "E0121",
                f"this expression nests deeper than {MAX_DEPTH} levels",
                span,
                notes=["give parts of it names: `y = …`"],
            )
        return Name(span, "_")

    def accepts(self, *kinds: str) -> bool:
        """Could these tokens come next?"""
        actions, rules, gotos = self.table.actions, self.table.rules, self.table.gotos
        states = list(self.states)
        for kind in kinds:
            while True:
                action = actions[states[-1]].get(kind)
                if action is None:
                    return False
                if action > 0:
                    states.append(action - 1)
                    break
                rule = rules[-action - 1]
                if rule.size:
                    del states[-rule.size :]
                states.append(gotos[states[-1]][rule.origin])
                if states[-1] == self.table.end:
                    return True
        return True

    # --------------------------------------------------------------------------------- recovery
    def context(self) -> Context:
        """What the innermost list holds that is being read."""
        for state in reversed(self.states):
            if state in self.contexts:
                return self.contexts[state]
        return "file"

    def bracket(self) -> str:
        """The innermost bracket that is open."""
        for value in reversed(self.values):
            if isinstance(value, Token) and value.type in OPENERS:
                return value.type
        return ""

    def drop(self) -> None:
        """Take the topmost symbol off the stack."""
        self.states.pop()
        self.values.pop()
        self.spans.pop()

    def line(self, index: int) -> int:
        """The first token on the line of the token at `index`."""
        while index and not self.tokens[index].first:
            index -= 1
        return index

    def column(self, index: int) -> int:
        return self.source.line_column(self.tokens[index].start)[1]

    def resume(self) -> bool:
        """Read on at a line of a flow that begins with `->`, as the rest of the statement that was dropped."""
        if self.context() != "body":
            return False
        begin, at = self.tokens[self.begin], self.at
        head = self.tokens[self.begin : self.begin + 3]
        kinds = [token.type for token in head]
        if kinds[:2] == ["NAME", "EQUAL"]:
            head = head[:2]
        elif kinds != ["OUTPUT", "NAME", "COLON"]:
            head = []
        start = head[-1].end if head else begin.start
        if start >= self.tokens[at].start:
            return False
        unknown = Token("NAME", "_", start, self.tokens[at].start, begin.first, virtual=True)
        self.at = self.begin
        for token in [*head, unknown]:
            self.feed(token)
        self.at = at
        return True

    def recover(self, stuck: bool = False) -> None:
        """Drop the unfinished statement and move to where the next one of the same list begins."""
        here = self.at + stuck
        began = self.at if self.states[-1] in self.contexts else min(self.begin, self.at)
        outdented = self.context() == "file" or self.tokens[self.line(began)].text in HABITS
        column = self.column(self.line(began) if outdented else began)
        while True:
            while self.states[-1] not in self.contexts:
                self.drop()
            depth = sum(isinstance(v, Token) and v.type == "LBRACE" for v in self.values)
            while (token := self.tokens[self.at]).type != END:
                if token.type in CLOSERS:
                    if token.depth < depth:
                        break
                elif token.first and token.depth == depth and self.at >= here:
                    if token.type == "ARROW" and self.resume():
                        return
                    inner = outdented and self.column(self.at) > column
                    if token.type not in CONTINUING and not inner:
                        return
                self.at += 1
            if token.type in self.table.actions[self.states[-1]]:
                return
            self.drop()  # a `match` left without arms: leave it, and what it stood in
            if token.type != END:
                self.at += 1
