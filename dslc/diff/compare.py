"""Two versions of a spec, without errors, become their `Difference`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dslc.diff.changes import (
    EFFECTS,
    BlockChange,
    Cost,
    Difference,
    LayerChange,
    ModelChange,
    SectionChange,
    Verdict,
    Weights,
)
from dslc.diff.definitions import compare_blocks
from dslc.diff.layers import Numbers, layers, meaning
from dslc.diff.match import Pairs, match
from dslc.diff.model import Comparison
from dslc.diff.training import compare_sections
from dslc.diff.weights import arrays, compare_weights
from dslc.vocab.dims import Dim

if TYPE_CHECKING:
    from dslc.driver import Analysis, ModelAnalysis


def compare(
    old: Analysis | None,
    new: Analysis | None,
    *,
    name: str,
    titles: tuple[str | None, str | None],
    model: str | None = None,
) -> Difference:
    """What differs. One of the versions may be missing; `model` narrows the comparison to the model of that name."""
    models = tuple(_model(a, b) for a, b in _paired(_models(old, model), _models(new, model)))
    sections: tuple[SectionChange, ...] = ()
    if old is not None and new is not None and old.spec is not None and new.spec is not None:
        trained = tuple(a.models[-1].graph if a.models else None for a in (old, new))
        wanted = model is None or any(
            a.models and a.models[-1].definition.name == model for a in (old, new)
        )
        if wanted:
            sections = tuple(compare_sections(old.spec, new.spec, (trained[0], trained[1])))
    kept = tuple(m for m in models if m.verdict is not Verdict.SAME)
    blocks: tuple[BlockChange, ...] = ()
    if not any(_models(analysis, None) for analysis in (old, new)):
        blocks = tuple(compare_blocks(*(a.spec if a is not None else None for a in (old, new))))
    return Difference(name, *titles, kept, sections, blocks)


def _models(analysis: Analysis | None, name: str | None) -> list[ModelAnalysis]:
    found = analysis.models if analysis is not None else []
    return [m for m in found if name is None or m.definition.name == name]


def _paired(
    old: list[ModelAnalysis], new: list[ModelAnalysis]
) -> Iterator[tuple[ModelAnalysis | None, ModelAnalysis | None]]:
    """Models of one name; of the rest, one on each side was renamed."""
    before = {m.definition.name: m for m in old}
    after = {m.definition.name: m for m in new}
    gone = [m for n, m in before.items() if n not in after]
    come = [m for n, m in after.items() if n not in before]
    if len(gone) == len(come) == 1:
        before[come[0].definition.name] = before.pop(gone[0].definition.name)
    for name in dict.fromkeys([*before, *after]):
        yield before.get(name), after.get(name)


def _model(old: ModelAnalysis | None, new: ModelAnalysis | None) -> ModelChange:
    if old is None or new is None:
        known = old or new
        assert known is not None
        owned = [a for each in arrays(known.graph).values() for a in each.values()]
        weights = Weights(new=tuple(owned)) if old is None else Weights(lost=tuple(owned))
        return ModelChange(
            _name(old),
            _name(new),
            Verdict.FUNCTION,
            costs=tuple(_costs(old, new)),
            weights=weights,
        )
    numbers = Numbers()
    sides = [(m.graph, layers(m.graph, numbers)) for m in (old, new)]
    pairs, moved = match(sides[0][1], sides[1][1])
    comparison = Comparison(sides[0], sides[1], pairs, moved)
    changes = comparison.changes()
    return ModelChange(
        _name(old),
        _name(new),
        _verdict(old, new, changes, _predicts_the_same(old, new, pairs, numbers)),
        tuple(changes),
        tuple(comparison.reshaped()),
        tuple(_costs(old, new)),
        compare_weights(sides[0], sides[1], pairs),
    )


def _name(model: ModelAnalysis | None) -> str | None:
    return None if model is None else model.definition.name


def _verdict(
    old: ModelAnalysis, new: ModelAnalysis, changes: list[LayerChange], same: bool
) -> Verdict:
    found = [EFFECTS[change.effect] for change in changes]
    if _name(old) != _name(new):
        found.append(Verdict.NAMES)
    if not same:
        found.append(Verdict.FUNCTION)
    return max(found, key=list(Verdict).index, default=Verdict.SAME)


def _predicts_the_same(
    old: ModelAnalysis, new: ModelAnalysis, pairs: Pairs, numbers: Numbers
) -> bool:
    """Whether the outputs are the same with the same weights: found apart from the changes, to judge them by."""
    back = {b: a for a, b in pairs.items()}
    before = {index: name for name, index in old.graph.inputs.items()}
    after = {i: before.get(back.get(i, -1), f"new {name}") for name, i in new.graph.inputs.items()}
    ends = meaning(old.graph, numbers, before), meaning(new.graph, numbers, after)
    return ends[0] == ends[1]


def _costs(old: ModelAnalysis | None, new: ModelAnalysis | None) -> Iterator[Cost]:
    """What the model costs; nothing where that is not known."""
    before, after = (m.summary if m is not None else None for m in (old, new))
    if (old is not None and before is None) or (new is not None and after is None):
        return
    rows = [
        ("parameters", "trainable", ""),
        ("values not trained", "kept", ""),
        ("multiply-adds", "multiply_adds", ""),
        ("memory of weights", "weight_bytes", "bytes"),
        ("memory of activations", "activation_bytes", "bytes"),
    ]
    for title, key, unit in rows:
        values: list[Dim] = []
        for summary in (before, after):
            if summary is None:
                values.append(0)
            elif key == "kept":
                values.append(summary.weights - summary.trainable)
            else:
                values.append(getattr(summary, key))
        if any(value != 0 for value in values):
            yield Cost(title, values[0], values[1], unit)
