"""The one-line text of an expression: precedence, parentheses and spacing, as black has them.

`Flat` remembers the text of every node it has seen, so that the layout may ask again at each
level. It knows no widths; comments inside an expression are not part of its one-line text:
`is_forced` tells of them.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    Expr,
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

Part = Expr | Star | Kw | Pair | Commented | Slice

LAMBDA, TEST, OR, AND, NOT, COMPARE, UNARY, POWER, PRIMARY = 1, 2, 3, 4, 5, 6, 13, 14, 16
BINARY = {
    "|": 7,
    "^": 8,
    "&": 9,
    "<<": 10,
    ">>": 10,
    "+": 11,
    "-": 11,
    "*": 12,
    "/": 12,
    "//": 12,
    "%": 12,
    "@": 12,
    "**": POWER,
}


def precedence(node: Part) -> int:
    """How tightly the text of `node` holds together; `PRIMARY` never needs parentheses."""
    match node:
        case Lit(code=code):
            return UNARY if code.startswith("-") else PRIMARY
        case BinOp(op=op):
            return BINARY[op]
        case UnaryOp(op=op):
            return NOT if op == "not" else UNARY
        case Compare():
            return COMPARE
        case BoolOp(op=op):
            return OR if op == "or" else AND
        case Conditional():
            return TEST
        case Lambda():
            return LAMBDA
        case _:
            return PRIMARY


def least_after_not(operand: Expr) -> int:
    """`not a**b` reads better, to ruff too, as `not (a**b)`."""
    return PRIMARY if isinstance(operand, BinOp) else NOT


def operands(node: BinOp | Compare | BoolOp) -> list[tuple[str, Expr, int]]:
    """The operands of one chain of equal precedence: (operator before, operand, least precedence).

    `a + b - c` is one chain of three; the left-nested tree is walked without recursion.
    """
    if isinstance(node, BoolOp):
        return _logic(node)
    if isinstance(node, Compare):
        level = COMPARE + 1
        return [("", node.left, level), *((op, value, level) for op, value in node.rest)]
    level = BINARY[node.op]
    if level == POWER:  # the one operator that associates to the right
        return [("", node.left, POWER + 1), ("**", node.right, UNARY)]
    chain: list[tuple[str, Expr, int]] = []
    left: Expr = node
    while isinstance(left, BinOp) and BINARY[left.op] == level:
        chain.append((left.op, left.right, level + 1))
        left = left.left
    chain.append(("", left, level))
    chain.reverse()
    return chain


def _logic(node: BoolOp) -> list[tuple[str, Expr, int]]:
    """`a or b and c` as one chain of three: black splits at both words at once."""
    chain: list[tuple[str, Expr, int]] = []
    for value in node.values:
        if node.op == "or" and isinstance(value, BoolOp) and value.op == "and":
            chain += [("and" if i else "or", part, NOT) for i, part in enumerate(value.values)]
        else:
            chain.append((node.op, value, precedence(node) + 1))
    return [("", *chain[0][1:]), *chain[1:]]


class Flat:
    """One-line texts of nodes, each made once."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._forced: dict[int, bool] = {}
        self._kept: list[object] = []  # ids stay valid while the nodes live

    def text(self, node: Part, least: int = LAMBDA) -> str:
        """`node` on one line, in parentheses if it holds together less than `least`."""
        found = self._texts.get(id(node))
        if found is None:
            found = self._texts[id(node)] = self._make(node)
            self._kept.append(node)
        return f"({found})" if precedence(node) < least else found

    def is_forced(self, node: Part) -> bool:
        """Whether a comment inside `node` forces its brackets open."""
        found = self._forced.get(id(node))
        if found is None:
            pending = [node]
            while pending and not isinstance(pending[-1], Commented):
                pending += parts(pending.pop())
            found = self._forced[id(node)] = bool(pending)
            self._kept.append(node)
        return found

    def _make(self, node: Part) -> str:
        text = self.text
        match node:
            case Lit(code=code):
                return code
            case Ref(name=name):
                return name
            case TupleOf(items=(item,)):
                return f"({text(item)},)"
            case TupleOf(items=items):
                return f"({self.join(items)})"
            case ListOf(items=items):
                return f"[{self.join(items)}]"
            case DictOf(pairs=pairs):
                return f"{{{self.join(pairs)}}}"
            case Commented(node=inner):
                return text(inner)
            case Star(node=inner):
                return f"*{text(inner, BINARY['|'])}"
            case Kw(name=None, value=value) | Pair(key=None, value=value):
                return f"**{text(value, BINARY['|'])}"
            case Kw(name=name, value=value):
                return f"{name}={text(value)}"
            case Pair(key=key, value=value):
                assert key is not None
                return f"{text(key, UNARY)}: {text(value)}"
            case Attr() | Call() | Index():
                return self._primary(node)
            case _:
                return self._operation(node)

    def _operation(self, node: Part) -> str:
        text = self.text
        match node:
            case UnaryOp(op="not", operand=operand):
                return f"not {text(operand, least_after_not(operand))}"
            case UnaryOp(op=op, operand=operand):
                return op + text(operand, UNARY)
            case BinOp(op="**", left=left, right=right):
                hugs = precedence(left) > POWER and _is_simple(left) and _is_simple(right)
                space = "" if hugs else " "
                return f"{text(left, POWER + 1)}{space}**{space}{text(right, UNARY)}"
            case BinOp() | Compare() | BoolOp():
                return " ".join(
                    f"{op} {text(value, least)}" if op else text(value, least)
                    for op, value, least in operands(node)
                )
            case Conditional(test=test, then=then, other=other):
                return f"{text(then, OR)} if {text(test, OR)} else {text(other, OR)}"
            case Lambda(params=params, body=body):
                head = f"lambda {', '.join(params)}" if params else "lambda"
                return f"{head}: {text(body)}"
            case Comprehension(kind=kind):
                brackets = {"list": "[]", "generator": "()"}.get(kind, "{}")
                opening, closing = brackets[0], brackets[1]
                return f"{opening}{' '.join(self.clauses(node))}{closing}"
            case Slice(start=start, stop=stop, step=step):
                return self._slice(start, stop, step)
            case _:
                raise AssertionError(f"not an expression: {node!r}")

    def _primary(self, node: Attr | Call | Index) -> str:
        """Calls, attributes and indices one after another, however many, without recursion."""
        trailers: list[Attr | Call | Index] = []
        owner: Expr = node
        while isinstance(owner, Attr | Call | Index) and id(owner) not in self._texts:
            trailers.append(owner)
            owner = owner.func if isinstance(owner, Call) else owner.value
        out = self.text(owner, PRIMARY)
        if out[0].isdigit() and isinstance(trailers[-1], Attr):
            out = f"({out})"
        for trailer in reversed(trailers):
            match trailer:
                case Attr(name=name):
                    out += f".{name}"
                case Call():
                    out += f"({self.arguments(trailer)})"
                case Index(items=items):
                    out += f"[{self.join(items)}]"
        return out

    def clauses(self, node: Comprehension) -> list[str]:
        """The element and each `for` and `if` clause of a comprehension."""
        return [
            self.text(node.element, TEST),
            *(
                f"for {self.targets(target)} in {self.text(iterable, OR)}"
                for target, iterable in ((node.target, node.iterable), *node.more)
            ),
            *(f"if {self.text(test, OR)}" for test in node.conditions),
        ]

    def targets(self, target: Expr) -> str:
        """A loop or assignment target: a tuple of several goes without its parentheses."""
        if isinstance(target, TupleOf) and len(target.items) > 1:
            return self.join(target.items)
        return self.text(target)

    def join(self, items: Sequence[Part]) -> str:
        """Items between a pair of brackets."""
        return ", ".join(map(self.text, items))

    def arguments(self, node: Call) -> str:
        """What stands between the parentheses of a call; a lone generator does without its own."""
        generator = lone_generator(node)
        return " ".join(self.clauses(generator)) if generator else self.join(node.arguments)

    def _slice(self, start: Expr | None, stop: Expr | None, step: Expr | None) -> str:
        bounds = [bound for bound in (start, stop, step) if bound is not None]
        space = "" if all(map(_is_plain_bound, bounds)) else " "
        parts = [start, stop] if step is None else [start, stop, step]
        out = ""
        for i, part in enumerate(parts):
            if i:
                out += (space if out and parts[i - 1] is not None else "") + ":"
                out += space if part is not None else ""
            out += "" if part is None else self.text(part, TEST)
        return out


