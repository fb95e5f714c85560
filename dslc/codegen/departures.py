"""With `numerics = stock` a framework's own classes stand in a script although they compute otherwise than the
language says. A row, or what writes the training, notes how: what the script does and what is said of it are one
decision. How much it matters is measured (`dslc.numerics`).

The rule of `stock`: with the same weights a model gives the same outputs, losses and gradients as with `exact`.
Only what makes weights may differ: first draws, running statistics, updates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dslc.plan.training import TrainingPlan
from dslc.source import Span
from dslc.vocab.tensor import Tensor


def always(plan: TrainingPlan | None) -> bool:
    """Whatever is trained, and however."""
    return True


@dataclass(frozen=True)
class Departure:
    """How a class of a framework computes otherwise than the language says. `key` names its measurement, `what` is
    a clause about it, `where` the words that have it; `matters` says in which trainings (None: the script only
    builds the model). Where the size follows from the inputs of a word, `sized` says how large it is and in what.
    `updates`: it shows in what updates make of equal gradients."""

    key: str
    what: str
    where: str
    matters: Callable[[TrainingPlan | None], bool] = always
    sized: Callable[[tuple[Tensor, ...], TrainingPlan], tuple[float, str] | None] | None = None
    updates: bool = False


@dataclass(frozen=True)
class Noted:
    """A departure where the model uses `word`."""

    departure: Departure
    word: str
    span: Span


@dataclass(frozen=True)
class Changed:
    """A departure of the training: of what the setting `key` says, in the phase of that name."""

    departure: Departure
    word: str
    key: str
    phase: str = ""
