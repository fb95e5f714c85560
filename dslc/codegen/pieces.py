"""An expression taken apart into texts and the brackets between them, where it may be split."""

from __future__ import annotations

from dataclasses import dataclass

from dslc.codegen.flat import LAMBDA, PRIMARY, Flat, Part, lone_generator, operands, precedence
from dslc.codegen.nodes import (
    Attr,
    BinOp,
    BoolOp,
    Call,
    Compare,
    Comprehension,
    DictOf,
    Index,
    ListOf,
    TupleOf,
    UnaryOp,
)


@dataclass(frozen=True)
class Bracket:
    """A pair of brackets of an expression and what is between them."""

    kind: str  # "call", "display", "index", "parens" or "clauses"
    opening: str
    closing: str
    items: tuple[Part, ...]
    flat: str


Pieces = list[str | Bracket]


def take_apart(node: Part, flat: Flat) -> Pieces:
    """A primary taken apart: names and `.attributes` as text, the brackets between them."""
    found: Pieces = []
    while isinstance(node, Attr | Call | Index):
        if isinstance(node, Attr):
            found.append(f".{node.name}")
            node = node.value
        elif isinstance(node, Call):
            found.append(_bracket(node, flat))
            node = node.func
        else:
            found.append(Bracket("index", "[", "]", node.items, flat.join(node.items)))
            node = node.value
    base = _base(node, flat)
    is_number = isinstance(base, str) and base[0].isdigit() and bool(found)
    found.append(f"({base})" if is_number else base)
    found.reverse()
    return joined(found)


def _bracket(node: Call, flat: Flat) -> Bracket:
    generator = lone_generator(node)
    if generator:
        return Bracket("clauses", "(", ")", (generator,), flat.arguments(node))
    return Bracket("call", "(", ")", node.arguments, flat.arguments(node))


def _base(node: Part, flat: Flat) -> str | Bracket:
    text = flat.text(node, PRIMARY)
    inner = text[1:-1]
    match node:
        case TupleOf(items=items) | ListOf(items=items) | DictOf(pairs=items):
            return Bracket("display", text[0], text[-1], tuple(items), inner)
        case Comprehension():
            return Bracket("clauses", text[0], text[-1], (node,), inner)
    if precedence(node) < PRIMARY:
        return Bracket("parens", "(", ")", (node,), inner)
    return text


def take_operation_apart(node: Part, flat: Flat, least: int = LAMBDA) -> Pieces:
    """Texts and brackets of an operation, in the order of its text."""
    if precedence(node) < least or not isinstance(node, BinOp | Compare | BoolOp | UnaryOp):
        return take_apart(node, flat)
    if isinstance(node, UnaryOp):
        sign = "not " if node.op == "not" else node.op
        operand = take_operation_apart(node.operand, flat, precedence(node))
        return joined([sign, *operand])
    found: Pieces = []
    for op, value, inner in operands(node):
        if op:
            hugged = op == "**" and " ** " not in flat.text(node)
            found.append(op if hugged else f" {op} ")
        found += take_operation_apart(value, flat, inner)
    return joined(found)


def joined_text(pieces: Pieces) -> str:
    return "".join(
        piece if isinstance(piece, str) else f"{piece.opening}{piece.flat}{piece.closing}"
        for piece in pieces
    )


def joined(pieces: Pieces) -> Pieces:
    """`pieces` with neighbouring texts made one: `.a.b` splits before `.a` only."""
    out: Pieces = []
    for piece in pieces:
        if out and isinstance(piece, str) and isinstance(out[-1], str):
            out[-1] += piece
        else:
            out.append(piece)
    return out
