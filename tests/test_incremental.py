"""What dslc remembers from one text to the next saves time and never shows: see also edits.py."""

from __future__ import annotations

from pathlib import Path

import bench_editor
import edits
import pytest

from dslc.driver import analyse_source
from dslc.source import Source
from dslc.syntax import recall, tree

DEEP = "model Deep(classes = 10) {\n  input image: 32x32x3\n  image\n{}\n    -> Flatten -> Dense(classes)\n}\n"


def deep(*steps: str) -> str:
    return DEEP.replace("{}", "\n".join(f"    -> {step}" for step in steps), 1)


def same(text: str, *before: str) -> None:
    """Says the same of `text` whatever was read before."""
    recall.forget()
    for earlier in (*before, text, text):
        analyse_source(Source("a.dl", earlier))
    found = analyse_source(Source("a.dl", text))
    with edits.afresh():
        wanted = analyse_source(Source("a.dl", text))
    assert edits.said(found) == edits.said(wanted)


def test_a_thousand_edits() -> None:
    # `make edits` allows a second; among thousands of tests their garbage is swept now and then.
    figures = edits.compare(1000, seconds=5.0)
    assert figures["without errors"] > 200  # else little of it was put to use


@pytest.mark.parametrize(
    "text",
    [
        deep("Conv2D(8, 3x3)", "relu", "Conv2D(8, 3x3)", "relu as mark", "BatchNorm"),
        deep("Conv2D(8, 3x3)  # why", "# not this", "Dense(4)", "repeat 2 {", "Dense(4) }"),
        deep("relu", "relu\n    * 2", "relu\n    as mark", "add(mark)"),
        deep("Dense(8)", "relu", "match {", "classes > 3: relu", "else: Dense(4)", "}"),
        deep("Dense(8", "relu", "Dense(8)"),
        deep("Dense(8)", "reluu", "reluu"),
        deep("Dense(8)", f"Dense({' + '.join('1' * 300)})"),
        deep("Dense(8)", "relu ->", "Dense(8)"),
        deep("Dense(8)") + "train {\n  lr = x ->\n  Adam\n}\n",
        deep("relu", "relu").replace("\n", "\r\n"),
        deep("relu", "relu").replace("\n", "\r"),
        deep("Dense(8)", "Dense(8)\r -> relu", "relu"),
        deep("relu", "relu") + "train\n{\n  epochs = 3\n}\n",
        deep("relu") + "train {\n  optimizer = Adam(1e-3)\n  loss = cross_entropy\n}\n",
        "block B(n) {\n  input x\n  x -> Dense(n) -> relu\n}\n" + deep("B(3)", "B(4)", "B(3)"),
        "block B(same) {\n  input x\n  x -> Conv2D(4, 3x3, padding=same)\n}\n"
        + deep("B(2)", "B(valid)"),
        deep("Dropout(0.1)", "Dropout(1e-1)", "Dropout(0.10)", "Dense(1)", "Dense(true)"),
        "defaults {\n  init = he_normal\n}\n" + deep("Dense(3)", "Dense(3)", "Conv2D(3, 3x3)"),
        "defaults {\n  output { init = zeros }\n  hidden { init = ones }\n}\n" + deep("Dense(3)"),
    ],
)
def test_lines_that_were_met_before(text: str) -> None:
    same(text, deep("relu", "Dense(8)", "Conv2D(8, 3x3)", "Dropout(0.1)"))


def test_the_line_behind_decides() -> None:
    """The same line, with other lines behind it, in front of it and around it."""
    line = "    -> Dense(8) -> relu"
    for text in (
        deep("relu", "Dense(8) -> relu", "relu"),
        deep("relu", "Dense(8) -> relu\n    * 3", "relu"),
        deep("relu", "Dense(8) -> relu\n    as here"),
        f"model M {{\n  input x: 3\n  x\n{line}\n}}\n",
        f"model M {{\n  input x: 3\n  y = add(x\n{line}\n , x)\n  y -> relu\n}}\n",
        f"model M {{\n  input x: 3\n  x\n{line}\n  (x, x) -> add\n}}\n",
        f"model M {{\n  input x: 3\n  x\n{line}\n{{\n}}\n",
        f"model M {{\n  input x: 3\n{line}\n}}\n",
        f"{line}\n",
    ):
        same(text, deep("Dense(8) -> relu", "Dense(8) -> relu"))


