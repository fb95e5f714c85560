"""Do model, data, loss, metrics and callbacks fit each other? Said before anything runs."""

from __future__ import annotations

import re
from dataclasses import replace

from dslc.check.augment import check_augment, crops
from dslc.check.backbone import check_scale
from dslc.check.callbacks import check_callbacks, check_monitors, logged_values
from dslc.check.class_weights import check_class_weights
from dslc.check.data import check_data
from dslc.check.finetune import check_finetune
from dslc.check.outputs import (
    buried,
    doubled,
    last_activation,
    losses_by_output,
    metrics_by_output,
)
from dslc.check.protocol import check_protocol
from dslc.check.updates import check_updates
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.graph import Graph, Node
from dslc.graph.explain import use_of
from dslc.source import Span
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.experiment import Loss, Metric, Source
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import words


def check_experiment(spec: ir.Spec, graph: Graph, *, torn: bool = False) -> list[Diagnostic]:
    """Everything about `data` and `train` that the model decides. In a `torn` file a section that is missing may
    only be unreadable."""
    data, train = spec.sections.get("data"), spec.sections.get("train")
    augment = spec.sections.get("augment")
    evaluate = spec.sections.get("evaluate")
    if data is None or train is None:
        alone = data or train or augment or evaluate or spec.sections.get("finetune")
        if alone is None or torn:
            return []
        lack = "train" if train is None and data is not None else "data"
        fix = Fix(f"add `{lack} {{ … }}`, or remove `{alone.name}`")
        message = f"`{alone.name}` stands alone: training needs `data` and `train`"
        return [error("E0410", message, alone.span, fixes=[fix])]
    if graph.root.definition.torn:
        return check_monitors(train)
    found = _outputs(data, train, graph)
    misfits = check_data(data, train, graph, cropped=crops(augment), evaluate=evaluate)
    found += misfits or check_augment(augment, data, train, graph)
    found += check_scale(data, graph)
    found += check_protocol(evaluate, data, train, graph)
    if train.torn:
        found += check_monitors(train)
    else:
        longest = _as_trained(train, spec.sections.get("finetune"))
        found += check_callbacks(longest, logged_values(train, graph))
        found += check_updates(data, train, spec.sections.get("finetune"), graph, evaluate)
        found += check_class_weights(train, graph)
    found += check_finetune(spec, graph)
    return found


def _as_trained(train: ir.SectionSpec, finetune: ir.SectionSpec | None) -> ir.SectionSpec:
    """`train` as the callbacks in it meet it: with the epochs of the longest phase that has none of its own; without
    an optimiser where phases have others."""
    phases = [p for p in finetune.inner if not p.words] if finetune is not None else []
    if not phases:
        return train
    given: dict[str, list[ir.Setting | None]] = {
        key: [s for s in (p.settings.get(key) for p in phases) if s is None or s.value is not None]
        for key in ("epochs", "optimizer")
    }
    settings = dict(train.settings)
    if given["optimizer"]:
        settings.pop("optimizer", None)
    own = [s for s in given["epochs"] if s is not None and isinstance(s.value, int)]
    if len(own) < len(given["epochs"]):
        settings.pop("epochs", None)  # one of them is reported
    elif own:
        left = [train.settings["epochs"]] if len(own) < len(phases) and "epochs" in settings else []
        settings["epochs"] = max([*own, *left], key=lambda s: s.value)  # type: ignore[arg-type,return-value]
    return replace(train, settings=settings)


# --------------------------------------------------------------------------- outputs, losses, metrics


def _outputs(data: ir.SectionSpec, train: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for part in train.parts.values():
        for name, setting in part.settings.items():
            if name not in graph.outputs:
                found.append(_no_output(name, setting, part.name, graph))
    losses = losses_by_output(train, graph)
    part_of_losses = train.parts.get("loss")
    if part_of_losses is not None and not found and not train.torn:
        for name in graph.outputs:
            if name not in part_of_losses.settings:
                message = f"the output `{name}` has no loss"
                fix = Fix(f"add {name} = mse, or another loss")
                found.append(error("E0413", message, part_of_losses.span, fixes=[fix]))
    metrics = metrics_by_output(train, graph)
    seen: set[tuple[Span, str]] = set()
    for name, setting in losses.items():
        loss = setting.value
        assert isinstance(loss, Loss)
        tensor = graph.tensor(graph.outputs[name])
        if tensor is not None and not (loss.task == "binary" and _many(data)):
            found += _loss(loss, name, tensor, graph)
        if name in metrics:
            found += _metrics(loss, metrics[name], seen, tensor)
    return found


def _many(data: ir.SectionSpec) -> bool:
    """Whether the data are known not to have two classes: then a loss for two is the mistake, not the activation."""
    setting = data.settings.get("source")
    source = setting.value if setting is not None else None
    return isinstance(source, Source) and source.classes not in (None, 2)


def _no_output(name: str, setting: ir.Setting, part: str, graph: Graph) -> Diagnostic:
    close = did_you_mean(name, graph.outputs)
    left = [n for n in graph.outputs if n != "output"]
    fix = Fix(f"write one of {', '.join(graph.outputs)}")
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(setting.key_span, close),))
    elif not left and part == "class_weight":
        fix = Fix("write the numbers in the order of the classes: class_weight = [1, 2.5, 1]")
    elif not left:
        fix = Fix(f"name the output in the model: output {name}: x -> …")
    notes = [f"the outputs are {', '.join(graph.outputs)}"] if left else []
    message = f"the model has no output `{name}`"
    return error("E0413", message, setting.key_span, notes=notes, fixes=[fix])


