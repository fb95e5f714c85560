"""What may be wrong with `finetune`: names that nothing has, phases that train nothing, a strategy that says
otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dslc.check.callbacks import check_callbacks, check_files, logged_values
from dslc.check.parts import Tuned, labels, tuned
from dslc.check.strategies import disagree, no_end
from dslc.check.tuning import HEAD, Phase, choose, final, matching, names_of, phases
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.experiment import Optimizer
from dslc.vocab.libraries import TITLES
from dslc.vocab.optimizers import SGD, Adam, AdamW, RMSprop
from dslc.vocab.selectors import (
    Last,
    Selector,
    Strategy,
    shown,
)

# The settings that give an optimiser state of their own.
STATES: dict[type[Optimizer], tuple[str, ...]] = {
    SGD: ("momentum",),
    Adam: ("amsgrad",),
    AdamW: ("amsgrad",),
    RMSprop: ("momentum", "centered"),
}


def check_finetune(spec: ir.Spec, graph: Graph) -> list[Diagnostic]:
    """Everything about `finetune` that the model decides; `train` is there."""
    section, train = spec.sections.get("finetune"), spec.sections.get("train")
    if section is None or train is None or section.label is None or section.torn or train.torn:
        return []
    if not graph.complete:
        return []
    models = tuned(graph, section.label.text)
    if not models or not models[0].parts:
        return [_no_backbone(section, graph, models)]
    found: list[Diagnostic] = []
    whole = True
    known = logged_values(train, graph)
    for phase in section.inner:
        new = [d for m in models for d in _selections(phase, m, models)]
        wrong = _says(phase)
        whole = whole and not new and not wrong and _readable(phase, train)
        found += wrong or new
        settings = {
            **train.settings,
            **{n: s for n, s in phase.settings.items() if s.value is not None},
        }
        if phase.words:
            parts = {**train.parts, **phase.parts}
            own = replace(train, settings=settings, parts=parts, words=phase.words)
            found += check_callbacks(own, known)
    found += check_files(section.inner, train)
    setting = section.settings.get("strategy")
    strategy = setting.value if setting is not None else None
    if isinstance(strategy, Strategy) and setting is not None:
        new = list(no_end(strategy, setting))
        new += [d for m in models for d in _selection(final(strategy), m, models, setting.span)]
        whole = whole and not new
        found += new
    if not section.inner and strategy is None:
        return [*found, _empty(section)] if setting is not None else found
    if not whole or not _readable_train(section, train):
        return found
    made = phases(spec, graph)[1]
    for index, phase in enumerate(section.inner):
        found += _phase(made[index], phase, models, section)
        found += _kept(made[:index], made[index], phase, train)
    if section.inner and isinstance(strategy, Strategy) and setting is not None:
        found += disagree(strategy, setting, made[-1], models)
    return found


def _readable(phase: ir.SectionSpec, train: ir.SectionSpec) -> bool:
    """Whether all that a phase is made from was understood."""
    own = {"freeze", "unfreeze", "epochs", "optimizer", "optimizer_state"} <= phase.settings.keys()
    return own and phase.label is not None and not phase.torn


def _readable_train(section: ir.SectionSpec, train: ir.SectionSpec) -> bool:
    wanted = {"epochs", "optimizer"} - train.settings.keys()
    return all(
        key in phase.settings and phase.settings[key].value is not None
        for key in wanted
        for phase in section.inner
    ) and (not wanted or bool(section.inner))


# --------------------------------------------------------------------------- the backbone


def _no_backbone(section: ir.SectionSpec, graph: Graph, models: list[Tuned]) -> Diagnostic:
    assert section.label is not None
    name = section.label
    known = labels(graph)
    if name.text in known:
        message = f"`{name.text}` has no weights that could be trained"
        fix = Fix("put the label behind the backbone")
        there = [Label(known[name.text].node.span, "this step")]
        return error("E0441", message, name.span, secondary=there, fixes=[fix])
    message = f"no step of the model is labelled `{name.text}`"
    close = did_you_mean(name.text, known)
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(name.span, close),))
    elif known:
        fix = Fix(f"write one of {', '.join(known)}")
    else:
        fix = Fix(
            f"label the backbone in the model: … -> ResNet50(weights=imagenet) as {name.text}"
        )
    return error("E0441", message, name.span, fixes=[fix])


def _empty(section: ir.SectionSpec) -> Diagnostic:
    message = "`finetune` needs a strategy or phases"
    fix = Fix("add strategy = partial(from=…), or phase head { freeze = all }")
    return error("E0444", message, section.span, fixes=[fix])


# --------------------------------------------------------------------------- selectors


def _says(phase: ir.SectionSpec) -> list[Diagnostic]:
    """A phase says what stays or what trains."""
    freeze, unfreeze = phase.settings.get("freeze"), phase.settings.get("unfreeze")
    if freeze is None or unfreeze is None:
        return []
    name = phase.label.text if phase.label is not None else ""
    if freeze.value and unfreeze.value:
        message = f"the phase `{name}` says both what stays and what trains"
        there = [Label(freeze.key_span, "what stays; the rest of the backbone trains")]
        fix = Fix("keep one of them")
        return [error("E0443", message, unfreeze.key_span, secondary=there, fixes=[fix])]
    if not freeze.value and not unfreeze.value:
        message = f"the phase `{name}` does not say what trains"
        fix = Fix("add unfreeze = …, freeze = …, or freeze = none to train everything")
        return [error("E0443", message, phase.span, fixes=[fix])]
    return []


def _selections(phase: ir.SectionSpec, model: Tuned, models: list[Tuned]) -> Iterator[Diagnostic]:
    for key in ("freeze", "unfreeze"):
        setting = phase.settings.get(key)
        if setting is not None and isinstance(setting.value, tuple) and setting.value:
            yield from _selection(setting.value, model, models, setting.span)


def _selection(
    items: tuple[Selector | str, ...], model: Tuned, models: list[Tuned], span: Span
) -> Iterator[Diagnostic]:
    """Names that nothing has, and counts beyond the last layer. A pattern may be for one library, where another
    in the list is for the other."""
    seen = model is not models[0]
    for item in items:
        if isinstance(item, Last) and isinstance(item.amount, int) and not seen:
            count = max(len(m.parts) for m in models)
            if item.amount > count:
                message = f"the backbone has {count} parts with weights, not {item.amount}"
                fix = Fix("write all, or fewer")
                yield error("E0442", message, span, fixes=[fix])
    for name in names_of(items):
        if any(matching(m, name) or _heads(m, name) for m in models):
            continue
        if not seen:
            yield _matches_nothing(name, model, _place(span, name))
    if seen or len(models) < 2:
        return
    for m in models:
        if any(True for _ in names_of(items)) and not any(
            matching(m, name) or _heads(m, name) for name in names_of(items)
        ):
            other = next((o for o in models if o is not m and choose(o, items)[0]), None)
            if other is not None:
                yield _one_library(items, m, other, span)


def _heads(model: Tuned, name: str) -> bool:
    return bool(choose(model, (name,))[1])


def _matches_nothing(name: str, model: Tuned, span: Span) -> Diagnostic:
    known = _known(model)
    close = did_you_mean(name, [*known, "all", "none", *(n for h in model.heads for n in h.names)])
    notes = [f"its names are {_listed(known)}"] if known else [_nameless(model)]
    fix = Fix(
        "write one of those, or a pattern such as " + (f'"{known[0]}*"' if known else '"conv*"')
    )
    if not known:
        fix = Fix("make the backbone a block whose steps have labels, or write all or none")
        if len(model.parts) > 1:
            fix = Fix(f"label a step of its block: … as {name}")
    if close:
        written = close if span.text == name else f'"{close}"'
        fix = Fix(f"did you mean `{close}`?", (Edit(span, written),))
    message = f"nothing in `{model.label}` is called `{name}`"
    return error("E0442", message, span, notes=notes, fixes=[fix])


def _nameless(model: Tuned) -> str:
    if len(model.parts) > 1:
        return f"no step of `{model.label}` has a label"
    return f"`{model.label}` is one part: it cannot be frozen in pieces"


def _one_library(
    items: tuple[Selector | str, ...], model: Tuned, other: Tuned, span: Span
) -> Diagnostic:
    title, has = TITLES[model.library], TITLES[other.library]
    message = f"`{shown(items)}` matches layers of {has}, and none of {title}"
    notes = [f"layers in {title} are called {_listed([p.names[-1] for p in model.parts])}"]
    fix = Fix("write a stage, which both have, or one pattern for each in a list")
    return error("E0442", message, span, notes=notes, fixes=[fix])


def _known(model: Tuned) -> list[str]:
    """The names that a spec may write: stages, or those of the parts."""
    if model.stages:
        return list(model.stages)
    return list(dict.fromkeys(name for part in model.parts for name in part.names))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")


def _place(span: Span, name: str) -> Span:
    """Where the name stands in a setting; with its quotes, if it has some."""
    for text in (f'"{name}"', name):
        at = span.text.find(text)
        if at >= 0:
            return span.source.span(span.start + at, span.start + at + len(text))
    return span


# --------------------------------------------------------------------------- phases


def _phase(
    made: Phase, phase: ir.SectionSpec, models: list[Tuned], section: ir.SectionSpec
) -> Iterator[Diagnostic]:
    bn = section.settings.get("bn")  # is missing where its value is reported
    norms = bn is not None and bn.value == "train"
    if bn is not None and any(made.trainable(m, norms=norms) == 0 for m in models):
        message = f"nothing trains in the phase `{made.name}`"
        notes = []
        if any(made.trainable(model, norms=True) for model in models):
            notes = ["only BatchNorm layers would, and `bn = frozen` keeps them as they are"]
        fix = Fix("leave some layers to train")
        yield error("E0443", message, made.span, notes=notes, fixes=[fix])
    plain = phase.settings.get("rates")
    if plain is not None and plain.value is not None:
        message = "`rates` holds a rate for each group, in braces"
        fix = Fix(f"write rates {{ {models[0].label} = {plain.span.text} }}")
        yield error("E0445", message, plain.span, fixes=[fix])
    part = phase.parts.get("rates")
    rates = part.settings if part is not None else {}
    for name, setting in rates.items():
        wrong = list(_rate(name, setting, made, models, norms=norms))
        yield from wrong or _decides_nothing(name, rates, made, models, norms=norms)


def _rate(
    name: str, setting: ir.Setting, made: Phase, models: list[Tuned], *, norms: bool
) -> Iterator[Diagnostic]:
    model = models[0]
    span = setting.key_span
    if name == HEAD:
        if made.trainable(model, norms=norms) == sum(
            model.parts[i].counted(norms=norms) for i in made.trains[model.library]
        ):
            message = f"nothing outside of `{model.label}` trains in the phase `{made.name}`"
            yield error("E0445", message, span, fixes=[Fix("remove this rate")])
        return
    groups = [model.label, *_known(model)]
    if name != model.label and not any(matching(m, name) for m in models):
        close = did_you_mean(name, [HEAD, *groups])
        fix = Fix(f"write head, {model.label} or the name of a part of it")
        if close:
            fix = Fix(f"did you mean `{close}`?", (Edit(span, close),))
        message = f"there is no group `{name}`"
        notes = [f"groups are {HEAD} and {_listed(groups)}"]
        yield error("E0445", message, span, notes=notes, fixes=[fix])
        return
    for m in models:
        mine = matching(m, name) if name != m.label else set(range(len(m.parts)))
        if not any(m.parts[i].counted(norms=norms) for i in mine & made.trains[m.library]):
            message = f"`{name}` does not train in the phase `{made.name}`"
            fix = Fix("unfreeze it, or remove its rate")
            yield error("E0445", message, span, fixes=[fix])
            return


def _decides_nothing(
    name: str, rates: Mapping[str, ir.Setting], made: Phase, models: list[Tuned], *, norms: bool
) -> Iterator[Diagnostic]:
    """A rate whose parts all have another one: that of a name before it, or the backbone's under those of its parts."""
    names = list(rates)
    if name == HEAD:
        return
    stronger = [n for n in names[: names.index(name)] if n not in (HEAD, models[0].label)]
    if name == models[0].label:
        stronger = [n for n in names if n not in (HEAD, name)]
    for m in models:
        mine = set(range(len(m.parts))) if name == m.label else matching(m, name)
        taken = {i for other in stronger for i in matching(m, other)}
        left = (mine - taken) & made.trains[m.library]
        if any(m.parts[i].counted(norms=norms) for i in left):
            return
    others = [n for n in stronger if any(matching(m, n) for m in models)]
    if not others:
        return  # the parts themselves are reported
    there = [Label(rates[n].key_span, "has a rate of its own") for n in others]
    message = f"the rate of `{name}` decides nothing: every part of it has another one"
    fixes = [Fix("remove this rate")]
    yield error("E0445", message, rates[name].key_span, secondary=there, fixes=fixes)


