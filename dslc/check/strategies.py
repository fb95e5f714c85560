"""What may be wrong with the strategy of `finetune`: no end of the backbone, or phases that end otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dslc.check.parts import Tuned
from dslc.check.tuning import Phase, choose, final
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.spec import ir
from dslc.vocab.selectors import All, Auto, Nothing, Partial, Strategy, Until, shown


def no_end(strategy: Strategy, setting: ir.Setting) -> Iterator[Diagnostic]:
    """`partial` trains the end of a backbone: what it is given must be one, and not nothing or all."""
    for item in strategy.start if isinstance(strategy, Partial) else ():
        if isinstance(item, Until):
            message = (
                f"`partial` trains the end of the backbone, and `{shown((item,))}` is its beginning"
            )
            name = shown((item.name,))
            fix = Fix(f"write partial(from={name})", (Edit(setting.span, f"partial(from={name})"),))
        elif isinstance(item, (All, Nothing)):
            what, same = ("all", "full") if isinstance(item, All) else ("nothing", "classifier")
            message = f"`partial` trains a part of the backbone, and `{item.word}` is {what} of it"
            fix = Fix(f"write {same}", (Edit(setting.span, same),))
        else:
            continue
        yield error("E0444", message, setting.span, fixes=[fix])
        return


def disagree(
    strategy: Strategy, setting: ir.Setting, last: Phase, models: list[Tuned]
) -> Iterator[Diagnostic]:
    """A strategy beside phases that end otherwise. `auto` is a rule of thumb: it only warns."""
    wanted = final(strategy)
    if all(choose(m, wanted)[0] == last.trains[m.library] for m in models):
        return
    model = models[0]
    many, mine = len(choose(model, wanted)[0]), len(last.trains[model.library])
    every = len(model.parts)
    part = 0 < many < every and 0 < mine < every
    if isinstance(strategy, Auto) and part:
        return
    chosen = strategy.choice() if isinstance(strategy, Auto) else strategy
    says = f"`{strategy.word}`" if chosen is strategy else f"`auto` chooses `{chosen.word}`, which"
    message = f"{says} trains {_amount(many, every)} of `{model.label}` in the end"
    message = f"{message}, but the phase `{last.name}` trains {_amount(mine, every)}"
    notes = [strategy.reason] if isinstance(strategy, Auto) else []
    there = [Label(last.span, "the last phase")] if last.span is not None else []
    fix = Fix("remove the strategy, which the phases make needless, or change them")
    found = error("E0444", message, setting.span, secondary=there, notes=notes, fixes=[fix])
    yield replace(found, severity="warning") if isinstance(strategy, Auto) else found


def _amount(many: int, every: int) -> str:
    if many in (0, every):
        return "nothing" if many == 0 else "all"
    return f"{many} of {every} parts"
