"""Judges what both scripts computed, from the inputs to the weights after the last step, and names the first place
where they part."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from dslc.verify import laws, tolerances, values
from dslc.verify.blame import Blame
from dslc.verify.gaps import entry, example, gap_of, worst
from dslc.verify.noise import MODES, Noise
from dslc.verify.notes import asked_for, notes
from dslc.verify.pair import Pair
from dslc.verify.result import Check, Figures, Finding, LayerRow, Verdict
from dslc.verify.samples import Array
from dslc.verify.values import Both


def judge(pair: Pair) -> Verdict:
    """Everything that the probes found, compared."""
    return Judge(pair).verdict()


class Judge:
    """One comparison on the way to its verdict."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.found = Verdict()
        self.blame = Blame(pair)
        self.noise = Noise(pair)
        self.allowed = tolerances.of_model(pair.chosen.graph)
        self.keras, self.torch = pair.sides["keras"], pair.sides["torch"]
        self.resting: set[str] = set()  # arrays whose gradient is zero but for rounding

    def verdict(self) -> Verdict:
        self.found.notes = notes(self.pair)
        self.first_weights()
        self.layers()
        self.statistics()
        if self.pair.plan is not None:
            self.predictions()
            self.numbers("penalty", "penalties of the weights", self.blame.penalty)
        self.numbers("loss", "loss of the first batch", self.blame.loss)
        self.gradients()
        if self.pair.plan is not None:
            for phase, title in enumerate(self.pair.plan.phases):
                self.updates(phase, f"phase {title.name}: " if title.name else "")
            self.losses()
        finding = self.found.finding
        self.found.expected = finding is not None and asked_for(self.pair, finding)
        return self.found

    def add(
        self, what: str, figures: dict[str, Figures], why: Callable[[str], Finding], note: str = ""
    ) -> None:
        """A line of the table. The first that is not well is what the verdict names."""
        check = Check(what, figures, note)
        self.found.checks.append(check)
        if not check.ok and self.found.finding is None:
            worst = next(f for f in figures.values() if not f.ok)
            self.found.finding = why(worst.of)

    def _note(self, what: str, rows: Iterable[Figures]) -> None:
        """Keep what was found of each array."""
        for row in rows:
            self.found.arrays.setdefault(row.of, {})[what] = row

    # ----------------------------------------------------------------- first weights

    def first_weights(self) -> None:
        """The laws of both scripts' own initialisers."""
        drawn: dict[str, dict[str, list[Array]]] = {}
        for side in (self.keras, self.torch):
            for number in range(self.pair.draws):
                for key, array in values.of_side(side, f"draw{number}").items():
                    drawn.setdefault(side.backend.title, {}).setdefault(key, []).append(array)
        farthest: laws.Drawn | None = None
        finding: Finding | None = None
        for layer in self.pair.layers:
            for name, weight in layer.weights.items():
                for title, arrays in drawn.items():
                    key = layer.key(name)
                    found = laws.judge(key, weight, layer.shapes[name], arrays[key])
                    if found is None:
                        continue
                    if found.wrong and finding is None:
                        finding = self.blame.law(layer, name, title, found)
                    if farthest is None or found.statistic > farthest.statistic:
                        farthest = found
        if farthest is None and finding is None:
            return
        statistic = farthest.statistic if farthest is not None else 0.0
        count = len({key for arrays in drawn.values() for key in arrays})
        note = f"D√n of {_many(count, 'array')}" if finding is None else "not the law of the spec"
        gap = statistic if finding is None else max(statistic, 2 * laws.MOST)
        figures = {self.pair.dtypes[-1]: Figures(gap, float("nan"), laws.MOST)}
        self.add("laws of the first weights", figures, lambda of: finding or Finding(of, ""), note)

    # ----------------------------------------------------------------- layers

    def layers(self) -> None:
        graph = self.pair.chosen.graph
        base = tolerances.forward(graph)
        seen: dict[int, dict[str, Figures]] = {}
        for dtype in self.pair.dtypes:
            noise = self.noise.of_layers(dtype)
            for mode in MODES:
                for index, both in values.layers(self.pair, f"{dtype}-{mode}").items():
                    found = gap_of(both)
                    scale = max(1.0, found.largest)
                    least = base[index] if dtype == "float64" else tolerances.FORWARD_32
                    allowed = max(least * scale, noise.get((mode, index), 0.0))
                    share = found.gap / found.largest if found.largest else 0.0
                    figures = Figures(found.gap, share, allowed, str(index))
                    if not figures.ok:
                        self.blame.examples[index, f"{mode} {dtype}"] = example(both)
                    seen.setdefault(index, {})[f"{mode} {dtype}"] = figures
        for node, _ in values.nodes(graph):
            if node.index in seen:
                self.found.layers.append(
                    LayerRow(self.blame.where(node), str(node.output), seen[node.index], node.span)
                )
        self.found.notes += self.blame.unseen(set(seen))
        for mode in MODES:
            by_dtype: dict[str, Figures] = {}
            for dtype in self.pair.dtypes:
                rows = [f[f"{mode} {dtype}"] for f in seen.values() if f"{mode} {dtype}" in f]
                if rows:
                    by_dtype[dtype] = worst(rows)
            why = self.blame.layer(self.found.layers, mode)
            self.add(f"outputs of {_many(len(seen), 'layer')}, {mode}", by_dtype, why)

    def statistics(self) -> None:
        """Running means and variances after one batch."""
        kept = {
            layer.key(name)
            for layer in self.pair.layers
            for name, weight in layer.weights.items()
            if not weight.trainable
        }
        if not kept:
            return
        figures = {
            dtype: self._of_weights(
                "statistics", kept, self.allowed.forward, tolerances.FORWARD_32, dtype
            )
            for dtype in self.pair.dtypes
        }
        self.add("running statistics after one batch", figures, self.blame.statistic)

    def predictions(self) -> None:
        figures = {}
        for dtype in self.pair.dtypes:
            # With mixed precision `predict` ends in float32.
            single = dtype == "float32" or bool(self.pair.plan and self.pair.plan.mixed)
            least = tolerances.FORWARD_32 if single else self.allowed.forward
            noise = self.noise.of_outputs(dtype)
            rows = []
            for name, both in values.outputs(self.pair, f"{dtype}-predictions").items():
                found = gap_of(both)
                allowed = max(least * max(1.0, found.largest), noise.get(name, 0.0))
                rows.append(entry(found, allowed, name))
            figures[dtype] = worst(rows)
        self.add("predictions", figures, self.blame.prediction)

    # ----------------------------------------------------------------- loss and gradients

    def numbers(self, key: str, what: str, why: Callable[[str], Finding]) -> None:
        figures = {}
        for dtype in self.pair.dtypes:
            mine = self.keras.answers.get(f"{dtype}-{key}", 0.0)
            other = self.torch.answers.get(f"{dtype}-{key}", 0.0)
            found = gap_of(Both(np.array(mine), np.array(other)))
            if key == "penalty" and not found.largest:
                return
            least = self.allowed.forward if dtype == "float64" else tolerances.FORWARD_32
            noise = self.noise.of_number(key, dtype)
            allowed = max(least * max(1.0 if key == "loss" else 0.0, found.largest), noise)
            figures[dtype] = entry(found, allowed, key)
        self.add(what, figures, why)

    def gradients(self) -> None:
        trained = {
            layer.key(name)
            for layer in self.pair.layers
            for name, weight in layer.weights.items()
            if weight.trainable
        }
        if not trained:
            return
        figures: dict[str, Figures] = {}
        wrong: set[str] = set()
        for dtype in self.pair.dtypes:
            both = {
                k: v
                for k, v in values.weights(self.pair, f"{dtype}-gradients").items()
                if k in trained
            }
            largest = max((gap_of(v).largest for v in both.values()), default=0.0)
            least = self.allowed.gradient if dtype == "float64" else tolerances.GRADIENT_32
            noise = self.noise.of_weights("gradients", dtype)
            if dtype == self.pair.dtypes[0]:
                edge = tolerances.NO_GRADIENT if dtype == "float64" else 1e-6
                sizes = {k: gap_of(v).largest for k, v in both.items()}
                self.resting = {k for k, size in sizes.items() if 0 < size <= edge * largest}
            rows = []
            for key, value in both.items():
                found = gap_of(value)
                allowed = max(least * largest, noise.get(key, 0.0))
                share = found.gap / largest if largest else 0.0
                rows.append(Figures(found.gap, share, allowed, key))
            wrong |= {row.of for row in rows if not row.ok}
            self._note(f"gradient {dtype}", rows)
            figures[dtype] = worst(rows)
        self.add(
            f"gradients of {_many(len(trained), 'array')}",
            figures,
            lambda of: self.blame.gradient(wrong),
        )

    # ----------------------------------------------------------------- updates

    def updates(self, phase: int, lead: str) -> None:
        steps = self.pair.wishes.steps
        for name, title in (("first", "1 step"), ("last", _many(steps, "step"))):
            if name == "last" and steps == 1:
                continue
            figures: dict[str, Figures] = {}
            wrong: set[str] = set()
            spared: set[str] = set()
            for dtype in self.pair.dtypes:
                rows = self._updated(f"phase{phase}-{name}", dtype, spared)
                wrong |= {row.of for row in rows if not row.ok}
                self._note(f"{lead}after {title} {dtype}", rows)
                figures[dtype] = worst(rows)
            note = f"without {_many(len(spared), 'array')} of no gradient" if spared else ""
            self.add(
                f"{lead}weights after {title}",
                figures,
                lambda of, wrong=wrong, name=name: self.blame.update(wrong, phase, name),  # type: ignore[misc]
                note,
            )

    def _updated(self, name: str, dtype: str, spared: set[str]) -> list[Figures]:
        found = {k: gap_of(b) for k, b in values.weights(self.pair, f"{dtype}-{name}").items()}
        noise = self.noise.of_weights(name, dtype)
        largest = max((gap.largest for gap in found.values()), default=0.0)
        # Where gradients may differ, updates along them may: by as much of the way that weights went.
        far = self._moved(f"{dtype}-{name}") * (
            self.allowed.gradient if dtype == "float64" else 0.0
        )
        rows = []
        for key, gap in found.items():
            if dtype == "float32" and key in self.resting:
                spared.add(key)
                continue
            least = self.allowed.weights if dtype == "float64" else tolerances.WEIGHTS_32
            allowed = max(least * max(1.0, gap.largest), noise.get(key, 0.0), 10 * far)
            rows.append(entry(gap, allowed, key, largest))
        return rows

    def _moved(self, name: str) -> float:
        """How far the weight went that went farthest."""
        now, first = values.of_side(self.torch, name), self.pair.weights
        return max((float(np.abs(now[key] - first[key]).max()) for key in first), default=0.0)

    def losses(self) -> None:
        figures = {}
        for dtype in self.pair.dtypes:
            mine, other = (np.array(s.answers[f"{dtype}-losses"]) for s in (self.keras, self.torch))
            found = gap_of(Both(mine, other))
            least = self.allowed.weights if dtype == "float64" else tolerances.loss_32(len(mine))
            noise = self.noise.of_number("losses", dtype)
            allowed = max(least * max(1.0, found.largest), noise)
            figures[dtype] = entry(found, allowed, "losses")
        self.add("losses of all steps", figures, lambda of: self.blame.update(set(), 0, "last"))

    # ----------------------------------------------------------------- arrays of weights

    def _of_weights(
        self, name: str, keys: set[str], least_64: float, least_32: float, dtype: str
    ) -> Figures:
        noise = self.noise.of_weights(name, dtype)
        rows = []
        for key, both in values.weights(self.pair, f"{dtype}-{name}").items():
            if key in keys:
                found = gap_of(both)
                least = least_64 if dtype == "float64" else least_32
                allowed = max(least * max(1.0, found.largest), noise.get(key, 0.0))
                rows.append(entry(found, allowed, key))
        return worst(rows)


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
