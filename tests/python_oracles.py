"""What generated Python is held to: the two formatters, and a printer too simple to be wrong."""

from __future__ import annotations

import ast
import math
import subprocess
import sys

import black

from dslc.codegen.nodes import (
    Attr,
    BinOp,
    BoolOp,
    Call,
    Commented,
    Compare,
    Comprehension,
    Conditional,
    DictOf,
    Index,
    Kw,
    Lambda,
    ListOf,
    Lit,
    Pair,
    Ref,
    Slice,
    Star,
    TupleOf,
    UnaryOp,
)


def ruff(*command: str, text: str) -> str:
    """What `ruff` makes of `text`."""
    argv = [sys.executable, "-m", "ruff", *command, "--isolated", "-"]
    return subprocess.run(
        argv, input=text, capture_output=True, encoding="utf-8", check=True
    ).stdout


def assert_fixed_point(text: str) -> None:
    assert ruff("format", text=text) == text
    assert black.format_str(text, mode=black.Mode()) == text


def naive(node: object) -> str:
    """`node` with every operation in parentheses: no layout, no precedence, hard to get wrong."""
    match node:
        case Lit(value=float() as value) if not math.isfinite(value):
            return f"float({str(value)!r})"
        case Lit(value=value):
            return f"({value!r})"
        case Ref(name=name):
            return name
        case TupleOf(items=items):
            return f"({''.join(naive(item) + ', ' for item in items)})"
        case ListOf(items=items):
            return f"[{', '.join(map(naive, items))}]"
        case DictOf(pairs=pairs):
            return f"{{{', '.join(map(naive, pairs))}}}"
        case Commented(node=inner):
            return naive(inner)
        case Star(node=inner):
            return f"*{naive(inner)}"
        case Kw(name=name, value=value):
            return f"**{naive(value)}" if name is None else f"{name}={naive(value)}"
        case Pair(key=key, value=value):
            return f"**{naive(value)}" if key is None else f"{naive(key)}: {naive(value)}"
        case Attr(value=value, name=name):
            return f"({naive(value)}).{name}"
        case Call(func=func):
            return f"({naive(func)})({', '.join(map(naive, node.arguments))})"
        case Index(value=value, items=items):
            return f"({naive(value)})[{', '.join(map(naive, items))}]"
        case Slice(start=start, stop=stop, step=step):
            bounds = ["" if each is None else naive(each) for each in (start, stop, step)]
            return ":".join(bounds if step is not None else bounds[:2])
        case UnaryOp(op=op, operand=operand):
            return f"({op} {naive(operand)})"
        case BinOp(op=op, left=left, right=right):
            return f"({naive(left)} {op} {naive(right)})"
        case Compare(left=left, rest=rest):
            return f"({naive(left)}{''.join(f' {op} {naive(each)}' for op, each in rest)})"
        case BoolOp(op=op, values=values):
            return f"({f' {op} '.join(map(naive, values))})"
        case Conditional(test=test, then=then, other=other):
            return f"({naive(then)} if {naive(test)} else {naive(other)})"
        case Lambda(params=params, body=body):
            return f"(lambda {', '.join(params)}: {naive(body)})"
        case Comprehension(kind=kind):
            opening, closing = {"list": "[]", "generator": "()"}.get(kind, "{}")
            tests = "".join(f" if {naive(each)}" for each in node.conditions)
            loop = f"{naive(node.element)} for {naive(node.target)} in {naive(node.iterable)}"
            return f"{opening}{loop}{tests}{closing}"
    raise AssertionError(node)


def structure(source: str) -> str:
    """The tree of `source`, with signs of numbers as operators everywhere."""
    return ast.dump(ast.parse(source))
