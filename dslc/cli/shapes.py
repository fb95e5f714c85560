"""The table under a good spec: what comes out of every layer, and what the model costs."""

from __future__ import annotations

from collections.abc import Sequence

from dslc.check.summary import Row, Summary, size
from dslc.cli.backends import number
from dslc.cli.console import style, table
from dslc.vocab.dims import Dim

LONGEST = 52  # of a cell; sizes with names may be long
HEAD = ("line", "layer", "output", "parameters", "multiply-adds")


def model_table(summary: Summary, *, layers: bool, batch: int | None, width: int) -> str:
    """Rows, totals and memory of one model; blocks are one row each unless all `layers` are asked for."""
    rows = summary.rows if layers else [row for row in summary.rows if row.depth == 0]
    cells: list[tuple[str, ...]] = [HEAD]
    for row, times in folded(rows) if not layers else [(row, 1) for row in rows]:
        cells.append(_cells(row, times))
    cells.append(("", "total", "", number(summary.trainable), _work(summary.multiply_adds)))
    lines = table([tuple(map(_short, row)) for row in cells], right=(0, 3, 4))
    rule = style("-" * max(map(len, lines)), dim=True)
    body = [style(lines[0], dim=True), *lines[1:-1], rule, style(lines[-1], bold=True)]
    return "".join(f"  {line}".rstrip() + "\n" for line in [*body, "", *_costs(summary, batch)])


def _cells(row: Row, times: int) -> tuple[str, ...]:
    name = f"{row.what} {row.name}" if row.what == "input" else row.what
    if row.name and row.what != "input":
        name = f"{row.name}: {name}"
    if times > 1:
        name += f" × {times}"
    output = "" if row.output is None else str(row.output)
    weights = "" if row.trainable == 0 else number(row.trainable)
    return str(row.line or ""), "  " * row.depth + name, output, weights, _work(row.multiply_adds)


def folded(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Neighbours that are one word or block with one result become one row, with what they hold together."""
    found: list[tuple[Row, int]] = []
    for row in rows:
        last, times = found[-1] if found else (None, 0)
        if last is None or (last.what, last.name, last.output) != (row.what, row.name, row.output):
            found.append((row, 1))
            continue
        joined = Row(
            last.name,
            last.what,
            last.output,
            last.weights + row.weights,
            last.trainable + row.trainable,
            last.multiply_adds + row.multiply_adds,
            last.depth,
            last.line,
        )
        found[-1] = (joined, times + 1)
    return found


def _work(dim: Dim) -> str:
    return "" if dim == 0 else number(dim)


def _short(cell: str) -> str:
    return cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…"


def _costs(summary: Summary, batch: int | None) -> list[str]:
    kept = summary.weights - summary.trainable
    parameters = f"{number(summary.trainable)} parameters"
    if kept != 0:
        parameters += f", and {number(kept)} values that are not trained"
    memory = f"weights {size(summary.weight_bytes)}; activations {size(summary.activation_bytes)}"
    memory += " for one sample"
    if batch is not None:
        memory += f", {size(summary.activation_bytes * batch)} for a batch of {batch}"
    return [
        parameters,
        f"{number(summary.multiply_adds)} multiply-adds for one sample",
        f"memory in float32: {memory}",
    ]
