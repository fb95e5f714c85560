"""The printer of generated Python: what it prints is what black and ruff would, and means the same.

The oracles are the two formatters and a naive printer that puts everything in parentheses.
"""

from __future__ import annotations

import ast
import io
import keyword
import math
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import TypeVar

import black
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslc.codegen.imports import collect, render_imports
from dslc.codegen.layout import render
from dslc.codegen.nodes import (
    BINARY_OPERATORS,
    COMPARISONS,
    Assert,
    Assign,
    Attr,
    BinOp,
    Blank,
    BoolOp,
    Call,
    Class,
    Comment,
    Commented,
    Compare,
    Comprehension,
    Conditional,
    Def,
    DictOf,
    Expr,
    Expression,
    For,
    If,
    Import,
    Index,
    Kw,
    Lambda,
    ListOf,
    Lit,
    Pair,
    Param,
    Ref,
    Return,
    Slice,
    Star,
    Statement,
    TupleOf,
    UnaryOp,
    With,
    call,
    lit,
    method,
    ref,
)

T = TypeVar("T")

steady = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)


# --- oracles ---------------------------------------------------------------------------------


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


# --- random programs -------------------------------------------------------------------------

NAMES = ["x", "y", "self", "inputs", "hidden_state", "a_rather_long_feature_name"]
DOTTED = [*NAMES, "nn.Conv2d", "layers.Conv2D", "self.block.batch_normalization", "torch.add"]


