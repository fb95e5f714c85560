"""A difference for a terminal: one screen, coloured by the caller's `paint`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dslc.diff import phrases
from dslc.diff.changes import Difference, ModelChange, Verdict
from dslc.diff.phrases import Row

COLORS = {"+": "green", "-": "red", "~": "yellow", "!": "magenta"}
Paint = Callable[[str, str], str]  # a text in a style: `bold`, `dim` or a colour


def render_text(difference: Difference, paint: Paint, title: str) -> str:
    """The whole difference; a spec without any is one line."""
    said = phrases.verdict(difference)
    color = {Verdict.SAME: "green", Verdict.FUNCTION: "red"}.get(difference.verdict, "yellow")
    lines = [paint(title, "bold"), paint(said, color)]
    if difference.verdict is Verdict.SAME:
        return f"{lines[0]}: {lines[1]}\n"
    if difference.blocks:
        lines += ["", *_rows(list(phrases.block_rows(difference)), paint)]
    for model in difference.models:
        lines += ["", *_model(model, paint)]
    for section in difference.sections:
        head = phrases.section_title(section)
        lines += ["", paint(head, "bold"), *_rows(list(phrases.section_rows(section)), paint)]
    for model in difference.models:
        if model.old and model.new and not model.weights.all_load:
            head = f"weights of {model.new}: {phrases.weights_title(model.weights)}"
            rows = list(phrases.weights_rows(model.weights))
            lines += ["", paint(head, "bold"), *_rows(rows, paint)]
    return "".join(f"{line}\n" for line in lines)


def _model(model: ModelChange, paint: Paint) -> Iterator[str]:
    name = f"model {model.new or model.old}"
    if model.old is None or model.new is None:
        name += " (new)" if model.old is None else " (gone)"
    elif model.old != model.new:
        name += f" (was {model.old})"
    yield paint(name, "bold")
    yield from _rows(list(phrases.layer_rows(model)), paint)
    behind = phrases.followers(model)
    if behind:
        yield f"    {paint(behind, 'dim')}"
    costs = phrases.costs(model)
    if costs:
        yield ""
    for name, first, *rest in _columns(costs, right=(1, 2)):
        yield f"    {name}  {' → '.join([first, *rest[:1]])}  {''.join(rest[1:])}".rstrip()


def _rows(rows: Sequence[Row], paint: Paint) -> Iterator[str]:
    cells = [(row.what, row.where, row.says) for row in rows]
    used = [at for at in range(3) if any(cell[at] for cell in cells)]
    padded = _columns([tuple(cell[at] for at in used) for cell in cells])
    for row, parts in zip(rows, padded, strict=True):
        line = f"  {row.mark} {'  '.join(parts)}".rstrip()
        yield paint(line, COLORS[row.mark])


def _columns(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[tuple[str, ...]]:
    """Cells as wide as the widest of their column."""
    kept = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    return [
        tuple(
            cell.rjust(wide) if at in right else cell.ljust(wide)
            for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )
        for row in kept
    ]
