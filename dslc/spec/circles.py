"""Blocks that contain themselves, directly or by way of others."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Fix, Label, error
from dslc.spec import ir


def cut_circles(own: list[ir.Definition]) -> list[Diagnostic]:
    """Report each circle once, and empty the bodies in it, so that nothing runs for ever."""
    found: list[Diagnostic] = []
    state: dict[ir.Definition, int] = {}
    for start in own:
        if state.get(start):
            continue
        stack: list[tuple[ir.Definition, list[ir.BlockUse]]] = [(start, _uses(start))]
        state[start] = 1
        while stack:
            definition, todo = stack[-1]
            if not todo:
                state[definition] = 2
                stack.pop()
                continue
            use = todo.pop(0)
            block = use.block
            if block is None:
                continue
            if state.get(block) == 1:
                circle = [d for d, _ in stack]
                circle = circle[circle.index(block) :]
                found.append(_circle(circle, use))
                for member in circle:
                    member.body = ()
            elif not state.get(block):
                state[block] = 1
                stack.append((block, _uses(block)))
    return found


def _circle(circle: list[ir.Definition], use: ir.BlockUse) -> Diagnostic:
    block = circle[0]
    message = f"block `{block.name}` contains itself"
    notes = []
    if len(circle) > 1:
        way = " -> ".join(d.name for d in (*circle, block))
        notes = [f"the circle: {way}"]
    fix = Fix(f"to repeat a block, write {block.name} * 3")
    there = [Label(block.node.name.span, "defined here")]
    return error("E0211", message, use.node.span, secondary=there, notes=notes, fixes=[fix])


def _uses(definition: ir.Definition) -> list[ir.BlockUse]:
    """Every use of a block in a body."""
    uses: list[ir.BlockUse] = []
    todo: list[object] = list(definition.body)
    while todo:
        node = todo.pop()
        match node:
            case ir.BlockUse():
                uses.append(node)
            case ir.LetTensor() | ir.Output() | ir.OperandArm():
                todo.append(node.value)
            case ir.LetLayer():
                todo.append(node.target)
            case ir.Flow():
                todo += [node.source, *node.steps]
            case ir.Step():
                todo.append(node.target)
            case ir.Repeat() | ir.StepArm():
                todo += node.steps
            case ir.MatchSteps() | ir.MatchOperand():
                todo += node.arms
            case ir.WordUse():
                todo += node.operands
            case ir.Several():
                todo += node.items
    return uses
