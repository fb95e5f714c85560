"""Do class weights fit the outputs that they are for?"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.outputs import by_output, losses_by_output
from dslc.diagnostics import Diagnostic, Fix, error
from dslc.graph import Graph
from dslc.spec import ir
from dslc.vocab.experiment import Loss
from dslc.vocab.tensor import Tensor


def check_class_weights(train: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    """A diagnostic for every output whose examples have no such classes."""
    losses = losses_by_output(train, graph)
    found: list[Diagnostic] = []
    for name, setting in by_output(train, "class_weight", graph).items():
        tensor, loss = graph.tensor(graph.outputs[name]), losses.get(name)
        if setting.value is None or tensor is None or loss is None:
            continue
        assert isinstance(loss.value, Loss)
        single = len(graph.outputs) == 1
        found += _misfit(setting, loss.value, tensor, name, graph, single=single)
    return found


def _misfit(
    setting: ir.Setting, loss: Loss, tensor: Tensor, name: str, graph: Graph, *, single: bool
) -> Iterator[Diagnostic]:
    which = "the model" if single else f"`{name}`"
    if loss.task == "numbers":
        message = f"`class_weight` needs classes; {which} learns numbers with `{loss.word}`"
        others = [other for other in graph.outputs if other != name]
        part = f"class_weight {{ {others[0]} = balanced }}" if others else ""
        fix = Fix(f"name the outputs with classes: {part}" if part else "remove it")
        yield error("E0425", message, setting.span, fixes=[fix])
    elif loss.task == "binary" and tensor.channels != 1:
        message = (
            f"`class_weight` needs one class for each example; {which} has {tensor.channels} labels"
        )
        notes = ["of several labels all may be true: each is a question of its own"]
        yield error("E0425", message, setting.span, notes=notes, fixes=[Fix("remove it")])
    elif isinstance(setting.value, tuple):
        classes = 2 if loss.task == "binary" else tensor.channels
        count = len(setting.value)
        if isinstance(classes, int) and count != classes:
            numbers = f"{count} number{'s' if count != 1 else ''}"
            message = f"`class_weight` has {numbers}, {which} has {classes} classes"
            fix = Fix("give each class its number, in their order, or write balanced")
            yield error("E0425", message, setting.span, fixes=[fix])
        elif not any(setting.value):
            message = "every class has the weight 0: nothing would be learned"
            fix = Fix("give at least one class a weight above 0")
            yield error("E0425", message, setting.span, fixes=[fix])