def _metrics(
    loss: Loss, setting: ir.Setting, seen: set[tuple[Span, str]], tensor: Tensor | None
) -> list[Diagnostic]:
    """Metrics that say nothing about what this loss trains."""
    found: list[Diagnostic] = []
    assert isinstance(setting.value, tuple)
    for metric in setting.value:
        assert isinstance(metric, Metric)
        key = (setting.span, metric.word)
        classes = tensor.channels if tensor is not None and tensor.rank else None
        if loss.task == "classes" and isinstance(classes, int) and metric.certain(classes):
            message = f"`{metric.label}` of {classes} classes is always 1"
            fix = Fix(
                f"ask for fewer than {classes}, such as {metric.word}({max(1, classes // 2)})"
            )
            found.append(error("E0411", message, _place(setting, metric.word), fixes=[fix]))
            continue
        if loss.task in metric.tasks or key in seen:
            continue
        seen.add(key)
        fitting = [
            w for w, m in words("metric").items() if issubclass(m, Metric) and loss.task in m.tasks
        ]
        message = f"`{metric.word}` says nothing about `{loss.word}`"
        notes = [f"it measures {_tasks(metric.tasks)}; this loss is for {TASKS[loss.task]}"]
        fix = Fix(f"use {' or '.join(fitting[:4])}")
        found.append(
            error("E0411", message, _place(setting, metric.word), notes=notes, fixes=[fix])
        )
    return found


WORD = r"\w+(?:\([^()]*\))?"
STEPS = re.compile(rf"(?:\s*->\s*{WORD})+|(?:{WORD}\s*->\s*)+")
TASKS = {"classes": "classes", "binary": "two classes", "numbers": "numbers"}


def _tasks(tasks: tuple[str, ...]) -> str:
    return " or ".join(TASKS[task] for task in tasks)


def _place(setting: ir.Setting, word: str) -> Span:
    """Where `word` stands in a list."""
    at = setting.span.text.find(word)
    start = setting.span.start + max(at, 0)
    return setting.span.source.span(start, start + len(word)) if at >= 0 else setting.span


def _loss(loss: Loss, name: str, tensor: Tensor, graph: Graph) -> list[Diagnostic]:
    index = graph.outputs[name]
    assert index is not None
    span = graph.node(index).span
    ends_in = last_activation(graph, name)
    wanted = loss.activation
    if wanted is not None and ends_in != wanted:
        use = use_of(graph, index)
        given = use.node.arguments if use is not None and isinstance(use.node, tree.Call) else ()
        if any(a.name is not None and a.name.text == "activation" for a in given):
            return []  # `Dense(10, activation=softmax)` is reported
        earlier = buried(graph, index, wanted)
        if earlier is not None:
            return [_follows(loss, wanted, earlier, graph.node(index))]
        return [_activation(loss, name, ends_in, wanted, span)]
    before = doubled(graph, index) if wanted is not None else None
    if before is not None:
        return [_stands_before(before, graph.node(index))]
    if wanted == "softmax" and tensor.channels == 1:
        message = "a `softmax` over one unit is always 1: nothing can be learned"
        fixes = [
            Fix("for two classes use Dense(1) -> sigmoid with binary_cross_entropy"),
            Fix("or Dense(2) -> softmax"),
        ]
        return [error("E0406", message, span, fixes=fixes)]
    return []


def _activation(loss: Loss, name: str, ends_in: str | None, wanted: str, span: Span) -> Diagnostic:
    other = {"softmax": "binary_cross_entropy", "sigmoid": "cross_entropy"}
    which = "the model" if name == "output" else f"the output `{name}`"
    notes = [
        f"`{loss.word}` compares probabilities; scripts compute it from logits, where nothing overflows"
    ]
    if ends_in is None:
        fix = Fix(f"end it with -> {wanted}", (Edit(span.after(), f" -> {wanted}"),))
        message = f"`{loss.word}` needs an output that ends in `{wanted}`; {which} ends without an activation"
        return error("E0406", message, span, fixes=[fix], notes=notes)
    fixes = [Fix(f"end it with `{wanted}`", (Edit(span, wanted),))]
    if ends_in in ("softmax", "sigmoid"):
        loss_name = other[wanted]
        fixes.append(Fix(f"or use loss = {loss_name}, which goes with `{ends_in}`"))
    message = f"`{loss.word}` needs an output that ends in `{wanted}`; {which} ends in `{ends_in}`"
    return error("E0406", message, span, fixes=fixes, notes=notes)


def _follows(loss: Loss, wanted: str, earlier: Node, last: Node) -> Diagnostic:
    """`softmax -> relu`, `softmax -> Dropout(0.5)`: the activation is there, but not at the end."""
    there = [Label(earlier.span, "the probabilities")]
    edits = _between(earlier.span.end, last.span.end, last.span)
    fix = Fix(f"remove what follows `{wanted}`", edits)
    assert last.word is not None
    message = f"`{loss.word}` needs the probabilities of `{wanted}` as they are; `{last.word.word}` changes them"
    return error("E0406", message, last.span, secondary=there, fixes=[fix])


def _stands_before(before: Node, last: Node) -> Diagnostic:
    """`softmax -> softmax`, `sigmoid -> softmax`."""
    assert before.word is not None and last.word is not None
    there = [Label(before.span, "already between 0 and 1")]
    edits = _between(before.span.start, last.span.start, last.span)
    fix = Fix(f"remove `{before.word.word}`", edits)
    message = f"`{last.word.word}` needs scores of any size; behind `{before.word.word}` it is nearly flat"
    return error("E0406", message, last.span, secondary=there, fixes=[fix])


def _between(start: int, end: int, span: Span) -> tuple[Edit, ...]:
    """The edit that takes away steps on one line."""
    if not start < end or not STEPS.fullmatch(span.source.text, start, end):
        return ()
    return (Edit(span.source.span(start, end), ""),)
