"""Does the data fit the model? Shapes, kinds of numbers and classes that are known before anything is read."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph, Node
from dslc.spec import ir
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
            found.append(error("E0412", problem, split_setting.span))
        elif split_setting.value.word == "stratified" and not _has_classes(train, graph):
            message = "`stratified` keeps the share of each class, but this target is a number"
            fix = Fix("write random(…)", (Edit(split_setting.span, _as_random(split_setting)),))
            found.append(error("E0412", message, split_setting.span, fixes=[fix]))
    if (len(graph.inputs) > 1 or len(graph.outputs) > 1) and not source.several:
        message = f"`{source.word}` feeds one input and one output"
        notes = [f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs"]
        fix = Fix('npz("file.npz") holds arrays by the names of inputs and outputs')
        return [*found, error("E0408", message, source_setting.span, notes=notes, fixes=[fix])]
    for name, index in graph.inputs.items():
        node = graph.node(index)
        if node.output is not None:
            found += _input(source, source_setting, name, node, node.output)
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
    from dslc.check.experiment import losses_by_output

    found: dict[str, Loss] = {}
    for name, setting in losses_by_output(train, graph).items():
        assert isinstance(setting.value, Loss)
        found[name] = setting.value
    return found


def _has_classes(train: ir.SectionSpec, graph: Graph) -> bool:
    """Whether the (first) target is a class; unknown losses are taken as such."""
    first = next(iter(_losses(train, graph).values()), None)
    return first is None or first.task != "numbers"


def _input(
    source: Source, setting: ir.Setting, name: str, node: Node, tensor: Tensor
) -> list[Diagnostic]:
    place = [Label(node.span, f"`{name}` is {tensor}")]
    if source.features is not None and tensor.shape != source.features:
        shape = "x".join(map(str, source.features))
        message = f"`{source.word}` gives {shape}, the model takes {tensor}"
        fixes = [Fix(f"write input {name}: {shape}")]
        return [error("E0408", message, setting.span, secondary=place, fixes=fixes)]
    if tensor.dtype != source.dtype and not source.several:
        kinds = {"int": "token ids", "float": "numbers"}
        message = (
            f"`{source.word}` gives {kinds[source.dtype]}, the model takes {kinds[tensor.dtype]}"
        )
        fix = (
            "text(…) gives token ids"
            if tensor.dtype == "int"
            else "put an Embedding behind the input"
        )
        return [error("E0408", message, setting.span, secondary=place, fixes=[Fix(fix)])]
    wanted = ""
    if isinstance(source, Images) and (tensor.rank != 3 or tensor.channels not in (1, 3)):
        wanted = "an image with 1 or 3 channels, such as 224x224x3"
    elif isinstance(source, (Csv, TextTable)) and tensor.rank != 1:
        wanted = "one row of numbers, such as `input row: 12`"
    if wanted:
        message = f"`{source.word}` needs a model that takes {wanted}; this one takes {tensor}"
        return [error("E0408", message, setting.span, secondary=place)]
    if any(isinstance(d, Sym) for d in tensor.shape) and not source.several:
        message = f"`{source.word}` needs to know the size of `{name}`, which is {tensor}"
        fix = Fix("give numbers: input tokens: 200")
        return [error("E0408", message, setting.span, secondary=place, fixes=[fix])]
    return []


def _targets(
    source: Source, setting: ir.Setting, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for name, loss in _losses(train, graph).items():
        index = graph.outputs[name]
        tensor = graph.tensor(index)
        if tensor is None or index is None:
            continue
        place = [Label(graph.node(index).span, f"makes {tensor}")]
        task = "numbers" if loss.task == "numbers" else "classes"
        if task not in source.targets:
            message = f"`{loss.word}` is for {loss.task}, but the targets of `{source.word}` are {source.targets[0]}"
            found.append(error("E0408", message, setting.span, secondary=place))
        elif (
            source.classes is not None
            and loss.task == "classes"
            and tensor.shape != (source.classes,)
        ):
            message = f"`{source.word}` has {source.classes} classes, the model gives {tensor}"
            fix = Fix(f"end it with Dense({source.classes}) -> softmax")
            found.append(error("E0407", message, setting.span, secondary=place, fixes=[fix]))
        elif source.classes is not None and loss.task == "binary" and source.classes != 2:
            message = f"`{source.word}` has {source.classes} classes, `{loss.word}` tells two apart"
            fix = Fix(f"use Dense({source.classes}) -> softmax with cross_entropy")
            found.append(error("E0407", message, setting.span, secondary=place, fixes=[fix]))
    return found
