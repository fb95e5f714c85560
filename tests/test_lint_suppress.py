"""Comments that silence rules, and diagnostics on their way to the cache and back."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslc.diagnostics import Diagnostic, Edit, Fix, Label
from dslc.driver import analyse_source, facts_of
from dslc.lint.registry import all_rules
from dslc.lint.run import run_rules
from dslc.lint.wire import decode, encode
from dslc.source import Source

RULES = [all_rules()[code] for code in ("L101", "L401", "L402", "L403")]


def found(text: str) -> list[tuple[str, int]]:
    """Codes and lines of what is left."""
    facts = facts_of(analyse_source(Source("a.dl", text)))
    assert facts is not None
    return [(d.code, d.primary.span.line) for d in run_rules(facts, RULES) if d.primary]


MODEL = """\
model A(classes = 10) {{
  input image: 8x8x1
{above}
  x = image
  -> Conv2D(8, 3x3) -> tanh{behind}
{between}
  -> Conv2D(8, 3x3)
  -> tanh{last}
  x -> Flatten -> Dense(classes) -> softmax
}}{end}
"""


def spec(**comments: str) -> str:
    return MODEL.format(
        **(dict.fromkeys(("above", "behind", "between", "last", "end"), "") | comments)
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (spec(), [("L101", 5), ("L101", 8)]),
        (spec(behind="  # dslc: ignore[L101] why"), [("L101", 8)]),
        (spec(last=" # dslc:ignore [ l101 ,] why"), [("L101", 5)]),
        (spec(above="  # dslc: ignore[L101] the whole statement"), []),
        (spec(above="  # dslc: ignore[L101] why\n  # more words"), []),
        (spec(above="  # dslc: ignore[L101] why\n"), [("L401", 3), ("L101", 6), ("L101", 9)]),
        (spec(between="  # dslc: ignore[L101] why"), [("L101", 5), ("L401", 6), ("L101", 8)]),
        (spec(end=" # dslc: ignore-file[saturating-activation] why"), []),
        (spec(end=" # dslc: ignore[L101] why"), [("L101", 5), ("L101", 8), ("L401", 10)]),
        (spec(behind=" # a # dslc: ignore[L101] why", end=" # dslc: ignore-file[L101] why"), []),
        (spec(end=" # dslc: ignore-file[L101]"), [("L403", 10)]),
        (spec(end=" # dslc: ignore-file[L101, L403]"), []),
        (spec(above="  # dslc: ignore[L10] why"), [("L402", 3), ("L101", 5), ("L101", 8)]),
    ],
)
def test_what_a_comment_is_for(text: str, left: list[tuple[str, int]]) -> None:
    assert found(text) == left
    assert found(text.replace("\n", "\r\n")) == left


def test_a_comment_above_a_step_or_a_setting_is_for_that() -> None:
    text = spec().replace(
        "  -> Conv2D(8, 3x3)\n  -> tanh",
        "  -> Conv2D(8, 3x3)\n  # dslc: ignore[L101] why\n  -> tanh",
    )
    assert found(text) == [("L101", 5)]


# ------------------------------------------------------------------------------------------ the wire
SPANS = st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(0, 9))
SOURCES = [Source("a.dl", "model A { }"), Source("b.dl", "한국어 🙂 block")]


@st.composite
def diagnostics(draw: st.DrawFn) -> Diagnostic:
    def label() -> Label:
        number, one, other = draw(SPANS)
        return Label(SOURCES[number].span(min(one, other), max(one, other)), draw(st.text()))

    edits = tuple(Edit(it.span, it.text) for it in (label(), label()))
    return Diagnostic(
        draw(st.sampled_from(["E0302", "L101"])),
        draw(st.text()),
        draw(st.sampled_from([None, label()])),
        (label(),),
        (draw(st.text()),),
        (Fix(draw(st.text()), edits, draw(st.booleans())), Fix("advice")),
        draw(st.sampled_from(["error", "warning", "info"])),
    )


@given(st.lists(diagnostics(), max_size=3))
def test_what_goes_over_the_wire_comes_back(some: list[Diagnostic]) -> None:
    data = json.loads(json.dumps(encode(some, SOURCES)))
    assert decode(data, SOURCES) == some


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=7),
    max_leaves=30,
)


@given(JSON)
def test_anything_else_is_refused(data: object) -> None:
    with suppress(ValueError):
        decode(data, SOURCES)


def test_a_place_in_no_known_text_cannot_be_sent() -> None:
    stranger = Diagnostic("L101", "", Label(Source("c.dl", "x").span(0, 1)))
    with pytest.raises(KeyError):
        encode([stranger], SOURCES)
