"""The compiled grammar: what the scanner and the parser run on.

`grammar/dslc.table.json` holds the terminals and the LALR(1) table that Lark makes of `grammar/dslc.lark`. It is
plain data, so reading it costs a millisecond and loads no code; Lark itself is imported only when the grammar was
edited and the table is stale. `python -m dslc.syntax.table` writes the table anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from dslc import assets

START = "file"
END = "$END"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """`name: …` with `size` symbols. A `?rule` of one symbol hands its value on: `passes` is true."""

    name: str
    size: int
    origin: str
    passes: bool


@dataclass(frozen=True, slots=True)
class Table:
    """`actions[state][terminal]` is `next state + 1` for a shift and `-(rule + 1)` for a reduction."""

    patterns: tuple[tuple[str, str], ...]  # name and regular expression, in the order to try
    literals: dict[str, str]  # the text of a keyword or sign -> its terminal
    ignored: frozenset[str]
    rules: tuple[Rule, ...]
    actions: tuple[dict[str, int], ...]
    gotos: tuple[dict[str, int], ...]
    start: int
    end: int


@cache
def load() -> Table:
    """The table of the grammar that this installation carries."""
    folder = assets.grammar()
    text = (folder / "dslc.lark").read_text(encoding="utf-8")
    try:
        data = json.loads((folder / "dslc.table.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("key") != _key(text):
        data = compile_grammar(text)
    return _decode(data)


def compile_grammar(text: str) -> dict[str, Any]:
    """The grammar as plain data, by Lark."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    lark = Lark(text, parser="lalr", start=START, maybe_placeholders=False)
    table: Any = lark.parser.parser._parse_table
    order = [
        table.start_states[START]
    ]  # by the way from the start: Lark's own numbers change from run to run
    numbers = {order[0]: 0}
    for state in order:
        for _, (action, target) in sorted(table.states[state].items()):
            if action is Shift and target not in numbers:
                numbers[target] = len(order)
                order.append(target)
    listed = sorted(lark.rules, key=lambda r: (str(r.origin.name), [s.name for s in r.expansion]))
    rules = {rule: i for i, rule in enumerate(listed)}
    terminals = {t.name for t in lark.terminals} | {END}
    actions: list[dict[str, int]] = [{} for _ in numbers]
    gotos: list[dict[str, int]] = [{} for _ in numbers]
    for state, row in table.states.items():
        for symbol, (action, target) in row.items():
            if action is not Shift:
                actions[numbers[state]][symbol] = -(rules[target] + 1)
            elif symbol in terminals:
                actions[numbers[state]][symbol] = numbers[target] + 1
            else:
                gotos[numbers[state]][symbol] = numbers[target]
    patterns = [t for t in lark.terminals if t.pattern.type == "re"]
    patterns.sort(key=lambda t: (-t.priority, -len(t.pattern.value), t.name))
    return {
        "key": _key(text),
        "patterns": [[t.name, t.pattern.to_regexp()] for t in patterns],
        "literals": {t.pattern.value: t.name for t in lark.terminals if t.pattern.type == "str"},
        "ignored": sorted(lark.ignore_tokens),
        "rules": [
            [
                rule.alias or str(rule.origin.name),
                len(rule.expansion),
                str(rule.origin.name),
                bool(rule.options.expand1) and len(rule.expansion) == 1 and not rule.alias,
            ]
            for rule in listed
        ],
        "actions": actions,
        "gotos": gotos,
        "start": numbers[table.start_states[START]],
        "end": numbers[table.end_states[START]],
    }


def encode(data: dict[str, Any]) -> str:
    """`data` as text, one state a line, the same for the same grammar."""
    lines = []
    for name, value in data.items():
        if isinstance(value, list):
            rows = ",\n".join(
                json.dumps(row, separators=(",", ":"), sort_keys=True) for row in value
            )
            lines.append(f'"{name}": [\n{rows}\n]')
        else:
            lines.append(f'"{name}": {json.dumps(value, sort_keys=True)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _key(text: str) -> str:
    return f"{FORMAT}:{hashlib.sha256(text.encode()).hexdigest()}"


def _decode(data: dict[str, Any]) -> Table:
    return Table(
        patterns=tuple((name, regex) for name, regex in data["patterns"]),
        literals=dict(data["literals"]),
        ignored=frozenset(data["ignored"]),
        rules=tuple(Rule(*row) for row in data["rules"]),
        actions=tuple(data["actions"]),
        gotos=tuple(data["gotos"]),
        start=data["start"],
        end=data["end"],
    )


if __name__ == "__main__":
    place = assets.grammar()
    compiled = compile_grammar((place / "dslc.lark").read_text(encoding="utf-8"))
    (place / "dslc.table.json").write_text(encode(compiled), encoding="utf-8")
