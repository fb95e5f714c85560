"""From a number that differs to the line of the spec that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from dslc.graph import Node
from dslc.source import Span
from dslc.spec import ir
from dslc.verify.laws import Drawn
from dslc.verify.pair import Pair
from dslc.verify.result import Finding, LayerRow
from dslc.verify.values import nodes
from dslc.vocab.activations import Identity
from dslc.vocab.layers.shape import Crop
from dslc.vocab.tensor import Tensor, Weight
from dslc.weights.layers import Layer

BOTH = "Keras and PyTorch"


class Blame:
    """Says where two scripts part, in the words of the spec."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        graph = pair.chosen.graph
        own = [n for n, _ in nodes(graph) if n.shares is None and graph.weights(n)]
        self.node_of = {layer.name: node for layer, node in zip(pair.layers, own, strict=True)}
        self.owner = {
            layer.key(name): (layer, name, weight)
            for layer in pair.layers
            for name, weight in layer.weights.items()
        }
        self.turns = self._turns()
        self.examples: dict[tuple[int, str], str] = {}  # of layers that differ

    # ----------------------------------------------------------------- places

    def _turns(self) -> dict[int, str]:
        """Which of several, for words that a spec writes once and a model has more often."""
        at: dict[Span, list[int]] = {}
        for node, _ in nodes(self.pair.chosen.graph):
            at.setdefault(node.span, []).append(node.index)
        return {
            index: f" ({number} of {len(found)})"
            for found in at.values()
            if len(found) > 1
            for number, index in enumerate(found, 1)
        }

    def where(self, node: Node) -> str:
        """`line 7 BatchNorm`, in a block `line 12 Conv2D (2 of 4)`."""
        assert node.word is not None
        return f"{self.line(node.span)} {node.word.word}{self.turns.get(node.index, '')}"

    def line(self, span: Span) -> str:
        """`line 7`, of another file `blocks.dl line 7`."""
        own = self.pair.analysis.source
        file = "" if own is not None and span.source.name == own.name else f"{span.source.name} "
        return f"{file}line {span.line}"

    def _layer(self, layer: Layer) -> tuple[str, Span]:
        node = self.node_of[layer.name]
        return self.where(node), node.span

    def _setting(self, key: str, phase: int = 0) -> tuple[str, Span | None]:
        """`line 20 Adam(lr=1e-3)`: what the spec says of the training."""
        spec, plan = self.pair.analysis.spec, self.pair.plan
        assert spec is not None
        places: list[ir.SectionSpec] = [spec.sections["train"]] if "train" in spec.sections else []
        if plan is not None and plan.phases[phase].name:
            tuned = spec.sections["finetune"]
            named = [s for s in tuned.inner if s.label and s.label.text == plan.phases[phase].name]
            places = [*named, tuned, *places]
        for section in places:
            setting = section.settings.get(key)
            part = section.parts.get(key)
            if setting is not None and setting.span.end > setting.span.start:
                return f"{self.line(setting.span)} {setting.span.text}", setting.span
            if part is not None:
                return f"{self.line(part.span)} {key}", part.span
        return key, None

    # ----------------------------------------------------------------- findings

    def law(self, layer: Layer, name: str, title: str, found: Drawn) -> Finding:
        where, span = self._layer(layer)
        message = f"the first `{name}` of {title} {found.wrong}"
        return Finding(where, message, span)

    def layer(self, rows: Sequence[LayerRow], mode: str) -> Callable[[str], Finding]:
        def why(of: str) -> Finding:
            graph = self.pair.chosen.graph
            node = graph.node(int(of))
            row = next(r for r, (n, _) in zip(rows, self._seen(rows), strict=True) if n is node)
            name, figures = next((k, f) for k, f in row.figures.items() if not f.ok)
            exact = "float64" in name
            message = f"{BOTH} give other values, in {mode}"
            if figures.gap == float("inf"):
                message = f"{BOTH} give other shapes, or values that are no numbers, in {mode}"
            notes = [self.examples[int(of), name]]
            if not exact and any("float64" in other for other in row.figures):
                notes.append("the same in float64: it is rounding, but more than usual")
            return Finding(row.where, message, node.span, tuple(notes))

        return why

    def _seen(self, rows: Sequence[LayerRow]) -> list[tuple[Node, object]]:
        wheres = {row.where: row for row in rows}
        return [(n, t) for n, t in nodes(self.pair.chosen.graph) if self.where(n) in wheres]

    def unseen(self, seen: Collection[int]) -> list[str]:
        """A line about words whose values were not met one by one: only what comes behind them is compared. What
        passes its input on, and the last activation, which is in the predictions, are none of these."""
        plan, graph = self.pair.plan, self.pair.chosen.graph
        taken = {graph.outputs[o.name] for o in plan.outputs if o.activation} if plan else set()
        found = [
            self.where(node)
            for node, _ in nodes(graph)
            if node.index not in seen and node.index not in taken and not passes_on(node)
        ]
        return [f"seen only in what comes behind: {', '.join(found)}"] if found else []

    def statistic(self, key: str) -> Finding:
        layer, name, _ = self.owner[key]
        where, span = self._layer(layer)
        return Finding(where, f"its `{name}` after one batch differs", span)

    def prediction(self, output: str) -> Finding:
        graph = self.pair.chosen.graph
        index = graph.outputs.get(output)
        node = graph.node(index) if index is not None else None
        if node is None or node.word is None:
            return Finding(f"output {output}", "`predict` gives other values")
        return Finding(self.where(node), f"`predict` gives other values for {output}", node.span)

    def penalty(self, of: str) -> Finding:
        """The penalty whose gradient differs, or the only one."""
        penalised = [
            (layer, name, weight)
            for layer in self.pair.layers
            for name, weight in layer.weights.items()
            if weight.regularizer is not None
        ]
        if not penalised:
            return Finding("the penalties", "differ")
        layer, name, weight = penalised[0]
        where, span = self._layer(layer)
        many = f", the first of {len(penalised)} penalties" if len(penalised) > 1 else ""
        return Finding(where, f"the penalty {_word(weight)} on its `{name}` differs{many}", span)

    def loss(self, of: str) -> Finding:
        if self.pair.plan is None:
            return Finding("the outputs", "their sum differs")
        where, span = self._setting("loss")
        return Finding(where, "the loss of equal outputs differs", span)

    def gradient(self, wrong: Collection[str]) -> Finding:
        """Gradients flow backwards: the last layer whose gradient differs is the first that does."""
        layer, name, weight = next(self.owner[key] for key in reversed(self.owner) if key in wrong)
        where, span = self._layer(layer)
        message = (
            f"the gradient of its `{name}` differs, or that of a layer behind it without weights"
        )
        if weight.regularizer is not None and all(
            self.owner[key][2].regularizer is not None for key in wrong
        ):
            message = f"the gradient of its `{name}`, which has {_word(weight)}, differs"
        return Finding(where, message, span)

    def update(self, wrong: Collection[str], phase: int, name: str) -> Finding:
        """An update of equal gradients: what holds of all arrays that differ."""
        owners = [self.owner[key] for key in self.owner if key in wrong]
        if owners and all(not weight.trainable for _, _, weight in owners):
            layer, array, _ = owners[0]
            where, span = self._layer(layer)
            return Finding(where, f"its `{array}` differs", span)
        if owners and all(weight.constraint is not None for _, _, weight in owners):
            layer, array, weight = owners[0]
            where, span = self._layer(layer)
            assert weight.constraint is not None
            return Finding(where, f"`{array}` under {weight.constraint.word} differs", span)
        where, place = self._setting("optimizer", phase)
        of = ""
        if owners:
            layer, array, _ = owners[0]
            more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
            of = f": `{layer.key(array)}`{more}"
        late = " from the second step on" if name == "last" else ""
        message = f"equal gradients make other updates{late}{of}"
        return Finding(where, message, place, self._takes_part())

    def _takes_part(self) -> tuple[str, ...]:
        plan = self.pair.plan
        if plan is None:
            return ()
        given = {
            "clip": plan.clip is not None,
            "accumulate": plan.accumulate > 1,
            "ema": plan.ema is not None,
        }
        others = [f"`{key}`" for key, there in given.items() if there]
        return (f"{' and '.join(others)} take part in an update too",) if others else ()


def passes_on(node: Node) -> bool:
    """Whether a word does nothing, so that a script may leave it out."""
    word = node.word
    if isinstance(word, Crop):
        sides = word.sides(Tensor(node.output.shape)) if node.output is not None else None
        return sides is not None and all(width == 0 for side in sides for width in side)
    return isinstance(word, Identity)


def _word(weight: Weight) -> str:
    word = weight.regularizer
    assert word is not None
    values = ", ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for _, value in word
    )
    return f"{word.word}({values})"
