"""The LALR(1) machine: tokens to tree, statement by statement past every fault.

It runs the table of the grammar with a stack, so neither long flows nor deep nesting recurse. On a token that
does not fit, `unexpected` explains it; then the unfinished statement is dropped and reading goes on where the
next one begins. The statements around it stay in the tree.
"""

from __future__ import annotations

from typing import Any

from dslc.source import Source, Span
from dslc.syntax import unexpected
from dslc.syntax.build import ACTIONS
from dslc.syntax.report import Report
from dslc.syntax.table import END, Table, load
from dslc.syntax.tokens import CONTINUING, Token

LIST_STARTS = ("MODEL", "SECTION", "ASSERT", "ELSE")  # what may be shifted where statements are listed
MAX_DEPTH = 200


class Parser:
    """One run over the tokens of one source."""

    def __init__(self, source: Source, tokens: list[Token], report: Report) -> None:
        self.source = source
        self.report = report
        self.table: Table = load()
        size = len(source.text)
        self.tokens = [*tokens, Token(END, "", size, size, True)]
        self.states = [self.table.start]
        self.values: list[Any] = []
        self.spans: list[tuple[int, int]] = []
        self.begin = 0  # the index of the token that began the statement being read
        self.at = 0

    def run(self) -> list[Any]:
        """The declarations of the file; faults go to the report."""
        while True:
            token = self.tokens[self.at]
            if self.feed(token):
                if self.states[-1] == self.table.end:
                    break
                self.at += 1
                continue
            if unexpected.explain(self):
                continue
            self.recover()
        return self.values[-1] if self.values else []

    # ------------------------------------------------------------------------------- the machine
    def feed(self, token: Token) -> bool:
        """Shift `token` after the reductions it asks for; false, with those made, when it does not fit."""
        table, states = self.table, self.states
        actions, kind = table.actions, token.type
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                return False
            if action > 0:
                if self.lists(states[-1]):
                    self.begin = self.at
                states.append(action - 1)
                self.values.append(token)
                self.spans.append((token.start, token.end))
                return True
            self.reduce(-action - 1)
            if kind == END and states[-1] == table.end:
                return True

    def reduce(self, number: int) -> None:
        rule = self.table.rules[number]
        size, states, values, spans = rule.size, self.states, self.values, self.spans
        if not rule.passes:
            if size:
                items, covered = values[-size:], (spans[-size][0], spans[-1][1])
                del states[-size:], values[-size:], spans[-size:]
            else:
                place = self.tokens[self.at].start
                items, covered = [], (place, place)
            values.append(self.build(rule.name, items, covered))
            spans.append(covered)
        else:
            states.pop()
        states.append(self.table.gotos[states[-1]][rule.origin])

    def build(self, name: str, items: list[Any], covered: tuple[int, int]) -> Any:
        """The value of a reduction; rules named `_…` are lists that grow in place."""
        if name[0] == "_":
            if items and isinstance(items[0], list):
                first, rest = items[0], items[1:]
            else:
                first, rest = [], items
            for item in rest:
                if isinstance(item, list):
                    first.extend(item)
                else:
                    first.append(item)
            return first
        if any(isinstance(item, list) for item in items):
            items = self.build("_", [[], *items], covered)
        return ACTIONS[name](items, Span(self.source, *covered))

    # --------------------------------------------------------------------------------- recovery
    def lists(self, state: int) -> bool:
        """Is `state` between two statements, entries, arms or declarations?"""
        row = self.table.actions[state]
        return any(row.get(start, 0) > 0 for start in LIST_STARTS)

    def drop(self) -> None:
        self.states.pop()
        self.values.pop()
        self.spans.pop()

    def recover(self) -> None:
        """Drop the unfinished statement and move to the start of the next one in the same list."""
        while not self.lists(self.states[-1]):
            self.drop()
        depth = sum(
            value.type == "LBRACE" for value in self.values if isinstance(value, Token)
        )
        start = self.at
        while True:
            token = self.tokens[self.at]
            if token.type == END:
                return
            if token.depth < depth and token.type == "RBRACE":
                break
            fresh = token.first and self.at > start or self.at > self.begin and token.first
            if token.depth == depth and fresh and token.type not in CONTINUING:
                return
            self.at += 1
        while "RBRACE" not in self.table.actions[self.states[-1]]:
            self.drop()
