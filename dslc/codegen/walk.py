"""What both model writers need of a plan: its applied words, its names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dslc.plan import model as plan


def applied(functions: tuple[plan.Function, ...]) -> Iterator[plan.Apply]:
    """Every applied word of the functions, each once, in the order in which they are written."""
    seen: set[plan.Apply] = set()
    todo: list[Any] = [s for f in reversed(functions) for s in reversed(f.statements)]
    while todo:
        item = todo.pop()
        match item:
            case plan.Apply():
                if item not in seen:
                    seen.add(item)
                    yield item
            case plan.Let() | plan.Result():
                todo.append(item.value)
            case plan.LetLayer() | plan.Step():
                todo.append(item.target)
            case plan.Flow():
                todo += [*reversed(item.steps), item.source]
            case plan.Merge():
                todo += [item.apply, *reversed(item.operands)]
            case plan.Several():
                todo += reversed(item.items)
            case plan.Choice():
                todo += [operand for _, operand in reversed(item.arms)]
            case plan.Branch():
                todo += [s for _, steps in reversed(item.arms) for s in reversed(steps)]
            case plan.Loop():
                todo += [*reversed(item.rest), *reversed(item.first)]
            case plan.Turns():
                todo += [s for turn in reversed(item.turns) for s in reversed(turn)]


def named_values(function: plan.Function) -> list[str]:
    """The inputs and named values of a function, which its code keeps as names."""
    names = list(function.inputs)
    names += [s.name for s in function.statements if isinstance(s, (plan.Let, plan.LetLayer))]
    return names


def labels_used(function: plan.Function) -> set[str]:
    """Labels that a later flow refers to as values."""
    wanted: set[str] = set()
    todo: list[Any] = [
        s.value for s in function.statements if isinstance(s, (plan.Let, plan.Result))
    ]
    while todo:
        item = todo.pop()
        match item:
            case plan.Value():
                wanted.add(item.name)
            case plan.Flow():
                todo.append(item.source)
            case plan.Merge():
                todo += item.operands
            case plan.Several():
                todo += item.items
            case plan.Choice():
                todo += [operand for _, operand in item.arms]
    return wanted - set(named_values(function))


def without_activation(function: plan.Function, outputs: set[str]) -> plan.Function:
    """The model with the last step of each of `outputs` taken off: it then gives logits."""
    statements: list[plan.Statement] = []
    for statement in function.statements:
        if isinstance(statement, plan.Result) and statement.name in outputs:
            flow = statement.value
            assert isinstance(flow, plan.Flow)
            statement = plan.Result(statement.name, plan.Flow(flow.source, flow.steps[:-1]))
        statements.append(statement)
    return plan.Function(
        function.name,
        function.block,
        function.kind,
        function.parameters,
        function.inputs,
        tuple(statements),
        function.outputs,
        function.span,
    )


def branch_name(operands: tuple[plan.Operand, ...], index: int) -> str:
    """The name of an operand of a merge that is a flow: `branch` where it is the only one, else with a number."""
    flows = [i for i, operand in enumerate(operands) if not isinstance(operand, plan.Value)]
    return (
        "branch" if len(flows) == 1 else f"branch{flows.index(index) + 1}" if index in flows else ""
    )
