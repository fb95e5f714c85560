"""From the parser's reductions to the tree: one small function for each rule of the grammar.

A function takes the rule's symbols (tokens and nodes, lists of `*` flattened) and the span they cover.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dslc.source import Span
from dslc.syntax import tree
from dslc.syntax.tokens import Token

Items = list[Any]

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
SUFFIXES = {"k": 10**3, "M": 10**6, "G": 10**9}


def string_value(text: str) -> str:
    """`"a\\n"` with its quotes taken off and its escapes resolved; faulty escapes stay as they are."""
    body = text[1:-1]
    if "\\" not in body:
        return body
    out: list[str] = []
    i = 0
    while i < len(body):
        if body[i] != "\\":
            out.append(body[i])
            i += 1
        elif body[i + 1 : i + 2] == "u":
            out.append(chr(int(body[i + 2 : i + 6], 16)))
            i += 6
        else:
            out.append(ESCAPES[body[i + 1]])
            i += 2
    return "".join(out)


def number_value(text: str) -> int | float:
    """`5M` is 5_000_000, `0.5k` is 500, `1e-3` a float. Whole numbers with a suffix are ints."""
    plain = text.replace("_", "")
    if plain[-1] in SUFFIXES:
        scaled = Decimal(plain[:-1]) * SUFFIXES[plain[-1]]
        return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)
    return int(plain) if plain.isdigit() else float(plain)


def name_of(token: Token, span: Span) -> tree.Name:
    return tree.Name(Span(span.source, token.start, token.end), token.text)


def file(items: Items, span: Span) -> Any:
    return items


def import_(items: Items, span: Span) -> tree.Import:
    names = [t for t in items[3:] if t.type == "NAME"]
    path = string([items[1]], Span(span.source, items[1].start, items[1].end))
    return tree.Import(span, path, tuple(name_of(t, span) for t in names))


def definition(items: Items, span: Span) -> tree.Definition:
    parameters = tuple(i for i in items if isinstance(i, tree.Parameter))
    body = tuple(i for i in items if isinstance(i, tree.Node) and not isinstance(i, tree.Parameter))
    name = name_of(items[1], span)
    return tree.Definition(span, items[0].text, name, parameters, body)  # type: ignore[arg-type]


def parameter(items: Items, span: Span) -> tree.Parameter:
    return tree.Parameter(span, name_of(items[0], span), items[2] if len(items) > 1 else None)


def input_(items: Items, span: Span) -> tree.Input:
    shape = items[3] if len(items) > 3 else None
    where = items[5] if len(items) > 5 else None
    return tree.Input(span, name_of(items[1], span), shape, where)


def output(items: Items, span: Span) -> tree.Output:
    return tree.Output(span, name_of(items[1], span), items[3])


def let(items: Items, span: Span) -> tree.Let:
    return tree.Let(span, name_of(items[0], span), items[2])


def assert_(items: Items, span: Span) -> tree.Assert:
    return tree.Assert(span, items[1])


def bare(items: Items, span: Span) -> tree.Bare:
    return tree.Bare(span, items[0])


def section(items: Items, span: Span) -> tree.Section:
    name = name_of(items[1], span) if items[1].type == "NAME" else None
    entries = tuple(i for i in items if isinstance(i, tree.Node))
    return tree.Section(span, name_of(items[0], span), name, entries)  # type: ignore[arg-type]


def flow(items: Items, span: Span) -> tree.Flow:
    return tree.Flow(span, items[0], tuple(i for i in items[1:] if isinstance(i, tree.Step)))


def step(items: Items, span: Span) -> tree.Step:
    head = items[0]
    if isinstance(head, Token) and head.type == "LPAR":
        target, rest = items[1], items[3:]
    else:
        target, rest = name_of(head, span) if isinstance(head, Token) else head, items[1:]
    times = rest[1] if rest and rest[0].type == "STAR" else None
    return tree.Step(span, target, times, _label(rest, span))


def repeat(items: Items, span: Span) -> tree.Step:
    return tree.Step(span, items[3], items[1], _label(items[5:], span))


def _label(rest: Items, span: Span) -> tree.Name | None:
    if len(rest) > 1 and isinstance(rest[-2], Token) and rest[-2].type == "AS":
        return name_of(rest[-1], span)
    return None


def chain(items: Items, span: Span) -> tree.Chain:
    return tree.Chain(span, tuple(i for i in items if isinstance(i, tree.Step)))


def match(items: Items, span: Span) -> tree.Match:
    return tree.Match(span, tuple(i for i in items if isinstance(i, tree.Arm)))


def arm(items: Items, span: Span) -> tree.Arm:
    return tree.Arm(span, None if isinstance(items[0], Token) else items[0], items[2])


def binary(items: Items, span: Span) -> tree.Binary:
    return tree.Binary(span, items[1].text, items[0], items[2])


def unary(items: Items, span: Span) -> tree.Node:
    operator, operand = items
    bare = operand.span.end == span.end  # in `-(0..1)` the minus is not part of the range
    if operator.type == "MINUS" and isinstance(operand, tree.Range) and bare:
        low = Span(span.source, span.start, operand.low.span.end)  # `-1..1` is a range from -1
        return tree.Range(span, tree.Unary(low, "-", operand.low), operand.high)
    return tree.Unary(span, operator.text, operand)


def attribute(items: Items, span: Span) -> tree.Attribute:
    return tree.Attribute(span, items[0], name_of(items[2], span))


def name(items: Items, span: Span) -> tree.Name:
    return tree.Name(span, items[0].text)


def number(items: Items, span: Span) -> tree.Number:
    return tree.Number(span, number_value(items[0].text), items[0].text)


def range_(items: Items, span: Span) -> tree.Range:
    low = items[0]
    return tree.Range(span, number([low], Span(span.source, low.start, low.end)), items[2])


def bound(items: Items, span: Span) -> tree.Number | tree.Unary:
    last = items[-1]
    value = number([last], Span(span.source, last.start, last.end))
    return value if len(items) == 1 else tree.Unary(span, "-", value)


def size(items: Items, span: Span) -> tree.Size:
    return tree.Size(span, tuple(int(part) for part in items[0].text.split("x")))


def string(items: Items, span: Span) -> tree.String:
    return tree.String(span, string_value(items[0].text))


def group(items: Items, span: Span) -> Any:
    """`(a)` is `a`; `()`, `(a,)` and `(a, b)` are tuples."""
    if len(items) == 3:
        return items[1]
    return tree.Tuple(span, _between(items), "(")


def list_(items: Items, span: Span) -> tree.Tuple:
    return tree.Tuple(span, _between(items), "[")


def _between(items: Items) -> tuple[Any, ...]:
    return tuple(i for i in items if isinstance(i, tree.Node))


def call(items: Items, span: Span) -> tree.Call:
    arguments = tuple(i for i in items if isinstance(i, tree.Argument))
    return tree.Call(span, name_of(items[0], span), arguments)


def argument(items: Items, span: Span) -> tree.Argument:
    if len(items) == 1:
        return tree.Argument(span, None, items[0])
    return tree.Argument(span, name_of(items[0], span), items[2])


ACTIONS: dict[str, Callable[[Items, Span], Any]] = {
    "file": file,
    "import": import_,
    "definition": definition,
    "parameter": parameter,
    "input": input_,
    "output": output,
    "let": let,
    "assert": assert_,
    "bare": bare,
    "section": section,
    "flow": flow,
    "step": step,
    "repeat": repeat,
    "chain": chain,
    "match": match,
    "arm": arm,
    "binary": binary,
    "unary": unary,
    "attribute": attribute,
    "name": name,
    "number": number,
    "range": range_,
    "bound": bound,
    "size": size,
    "string": string,
    "group": group,
    "list": list_,
    "call": call,
    "argument": argument,
}
