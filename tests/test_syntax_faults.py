"""Whatever is written, parsing ends with a tree, one diagnostic a fault, and fixes that mend."""

from __future__ import annotations

import re
import time
from pathlib import Path

import cases_runner
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslc.codes import all_codes
from dslc.codes.syntax import CODES
from dslc.diagnostics import Diagnostic, Fix
from dslc.render import render_concise, render_github, render_json, render_terminal
from dslc.source import Source
from dslc.syntax import parse
from dslc.syntax.table import load

SAMPLES = Path(__file__).resolve().parent / "cases" / "samples"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.dl"))]
PIECE = re.compile(r'"[^"\n]*"|\w+|->|\.\.|[^\w\s]|\s+')
SIGNS = [
    *load().literals,
    "Conv2D",
    "x",
    "3x3",
    "1e-3",
    '"',
    "“",
    "\n",
    " ",
    "→",
    "§",
    ";",
    "(",
    "}",
]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def faults(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics of `text`, after a look at everything that must hold for any of them."""
    source = Source("t.dl", text)
    file, found = parse(source)
    assert file is not None or found
    for d in found:
        assert d.code in all_codes() and d.primary is not None and d.severity == "error"
        for label in (d.primary, *d.secondary):
            assert 0 <= label.span.start <= label.span.end <= len(text)
        for fix in d.fixes:
            assert all(0 <= e.span.start <= e.span.end <= len(text) for e in fix.edits)
    assert len({(d.code, d.primary.span.start) for d in found if d.primary}) == len(found)
    shown = render_terminal(found, color=False, width=80) + render_concise(found)
    assert all(char.isprintable() or char == "\n" for char in shown)
    render_json(found)
    render_github(found)
    return found


def applied(text: str, fix: Fix) -> str:
    for edit in sorted(fix.edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@QUICK
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    faults(text)


@QUICK
@given(st.lists(st.sampled_from(SIGNS), max_size=60), st.sampled_from(["", " ", "\n"]))
def test_any_run_of_signs(pieces: list[str], glue: str) -> None:
    faults(glue.join(pieces))


@QUICK
@given(st.data())
def test_mutated_specs(data: st.DataObject) -> None:
    pieces = PIECE.findall(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        what = data.draw(st.sampled_from(["delete", "double", "insert", "swap"]))
        if what == "delete":
            del pieces[at]
        elif what == "double":
            pieces.insert(at, pieces[at])
        elif what == "insert":
            pieces.insert(at, data.draw(st.sampled_from(SIGNS)))
        else:
            pieces[at - 1], pieces[at] = pieces[at], pieces[at - 1]
    faults("".join(pieces))


@QUICK
@given(st.data())
def test_one_lost_bracket_is_few_diagnostics(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    brackets = [
        m.start()
        for m in re.finditer(
            r"[][(){}]", re.sub(r"#.*|\"[^\"]*\"", lambda m: " " * len(m[0]), text)
        )
    ]
    at = data.draw(st.sampled_from(brackets))
    assert 1 <= len(faults(text[:at] + text[at + 1 :])) <= 6


# What happens to a good line, and stays on it.
CORRUPTIONS = [
    ("missing comma", lambda line: line.replace("8, 3x3", "8 3x3")),
    ("lost parenthesis", lambda line: line.replace("3x3)", "3x3")),
    ("double parenthesis", lambda line: line.replace("3x3)", "3x3))")),
    ("arrow of a web page", lambda line: line.replace("->", "→", 1)),
    ("colon", lambda line: line.replace(" =", ":", 1)),
    ("walrus", lambda line: line.replace(" =", " :=", 1)),
    ("no equal sign", lambda line: line.replace(" =", "", 1)),
    ("dangling arrow", lambda line: line + " ->"),
    ("semicolon", lambda line: line + ";"),
    ("unknown sign", lambda line: line.replace("relu", "re§lu")),
    ("size", lambda line: line.replace("3x3", "3x")),
    ("space in a call", lambda line: line.replace("Conv2D(", "Conv2D (")),
    ("keyword", lambda line: re.sub(r"y\d+ =", "repeat =", line)),
    ("method", lambda line: line.replace("x -> Conv2D", "x.Conv2D")),
    ("string", lambda line: line.replace("same", '"same')),
]  # fmt: skip


@QUICK
@given(st.data(), st.integers(4, 30))
def test_every_corrupted_line_is_named(data: st.DataObject, size: int) -> None:
    lines = [f"  y{i} = x -> Conv2D(8, 3x3) -> relu -> Pool(2x2, mode=same)" for i in range(size)]
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=8))
    for i in sorted(bad):
        lines[i] = data.draw(st.sampled_from(CORRUPTIONS))[1](lines[i])
    text = "model A {\n  input x: 8x8x1\n" + "\n".join(lines) + "\n  x -> relu\n}\n"
    found = faults(text)
    assert {d.primary.span.line - 3 for d in found if d.primary} == bad
    assert len(found) == len(bad)


@pytest.mark.parametrize(("name", "corrupt"), CORRUPTIONS, ids=[name for name, _ in CORRUPTIONS])
def test_each_corruption_is_one_diagnostic_and_keeps_the_rest(name: str, corrupt: object) -> None:
    lines = [f"  y{i} = x -> Conv2D(8, 3x3) -> relu -> Pool(2x2, mode=same)" for i in range(3)]
    lines[1] = corrupt(lines[1])  # type: ignore[operator]
    text = (
        "model A {\n  input x: 8x8x1\n" + "\n".join(lines) + "\n  x -> relu\n}\ntrain { a = b }\n"
    )
    assert [d.primary.span.line for d in faults(text) if d.primary] == [4]
    file, _ = parse(Source("t.dl", text))
    assert file is not None and len(file.declarations) == 2
    body = file.declarations[0].body  # type: ignore[union-attr]
    assert [s.name.text for s in body if hasattr(s, "name")][:2] == ["x", "y0"]
    assert len(body) >= 4


CASES = cases_runner.collect("syntax")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path.stem}-{case.number}")
def test_fixes_mend(case: cases_runner.Case) -> None:
    """Each fix that edits takes its own diagnostic away and brings none that was not there."""
    found = faults(case.spec)
    for d in found:
        for fix in d.fixes:
            if fix.edits:
                left = faults(applied(case.spec, fix))
                assert len(left) < len(found) or fix.message == "take it out", fix


# ------------------------------------------------------------------------------------------- codes
SHELLS = [
    "{}\n",
    "model A {{\n  input x: 4\n  {}\n}}\n",
    "model A {{\n  {}\n}}\n",
    "data {{\n  {}\n}}\n",
]
ELSEWHERE = {"E0121", "E0122", "E0130", "E0131", "E0132", "E0133", "E0134"}


@pytest.mark.parametrize(
    "code", [c for c in CODES if c.code not in ELSEWHERE], ids=lambda c: c.code
)
def test_examples_of_codes(code: object) -> None:
    wrong, right, name = code.wrong, code.right, code.code  # type: ignore[attr-defined]
    matching = [s for s in SHELLS if [d.code for d in faults(s.format(wrong))][:1] == [name]]
    assert matching, "the wrong example shows another code"
    assert any(faults(shell.format(right)) == () for shell in SHELLS), "the right example is faulty"


def test_every_code_has_a_case_or_a_test_of_its_own() -> None:
    shown = {code for case in CASES for code in re.findall(r"E01\d\d", case.actual)}
    assert {c.code for c in CODES} - ELSEWHERE <= shown


def test_codes_are_complete() -> None:
    for code in CODES:
        assert re.fullmatch(r"E01\d\d", code.code)
        assert (code.title[0].isupper() or code.title[0] == "`") and not code.title.endswith(".")
        assert code.why.endswith(".") and code.wrong != code.right


def test_so_many_faults_are_cut_off() -> None:
    found = faults("s {\n" + "  a: 1\n" * 300 + "}\n")
    assert len(found) == 100 and "200 more" in found[-1].notes[-1]


@pytest.mark.parametrize(
    "text",
    [
        "s { k = f(" + "a " * 20_000 + ") }",
        "s { k = 1 } " + "} ) ] " * 10_000,
        "s { " + "( ] " * 10_000,
        "s { k = “" + " “" * 20_000,
        "s { k = " + "' " * 20_000,
        "s { k = " + "§ " * 20_000,
        "s { k = " + "1. " * 20_000,
        "s { k = " + "1x" * 20_000,
        "s { k = 1 " + "= " * 20_000,
        "s {\n" + 'a = "b\n' * 10_000,
        "model A {\n" + "-> \n" * 20_000,
        "model A {\n" + "a" + " " * 200_000 + "b\n" * 10_000,
        "\n" * 200_000 + "x",
        "match { " * 30 + "a : " * 10_000,
        "x -> match { } " * 20_000,
        "\\x1b" * 20_000,
    ],
    ids=lambda text: text[:18] + text[-6:],
)  # fmt: skip
def test_hostile_texts_end_soon(text: str) -> None:
    started = time.process_time()
    faults(text)
    assert time.process_time() - started < 15
