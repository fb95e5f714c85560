"""Diagnostics as text and data: the layout, what terminals must not see, and what machines read."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.render import render_concise, render_github, render_json, render_terminal, summary
from dslc.source import Source, Span

RES = """\
model Res {
  input image: 32x32x3

  x = image -> Conv2D(16, 3x3)

  y = x -> Conv2D(32, 3x3, padding=same)


  -> add(x, y) -> relu
}
"""


def at(source: Source, text: str, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return source.span(start, start + len(text))


def plain(*diagnostics: Diagnostic, width: int = 100) -> str:
    return render_terminal(diagnostics, color=False, width=width)


def shape_error() -> Diagnostic:
    source = Source("specs/res.dl", RES)
    return error(
        "E0302",
        "`add` needs equal shapes, got 32x32x16 and 32x32x32",
        at(source, "add(x, y)"),
        "x is 32x32x16 (declared on line 4)",
        secondary=[Label(at(source, "Conv2D(32, 3x3, padding=same)"), "makes 32x32x32")],
        fixes=[Fix("project the shortcut: x -> Conv2D(32, 1x1)")],
        notes=["channels are the last axis"],
    )


def test_the_layout() -> None:
    assert plain(shape_error()) == (
        "error[E0302]: `add` needs equal shapes, got 32x32x16 and 32x32x32\n"
        "  --> specs/res.dl:9:6\n"
        "   |\n"
        " 6 |   y = x -> Conv2D(32, 3x3, padding=same)\n"
        "   |            ----------------------------- makes 32x32x32\n"
        " 9 |   -> add(x, y) -> relu\n"
        "   |      ^^^^^^^^^ x is 32x32x16 (declared on line 4)\n"
        "   = help: project the shortcut: x -> Conv2D(32, 1x1)\n"
        "   = note: channels are the last axis\n"
    )


def test_far_lines_are_parted_and_gutters_aligned() -> None:
    source = Source("a.dl", "first\n" * 1 + "x\n" * 10 + "last\n")
    shown = plain(
        error("E0101", "m", at(source, "last"), secondary=[Label(at(source, "first"), "here")])
    )
    assert shown.splitlines()[1:] == [
        "   --> a.dl:12:1",
        "    |",
        "  1 | first",
        "    | ----- here",
        "...",
        " 12 | last",
        "    | ^^^^",
    ]


def test_several_marks_on_one_line_and_other_files() -> None:
    source, other = Source("a.dl", "f(a, b)\n"), Source("b.dl", "block B\n")
    labels = [Label(at(source, "f"), "the call"), Label(at(other, "B"), "declared here")]
    assert plain(error("E0101", "m", at(source, "b"), "this", secondary=labels)).splitlines()[
        1:
    ] == [
        "  --> a.dl:1:6",
        "   |",
        " 1 | f(a, b)",
        "   | - the call",
        "   |      ^ this",
        "  ::: b.dl:1:7",
        "   |",
        " 1 | block B",
        "   |       - declared here",
    ]


def test_spans_over_lines_are_clipped_and_empty_ones_shown() -> None:
    source = Source("a.dl", "a = (\n  1\n)\n")
    assert " 1 | a = (\n   |     ^ open\n" in plain(error("E0101", "m", source.span(4, 11), "open"))
    end = len(source.text)
    assert plain(error("E0101", "m", source.span(end, end))).endswith(" 4 |\n   | ^\n")
    assert plain(error("E0130", "no file", None)) == "error[E0130]: no file\n"


def test_marks_stay_under_tabs_and_wide_characters() -> None:
    source = Source("a.dl", '\t한글 = "é🎉" x\n')
    shown = plain(error("E0101", "m", at(source, "x"), "here")).splitlines()
    assert shown[3:] == [' 1 |     한글 = "é🎉" x', "   |                  ^ here"]
    shown = plain(error("E0101", "m", at(source, "한글"))).splitlines()
    assert shown[4] == "   |     ^^^^"
    combining = Source("a.dl", "e\u0301 x\n")
    assert plain(error("E0101", "m", at(combining, "x"))).splitlines()[4] == "   |   ^"


def test_long_lines_are_cut_around_the_mark() -> None:
    source = Source("a.dl", "a" * 300 + " HERE " + "b" * 300 + "\n")
    lines = plain(error("E0101", "m", at(source, "HERE")), width=60).splitlines()
    assert all(len(line) <= 62 for line in lines)
    assert lines[3].startswith(" 1 | …") and lines[3].endswith("…")
    assert lines[3].index("HERE") == lines[4].index("^^^^")


def test_fixes_show_the_line_as_it_will_be() -> None:
    source = Source("a.dl", "x -> Conv2D(32 3x3) → relu;\n")
    comma = Fix("insert `,`", (Edit(at(source, "3x3").before(), ","),))
    both = Fix("write both", (Edit(at(source, "→"), "->"), Edit(at(source, ";"), "")))
    lines = plain(error("E0110", "m", at(source, "3x3"), fixes=[comma, both])).splitlines()
    assert lines[5:] == [
        "   = help: insert `,`",
        " 1 | x -> Conv2D(32 ,3x3) → relu;",
        "   |                +",
        "   = help: write both",
        " 1 | x -> Conv2D(32 3x3) -> relu",
        "   |                     ~~",
    ]


def test_fixes_over_lines_have_no_preview() -> None:
    source = Source("a.dl", "model A {\n")
    fix = Fix("close it", (Edit(source.span(9, 9), "\n}"),))
    assert plain(error("E0107", "m", at(source, "{"), fixes=[fix])).endswith(
        "   = help: close it\n"
    )


def test_notes_are_wrapped() -> None:
    source = Source("a.dl", "x\n")
    shown = plain(
        error("E0101", "m", at(source, "x"), notes=["word " * 30, "two\nlines"]), width=50
    )
    assert all(len(line) <= 50 for line in shown.splitlines())
    assert shown.endswith("   = note: two\n           lines\n")


def test_colour_is_only_paint() -> None:
    coloured = render_terminal([shape_error()], color=True, width=100)
    assert "\x1b[1;31merror[E0302]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain(shape_error())


def test_diagnostics_are_sorted_by_place() -> None:
    source = Source("a.dl", "a b\n")
    found = [error("E0102", "second", at(source, "b")), error("E0101", "first", at(source, "a"))]
    assert render_concise(found) == "a.dl:1:1: E0101 first\na.dl:1:3: E0102 second\n"
    assert plain(*found).index("first") < plain(*found).index("second")


NASTY = "\x1b[31mred\x07 \u202eevil\u2066 \x9b2J\u200b"


def test_specs_cannot_steer_the_terminal() -> None:
    source = Source(f"a{NASTY}.dl", f"x = {NASTY} y\n")
    d = error(
        "E0101", NASTY, at(source, "y"), NASTY,
        secondary=[Label(at(source, "x"), NASTY)], notes=[NASTY], fixes=[Fix(NASTY, (Edit(at(source, "y"), NASTY),))],
    )  # fmt: skip
    for shown in (plain(d), render_concise([d]), render_github([d])):
        assert all(char.isprintable() or char == "\n" for char in shown)
    assert "\\x1b[31mred" in plain(d) and "\\u202e" in plain(d)
    lines = plain(d).splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith(" 1 |"))
    assert lines[row].index("y", 10) == lines[row + 2].index("^")


@given(st.text(max_size=80), st.integers(0, 80), st.integers(0, 80), st.integers(0, 200))
def test_any_place_in_any_text_renders(text: str, start: int, end: int, width: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    source = Source("a.dl", text)
    span = source.span(start, end)
    d = error("E0101", text, span, text, notes=[text], fixes=[Fix("f", (Edit(span, text),))])
    for color in (False, True):
        shown = render_terminal([d], color=color, width=width)
        assert ("^" in shown) == bool(text) and "\r" not in shown  # no text: only the file is named
    json.loads(render_json([d]))
    assert render_github([d]).count("\n") == 1


# ---------------------------------------------------------------------------------------- machines
def test_json_has_stable_keys_and_offsets() -> None:
    source = Source("a.dl", "x\nab cd\n")
    fix = Fix("swap", (Edit(at(source, "cd"), "ef"),), safe=True)
    found = json.loads(
        render_json(
            [error("E0101", "m", at(source, "cd"), "l", fixes=[fix]), error("E0130", "n", None)]
        )
    )
    assert [list(d) for d in found] == [
        ["code", "severity", "message", "path", "line", "column", "end_line", "end_column", "start", "end",
         "label", "secondary", "notes", "fixes"]
    ] * 2  # fmt: skip
    none, some = found
    assert none["path"] is None and none["line"] is None
    place = {
        "path": "a.dl",
        "line": 2,
        "column": 4,
        "end_line": 2,
        "end_column": 6,
        "start": 5,
        "end": 7,
    }
    assert place.items() <= some.items()
    assert some["fixes"] == [{"message": "swap", "safe": True, "edits": [{**place, "text": "ef"}]}]
    assert render_json([]) == "[]\n"


def test_github_annotations_are_escaped() -> None:
    source = Source("a,b:c%.dl", "x\n")
    shown = render_github([error("E0101", "50% of\nit", at(source, "x"))])
    assert shown == (
        "::error title=dslc (E0101),file=a%2Cb%3Ac%25.dl,line=1,endLine=1,col=1,endColumn=2"
        "::a,b:c%25.dl:1:1: E0101 50%25 of%0Ait\n"
    )
    warning = Diagnostic("L101", "w", severity="warning"), Diagnostic("L102", "i", severity="info")
    assert [line.split()[0] for line in render_github(warning).splitlines()] == [
        "::warning",
        "::notice",
    ]


def test_summary() -> None:
    source, other = Source("a.dl", "x\n"), Source("b.dl", "x\n")
    one, two = error("E0101", "m", at(source, "x")), error("E0101", "m", at(other, "x"))
    warning = Diagnostic("L101", "w", Label(at(source, "x")), severity="warning")
    assert summary([]) == "no problems"
    assert summary([one]) == "1 error"
    assert summary([one, two, warning]) == "2 errors and 1 warning in 2 files"
