"""How values and flows are laid out: each function says what parts its kind of node is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dslc.fmt.builder import Builder, Drop, Part, Slot
from dslc.fmt.document import CLOSE, DEDENT, INDENT, OPEN, Comma, Line, Space
from dslc.syntax import tree

SPACE = Space()
FLOW, OR, AND, NOT, COMPARISON, SUM, PRODUCT, MINUS, ATTRIBUTE, ATOM = range(10)  # how they bind
BINDS = {
    "or": OR,
    "and": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
}


def level_of(node: tree.Node) -> int:
    """How closely an expression holds together: what binds less than its place wants stands in parentheses."""
    if isinstance(node, tree.Binary):
        return BINDS.get(node.op, COMPARISON)
    if isinstance(node, tree.Unary):
        return NOT if node.op == "not" else MINUS
    if isinstance(node, tree.Range):
        return MINUS if isinstance(node.low, tree.Unary) else ATOM
    if isinstance(node, tree.Attribute):
        return ATTRIBUTE
    return FLOW if isinstance(node, tree.Flow) else ATOM


def slot(builder: Builder, slot: Slot) -> list[Part]:
    """A value with the parentheses that it needs. Of those that it does not need, one pair is kept where it helps to
    read an operation, or keeps a minus sign from joining the statement above."""
    node, start = slot.node, slot.node.span.start
    count = 0
    while (token := builder.pieces[builder.at + count].token).text == "(" and token.start < start:
        count += 1
    level = level_of(node)
    helps = FLOW < level < ATTRIBUTE or builder.near(start).token.text == "-"
    needed = bool(count) and (level < slot.level or (slot.keep and helps))
    if needed:
        inner: list[Part] = [OPEN, "(", INDENT, Line(0), node, DEDENT, Line(0), ")", CLOSE]
    elif isinstance(node, tree.Flow):
        inner = flow(builder, node, hang=slot.hang)
    else:
        inner = [node]
    spare = count - needed
    return [*[Drop("(")] * spare, *inner, *[Drop(")")] * spare]


def leaf(builder: Builder, node: tree.Node) -> list[Part]:
    return [node.span.text]


def range_(builder: Builder, node: tree.Range) -> list[Part]:
    return [node.low, "..", node.high]


def unary(builder: Builder, node: tree.Unary) -> list[Part]:
    if node.op == "not":
        return ["not", SPACE, Slot(node.operand, NOT, keep=True)]
    level = ATOM + 1 if isinstance(node.operand, tree.Range) else MINUS  # `-(0..1)` is not `-0..1`
    return ["-", Slot(node.operand, level, keep=True)]


def binary(builder: Builder, node: tree.Binary) -> list[Part]:
    """Long conditions break in front of `and` and `or`."""
    own = level_of(node)
    left_level = SUM if own == COMPARISON else own
    operands: list[tuple[str, tree.Expr]] = [(node.op, node.right)]
    first = node.left
    while (
        own in (AND, OR)
        and isinstance(first, tree.Binary)
        and first.op == node.op
        and first.span.start == node.span.start  # and so not in parentheses
    ):
        operands.append((first.op, first.right))
        first = first.left
    head = Slot(first, left_level, keep=True)
    rest: list[Part] = []
    for op, operand in reversed(operands):
        line = Line() if own in (AND, OR) else SPACE
        rest += [line, op, SPACE, Slot(operand, own + 1, keep=True)]
    return [OPEN, head, INDENT, *rest, DEDENT, CLOSE]


def attribute(builder: Builder, node: tree.Attribute) -> list[Part]:
    return [Slot(node.value, ATTRIBUTE), ".", node.name]


def listed(
    builder: Builder, opening: int, items: Sequence[Part], *, single: bool = False
) -> list[Part]:
    """Items between brackets, the first of which is the piece `opening`: on one line where they fit, else a line each.
    A comma behind the last keeps them apart, but for that of a `single` one, which is always there."""
    bracket = builder.pieces[opening]
    apart = builder.pieces[bracket.partner - 1].token.text == "," and not single
    parts: list[Part] = [OPEN, bracket.token.text, INDENT]
    for i, item in enumerate(items):
        parts += [",", Line()] if i else [Line(0, hard=apart)]
        parts.append(item)
    if items:
        parts += [Drop(","), Comma(always=single)]
    return [*parts, DEDENT, Line(0), builder.pieces[bracket.partner].token.text, CLOSE]


def tuple_(builder: Builder, node: tree.Tuple) -> list[Part]:
    opening = builder.index[node.span.start]
    items = [Slot(item, hang=True) for item in node.items]
    return listed(builder, opening, items, single=node.bracket == "(" and len(items) == 1)


def call(builder: Builder, node: tree.Call) -> list[Part]:
    opening = builder.index[node.name.span.start] + 1
    return [node.name, *listed(builder, opening, node.arguments)]


def argument(builder: Builder, node: tree.Argument) -> list[Part]:
    name: list[Part] = [] if node.name is None else [node.name, "="]
    return [*name, Slot(node.value, hang=True)]


# ------------------------------------------------------------------------------------------- flows
def flow(builder: Builder, node: tree.Flow, *, hang: bool = False) -> list[Part]:
    """Lines that begin with `->` stay. One that is too long breaks at its layers, and else where it must."""
    steps = _steps(builder, node.steps)
    if hang:
        steps = [INDENT, *steps, DEDENT]
    return [Slot(node.source, OR, keep=True), *steps]


def chain(builder: Builder, node: tree.Chain) -> list[Part]:
    return [Drop("->"), node.steps[0], *_steps(builder, node.steps[1:])]


def _steps(builder: Builder, steps: Sequence[tree.Step]) -> list[Part]:
    parts: list[Part] = [OPEN]
    for step in steps:
        if breaks(builder, step):
            parts += [CLOSE, Line(hard=True), OPEN]
        else:
            parts.append(Line(fill=not _is_layer(step)))
        parts += ["->", SPACE, step]
    return [*parts, CLOSE]


def breaks(builder: Builder, step: tree.Step) -> bool:
    """Does the step begin its line in the source?"""
    start = step.span.start
    return builder.near(start).token.first or builder.near(start, -1).token.first


def _is_layer(step: tree.Step) -> bool:
    return not isinstance(step.target, tree.Name) and (
        not isinstance(step.target, tree.Call) or step.target.name.text[0].isupper()
    )


def step(builder: Builder, node: tree.Step) -> list[Part]:
    label: list[Part] = [] if node.label is None else [SPACE, "as", SPACE, node.label]
    if not isinstance(node.target, tree.Chain):
        target: list[Part] = [node.target]
    elif node.times is not None and builder.piece.token.type == "REPEAT":
        opening = builder.index[node.target.span.start] - 1
        body = braced(builder, opening, [node.target])
        return ["repeat", SPACE, Slot(node.times, OR, keep=True), SPACE, *body, *label]
    else:
        target = [OPEN, "(", INDENT, Line(0), node.target, DEDENT, Line(0), ")", CLOSE]
    times: list[Part] = (
        [] if node.times is None else [SPACE, "*", SPACE, Slot(node.times, ATTRIBUTE)]
    )
    return [*target, *times, *label]


def braced(builder: Builder, opening: int, items: Sequence[Part]) -> list[Part]:
    """Items between braces: on one line when they were and fit, else a line each."""
    parts: list[Part] = [OPEN, "{", INDENT]
    for i, item in enumerate(items):
        parts += [Line(2) if i else Line(hard=not builder.one_line(opening)), item]
    return [*parts, DEDENT, Line(), "}", CLOSE]


def match(builder: Builder, node: tree.Match) -> list[Part]:
    opening = builder.index[node.span.start] + 1
    return ["match", SPACE, *braced(builder, opening, node.arms)]


def arm(builder: Builder, node: tree.Arm) -> list[Part]:
    """The value stands behind the colon, or indented below it: where it was, and where it takes several lines."""
    condition: Part = "else" if node.condition is None else Slot(node.condition, OR, keep=True)
    first = builder.index[node.value.span.start]
    while builder.pieces[first - 1].token.type == "LPAR":
        first -= 1
    below = builder.pieces[first].token.first or (
        isinstance(node.value, tree.Flow) and any(breaks(builder, s) for s in node.value.steps)
    )
    return [OPEN, condition, ":", INDENT, Line(hard=below), Slot(node.value), DEDENT, CLOSE]


PARTS: dict[type[Any], Callable[[Builder, Any], list[Part]]] = {
    Slot: slot,
    tree.Name: leaf,
    tree.Number: leaf,
    tree.String: leaf,
    tree.Size: leaf,
    tree.Range: range_,
    tree.Tuple: tuple_,
    tree.Unary: unary,
    tree.Binary: binary,
    tree.Attribute: attribute,
    tree.Argument: argument,
    tree.Call: call,
    tree.Flow: flow,
    tree.Chain: chain,
    tree.Step: step,
    tree.Match: match,
    tree.Arm: arm,
}