class Grower:
    """Random nodes of all kinds, the same for the same seed; none that only one formatter keeps."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def ref(self) -> Ref:
        return Ref(self.random.choice(DOTTED))

    def scalar(self) -> Lit:
        values = [self.random.randrange(1000), -1, -2.5, 1e-3, True, None, "s" * 9, "é'\"{}\\"]
        return Lit(self.random.choice(values))

    def many(self, make: Callable[[int], T], depth: int, most: int) -> tuple[T, ...]:
        return tuple(make(depth) for _ in range(self.random.randrange(most + 1)))

    def comment(self) -> str:
        return "(" + "N, " * self.random.randrange(1, 14) + "3)"

    def item(self, depth: int) -> Expr | Star | Commented:
        kind = self.random.random()
        if kind < 0.05:
            return Star(self.primary(depth))
        return Commented(self.grow(depth), self.comment()) if kind < 0.12 else self.grow(depth)

    def keyword(self, depth: int) -> Kw | Commented:
        keyword = Kw(self.name(), self.grow(depth))
        return Commented(keyword, "note") if self.random.random() < 0.05 else keyword

    def call(self, depth: int) -> Call:
        func = self.primary(depth - 1, brackets=1)
        if self.random.random() < 0.06:
            loop = (self.grow(depth - 1), Ref("i"), self.grow(depth - 1))
            return Call(func, (Comprehension(*loop, kind="generator"),))
        keywords = {
            name: self.keyword(depth - 1) for name in self.many(lambda _: self.name(), 0, 3)
        }
        named = (Kw(k, v.value) if isinstance(v, Kw) else v for k, v in keywords.items())
        double = (Kw(None, self.ref()),) if self.random.random() < 0.05 else ()
        return Call(func, self.many(self.item, depth - 1, 4), (*unique(named), *double))

    def primary(self, depth: int, brackets: int = 2) -> Expr:
        """A name with calls, indices and attributes, of which at most `brackets` are in a row."""
        kind = self.random.random()
        if depth <= 0 or brackets == 0 or kind < 0.3:
            return self.ref()
        if kind < 0.6:
            return self.call(depth) if brackets > 1 else Call(self.ref(), (self.grow(depth - 1),))
        if kind < 0.8:
            return Attr(self.primary(depth - 1, brackets), self.name())
        index = self.random.choice([self.scalar, self.ref, self.slice])
        return Index(self.primary(depth - 1, brackets - 1), (index(), *self.many(self.bound, 0, 1)))

    def bound(self, _: int = 0) -> Expr:
        return self.random.choice([Lit(1), Lit(-1), Ref("x"), Ref("self.stop")])

    def slice(self) -> Slice:
        return Slice(*(self.random.choice([None, self.bound()]) for _ in range(3)))

    def grow(self, depth: int) -> Expr:
        if depth <= 0 or self.random.random() < 0.2:
            return self.random.choice([self.scalar, self.ref])()
        d = depth - 1
        kind = self.random.randrange(20)
        if kind < 10:
            return self.primary(depth)
        if kind < 12:
            return self.random.choice([ListOf, TupleOf])(self.many(self.item, d, 4))
        if kind < 13:
            return DictOf(self.many(lambda d: Pair(self.scalar(), self.grow(d)), d, 3))
        if kind < 15:
            return BinOp(self.random.choice(BINARY_OPERATORS), self.grow(d), self.grow(d))
        return self.operation(kind, d)

    def operation(self, kind: int, d: int) -> Expr:
        if kind < 16:
            return UnaryOp(self.random.choice(["-", "not", "~"]), self.grow(d))
        if kind < 17:
            return Compare(self.grow(d), ((self.random.choice(COMPARISONS), self.grow(d)),))
        if kind < 18:
            values = (self.grow(d), self.grow(d), *self.many(self.grow, d, 1))
            return BoolOp(self.random.choice(["and", "or"]), values)
        if kind < 19:
            return Conditional(self.grow(d), self.grow(d), self.grow(d))
        conditions = self.many(self.grow, d, 1)
        kinds = ("list", "set", "generator")
        loop = (self.grow(d), Ref("i"), self.grow(d))
        return Comprehension(*loop, self.random.choice(kinds), conditions)

    def statement(self, depth: int) -> Statement:
        note = self.random.choice([None, None, self.comment()])
        kind = self.random.random()
        body = (Expression(call("run")),)
        if kind < 0.6:
            return Assign((self.ref(),), self.grow(depth), note)
        if kind < 0.7:
            return Return(self.grow(depth), note)
        if kind < 0.8:
            return Expression(self.call(depth), note)
        if kind < 0.9:
            return If(self.grow(depth), body, self.many(self.statement, depth - 1, 1))
        loops = [Assert(self.grow(depth)), With(self.call(depth), body, Ref("fh"))]
        return self.random.choice([*loops, For(Ref("i"), self.grow(depth), body)])


def unique(keywords: Iterable[Kw | Commented]) -> Iterator[Kw | Commented]:
    """The keywords with the names that came first."""
    seen = set()
    for each in keywords:
        keyword = each.node if isinstance(each, Commented) else each
        if keyword.name not in seen:
            seen.add(keyword.name)
            yield each


@steady
@given(st.integers(0, 2**32))
def test_black_and_ruff_leave_any_statements_alone(seed: int) -> None:
    grower = Grower(seed)
    body = tuple(grower.statement(2) for _ in range(40))
    assert_fixed_point(render((Def("step", (Param("self"),), body),)))


@steady
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_what_is_printed_parses_to_what_was_meant(seed: int, indent: int) -> None:
    grower = Grower(seed)
    for _ in range(40):
        node = grower.grow(4)
        text = render(node, indent)
        assert structure(f"({text}\n)") == structure(f"({naive(node)})"), text


# --- by hand ---------------------------------------------------------------------------------


def shown(*body: Statement | Expr) -> str:
    text = render(tuple(body))  # type: ignore[arg-type]
    assert_fixed_point(text)
    return text


x, y = Ref("x"), Ref("y")


def test_a_keras_layer_is_called_on_one_line_where_it_fits() -> None:
    layer = call("layers.Conv2D", 64, 3, padding="same")
    assert shown(Assign((x,), call(layer, x), "(N, 64, 64, 32)")) == (
        'x = layers.Conv2D(64, 3, padding="same")(x)  # (N, 64, 64, 32)\n'
    )


def test_the_longest_arguments_are_opened_first() -> None:
    layer = call(
        "layers.Conv2D", 64, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
    )
    assert shown(Assign((x,), call(layer, x))) == (
        "x = layers.Conv2D(\n"
        "    64,\n"
        "    3,\n"
        '    padding="same",\n'
        "    use_bias=False,\n"
        '    kernel_initializer="he_normal",\n'
        ")(x)\n"
    )


def test_arguments_share_one_line_where_that_is_enough() -> None:
    value = call("nn.Conv2d", 256, 512, 3, stride=2, padding=1, bias=False, dilation=1)
    assert shown(Assign((Ref("self.downsample_convolution"),), value)) == (
        "self.downsample_convolution = nn.Conv2d(\n"
        "    256, 512, 3, stride=2, padding=1, bias=False, dilation=1\n"
        ")\n"
    )


def test_comments_of_items_put_each_on_its_line() -> None:
    value = call(
        "nn.Sequential",
        Commented(call("nn.Conv2d", 1, 32, 3, padding=1), "(N, 32, 28, 28)"),
        Commented(call("nn.ReLU"), "(N, 32, 28, 28)"),
        call("nn.Flatten"),
    )
    assert shown(Assign((Ref("self.features"),), value)) == (
        "self.features = nn.Sequential(\n"
        "    nn.Conv2d(1, 32, 3, padding=1),  # (N, 32, 28, 28)\n"
        "    nn.ReLU(),  # (N, 32, 28, 28)\n"
        "    nn.Flatten(),\n"
        ")\n"
    )


def test_a_comment_that_does_not_fit_goes_above() -> None:
    comment = "the spec's momentum is Keras's: the share that the old average keeps"
    assert shown(Assign((x,), call("nn.BatchNorm2d", 64), comment)) == (
        f"# {comment}\nx = nn.BatchNorm2d(64)\n"
    )


def test_operators_are_split_in_parentheses() -> None:
    terms = [method(Ref(f"self.branch_{i}"), "forward", x, scale=0.25) for i in range(3)]
    total = BinOp("+", BinOp("+", terms[0], terms[1]), terms[2])
    assert shown(Def("f", (), (Return(total),))) == (
        "def f():\n"
        "    return (\n"
        "        self.branch_0.forward(x, scale=0.25)\n"
        "        + self.branch_1.forward(x, scale=0.25)\n"
        "        + self.branch_2.forward(x, scale=0.25)\n"
        "    )\n"
    )


def test_long_chains_of_methods_are_split_at_the_dots() -> None:
    chain = call("tf.data.Dataset.from_tensor_slices", TupleOf((Ref("images"), y)))
    for name, value in (("shuffle", 10_000), ("batch", 32), ("prefetch", -1)):
        chain = method(chain, name, value)
    assert shown(Assign((Ref("train"),), chain)) == (
        "train = (\n"
        "    tf.data.Dataset.from_tensor_slices((images, y))\n"
        "    .shuffle(10000)\n"
        "    .batch(32)\n"
        "    .prefetch(-1)\n"
        ")\n"
    )


def test_precedence_and_spacing() -> None:
    power = BinOp("**", BinOp("+", x, Lit(1)), UnaryOp("-", Lit(2)))
    assert render(power) == "(x + 1) ** -2"
    assert render(BinOp("**", x, Lit(-2))) == "x**-2"
    assert render(BinOp("**", Lit(-2), x)) == "(-2) ** x"
    assert render(BinOp("-", x, BinOp("-", y, x))) == "x - (y - x)"
    assert render(BinOp("**", BinOp("**", x, y), x)) == "(x**y) ** x"
    assert render(UnaryOp("-", BinOp("*", x, y))) == "-(x * y)"
    assert render(Attr(Lit(1), "real")) == "(1).real"
    assert render(Index(x, (Slice(None, None, Lit(-1)), Slice(Lit(1), BinOp("+", y, Lit(1)))))) == (
        "x[::-1, 1 : y + 1]"
    )


def test_branches_definitions_and_blank_lines() -> None:
    branch = If(x, (Return(Lit(1)),), (If(y, (Return(Lit(2)),), (Comment("never"),)),))
    forward = Def("forward", (Param("self"), Param("x", annotation=ref("Tensor"))), (branch,))
    text = shown(
        Assign((x,), lit([1, (2,), {"a": None}])),
        Class("Net", (Ref("nn.Module"),), (forward, forward), "A net."),
        Comment("the end"),
        Blank(),
        Expression(call("main")),
    )
    assert text.splitlines()[:13] == [
        'x = [1, (2,), {"a": None}]',
        "",
        "",
        "class Net(nn.Module):",
        '    """A net."""',
        "",
        "    def forward(self, x: Tensor):",
        "        if x:",
        "            return 1",
        "        elif y:",
        "            return 2",
        "        else:",
        "            # never",
    ]
    assert text.endswith("\n\n\n# the end\n\nmain()\n")


def test_long_signatures_and_targets_are_split() -> None:
    params = tuple(Param(f"parameter_number_{i}", default=Lit(i)) for i in range(6))
    text = shown(Def("build", params, ()), Class("C", tuple(Ref(p.name) for p in params), ()))
    assert "def build(\n    parameter_number_0=0,\n" in text
    assert "class C(\n    parameter_number_0,\n" in text
    targets = TupleOf(tuple(Ref(p.name) for p in params))
    assert shown(Assign((targets,), call("split", x))).endswith("\n) = split(x)\n")


def test_deep_and_wide_trees_need_no_recursion_over_chains() -> None:
    total: Expr = x
    for _ in range(400):
        total = BinOp("+", total, y)
    assert render(Assign((x,), total)).count("+ y\n") == 400
    chain: Expr = x
    for _ in range(400):
        chain = method(chain, "relu")
    assert render(Assign((x,), chain)).count(".relu()\n") == 400
    branch = If(x, (Return(x),))
    for _ in range(2000):
        branch = If(x, (Return(x),), (branch,))
    assert render((branch,)).count("elif") == 2000


# --- hostile text ----------------------------------------------------------------------------

HOSTILE = [
    "",
    '"',
    "'",
    'it\'s "both"',
    '"""',
    "'''",
    "\\",
    "\\\\'",
    "\n\r\t\0\x1b",
    "\u2028\u2029\x85\x0b\x0c",
    "\ud800",
    "\u202e\u200b\ufeff",
    "{x} {{y}} %s",
    "\\N{BULLET} \\x41 \\u0041",
    "# fmt: off",
    "fmt: skip",
    "noqa",
    "type: ignore",
    "é漢字🙂",
    '"\n__import__("os")\n#',
    '"""\nimport os\n"""',
    'ends with a quote"',
    "ends with a backslash\\",
    '\\"',
    "coding: latin-1",
]
texts = st.sampled_from(HOSTILE) | st.text(max_size=20)


