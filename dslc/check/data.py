"""Does the data fit the model? Shapes, kinds of numbers and classes that are known before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

from dslc.check.outputs import losses_by_output
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph, Node
from dslc.graph.explain import use_of
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.values import UNKNOWN
from dslc.syntax import tree
from dslc.vocab.data import Csv, Images, TextTable, split_problem
from dslc.vocab.dims import Sym
from dslc.vocab.experiment import Loss, Source, Split
from dslc.vocab.tensor import Tensor


def check_data(data: ir.SectionSpec, train: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    source_setting, split_setting = data.settings.get("source"), data.settings.get("split")
    if source_setting is None or not isinstance(source_setting.value, Source):
        return []
    source = source_setting.value
    found: list[Diagnostic] = []
    if split_setting is not None and isinstance(split_setting.value, Split):
        problem = split_problem(source, split_setting.value)
        if problem:
            fix = Fix("the shares are numbers such as 70, 15, 15: only their ratio counts")
            found.append(error("E0412", problem, split_setting.span, fixes=[fix]))
        elif (
            split_setting.value.word == "stratified"
            and "numbers" in source.targets
            and not _has_classes(train, graph)
        ):
            message = "`stratified` keeps the share of each class, but this target is a number"
            fix = Fix("write random(…)", (Edit(split_setting.span, _as_random(split_setting)),))
            found.append(error("E0412", message, split_setting.span, fixes=[fix]))
    if (len(graph.inputs) > 1 or len(graph.outputs) > 1) and not source.several:
        message = f"`{source.word}` feeds one input and one output"
        notes = [
            f"the model has {_count(graph.inputs, 'input')} and {_count(graph.outputs, 'output')}"
        ]
        fix = Fix('npz("file.npz") holds arrays by the names of inputs and outputs')
        return [*found, error("E0408", message, source_setting.span, notes=notes, fixes=[fix])]
    for statement in graph.root.definition.inputs:
        node = graph.node(graph.inputs[statement.name])
        if node.output is not None:
            found += _input(source, source_setting, statement, node, node.output)
    scale = data.settings.get("scale")
    if scale is not None and scale.value is not None and source.dtype == "int":
        message = "token ids are names of words, not amounts: they are not scaled"
        found.append(error("E0408", message, scale.span, fixes=[Fix("remove scale")]))
    found += _targets(source, source_setting, train, graph)
    return found


def _as_random(setting: ir.Setting) -> str:
    text = setting.span.text
    return "random" + text[text.find("(") :] if "(" in text else "random(70, 15, 15)"


def _losses(train: ir.SectionSpec, graph: Graph) -> dict[str, Loss]:
    found: dict[str, Loss] = {}
    for name, setting in losses_by_output(train, graph).items():
        assert isinstance(setting.value, Loss)
        found[name] = setting.value
    return found


def _has_classes(train: ir.SectionSpec, graph: Graph) -> bool:
    """Whether the (first) target is a class; unknown losses are taken as such."""
    part = train.parts.get("loss")
    if part is not None and any(s.value is UNKNOWN for s in part.settings.values()):
        return True
    first = next(iter(_losses(train, graph).values()), None)
    return first is None or first.task != "numbers"


def _count(things: Mapping[str, object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


def _input(
    source: Source, setting: ir.Setting, statement: ir.Input, node: Node, tensor: Tensor
) -> list[Diagnostic]:
    """A mismatch is shown at the shape of the input: the data are what they are."""
    name = statement.name
    span = statement.shape.span if statement.shape is not None else node.span
    place = [Label(setting.span, "the data")]
    kinds = {"int": "token ids", "float": "numbers"}
    if source.features is not None and tensor.shape != source.features:
        shape = "x".join(map(str, source.features))
        message = f"`{source.word}` gives {shape}, but the model takes {tensor}"
        fix = Fix(f"write input {name}: {shape}", (Edit(span, shape),))
    elif tensor.dtype != source.dtype and not source.several and node.reader is not None:
        message = f"`{source.word}` gives {kinds[source.dtype]}, but the model takes {kinds[tensor.dtype]}"
        fix = Fix("put an Embedding behind the input: it turns ids into numbers")
        if tensor.dtype == "int":
            fix = Fix("text(…) gives token ids; or leave out the Embedding")
    elif isinstance(source, Images) and (tensor.rank != 3 or tensor.channels not in (1, 3)):
        message = f"`images` gives pictures with 1 or 3 channels, but the model takes {tensor}"
        fix = Fix(f"write input {name}: 224x224x3")
    elif isinstance(source, (Csv, TextTable)) and tensor.rank != 1:
        what = "rows of numbers" if isinstance(source, Csv) else "rows of token ids"
        message = f"`{source.word}` gives {what}, but the model takes {tensor}"
        fix = Fix(f"write input {name}: 12, the length of a row")
    elif any(isinstance(d, Sym) for d in tensor.shape) and not source.several:
        message = f"`{source.word}` needs to know the size of `{name}`, which is {tensor}"
        fix = Fix(f"write numbers: input {name}: {_numbers(tensor)}")
    else:
        return []
    return [error("E0408", message, span, secondary=place, fixes=[fix])]


def _numbers(tensor: Tensor) -> str:
    return "x".join("224" if isinstance(d, Sym) else str(d) for d in tensor.shape)


def _targets(
    source: Source, setting: ir.Setting, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for name, loss in _losses(train, graph).items():
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
    return found


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
