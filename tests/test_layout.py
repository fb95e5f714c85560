"""The printer of generated Python: what it prints, black and ruff would print, and means the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from python_grower import Grower
from python_oracles import assert_fixed_point, naive, structure

from dslc.codegen.layout import render
from dslc.codegen.nodes import (
    Assign,
    Attr,
    BinOp,
    Blank,
    Class,
    Comment,
    Commented,
    Def,
    Expr,
    Expression,
    If,
    Index,
    Lit,
    Param,
    Ref,
    Return,
    Slice,
    Statement,
    TupleOf,
    UnaryOp,
    call,
    lit,
    method,
    ref,
)

steady = settings(derandomize=True, deadline=None, max_examples=40)


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