@steady
@given(st.lists(texts, min_size=10, max_size=20))
def test_every_string_comes_back_and_no_formatter_changes_it(values: list[str]) -> None:
    text = render(tuple(Assign((x,), Lit(value)) for value in values))
    read = [ast.literal_eval(node.value) for node in ast.parse(text).body]  # type: ignore[attr-defined]
    assert read == values
    text.encode()
    assert_fixed_point(text)


@steady
@given(st.integers() | st.floats() | st.booleans() | st.none())
def test_every_scalar_comes_back(value: float | bool | None) -> None:
    read = eval(Lit(value).code)
    assert type(read) is type(value)
    assert repr(read) == repr(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_has_no_literal_is_made_by_float(value: float) -> None:
    assert Lit(value).code == f'float("{value}")'


def test_integers_of_any_size_are_spelled() -> None:
    assert ast.literal_eval(Lit(10**5000).code) == 10**5000


@pytest.mark.parametrize(
    ("value", "text", "code"),
    [
        (0.001, "1e-3", "1e-3"),
        (60000, "60_000", "60_000"),
        (0.5, "0.50", "0.50"),
        (0.5, ".5", "0.5"),
        (1000.0, "1E3", "1000.0"),
        (1000, "1e3", "1000"),
        (7, "07", "7"),
        (2, "1 + 1", "2"),
        (2, "2\n", "2"),
        (11, "1\u0661", "11"),
        (True, "1", "True"),
    ],
)
def test_numbers_keep_a_spelling_that_means_the_same(value: float, text: str, code: str) -> None:
    assert Lit(value, text).code == code


@steady
@given(st.lists(texts, min_size=10, max_size=20))
def test_no_comment_breaks_out_or_is_obeyed(values: list[str]) -> None:
    plain = render(tuple(Assign((x,), Lit(1)) for _ in values))
    noted = render(tuple(Assign((x,), Lit(1), value) for value in values))
    assert structure(noted) == structure(plain)
    assert_fixed_point(noted)
    own_lines = render((Comment("\n".join(values)), Assign((x,), Lit(1))))
    assert structure(own_lines) == structure("x = 1\n")
    found = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(noted).readline)
        if token.type == tokenize.COMMENT
    ]
    assert len(found) == len(values)
    assert not [each for each in found if "fmt:" in each or "type:" in each or "coding:" in each]


