"""Does the data fit the model? Shapes, kinds of numbers and classes that are known before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

from dslc.check.protocol import protocol_of
from dslc.check.targets import check_targets, losses_of
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph, Node
from dslc.graph.explain import use_of
from dslc.spec import ir
from dslc.spec.values import UNKNOWN
from dslc.syntax import tree
from dslc.vocab.data import Csv, Images, TextTable, part_sizes, split_problem
from dslc.vocab.dims import Sym
from dslc.vocab.experiment import Protocol, Source, Split
from dslc.vocab.tensor import Tensor


def check_data(
    data: ir.SectionSpec,
    train: ir.SectionSpec,
    graph: Graph,
    *,
    cropped: bool = False,
    evaluate: ir.SectionSpec | None = None,
) -> list[Diagnostic]:
    """What the source gives against what the model takes; pictures that are `cropped` may be larger. The protocol of
    `evaluate` may make the test parts."""
    source_setting, split_setting = data.settings.get("source"), data.settings.get("split")
    if source_setting is None or not isinstance(source_setting.value, Source):
        return []
    source = source_setting.value
    found: list[Diagnostic] = []
    protocol = protocol_of(evaluate)
    unread = evaluate is not None and "protocol" not in evaluate.settings  # reported
    if split_setting is not None and isinstance(split_setting.value, Split) and not unread:
        problem = split_problem(source, split_setting.value, protocol)
        if problem and protocol is not None and source.own_test:
            pass  # the protocol is refused
        elif problem and protocol is not None and evaluate is not None:
            found.append(_two_shares(problem, split_setting, split_setting.value, evaluate))
        elif problem:
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
        else:
            found += _parts(source, split_setting, split_setting.value, protocol)
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
            found += _input(source, source_setting, statement, node, node.output, cropped)
    scale = data.settings.get("scale")
    if scale is not None and scale.value is not None and source.dtype == "int":
        message = "token ids are names of words, not amounts: they are not scaled"
        found.append(error("E0408", message, scale.span, fixes=[Fix("remove scale")]))
    found += _vocabulary(source, source_setting, graph)
    found += check_targets(source, source_setting, train, graph)
    return found


def _as_random(setting: ir.Setting) -> str:
    text = setting.span.text
    return "random" + text[text.find("(") :] if "(" in text else "random(70, 15, 15)"


def _two_shares(
    problem: str, setting: ir.Setting, split: Split, evaluate: ir.SectionSpec
) -> Diagnostic:
    there = [Label(evaluate.settings["protocol"].span, "makes the test parts")]
    two = f"{split.word}({split.train:g}, {split.val:g})"
    fix = Fix(f"write {two}", (Edit(setting.span, two),))
    return error("E0412", problem, setting.span, secondary=there, fixes=[fix])


def _parts(
    source: Source, setting: ir.Setting, split: Split, protocol: Protocol | None
) -> list[Diagnostic]:
    """Shares that leave a part without examples, or without one of each class."""
    if source.samples is None or source.own_test and protocol is not None:
        return []
    samples = source.samples if protocol is None else protocol.untested(source.samples)
    sizes = part_sizes(samples, split)
    classes = source.classes if split.word == "stratified" else None
    name = min(sizes, key=sizes.__getitem__)
    if sizes[name] >= (classes or 1):
        return []
    message = f"these shares leave {_count_of(sizes[name])} for the {name} part"
    if sizes[name]:
        message += f", but there are {classes} classes"
    notes = [f"`{source.word}` has {samples:,} examples to split; only the ratio counts"]
    if protocol is not None:
        notes = [
            f"`{protocol.text}` leaves {samples:,} of `{source.word}` to split; only the ratio counts"
        ]
    usual = f"{split.word}(85, 15)" if split.test is None else f"{split.word}(70, 15, 15)"
    fix = Fix(f"write {usual}", (Edit(setting.span, usual),))
    return [error("E0412", message, setting.span, notes=notes, fixes=[fix])]


def _count_of(examples: int) -> str:
    return f"{examples or 'no'} example{'s' if examples != 1 else ''}"


def _vocabulary(source: Source, setting: ir.Setting, graph: Graph) -> list[Diagnostic]:
    """A table of vectors with fewer rows than there are token ids."""
    if not isinstance(source, TextTable):
        return []
    ids = source.vocabulary
    for node in graph.nodes():
        rows = getattr(node.word, "vocabulary", None)
        fed = any(index in graph.inputs.values() for index in node.inputs)
        if not fed or not isinstance(rows, int) or rows >= ids:
            continue
        assert node.word is not None
        use = use_of(graph, node.index)
        expr = use.arguments.get("vocabulary") if use is not None else None
        span, fix = node.span, Fix(f"give it a vocabulary of {ids}")
        if isinstance(expr, tree.Number):
            span, fix = expr.span, Fix(f"write {ids}", (Edit(expr.span, str(ids)),))
        message = (
            f"`{source.word}` gives {ids:,} token ids, but `{node.word.word}` has {rows:,} rows"
        )
        place = [Label(setting.span, f"ids from 0 to {ids - 1}")]
        return [error("E0408", message, span, secondary=place, fixes=[fix])]
    return []


def _has_classes(train: ir.SectionSpec, graph: Graph) -> bool:
    """Whether the (first) target is a class; unknown losses are taken as such."""
    part = train.parts.get("loss")
    if part is not None and any(s.value is UNKNOWN for s in part.settings.values()):
        return True
    first = next(iter(losses_of(train, graph).values()), None)
    return first is None or first.task != "numbers"


def _count(things: Mapping[str, object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


def _input(
    source: Source,
    setting: ir.Setting,
    statement: ir.Input,
    node: Node,
    tensor: Tensor,
    cropped: bool,
) -> list[Diagnostic]:
    """A mismatch is shown at the shape of the input: the data are what they are."""
    name = statement.name
    span = statement.shape.span if statement.shape is not None else node.span
    place = [Label(setting.span, "the data")]
    kinds = {"int": "token ids", "float": "numbers"}
    if source.features is not None and not _equal(tensor, source.features, cropped):
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


def _equal(tensor: Tensor, features: tuple[int, ...], cropped: bool) -> bool:
    if cropped and tensor.rank == len(features) == 3:
        return tensor.shape[2] == features[2]
    return tensor.shape == features


def _numbers(tensor: Tensor) -> str:
    return "x".join("224" if isinstance(d, Sym) else str(d) for d in tensor.shape)
