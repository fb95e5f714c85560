"""Sizes: arithmetic on names agrees with arithmetic on their numbers."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dslc.vocab.dims import (
    Dim,
    Sym,
    ceil_div,
    differs,
    divisible,
    equal,
    evaluate,
    is_generic,
    less,
    product,
    show,
    substitute,
    symbol,
    symbols,
    write,
)

H, W, T = symbol("H", 32), symbol("W"), symbol("T", 2)
N = symbol("n", generic=True)

OPERATORS = [operator.add, operator.sub, operator.mul]
DIVISORS = st.integers(1, 9)
SMALL = st.integers(-9, 9)


def along_an_axis() -> st.SearchStrategy[Dim]:
    """What padding and windows make of a size."""
    return st.builds(lambda k, n, c: k * n + c, st.integers(1, 3), st.sampled_from([W, N]), SMALL)


def expressions() -> st.SearchStrategy[Dim]:
    leaves = st.one_of(st.integers(0, 9), st.sampled_from([H, W, T]))

    def grow(inner: st.SearchStrategy[Dim]) -> st.SearchStrategy[Dim]:
        return st.one_of(
            st.builds(lambda f, a, b: f(a, b), st.sampled_from(OPERATORS), inner, inner),
            st.builds(lambda a, b: a // b, inner, DIVISORS),
            st.builds(lambda a, b: a % b, inner, DIVISORS),
            st.builds(ceil_div, inner, DIVISORS),
        )

    return st.recursive(leaves, grow, max_leaves=8)


VALUES = st.fixed_dictionaries(
    {
        "H": st.integers(1, 9).map(lambda n: 32 * n),
        "W": st.integers(1, 300),
        "T": st.integers(1, 50).map(lambda n: 2 * n),
    }
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(expressions(), expressions(), DIVISORS, VALUES)
def test_operations_commute_with_evaluation(a: Dim, b: Dim, d: int, values: dict[str, int]) -> None:
    x, y = evaluate(a, values), evaluate(b, values)
    assert evaluate(a + b, values) == x + y
    assert evaluate(a - b, values) == x - y
    assert evaluate(a * b, values) == x * y
    assert evaluate(a // d, values) == x // d
    assert evaluate(a % d, values) == x % d
    assert evaluate(ceil_div(a, d), values) == -(-x // d)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(expressions(), VALUES)
def test_substitution_is_evaluation(a: Dim, values: dict[str, int]) -> None:
    assert substitute(a, values) == evaluate(a, values)
    assert substitute(a, {}) == a


@settings(deadline=None, derandomize=True, max_examples=300)
@given(expressions(), expressions(), VALUES)
def test_verdicts_are_true(a: Dim, b: Dim, values: dict[str, int]) -> None:
    x, y = evaluate(a, values), evaluate(b, values)
    assert equal(a, b) in (None, x == y)
    assert less(a, b) in (None, x < y)
    if y:
        assert divisible(a, b) in (None, x % y == 0)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(expressions(), VALUES)
def test_written_expressions_are_python(a: Dim, values: dict[str, int]) -> None:
    text = write(a, str, "*", "//")
    assert eval(text, {}, dict(values)) == evaluate(a, values)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(along_an_axis(), DIVISORS, DIVISORS)
def test_floors_of_floors_have_one_form(a: Dim, b: int, c: int) -> None:
    assert (a // b) // c == a // (b * c)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(expressions(), DIVISORS, st.integers(1, 5))
def test_fractions_are_reduced(a: Dim, b: int, k: int) -> None:
    assert (k * a) // (k * b) == a // b
    assert (a + b) // b == a // b + 1


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (H // 2, "H/2"),
        (H // 64, "(H/32)//2"),
        ((W + 1) // 2, "(W + 1)//2"),
        ((3 * W) // 2, "W + W//2"),
        ((W - 1) // 2 + 1, "(W + 1)//2"),
        (((W - 1) // 2 + 1 - 1) // 2 + 1, "(W + 3)//4"),
        (H * W, "H*W"),
        (H * W // 4, "H*W/4"),
        (W - W, "0"),
        (2 * W + 3, "2*W + 3"),
        (H // 2 - 3, "H/2 - 3"),
    ],
)
def test_the_form_is_short(dim: Dim, text: str) -> None:
    assert str(dim) == text


def test_generic_sizes_are_not_refused() -> None:
    assert differs(W, T)
    assert differs(3, 4)
    assert not differs(W, W)
    assert not differs(N, 4)
    assert is_generic(W + N // 2)
    assert not is_generic(W, 3)


def test_bounds_decide_where_they_can() -> None:
    assert less(H, 32) is False
    assert less(H, 33) is None
    assert less(3, H) is True
    assert less(W // 2, 0) is False
    assert less(W - 3, 0) is None
    assert less(-W, 0) is True


def test_shapes_are_shown_as_they_are_written() -> None:
    assert show((28, 28, 1)) == "28x28x1"
    assert show((H // 2, W, 64)) == "(H/2, W, 64)"
    assert show((10,)) == "10"
    assert show((T,)) == "T"
    assert show(()) == "scalar"


def test_names_are_found_inside_of_floors() -> None:
    dim = (H * W + 1) // 5 + T
    assert isinstance(dim, Sym)
    assert {s.name for s in symbols(dim)} == {"H", "W", "T"}


def test_division_by_a_name() -> None:
    assert (4 * N) // N == 4
    assert (N * W) // N == W
    assert evaluate(W // N, {"W": 17, "n": 5}) == 3
    assert evaluate(100 // N, {"n": 7}) == 14
    assert evaluate(W % N, {"W": 17, "n": 5}) == 2


def test_a_product_over_many_axes() -> None:
    assert product([2, 3, 4]) == 24
    assert product([]) == 1
    assert evaluate(product([H, W, 3]), {"H": 32, "W": 5}) == 480