@steady
@given(st.lists(texts | st.lists(texts).map("\n".join), min_size=5, max_size=10))
def test_every_docstring_says_its_text(values: list[str]) -> None:
    text = render(tuple(Def("f", (), (Return(Lit(1)),), value) for value in values))
    for definition, value in zip(ast.parse(text).body, values, strict=True):
        assert isinstance(definition, ast.FunctionDef)
        said = ast.get_docstring(definition, clean=False) or ""
        assert "".join(said.split()) == "".join(value.split())
    assert_fixed_point(text)


@pytest.mark.parametrize(
    "name", ["", "a b", "class", "None", "a.", "1x", "x;import os", "ﬁ", "x\n"]
)
def test_names_are_checked(name: str) -> None:
    for make in (Ref, lambda name: Attr(x, name), lambda name: Kw(name, x), Import):
        with pytest.raises(AssertionError):
            make(name)
    assert keyword.iskeyword("class")


def test_literals_differ_by_type() -> None:
    assert Lit(1) != Lit(True) != Lit(1.0)
    assert len({Lit(1), Lit(True), Lit(1.0), Lit("1")}) == 4


# --- imports ---------------------------------------------------------------------------------


def test_imports_are_collected_from_what_is_used_and_sorted() -> None:
    nn = Import("torch", "nn")
    layer = call(ref("nn.Linear", nn), ref("np.pi", Import("numpy", alias="np")))
    path = Assign((x,), call(ref("Path", Import("pathlib", "Path"))))
    body = Def(
        "f", (), (Return(layer), path), decorators=(ref("cache", Import("functools", "cache")),)
    )
    assert render_imports(collect(body, path) | {Import("torch")}) == (
        "from functools import cache\n"
        "from pathlib import Path\n"
        "\n"
        "import numpy as np\n"
        "import torch\n"
        "from torch import nn\n"
    )


