"""Which weights a training keeps in files of their own, after which epochs and under which names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dslc.vocab.callbacks import EarlyStopping, ModelCheckpoint
from dslc.vocab.experiment import Callback


@dataclass(frozen=True)
class Keeper:
    """A file with the weights of the best epoch by one monitored value, or of every epoch.

    `file` is its name without ending, or a template of it (see `ModelCheckpoint`).
    """

    file: str
    monitor: str
    larger: bool  # is better
    min_delta: float = 0.0
    start: int = 0  # epochs at the beginning that do not count
    every: int = 1  # it looks at every n-th epoch
    best_only: bool = True
    weights_only: bool = False

    @property
    def is_template(self) -> bool:
        return "{" in self.file


def keepers(found: Iterable[tuple[Callback, bool]], phase: str) -> tuple[Keeper, ...]:
    """What callbacks, each with whether larger values are better, keep: each rule once. The first that keeps the
    best epoch is what the report is made with: what `EarlyStopping` restores goes first."""
    rules: dict[tuple[object, ...], Keeper] = {}
    for callback, larger in sorted(found, key=lambda pair: isinstance(pair[0], ModelCheckpoint)):
        wanted = _keeper(callback, larger)
        if wanted is None:
            continue
        rule = (
            wanted.best_only,
            wanted.monitor,
            larger,
            wanted.min_delta,
            wanted.start,
            wanted.every,
        )
        known = rules.get(rule)
        if known is not None and wanted.best_only and not known.file:
            # One file does for the weights that come back and for those that are asked for.
            rules[rule] = wanted
        else:
            rules.setdefault((*rule, wanted.file) if known is not None else rule, wanted)
    return tuple(_named([*rules.values()], phase))


def _keeper(callback: Callback, larger: bool) -> Keeper | None:
    if isinstance(callback, EarlyStopping) and callback.restore_best:
        delta, start = float(callback.min_delta), callback.start_from_epoch
        return Keeper("", callback.monitor, larger, delta, start)
    if isinstance(callback, ModelCheckpoint):
        return Keeper(
            callback.file or "",
            callback.monitor,
            larger,
            every=callback.every,
            best_only=callback.save_best_only,
            weights_only=callback.save_weights_only,
        )
    return None


def _named(found: list[Keeper], phase: str) -> Iterable[Keeper]:
    """Names for those that have none: each its own, that of the report is `best`."""
    prefix = f"{phase}_" if phase else ""
    taken = {keeper.file.lower() for keeper in found}
    best_only = [keeper for keeper in found if keeper.best_only]
    for keeper in found:
        if keeper.file:
            yield keeper
            continue
        name = "epoch_{epoch:03d}"
        if keeper.best_only:
            name = "best" if keeper is best_only[0] else f"best_{keeper.monitor}"
        names = (prefix + name + (f"_{i}" if i > 1 else "") for i in range(1, len(found) + 2))
        file = next(each for each in names if each.lower() not in taken)
        taken.add(file.lower())
        yield replace(keeper, file=file)