def _kept(
    before: list[Phase], made: Phase, phase: ir.SectionSpec, train: ir.SectionSpec
) -> Iterator[Diagnostic]:
    if not made.keep:
        return
    span = phase.settings["optimizer_state"].span
    if not before:
        message = "the first phase has no optimiser before it whose state it could keep"
        fix = Fix("write optimizer_state = reset, or nothing")
        yield error("E0446", message, span, fixes=[fix])
    elif type(before[-1].optimizer) is not type(made.optimizer):
        old, new = before[-1].optimizer.word, made.optimizer.word
        message = f"`{new}` cannot go on with the state of `{old}`"
        fix = Fix(f"use {old} in both phases, or write optimizer_state = reset")
        yield error("E0446", message, span, fixes=[fix])
    else:
        name = before[-1].name
        for key in STATES.get(type(made.optimizer), ()):
            if getattr(made.optimizer, key) and not getattr(before[-1].optimizer, key):
                message = f"`{key}` needs state that the optimiser of the phase `{name}` lacks"
                fix = Fix(f"write `{key}` in both phases, or optimizer_state = reset")
                yield error("E0446", message, span, fixes=[fix])
    for key, usual in (("ema", None), ("accumulate", 1)):
        setting = train.settings.get(key)
        if before and setting is not None and setting.value != usual:
            there = [Label(setting.key_span, "begins anew with every phase")]
            message = f"`optimizer_state = keep` does not go with `{key}`"
            fix = Fix(f"write optimizer_state = reset, or leave out `{key}`")
            yield error("E0446", message, span, secondary=there, fixes=[fix])