MODULES = ["os", "os.path", "json", "numpy", "torch", "torch.nn.functional", "sklearn.utils"]
MEMBERS = ["Path", "layers", "nn", "CONST", "train_test_split", "X", "a10", "a9", "_private"]
imports = st.one_of(
    st.builds(Import, st.sampled_from(MODULES)),
    st.builds(Import, st.sampled_from(MODULES), st.sampled_from(MEMBERS)),
    st.builds(Import, st.sampled_from(MODULES), st.sampled_from(MEMBERS), st.just("F")),
    st.builds(Import, st.just("numpy"), st.none(), st.just("np")),
    st.builds(Import, st.just("__future__"), st.just("annotations")),
)


@steady
@given(st.sets(imports, min_size=1, max_size=20))
def test_isort_and_the_formatters_leave_imports_alone(wanted: set[Import]) -> None:
    text = render_imports(wanted)
    assert ruff("check", "--select", "I", "--fix", "--quiet", text=text) == text
    assert_fixed_point(text)


def test_long_imports_are_wrapped() -> None:
    wanted = [Import("sklearn.metrics", f"a_metric_with_a_long_name_{i}") for i in range(5)]
    text = render_imports(wanted)
    assert text.startswith("from sklearn.metrics import (\n    a_metric_with_a_long_name_0,\n")
    assert_fixed_point(text)
