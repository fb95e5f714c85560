"""A difference as Markdown: a comment of a review. What comes from specs stands in code spans only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dslc.diff import phrases
from dslc.diff.changes import Difference, ModelChange, Verdict

MOST = 40  # rows of a table


def render_markdown(difference: Difference) -> str:
    versions = " → ".join(code(v) for v in (difference.old, difference.new) if v is not None)
    head = f"### {code(difference.name)}: {versions}"
    said = phrases.verdict(difference)
    if difference.verdict is Verdict.SAME:
        return f"{head}\n\n{said}\n"
    blocks = [head, f"**{said}**"]
    blocks.append("\n".join(map(_item, phrases.block_rows(difference))))
    for model in difference.models:
        blocks += _model(model)
    for section in difference.sections:
        blocks.append(f"**{phrases.section_title(section)}**")
        blocks.append("\n".join(_item(row) for row in phrases.section_rows(section)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def code(text: str) -> str:
    """`text` as a code span, whatever is in it; in tables too."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _model(model: ModelChange) -> Iterator[str]:
    title = f"**model** {code(model.new or model.old or '')}"
    if model.old is None or model.new is None:
        title += " (new)" if model.old is None else " (gone)"
    elif model.old != model.new:
        title += f", was {code(model.old)}"
    yield title
    rows = list(phrases.layer_rows(model, MOST))
    if rows:
        cells = [
            (code(row.mark), _code(row.what), _code(row.where), _code(row.says)) for row in rows
        ]
        yield _table(("", "layer", "place", "difference"), cells)
    behind = phrases.followers(model)
    if behind:
        yield _code(behind)
    costs = phrases.costs(model)
    if costs:
        head = ("", "before", "after", "") if len(costs[0]) > 2 else ("", "")
        yield _table(head, costs, right=(1, 2, 3))
    if model.old and model.new and not model.weights.all_load:
        weights = model.weights
        items = [_item(row) for row in phrases.weights_rows(weights, MOST)]
        body = "\n".join(items)
        yield (
            f"<details><summary>{phrases.weights_title(weights)}</summary>\n\n{body}\n\n</details>"
        )


def _code(text: str) -> str:
    return code(text) if text else ""


def _item(row: phrases.Row) -> str:
    return f"- {code(row.mark)} {_code(row.what)} {_code(row.says)}".rstrip()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["--:" if at in right else "---" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
