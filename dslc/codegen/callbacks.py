"""What the templates of callbacks need to know of a plan, whatever the backend: only what is used is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dslc.codegen.layout import WIDTH
from dslc.codegen.nodes import Call, Expr, call
from dslc.codegen.numbers import number
from dslc.plan.keepers import Keeper
from dslc.plan.training import PhasePlan, TrainingPlan
from dslc.vocab.callbacks import EarlyStopping, ReduceLROnPlateau


@dataclass(frozen=True)
class Watchers:
    """Which parameters the callbacks of one class use. No callbacks are false."""

    count: int
    delta: bool
    larger: bool
    smaller: bool
    baseline: bool = False
    start: bool = False
    cooldown: bool = False
    min_lr: bool = False

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def rule(self) -> str:
        """The arguments of `improves` that say what is better."""
        return _rule(self.delta, self.larger)

    def head(self, *first: str) -> str:
        """The line that begins `__init__`, with the parameters that are used."""
        optional = {
            "min_delta=0.0": self.delta,
            "larger=False": self.larger,
            "baseline=None": self.baseline,
            "start=0": self.start,
            "cooldown=0": self.cooldown,
            "min_lr=0.0": self.min_lr,
        }
        return _head([*first, *(text for text, used in optional.items() if used)])


@dataclass(frozen=True)
class Savers:
    """What the files with weights have in common. No files are false."""

    found: tuple[Keeper, ...]

    def __bool__(self) -> bool:
        return bool(self.found)

    def _any(self, *names: str) -> bool:
        return any(all(getattr(k, name) for name in names) for k in self.found)

    @property
    def best(self) -> bool:
        return self._any("best_only")

    @property
    def all(self) -> bool:
        return any(not k.best_only for k in self.found)

    @property
    def delta(self) -> bool:
        return self._any("best_only", "min_delta")

    @property
    def larger(self) -> bool:
        return self._any("best_only", "larger")

    @property
    def smaller(self) -> bool:
        return any(k.best_only and not k.larger for k in self.found)

    @property
    def start(self) -> bool:
        return self._any("start")

    @property
    def every(self) -> bool:
        return any(k.every > 1 for k in self.found)

    @property
    def weights(self) -> bool:
        return self._any("weights_only")

    @property
    def whole(self) -> bool:
        return any(not k.weights_only for k in self.found)

    @property
    def templates(self) -> bool:
        return self._any("is_template")

    @property
    def late(self) -> bool:
        """Whether the name of a file is known only when it is written, if it ever is."""
        return any(k.is_template or may_lack(k) for k in self.found)

    @property
    def rule(self) -> str:
        return _rule(self.delta, self.larger)

    def head(self, *first: str) -> str:
        """The line that begins `__init__`, with the parameters that are used."""
        optional = {
            "monitor=None" if self.all else "monitor": self.best,
            "min_delta=0.0": self.delta,
            "larger=False": self.larger,
            "start=0": self.start,
            "every=1": self.every,
            "weights_only=False": self.weights and self.whole,
        }
        return _head([*first, "file", *(text for text, used in optional.items() if used)])


@dataclass(frozen=True)
class Watching:
    """What the function `improves` has to know."""

    any: bool
    delta: bool
    larger: bool


def _head(params: list[str]) -> str:
    """`def __init__` in a class, as ruff and black lay it out."""
    inside = ", ".join(["self", *params])
    flat = f"    def __init__({inside}):"
    if len(flat) <= WIDTH:
        return flat
    if len(inside) + 8 <= WIDTH:
        return f"    def __init__(\n        {inside}\n    ):"
    items = "".join(f"        {param},\n" for param in ["self", *params])
    return f"    def __init__(\n{items}    ):"


def _rule(delta: bool, larger: bool) -> str:
    return f"{', self.min_delta' if delta else ''}{', larger=self.larger' if larger else ''}"


def may_lack(keeper: Keeper) -> bool:
    """Whether a training may end before the file is written."""
    return keeper.start > 0 or keeper.every > 1


def callback_facts(plan: TrainingPlan) -> dict[str, Any]:
    """The names `stoppers`, `plateaus`, `savers` and `watching` of the templates, for all phases together."""
    stoppers = _watchers([(p, w) for p in plan.phases for w in p.stoppers])
    plateaus = _watchers([(p, w) for p in plan.phases for w in p.plateaus])
    savers = Savers(tuple(keeper for phase in plan.phases for keeper in phase.savers))
    return {"stoppers": stoppers, "plateaus": plateaus, "savers": savers}


def watching(*found: Watchers | Savers) -> Watching:
    """What `improves` is asked by those that are written out in a script."""
    asking = [f for f in found if isinstance(f, Watchers) and f or isinstance(f, Savers) and f.best]
    return Watching(bool(asking), any(f.delta for f in asking), any(f.larger for f in asking))


def _watchers(
    found: Sequence[tuple[PhasePlan, EarlyStopping | ReduceLROnPlateau]],
) -> Watchers:
    words = [word for _, word in found]
    modes = {phase.mode(word) for phase, word in found}
    stoppers = [w for w in words if isinstance(w, EarlyStopping)]
    plateaus = [w for w in words if isinstance(w, ReduceLROnPlateau)]
    return Watchers(
        count=len(words),
        delta=any(w.min_delta for w in words),
        larger="max" in modes,
        smaller="min" in modes,
        baseline=any(w.baseline is not None for w in stoppers),
        start=any(w.start_from_epoch for w in stoppers),
        cooldown=any(w.cooldown for w in plateaus),
        min_lr=any(w.min_lr for w in plateaus),
    )


def saver(keeper: Keeper, file: str, mixed: bool, *first: Expr) -> Call:
    """The call that makes the `ModelCheckpoint` of a script; `file` has its ending. With `mixed`, some write weights
    and others more."""
    named: dict[str, Any] = {}
    positional: list[Any] = [*first, file]
    if keeper.best_only:
        positional.append(keeper.monitor)
        if keeper.min_delta:
            named["min_delta"] = number(keeper.min_delta)
        if keeper.larger:
            named["larger"] = True
    if keeper.start:
        named["start"] = keeper.start
    if keeper.every > 1:
        named["every"] = keeper.every
    if mixed and keeper.weights_only:
        named["weights_only"] = True
    return call("ModelCheckpoint", *positional, **named)
