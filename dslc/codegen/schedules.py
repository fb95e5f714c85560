"""A schedule as a function: the same text in the scripts of all backends.

`learning_rate(update, batches[, epochs])` gives the rate of an update, counted from 0, where an epoch has so many
batches. Its other parameters are those of the spec; its last lines are the formula of the vocabulary.
"""

from __future__ import annotations

from typing import Any

from dslc.codegen.layout import render
from dslc.codegen.nodes import Def, Expr, Param, Pass, lit
from dslc.codegen.numbers import number
from dslc.vocab.experiment import Schedule
from dslc.vocab.word import parameters, unit_of


def rate_function(schedule: Schedule, accumulate: int = 1, name: str = "learning_rate") -> str:
    """The definition of the function, where so many batches make an update."""
    constants = schedule.constants
    body = [_epoch(accumulate), *_warmup(schedule, accumulate), *schedule.lines]
    given = ["update", "batches", *(["epochs"] if takes_epochs(schedule) else [])]
    params = [
        *(Param(p) for p in given),
        *(Param(p, _value(schedule, p, value)) for p, value in constants.items()),
    ]
    docstring = f"Return the rate of an update (from 0): {schedule.says}."
    head = render(Def(name, tuple(params), (Pass(),), docstring)).rstrip("\n")
    return "\n".join([head.removesuffix("\n    pass"), *(f"    {line}" for line in body)])


def takes_epochs(schedule: Schedule) -> bool:
    """Whether the rate depends on how many epochs there are."""
    return any("epochs" in line for line in schedule.lines)


def _epoch(accumulate: int) -> str:
    if accumulate == 1:
        return "epoch = update / batches"
    return f"epoch = {accumulate} * update / batches  # {accumulate} batches make an update"


def _warmup(schedule: Schedule, accumulate: int) -> list[str]:
    """The lines that end an update of the warm-up, and begin time anew behind it."""
    warmup = schedule.constants.get("warmup")
    if warmup is None:
        return []
    updates = "(update + 1)" if accumulate == 1 else f"{accumulate} * (update + 1)"
    share = f"{updates} / (warmup * batches)"
    whole = accumulate == 1 and float(warmup).is_integer()
    if getattr(schedule, "warmup_shape", "linear") == "cosine":
        rise = [
            f"    share = {share if whole else f'min(1, {share})'}",
            f"    return {schedule.peak} / 2 * (1 - math.cos(math.pi * share))",
        ]
    elif whole:
        rise = [f"    return {schedule.peak} * {share}"]
    else:
        rise = [f"    return {schedule.peak} * min(1, {share})"]
    shift = ["epoch -= warmup"] if schedule.shifted else []
    if schedule.shifted and takes_epochs(schedule):
        shift = ["epoch, epochs = epoch - warmup, epochs - warmup"]
    return ["if epoch < warmup:", *rise, *shift]


def _value(schedule: Schedule, name: str, value: Any) -> Expr:
    """A parameter as it is written: epochs are whole numbers where they can be."""
    epochs = unit_of(parameters(type(schedule))[name]) == "epochs"
    items = [
        lit(int(v)) if epochs and float(v).is_integer() else number(v)
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    return lit(tuple(items)) if isinstance(value, tuple) else items[0]
