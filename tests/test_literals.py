"""No text of a spec, however hostile, gets out of its literal, comment or docstring."""

from __future__ import annotations

import ast
import io
import keyword
import math
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_oracles import assert_fixed_point, structure

from dslc.codegen.layout import render
from dslc.codegen.nodes import Assign, Attr, Comment, Def, Import, Kw, Lit, Ref, Return

steady = settings(derandomize=True, deadline=None, max_examples=40)


x = Ref("x")

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