def lone_generator(node: Call) -> Comprehension | None:
    """The generator expression that is the only argument of a call."""
    only = node.args[0] if len(node.args) == 1 and not node.kwargs else None
    return only if isinstance(only, Comprehension) and only.kind == "generator" else None


def _is_simple(node: Expr) -> bool:
    """Whether black hugs `**` beside `node`: names, dotted names and numbers, also signed."""
    if isinstance(node, UnaryOp):
        return node.op != "not" and isinstance(node.operand, Lit | Ref) and _is_simple(node.operand)
    if isinstance(node, Lit):
        return not isinstance(node.value, str) and "(" not in node.code
    while isinstance(node, Attr):
        node = node.value
    return isinstance(node, Ref)


def _is_plain_bound(node: Expr) -> bool:
    if isinstance(node, UnaryOp):
        return node.op != "not" and _is_plain_bound(node.operand)
    if isinstance(node, Lit):
        return "(" not in node.code
    return isinstance(node, Ref) and "." not in node.name


def parts(node: Part) -> list[Part]:
    """The nodes directly inside `node`."""
    match node:
        case TupleOf(items=items) | ListOf(items=items):
            return list(items)
        case DictOf(pairs=pairs):
            return list(pairs)
        case Commented(node=inner) | Star(node=inner):
            return [inner]
        case Kw(value=value) | Attr(value=value):
            return [value]
        case Pair(key=key, value=value):
            return [value] if key is None else [key, value]
        case Call(func=func):
            return [func, *node.arguments]
        case Index(value=value, items=indices):
            return [value, *indices]
        case UnaryOp(operand=operand):
            return [operand]
        case BinOp() | Compare() | BoolOp():
            return [value for _, value, _ in operands(node)]
        case Conditional(test=test, then=then, other=other):
            return [then, test, other]
        case Lambda(body=body):
            return [body]
        case Comprehension():
            more = (part for clause in node.more for part in clause)
            return [node.element, node.target, node.iterable, *more, *node.conditions]
        case Slice(start=start, stop=stop, step=step):
            return [bound for bound in (start, stop, step) if bound is not None]
        case _:
            return []