def test_names_mean_what_they_mean_here() -> None:
    """A call with names in it is bound with the values they have in this body, in this use of the block."""
    block = (
        "block B(n, act = relu) {\n  input x\n  h = 2 * n\n  x -> Dense(h) -> Dense(n) -> act\n}\n"
    )
    same(block + deep("B(3)", "B(4)", "B(3, act=tanh)"), block + deep("B(7)"))
    text = block + "model M {\n  input x: 4\n  x -> B(3) -> B(4) -> B(3)\n}\n"
    nodes = [*analyse_source(Source("a.dl", text)).models[0].graph.nodes()]
    assert [n.output.channels for n in nodes if n.output] == [4, 6, 3, 3, 8, 4, 4, 6, 3, 3]


def test_a_text_that_was_met_is_taken_line_by_line() -> None:
    text = deep(*["Conv2D(8, 3x3)", "relu"] * 50)
    recall.forget()
    first = recall.quick(Source("a.dl", text))
    assert first is not None  # most of its lines repeat others
    assert sum(isinstance(d, tree.Definition) for d in first.declarations) == 1
    other = deep(*(f"Conv2D({n + 1}, 3x3)" for n in range(50)))
    assert recall.quick(Source("a.dl", other)) is None  # nothing to be gained yet
    assert recall.quick(Source("a.dl", other)) is not None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import dslc.graph.recall
    import dslc.spec.recall

    for module, memory in (
        (recall, "_SEEN"),
        (dslc.spec.recall, "_READINGS"),
        (dslc.graph.recall, "_KNOWN"),
    ):
        monkeypatch.setattr(module, memory, {})
        monkeypatch.setattr(module, "MOST", 5)
    monkeypatch.setattr(dslc.spec.recall, "MOST_VALUES", 2)
    monkeypatch.setattr(dslc.graph.recall, "MOST_INPUTS", 2)
    block = "block B(n) {\n  input x\n  x -> Dense(n)\n}\n"
    same(block + deep(*(f"B({n + 1})" for n in range(9)), *(f"Dense({n + 1})" for n in range(9))))
    assert len(recall._SEEN) <= 5 and len(dslc.spec.recall._READINGS) <= 5
    assert len(dslc.graph.recall._KNOWN) <= 5


def test_imports_are_read_as_they_are_now(tmp_path: Path) -> None:
    part, whole = tmp_path / "part.dl", tmp_path / "whole.dl"
    text = 'import "part.dl" (Head)\nmodel M {\n  input x: 4\n  x -> Head\n}\n'
    block = "block Head {\n  input x\n  x -> Dense(N) -> relu\n}\n"
    for units in (3, 5, 3):
        part.write_text(block.replace("N", str(units)), encoding="utf-8")
        found = analyse_source(Source("whole.dl", text), whole)
        (model,) = found.models
        assert model.summary is not None and model.summary.weights == 5 * units


def test_edits_through_the_protocol() -> None:
    """What a client of `dslc lsp` is sent after each of them is that of a check of the text alone."""
    figures = edits.through_protocol(40)
    assert figures["with diagnostics"] > 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "a"),
        ("a", ""),
        ("ab", "ab"),
        ("aXb", "ab"),
        ("aa", "aaa"),
        ("a\r\nb", "a\rb"),
        ("a\rb", "a\r\nb"),
    ],
)
def test_a_change_is_what_differs(old: str, new: str) -> None:
    start, end, written = edits.change_between(old, new)
    assert old[:start] + written + old[end:] == new
    assert old[start - 1 : start + 1] != "\r\n" and old[end - 1 : end + 1] != "\r\n"


def test_the_bench_edits_one_line_at_a_time() -> None:
    text = bench_editor.deep(60)
    analysis = analyse_source(Source("deep.dl", text))
    assert not analysis.diagnostics
    assert sum(node.word is not None for node in analysis.models[0].graph.nodes()) == 60
    for start, end, written in bench_editor.changes(text, 20):
        changed = (text[:start] + written + text[end:]).splitlines()
        assert sum(a != b for a, b in zip(changed, text.splitlines(), strict=True)) <= 1
