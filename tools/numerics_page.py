"""The tables of docs/numerics.md, from what the backends note and what was measured. `tools/regen.py` fills them in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.codegen.backend import Backend
from dslc.numerics.limits import RULES, WORDS, Rule
from dslc.numerics.measured import measured, table

BLOCK = re.compile(r"(<!-- (?P<name>\w+), by tools/regen\.py -->\n).*?(<!-- end -->)", re.S)
SHOWS = {"always": "", "float32": "float32", "float64": "float64"}


def filled(page: str, backends: list[Backend]) -> str:
    """The page with its tables as they would be written now."""
    tables = {"departures": departures(backends), "limits": limits(), "versions": versions()}
    return BLOCK.sub(
        lambda block: "\n".join([block[1].rstrip("\n"), *tables[block["name"]], block[3]]), page
    )


def departures(backends: list[Backend]) -> Iterator[str]:
    yield "| | in | what differs with `stock` | size | measured in |"
    yield "|---|---|---|---|---|"
    for backend in backends:
        for each in backend.departures:
            found = measured(each.key)
            cells = (each.where, backend.title, each.what, found.text, found.setup)
            yield f"| {' | '.join(cells)} |"


def limits() -> Iterator[str]:
    yield "| | what differs | shows in | size | measured in |"
    yield "|---|---|---|---|---|"
    for rule in {rule.key: rule for rule in RULES}.values():
        found = measured(rule.key)
        cells = (_where(rule), rule.what, SHOWS[rule.shows], found.text, found.setup)
        yield f"| {' | '.join(cells)} |"


def _where(rule: Rule) -> str:
    """The words that it is about."""
    words = [word.word for word, rules in WORDS.items() if any(r.key == rule.key for r in rules)]
    return ", ".join(f"`{word}`" for word in words) or rule.where


def versions() -> Iterator[str]:
    found = ", ".join(f"{name} {version}" for name, version in table()["versions"].items())
    yield f"Measured with {found}, on a CPU, by `python tools/measure_numerics.py`."
