"""Does what the model says have the form of the answers in the data? Kinds of targets, classes, numbers."""

from __future__ import annotations

from dslc.check.outputs import last_activation, losses_by_output
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph
from dslc.graph.explain import use_of
from dslc.source import Span
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.experiment import Loss, Source
from dslc.vocab.tensor import Tensor


def losses_of(train: ir.SectionSpec, graph: Graph) -> dict[str, Loss]:
    """The loss of every output that has one."""
    found: dict[str, Loss] = {}
    for name, setting in losses_by_output(train, graph).items():
        assert isinstance(setting.value, Loss)
        found[name] = setting.value
    return found


def check_targets(
    source: Source, setting: ir.Setting, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    """What each output gives, against what the source knows of its targets."""
    found: list[Diagnostic] = []
    for name, loss in losses_of(train, graph).items():
        index = graph.outputs[name]
        tensor = graph.tensor(index)
        if tensor is None or index is None:
            continue
        task = "numbers" if loss.task == "numbers" else "classes"
        if task not in source.targets:
            place = [Label(setting.span, f"its targets are {source.targets[0]}")]
            span = losses_by_output(train, graph)[name].span
            message = f"`{loss.word}` is for {task}, but the targets of `{source.word}` are {source.targets[0]}"
            other = "mse" if task == "classes" else "cross_entropy"
            fix = Fix(f"use {other}, or other data")
            found.append(error("E0408", message, span, secondary=place, fixes=[fix]))
        elif source.classes is not None and loss.task == "classes":
            if tensor.shape != (source.classes,) and tensor.channels != 1:
                found.append(_classes(source, source.classes, setting, tensor, graph, index))
        elif source.classes is not None and loss.task == "binary" and source.classes != 2:
            place = [Label(setting.span, f"has {source.classes} classes")]
            span = losses_by_output(train, graph)[name].span
            message = f"`{loss.word}` tells two classes apart, `{source.word}` has {source.classes}"
            fix = Fix(f"use Dense({source.classes}) -> softmax with cross_entropy")
            found.append(error("E0407", message, span, secondary=place, fixes=[fix]))
        elif loss.task == "binary" and not source.several and tensor.shape != (1,):
            ends_in_it = last_activation(graph, name) == loss.activation
            if ends_in_it:
                found.append(_one(source, setting, "label", tensor, graph, index))
        elif loss.task == "numbers" and not source.several:
            if last_activation(graph, name) == "softmax":
                found.append(_shares(loss, graph, index))
            elif source.numbers is not None and tensor.shape != (source.numbers,):
                found.append(_one(source, setting, "number", tensor, graph, index))
    return found


def _one(
    source: Source, setting: ir.Setting, what: str, tensor: Tensor, graph: Graph, index: int
) -> Diagnostic:
    """The target is one label or number; anything wider would be compared with it again and again."""
    message = f"`{source.word}` has one {what} to predict, but the model gives {tensor}"
    place = [Label(setting.span, f"one {what} for each example")]
    activation = " -> sigmoid" if what == "label" else ""
    span, fix = graph.node(index).span, Fix(f"end it with Dense(1){activation}")
    spot = _units(graph, index) if tensor.rank == 1 else None
    if tensor.rank > 1:
        fix = Fix(f"make features of it first: Flatten -> Dense(1){activation}")
    if spot is not None:
        span, fix = spot, Fix("write 1", (Edit(spot, "1"),))
    return error("E0407", message, span, secondary=place, fixes=[fix])


def _shares(loss: Loss, graph: Graph, index: int) -> Diagnostic:
    span = graph.node(index).span
    message = f"`softmax` makes shares that add up to 1, but `{loss.word}` compares numbers"
    fixes = [Fix("end it with Dense(1), without an activation")]
    arrow = span.source.text.rfind("->", 0, span.start)
    if arrow >= 0 and not span.source.text[arrow + 2 : span.start].strip():
        gone = span.source.span(len(span.source.text[:arrow].rstrip()), span.end)
        fixes = [Fix("remove `softmax`", (Edit(gone, ""),))]
    return error("E0406", message, span, fixes=fixes)


def _classes(
    source: Source, classes: int, setting: ir.Setting, tensor: Tensor, graph: Graph, index: int
) -> Diagnostic:
    """The model ends in another number of classes than the data have: shown where that number is written."""
    message = f"`{source.word}` has {classes} classes, but the model gives {tensor}"
    place = [Label(setting.span, f"has {classes} classes")]
    span = graph.node(index).span
    fix = Fix(f"end it with Dense({classes}) -> softmax")
    spot = _units(graph, index)
    if spot is not None:
        span = spot
        fix = Fix(f"write {classes}", (Edit(span, str(classes)),))
    return error("E0407", message, span, secondary=place, fixes=[fix])


def _units(graph: Graph, index: int) -> Span | None:
    """Where the size of the last layer is written: in the layer, or as the default of a parameter."""
    node = graph.node(index)
    while node.word is not None and node.word.kind == "activation" and len(node.inputs) == 1:
        node = graph.node(node.inputs[0])
    use = use_of(graph, node.index)
    expr = use.arguments.get("units") if use is not None else None
    if not isinstance(expr, tree.Name):
        return expr.span if isinstance(expr, tree.Number) else None
    for parameter in graph.root.definition.parameters:
        if parameter.name == expr.text and isinstance(parameter.default, tree.Number):
            return parameter.default.span
    return None
