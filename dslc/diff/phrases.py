"""What is said of a difference, the same in a terminal and in a review: rows of short texts, without colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dslc.check.summary import KIB, size
from dslc.diff.changes import (
    Array,
    Change,
    Cost,
    Difference,
    LayerChange,
    ModelChange,
    SectionChange,
    Verdict,
    Weights,
)
from dslc.vocab.dims import Dim
from dslc.vocab.libraries import spelled

MARKS = {"added": "+", "removed": "-"}  # all else is `~`
MOST_LAYERS = 16  # in a terminal
FEW = 3  # changes that are all alike: so many are told at once
MOST_WEIGHTS = 4  # rows of each kind


@dataclass(frozen=True, slots=True)
class Row:
    """A line: a mark (`+`, `-`, `~`), what it is about, where that is, what is said of it."""

    mark: str
    what: str
    where: str = ""
    says: str = ""


# --------------------------------------------------------------------------- verdicts


def verdict(difference: Difference) -> str:
    """`another function; the training differs; 7 of 14 arrays of weights load`."""
    if difference.old is None:
        return "a new spec"
    if difference.new is None:
        return "this spec is gone"
    if difference.verdict is Verdict.SAME:
        return "no difference in meaning"
    if difference.blocks:
        return "blocks differ; what they do shows in the models that use them"
    models = [model.verdict for model in difference.models if model.old and model.new]
    of_file = any(section.effect == "function" for section in difference.sections)
    said = ["another function" if Verdict.FUNCTION in models or of_file else "the same function"]
    said += [f"model {m.new} is new" for m in difference.models if m.old is None]
    said += [f"model {m.old} is gone" for m in difference.models if m.new is None]
    effects = {c.effect for model in difference.models for c in model.layers}
    effects |= {section.effect for section in difference.sections}
    if "names" in effects or any(m.old != m.new and m.old and m.new for m in difference.models):
        said.append("names differ")
    if "training" in effects:
        said.append("the training differs")
    return "; ".join([*said, *_loading(difference)])


def _loading(difference: Difference) -> Iterator[str]:
    models = [m for m in difference.models if m.old and m.new]
    total = sum(_total(m.weights) for m in models)
    if not models or all(m.weights.all_load for m in models):
        yield "all saved weights still load"
    elif total:
        fits = sum(len(m.weights.loads) for m in models)
        fresh = sum(len(m.weights.new) for m in models)
        if fits == total:
            yield f"all saved weights still load, {fresh} array{'s are' if fresh > 1 else ' is'} new"
        else:
            yield f"{fits} of {total} saved arrays load" if fits else "no saved weights load"


def _total(weights: Weights) -> int:
    """How many arrays the old version had."""
    return sum(map(len, (weights.loads, weights.renamed, weights.reshaped, weights.lost)))


# --------------------------------------------------------------------------- layers


def layer_row(change: LayerChange) -> Row:
    new, old = change.new, change.old
    what = new or old or ""
    if change.kind == "replaced":
        what = f"{old} → {new}"
    elif change.kind == "changed" and old is not None:
        what = old.partition(":" if old.startswith("input ") else "(")[0]
    if change.layers > 1:
        what += f" ({change.layers} layers)"
    if change.times > 1:
        what += f" ×{change.times}"
    return Row(MARKS.get(change.kind, "~"), what, _place(change), _says(change))


def _place(change: LayerChange) -> str:
    old, new = change.lines
    line = f"line {new}" if new else f"old line {old}" if old else ""
    return " in ".join(filter(None, (line, change.where)))


def _says(change: LayerChange) -> str:
    said = [arrow(c) for c in change.changes if change.kind in ("changed", "replaced")]
    if change.kind == "renamed":
        before, after = change.changes[0].old, change.changes[0].new
        said.append(f"was {before or 'without a name'}, is now {after or 'without one'}")
    elif change.kind in ("moved", "rewired"):
        before, after = change.changes[0].old, change.changes[0].new
        lead = "moved: " if change.kind == "moved" else ""
        said.append(f"{lead}takes {after}, took {before}")
    if change.shapes is not None and "shape" not in {c.name for c in change.changes}:
        said.append(f"result {change.shapes[0]} → {change.shapes[1]}")
    return "; ".join(said)


def arrow(change: Change) -> str:
    """`lr 1e-3 → 1e-4`; a value that nobody wrote is a default."""
    before, after = (
        "none" if value is None else f"{value} (default)" if usual else value
        for value, usual in zip((change.old, change.new), change.usual, strict=True)
    )
    return f"{change.name} {before} → {after}"


def layer_rows(model: ModelChange, most: int | None = MOST_LAYERS) -> Iterator[Row]:
    """The layers that differ; where many differ alike, they are one row."""
    rows = [layer_row(change) for change in _alike(model.layers)]
    shown = rows if most is None else rows[:most]
    yield from shown
    if len(rows) > len(shown):
        yield Row("~", f"… and {len(rows) - len(shown)} more", "", "--format json has them all")


def _alike(changes: Sequence[LayerChange]) -> Iterator[LayerChange]:
    """`init=… → …` in 20 layers is one change: that of `defaults`, or of a habit. So are layers of one new name."""
    groups: dict[object, list[LayerChange]] = {}
    for change in changes:
        alike = change.kind == "renamed" or (change.kind == "changed" and change.shapes is None)
        key = (change.kind, change.changes, change.effect) if alike else id(change)
        groups.setdefault(key, []).append(change)
    for group in groups.values():
        if len(group) < FEW:
            yield from group
            continue
        words: dict[str, int] = {}
        for change in group:
            word = (change.new or "").partition("(")[0]
            words[word] = words.get(word, 0) + change.times
        listed = ", ".join(f"{word} ×{n}" if n > 1 else word for word, n in words.items())
        yield replace(group[0], old=listed, new=listed, where="", times=1, lines=(0, 0))


def followers(model: ModelChange) -> str:
    """Layers that are as they were, with results of another shape."""
    found = model.reshaped
    if not found:
        return ""
    ends = [found[0], found[-1]] if len(found) > 1 else [found[0]]
    shown = ", …, ".join(f"{r.name} {r.shapes[0]} → {r.shapes[1]}" for r in ends)
    if len(found) == 2:
        shown = shown.replace(", …, ", ", ")
    many = "1 layer has" if len(found) == 1 else f"{len(found)} layers have"
    return f"{many} a result of another shape: {shown}"


def block_rows(difference: Difference) -> Iterator[Row]:
    for change in difference.blocks:
        mark = MARKS.get(change.kind, "~")
        yield Row(mark, f"block {change.name}", "", "says something else" if mark == "~" else "")


# --------------------------------------------------------------------------- costs


def cost_row(cost: Cost) -> tuple[str, str, str, str]:
    """Name, before, after, by how much."""
    write = size if cost.unit else _number
    return cost.name, write(cost.old), write(cost.new), _growth(cost)


def costs(model: ModelChange) -> list[tuple[str, ...]]:
    """The costs that differ; of a model that only one version has, what it costs there."""
    rows = [row for cost in model.costs if (row := cost_row(cost))[1] != row[2]]
    if model.old is None or model.new is None:
        return [(name, old if model.new is None else new) for name, old, new, _ in rows]
    return [*rows]


def _number(dim: Dim) -> str:
    return spelled(dim, lambda one: f"{one:,}" if isinstance(one, int) else str(one))


def _growth(cost: Cost) -> str:
    if cost.old == cost.new:
        return "as before"
    if not isinstance(cost.old, int) or not isinstance(cost.new, int):
        return ""
    by = cost.new - cost.old
    sign = "+" if by > 0 else "−"
    amount = size(abs(by)) if cost.unit and abs(by) >= KIB else f"{abs(by):,} {cost.unit}".strip()
    share = f" ({sign}{abs(by) / cost.old:.1%})" if cost.old else ""
    return f"{sign}{amount}{share}"


# --------------------------------------------------------------------------- training


def section_title(section: SectionChange) -> str:
    state = {"added": " (new)", "removed": " (gone)", "changed": ""}[section.kind]
    return f"{section.name}{state}"


def section_rows(section: SectionChange) -> Iterator[Row]:
    for change in section.changes:
        if section.kind == "changed":
            yield Row("~", change.name, "", arrow(change).removeprefix(f"{change.name} "))
        else:
            value = change.new if section.kind == "added" else change.old
            yield Row(MARKS[section.kind], f"{change.name} = {value}")
    for mark, words in (("-", section.removed), ("+", section.added)):
        yield from (Row(mark, word) for word in words)
    yield from (Row("~", word, "", "stands at another place of the row") for word in section.moved)


# --------------------------------------------------------------------------- weights


def weights_title(weights: Weights) -> str:
    """`7 of 14 saved arrays load (518 of 29,450 numbers)`."""
    total = _total(weights)
    loads = _numbers(weights.loads)
    lost = [*weights.lost, *(a for a, _ in (*weights.renamed, *weights.reshaped))]
    every = _numbers([*weights.loads, *lost])
    if not total:
        return "there were no weights before"
    counted = f" ({_number(loads)} of {_number(every)} numbers)" if every != 0 else ""
    return f"{len(weights.loads)} of {total} saved arrays load{counted}"


def _numbers(arrays: Iterable[Array]) -> Dim:
    total: Dim = 0
    for array in arrays:
        total = total + (array.numbers or 0)
    return total


def weights_rows(weights: Weights, most: int | None = MOST_WEIGHTS) -> Iterator[Row]:
    """What does not simply load, by layer."""
    for mark, title, rows in (
        ("~", "other shape", _reshaped(weights.reshaped)),
        ("~", "other name", _renamed(weights.renamed)),
        ("-", "lost", _grouped(weights.lost)),
        ("+", "new", _grouped(weights.new)),
        (
            "!",
            "loads into another layer",
            [_joined(list(weights.astray))] if weights.astray else [],
        ),
    ):
        shown = rows if most is None else rows[:most]
        yield from (Row(mark, title, "", row) for row in shown)
        if len(rows) > len(shown):
            yield Row(mark, title, "", f"… and {len(rows) - len(shown)} more")


def _reshaped(pairs: Sequence[tuple[Array, Array]]) -> list[str]:
    """`Conv2D_2: kernel 3x3x32x64 → 3x3x32x96, bias 64 → 96`: a row for each layer."""
    found: dict[str, list[str]] = {}
    for old, new in pairs:
        layer, _, own = new.name.rpartition("/")
        found.setdefault(layer, []).append(f"{own} {old.shape} → {new.shape}")
    return [f"{layer}: {', '.join(own)}" for layer, own in found.items()]


def _renamed(pairs: Sequence[tuple[Array, Array]]) -> list[str]:
    found = {(_layer(old.name), _layer(new.name)): None for old, new in pairs}
    return [f"{old} → {new}" for old, new in found]


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _grouped(arrays: Sequence[Array]) -> list[str]:
    """`BatchNorm_2: gamma, beta`: a row for each layer."""
    found: dict[str, list[str]] = {}
    for array in arrays:
        layer, _, own = array.name.rpartition("/")
        found.setdefault(layer, []).append(own)
    return [f"{layer}: {', '.join(own)}" if own != ["*"] else layer for layer, own in found.items()]


def _joined(names: list[str]) -> str:
    few = ", ".join(names[:MOST_WEIGHTS])
    return few if len(names) <= MOST_WEIGHTS else f"{few} and {len(names) - MOST_WEIGHTS} more"
