"""The differences between two models, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from dslc.diff.blocks import Part, whole_parts
from dslc.diff.changes import Change, LayerChange, Reshaped
from dslc.diff.layers import Layer, condition
from dslc.diff.match import Pairs
from dslc.diff.written import parameter_changes, written
from dslc.graph import Graph
from dslc.source import Span

Sites = tuple[Span | None, Span | None]
MOST_VALUES = 3  # of a parameter that differ from use to use


class Comparison:
    """Two models with the pairs of their layers. Layers that are all alike but stand elsewhere are `moved`."""

    def __init__(
        self,
        old: tuple[Graph, Sequence[Layer]],
        new: tuple[Graph, Sequence[Layer]],
        pairs: Pairs,
        moved: frozenset[int],
    ) -> None:
        self.old_graph, self.old = old
        self.new_graph, self.new = new
        self.pairs = pairs
        self.back = {b: a for a, b in pairs.items()}
        self.moved = moved

    def changes(self) -> list[LayerChange]:
        """Every difference, in the order of the new model; what happens several times is told once."""
        found: list[tuple[float, Sites, LayerChange]] = []
        removed = frozenset(layer.index for layer in self.old if layer.index not in self.pairs)
        added = frozenset(layer.index for layer in self.new if layer.index not in self.back)
        for part in whole_parts(self.old_graph, removed):
            found.append((self._place(part.first), (part.span, None), _one_sided(part, "removed")))
        for part in whole_parts(self.new_graph, added):
            found.append((part.first, (None, part.span), _one_sided(part, "added")))
        for a, b in sorted(self.pairs.items(), key=lambda pair: pair[1]):
            old, new = self.old[a], self.new[b]
            sites = (old.node.span, new.node.span)
            found += [(b, sites, change) for change in self._pair(old, new)]
        found += [(len(self.new), (None, None), change) for change in self._ends()]
        found.sort(key=lambda item: item[0])
        return folded([(sites, change) for _, sites, change in found])

    def reshaped(self) -> Iterator[Reshaped]:
        """Layers that are as they were, with results of another shape."""
        for a, b in sorted(self.pairs.items(), key=lambda pair: pair[1]):
            old, new = self.old[a], self.new[b]
            if old.same == new.same and old.shape != new.shape:
                yield Reshaped(_title(new), (old.shape, new.shape))

    def _place(self, index: int) -> float:
        """Where a layer that is gone stood among the new ones: behind the one before it."""
        before = (self.pairs[i] for i in range(index - 1, -1, -1) if i in self.pairs)
        return next(before, -1) + 0.5

    # ----------------------------------------------------------------- one layer in both

    def _pair(self, old: Layer, new: Layer) -> Iterator[LayerChange]:
        a, b = old.node.word, new.node.word
        noise = a is not None and b is not None and a.trains_only and b.trains_only
        base = LayerChange(
            "changed",
            "training" if noise else "function",
            _text(old),
            _text(new),
            _where(new),
            shapes=(old.shape, new.shape) if old.shape != new.shape else None,
            lines=(old.node.span.line, new.node.span.line),
        )
        if a is None or b is None:
            yield from _inputs(base, old, new)
            return
        if type(a) is not type(b):
            yield replace(base, kind="replaced")
        else:
            yield from self._settings(base, old, new)
        if old.index in self.moved:
            yield replace(base, kind="moved", changes=(self._feeds(old, new),), shapes=None)
        elif rewired := self._rewired(old, new):
            yield replace(base, kind="rewired", effect="function", changes=(rewired,), shapes=None)
        if old.name != new.name:
            change = Change("name", old.name or None, new.name or None)
            yield replace(base, kind="renamed", effect="names", changes=(change,), shapes=None)

    def _settings(self, base: LayerChange, old: Layer, new: Layer) -> Iterator[LayerChange]:
        """Other parameters, and other weights."""
        assert old.node.word is not None and new.node.word is not None
        changes = list(parameter_changes(old.node.word, new.node.word))
        a, b = old.node.shares, new.node.shares
        if self._paired(a) != b:
            changes.append(Change("weights", _owner(self.old, a), _owner(self.new, b)))
        if changes:
            trains = all(change.trains for change in changes)
            effect = "training" if trains else base.effect
            yield replace(base, effect=effect, changes=tuple(changes))

    def _paired(self, index: int | None) -> int | None:
        return None if index is None else self.pairs.get(index, -1)

    def _feeds(self, old: Layer, new: Layer) -> Change:
        return Change(
            "input", _listed(self.old, old.node.inputs), _listed(self.new, new.node.inputs)
        )

    def _rewired(self, old: Layer, new: Layer) -> Change | None:
        """What a layer is fed with, where that is another layer that both models have in its place."""
        before, after = old.node.inputs, new.node.inputs
        if len(before) != len(after):
            return self._feeds(old, new)
        for a, b in zip(before, after, strict=True):
            settled = a in self.pairs and b in self.back
            if settled and not {a, self.back[b]} & self.moved and self.pairs[a] != b:
                return self._feeds(old, new)
        return None

    # ----------------------------------------------------------------- outputs

    def _ends(self) -> Iterator[LayerChange]:
        """Outputs that come, go or are made elsewhere. A single output has no name worth telling."""
        old, new = dict(self.old_graph.outputs), dict(self.new_graph.outputs)
        if len(old) == len(new) == 1:
            new = dict.fromkeys(old, next(iter(new.values())))
        for name in [*old, *(name for name in new if name not in old)]:
            a, b = old.get(name), new.get(name)
            if name not in new:
                yield LayerChange("removed", "function", f"output {name}", None)
            elif name not in old:
                yield LayerChange("added", "function", None, f"output {name}")
            elif a in self.pairs and b in self.back and self.pairs[a] != b:
                feeds = Change("input", _title(self.old[a]), _title(self.new[b]))
                title = f"output {name}"
                yield LayerChange("rewired", "function", title, title, changes=(feeds,))


def _inputs(base: LayerChange, old: Layer, new: Layer) -> Iterator[LayerChange]:
    """An input of the model."""
    before, after = ((n.node.output.dtype if n.node.output else "") for n in (old, new))
    triples = [
        ("name", old.name, new.name),
        ("shape", old.shape, new.shape),
        ("dtype", before, after),
        ("where", condition(old.node) or None, condition(new.node) or None),
    ]
    changes = tuple(Change(*triple) for triple in triples if _tight(triple[1]) != _tight(triple[2]))
    if [change.name for change in changes] == ["name"]:
        yield replace(base, kind="renamed", effect="names", changes=changes)
    elif changes:
        yield replace(base, changes=changes)


def _tight(text: str | None) -> str:
    return "".join((text or "").split())


def _text(layer: Layer) -> str:
    return layer.text if layer.node.word is None else written(layer.node.word)


def _title(layer: Layer) -> str:
    """A layer in a few words: its name and its word."""
    if layer.node.word is None:
        return layer.name
    return f"{layer.name}/{layer.word}" if layer.name else layer.word


def _where(layer: Layer) -> str:
    return "" if layer.node.word is None else layer.name


def _owner(layers: Sequence[Layer], index: int | None) -> str:
    return "its own" if index is None else f"those of {_title(layers[index])}"


def _listed(layers: Sequence[Layer], indices: Sequence[int]) -> str:
    titles = ", ".join(_title(layers[i]) for i in indices)
    return titles if len(indices) == 1 else f"({titles})"


def _one_sided(part: Part, kind: Literal["added", "removed"]) -> LayerChange:
    line = part.span.line
    come = kind == "added"
    return LayerChange(
        kind,
        "training" if part.trains_only else "function",
        None if come else part.text,
        part.text if come else None,
        part.where,
        layers=part.layers,
        lines=(0, line) if come else (line, 0),
    )


def folded(changes: Sequence[tuple[Sites, LayerChange]]) -> list[LayerChange]:
    """The same at the same place of a spec is told once: a block that is used several times is written once."""
    found: dict[object, LayerChange] = {}
    for sites, change in changes:
        what = tuple(c.name for c in change.changes)
        key = (change.kind, sites, change.where, what) if any(sites) else (id(change),)
        before = found.get(key)
        found[key] = change if before is None else _joined(before, change, sites)
    return list(found.values())


def _joined(before: LayerChange, change: LayerChange, sites: Sites) -> LayerChange:
    """Two uses of one place. Where their values differ, the layer is shown as the spec writes it."""
    texts = [
        one if one == other or site is None else " ".join(site.text.split())
        for one, other, site in zip(
            (before.old, before.new), (change.old, change.new), sites, strict=True
        )
    ]
    changes = tuple(
        a
        if (a.old, a.new) == (b.old, b.new)
        else replace(a, old=_both(a.old, b.old), new=_both(a.new, b.new))
        for a, b in zip(before.changes, change.changes, strict=True)
    )
    shapes = before.shapes if before.shapes == change.shapes else None
    return replace(
        before, old=texts[0], new=texts[1], changes=changes, shapes=shapes, times=before.times + 1
    )


def _both(one: str | None, other: str | None) -> str:
    """`64, 128, …`: the values at several uses."""
    values = list(dict.fromkeys([*(one or "none").split(", "), other or "none"]))
    if "…" in values or len(values) > MOST_VALUES:
        return ", ".join([v for v in values if v != "…"][:MOST_VALUES]) + ", …"
    return ", ".join(values)
