"""The features of the language server as functions, on real specs and small texts; `|` marks the cursor."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from dslc.diagnostics import Edit
from dslc.driver import analyse_source
from dslc.fmt import format_source
from dslc.lint.patch import apply
from dslc.lsp import (
    actions,
    completion,
    diagnostics,
    folding,
    formatting,
    hints,
    hover,
    lens,
    links,
    navigation,
    rename,
    semantic,
    signature,
    symbols,
)  # fmt: skip
from dslc.lsp.document import Document, checked
from dslc.lsp.names import index_of
from dslc.lsp.positions import Encoding, Positions, edited
from dslc.lsp.project import Project
from dslc.lsp.script import script
from dslc.source import Source
from dslc.syntax import read
from dslc.vocab.sections import SECTIONS
from dslc.vocab.word import parameters, words

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
NET = """\
# Two layers.
block Stage(filters, act=relu) {
  input x
  x -> Conv2D(filters, 3x3) -> act as mid
  mid -> MaxPool2D(2x2)
}

model Net(classes = 10) {
  input image: 16x16x1
  image -> Stage(8) as backbone
  backbone -> Stage(16) -> Flatten -> Dense(classes) -> softmax
}
"""
TRAINED = (
    NET
    + """
data { source = npz("a.npz")  split = random(70, 15, 15) }

train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  metrics = [accuracy]  epochs = 2 }
"""
)


def opened(text: str, path: Path | None = None, encoding: Encoding = "utf-16") -> Document:
    place = path if path is not None else ROOT / "t.dl"
    return checked(Source(str(place), text), place.as_uri(), place, encoding=encoding)


def spec(name: str) -> Document:
    path = SPECS / name
    source, _ = read(path)
    assert source is not None
    return checked(source, path.as_uri(), path)


def at(marked: str, **how: Any) -> tuple[Document, types.Position]:
    """A document, and the place of `|` in it."""
    offset = marked.index("|")
    document = opened(marked.replace("|", "", 1), **how)
    return document, document.positions.position(offset)


def find(document: Document, text: str, nth: int = 0) -> types.Position:
    """The place of the `nth` occurrence of `text`."""
    offset = -1
    for _ in range(nth + 1):
        offset = document.source.text.index(text, offset + 1)
    return document.positions.position(offset)


def texts(document: Document, ranges: Iterable[types.Range]) -> list[str]:
    found = [document.positions.offsets(r) for r in ranges]
    return [document.source.text[a:b] for a, b in found]


def labels(marked: str) -> list[str]:
    document, position = at(marked)
    return [item.label for item in completion.complete(document, position, Project()).items]


def after(document: Document, edits: Iterable[types.TextEdit]) -> str:
    """The text that a client has when it has made these edits."""
    made = []
    for edit in edits:
        start, end = document.positions.offsets(edit.range)
        made.append(Edit(document.source.span(start, end), edit.new_text))
    return apply(document.source.text, made)


# ------------------------------------------------------------------------------------ positions
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_offset_has_a_position_and_every_position_its_offset(
    encoding: Encoding, ending: str
) -> None:
    text = ending.join(["# 한국어 🎉 모델", "\tmodel 망 {", "", "  🎉x = 1\u2028 # é", "}"])
    positions = Positions(Source("a", text), encoding)
    for offset in range(len(text) + 1):
        place = positions.position(offset)
        line_end = ending == "\r\n" and text[offset - 1 : offset + 1] == "\r\n"
        assert positions.offset(place) == (offset - 1 if line_end else offset)
    assert positions.offset(types.Position(99, 0)) == len(text)
    assert positions.offset(types.Position(0, 999)) == len("# 한국어 🎉 모델")


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 14), ("utf-16", 6), ("utf-32", 5)])
def test_columns_are_counted_as_the_client_counts(encoding: Encoding, column: int) -> None:
    text = "한🎉국 x"
    positions = Positions(Source("a", text), encoding)
    end = positions.position(5)
    assert end.character == {"utf-8": 12, "utf-16": 6, "utf-32": 5}[encoding]
    assert positions.offset(types.Position(0, end.character)) == 5
    if encoding == "utf-16":  # in the middle of the emoji: in front of it
        assert positions.offset(types.Position(0, 2)) == 1


def test_changes_are_applied_where_the_client_means_them() -> None:
    source = Source("a", "# 🎉🎉 = \u2028 x\r\ny\r\n")
    place = types.Range(types.Position(0, 4), types.Position(0, 6))
    change = types.TextDocumentContentChangePartial(place, "한")
    assert edited(source, change, "utf-16") == "# 🎉한 = \u2028 x\r\ny\r\n"
    whole = types.TextDocumentContentChangeWholeDocument("new")
    assert edited(source, whole, "utf-16") == "new"
    second = types.Range(types.Position(1, 0), types.Position(1, 1))
    change = types.TextDocumentContentChangePartial(second, "z")
    assert edited(source, change, "utf-16").endswith("x\r\nz\r\n")


# ------------------------------------------------------------------------------------ diagnostics, fixes
def test_a_diagnostic_has_code_help_places_and_advice() -> None:
    document = opened(
        "# 한국 🎉\nmodel M {\n  input x: 8x8x1\n  y = x -> Conv2D(4, 3x3)\n  add(x, y) -> Flatten\n}\n"
    )
    (found,) = diagnostics.diagnostics(document)
    assert found.code == "E0302" and found.severity == types.DiagnosticSeverity.Error
    assert texts(document, [found.range]) == ["add(x, y)"]
    assert "help:" in found.message
    assert found.related_information
    assert found.code_description is None or found.code_description.href.startswith("file:")
    assert "**E0302" in (diagnostics.explanation("E0302") or "")
    assert diagnostics.explanation("E9999") is None


def test_what_is_unused_is_tagged() -> None:
    document = opened("model M(n = 2) {\n  input x: 4\n  x -> Dense(2)\n}\n")
    found = diagnostics.diagnostics(document)
    assert [(d.code, d.tags) for d in found if d.code == "E0206"] == [
        ("E0206", [types.DiagnosticTag.Unnecessary])
    ]


def test_the_advice_of_rules_comes_with_its_fixes() -> None:
    text = NET.replace("-> act as mid", "-> sigmoid as mid").replace(", act=relu", "")
    document = opened(text)
    codes = {d.code for d in diagnostics.diagnostics(document)}
    assert "L101" in codes, codes
    whole = document.positions.range(0, len(text))
    offered = actions.actions(document, whole)
    assert any(a.command and a.command.arguments == ["L101"] for a in offered)
    for action in offered:
        for edits in action.edit.changes.values() if action.edit and action.edit.changes else ():
            fresh = after(document, edits)
            assert not any(
                d.severity == "error" for d in analyse_source(Source("a", fresh)).diagnostics
            )


def test_a_fix_of_a_mistake_is_applied_at_its_place_behind_korean() -> None:
    document = opened("# 한국어 🎉\nmodel M {\n  input x: 4  # 입력 🎉\n  x -> Dens(2)\n}\n")
    place = find(document, "Dens")
    found = actions.actions(document, types.Range(place, place), ["quickfix"])
    fix = next(a for a in found if a.edit is not None)
    assert fix.is_preferred and fix.diagnostics
    assert "x -> Dense(2)" in after(document, fix.edit.changes[document.uri])


def test_fix_all_mends_what_is_safe() -> None:
    steps = "Conv2D(4, 3x3) -> BatchNorm -> relu -> Flatten -> Dense(2) -> softmax"
    text = f"model M {{\n  input x: 8x8x3\n  x -> {steps}\n}}\n"
    document = opened(text)
    fresh = actions.fixed(document)
    whole = document.positions.range(0, len(text))
    found = actions.actions(document, whole, [types.CodeActionKind.SourceFixAll])
    if fresh is not None and fresh != text:
        (action,) = found
        assert after(document, action.edit.changes[document.uri]) == fresh
        assert action.kind == "source.fixAll.dslc"
    assert all(a.kind == "source.fixAll.dslc" for a in found)
    broken = opened("model M {\n  input x: 4\n  x -> concat((x, x)) -> Dense(2)\n}\n")
    mended = actions.fixed(broken)
    assert mended is not None and "concat(x, x)" in mended


def test_mistakes_of_an_imported_file_stand_at_its_import(tmp_path: Path) -> None:
    (tmp_path / "heads.dl").write_text("block Head {\n  input x\n  x -> Dens(2)\n}\n")
    text = 'import "heads.dl" (Head)\nmodel M { input x: 4  x -> Head }\n'
    document = opened(text, tmp_path / "m.dl")
    (found,) = [
        d for d in diagnostics.diagnostics(document) if d.severity == types.DiagnosticSeverity.Error
    ]
    assert texts(document, [found.range]) == ['"heads.dl"']
    assert found.message.startswith("in `heads.dl`:")
    assert found.related_information[0].location.uri == (tmp_path / "heads.dl").as_uri()


# ------------------------------------------------------------------------------------ hints, hover, lenses
def test_hints_show_shape_and_parameters_of_every_step() -> None:
    document = opened(NET)
    shown = {
        document.source.text.split("\n")[h.position.line][: h.position.character].split("-> ")[
            -1
        ]: h.label
        for h in hints.hints(document)
    }
    assert shown["Stage(8)"] == "7x7x8 · 80 params"
    assert shown["Stage(16)"] == "2x2x16 · 1,168 params"
    assert shown["Dense(classes)"] == "10 · 650 params"
    assert shown["Conv2D(filters, 3x3)"] == "14x14x8 | 5x5x16 · 80 | 1,168 params"
    assert shown["act"] == "14x14x8 | 5x5x16"
    assert shown["  input x"] == "16x16x1 | 7x7x8"


def test_hints_of_repeats_symbols_and_settings() -> None:
    steps = "Conv2D(3, 3x3, padding=same) * 3 -> GlobalAvgPool2D -> Dense(2)"
    text = f"model M {{\n  input x: (H, W, 3)\n  x -> {steps}\n}}\n"
    document = opened(text)
    found = hints.hints(document)
    assert [h.label for h in found] == ["(H, W, 3) · 252 params", "3", "2 · 8 params"]
    assert found[0].position == types.Position(2, text.split("\n")[2].index(" * 3") + 4)
    assert "computed 3 times" in found[0].tooltip.value
    none = types.Range(types.Position(0, 0), types.Position(1, 0))
    assert hints.hints(document, none) == []
    shapes = hints.HintSettings.of({"hints": {"parameters": False}})
    assert hints.hints(document, None, shapes)[0].label == "(H, W, 3)"
    for off in ({"hints": False}, {"hints": {"shapes": False, "parameters": False}}):
        assert hints.hints(document, None, hints.HintSettings.of(off)) == []
    assert hints.HintSettings.of("odd") == hints.ALL == hints.HintSettings.of({"hints": 3})


def test_hints_of_shared_layers_stand_at_each_use() -> None:
    document = opened(
        "model M {\n  input a: 5x4\n  input b: 5x4\n  both = Dense(8)\n  l = a -> both\n"
        "  r = b -> both\n  add(l, r) -> Flatten\n}\n"
    )
    assert [h.label for h in hints.hints(document)] == [
        "5x8 · 40 params",
        "5x8",
        "5x8",
        "5x8",
        "40",
    ]


def test_hints_stay_where_a_mistake_does_not_reach() -> None:
    document = opened(NET.replace("Dense(classes)", "Dense(clases)"))
    assert "7x7x8 · 80 params" in [h.label for h in hints.hints(document)]


HOVERED = {
    "Conv2D(": ["A convolution over an image", "| `filters` | required |", "- in: 16x16x1 | 7x7x8"],
    "Stage(8)": [
        "block Stage(filters, act=relu)",
        "Two layers.",
        "- out: 7x7x8",
        "- multiply-adds",
    ],
    "backbone\n": ["label of `Net`", "shape: 7x7x8"],
    "filters, 3x3": ["parameter of `Stage`", "value: 8 | 16"],
    "train {": ["How the weights are found.", "| `epochs` | required |"],
    "epochs": ["setting of `train`", "passes over the training part"],
    "lr=": ["parameter of `Adam`"],
    "Adam": ["Adam(lr="],
    "cross_entropy": ["cross_entropy"],
    "accuracy]": ["accuracy"],
    "random(": ["random("],
}


@pytest.mark.parametrize("text", HOVERED)
def test_hover_says_what_a_word_means_here(text: str) -> None:
    document = opened(TRAINED)
    found = hover.hover(document, find(document, text), Project())
    assert found is not None
    for part in HOVERED[text]:
        assert part in found.contents.value
    assert text.startswith(texts(document, [found.range])[0])


def test_hover_over_codes_in_comments_and_over_nothing() -> None:
    document, position = at("# dslc: ignore[L101, bias-befo|re-norm] known\n" + NET)
    found = hover.hover(document, position, Project())
    assert found is not None and "BatchNorm" in found.contents.value
    assert texts(document, [found.range]) == ["bias-before-norm"]
    for marked in (
        "# a com|ment\n" + NET,
        NET + "|\n",
        "|",
        "model M { input x: 4|5 x -> Dense(2) }",
    ):
        document, position = at(marked)
        assert hover.hover(document, position, Project()) is None


def test_hover_over_settings_words_and_parts_of_every_spec_finds_something() -> None:
    for path in sorted(SPECS.glob("*.dl")):
        document = spec(path.name)
        named = [n for n in document.names if document.above.get(n) is not None]
        missing = [
            n.text
            for n in named
            if hover.hover(document, document.positions.position(n.span.start), Project()) is None
        ]
        assert len(missing) <= len(named) // 4, (path.name, missing)


def test_lenses_show_costs_and_commands() -> None:
    document = opened(TRAINED)
    found = [
        (x.range.start.line, x.command.title, x.command.command) for x in lens.lenses(document)
    ]
    assert found[0] == (1, "80 | 1,168 parameters · 2 uses", "")
    assert found[1][1] == "1,898 parameters · 16,592 multiply-adds" or "parameters" in found[1][1]
    assert [c for _, _, c in found[2:]] == [
        "dslc.compile",
        "dslc.verify",
        "dslc.run",
        "dslc.openScript",
    ]
    broken = lens.lenses(opened(NET.replace("softmax", "softmx")))
    assert all(x.command.command == "" for x in broken)


# ------------------------------------------------------------------------------------ completion
def test_behind_an_arrow_stand_layers_that_fit_and_blocks() -> None:
    found = labels(NET.replace("backbone -> Stage(16)", "backbone -> |"))
    assert found[:2] == ["classes", "Stage"] and {
        "Conv2D",
        "relu",
        "add",
        "repeat",
        "match",
    } <= set(found)
    assert found.index("Conv2D") < found.index("Conv1D")
    assert "classes" in found and "image" not in found
    assert "Net" not in found and "cross_entropy" not in found


def test_a_blank_asks_only_where_something_is_awaited() -> None:
    for marked, some in (("  x -> |", True), ("  x |", False), ("  y = |", True), ("  |", False)):
        document, position = at(f"model M {{\n  input x: 4\n{marked}\n}}")
        found = completion.complete(document, position, Project(), typed=" ")
        assert bool(found.items) == some, marked
    document, position = at("model M {\n  input x: 4\n  assert 4 >|\n}")
    assert not completion.complete(document, position, Project(), typed=">").items


def test_every_word_of_a_flow_is_offered_and_nothing_else() -> None:
    found = set(labels("model M {\n  input x: 4\n  x -> |"))
    assert set(words("flow")) <= found <= {*words("flow"), "repeat", "match"}


def test_in_parentheses_stand_parameters_then_values() -> None:
    found = labels("model M {\n  input x: 8x8x1\n  x -> Conv2D(4, kernel=3x3, |)\n}")
    assert {"stride", "padding", "init"} <= set(found) and "kernel" not in found
    assert labels("model M {\n  input x: 8x8x1\n  x -> Conv2D(4, 3x3, padding=|)\n}")[:2] == [
        "same",
        "valid",
    ]
    init = labels("model M {\n  input x: 8x8x1\n  x -> Conv2D(4, 3x3, init=he|)\n}")
    assert set(words("initializer")) <= set(init)
    assert {"true", "false"} <= set(labels("model M {\n  input x: 4\n  x -> Dense(4, bias=|)\n}"))
    assert set(labels(NET.replace("Stage(16)", "Stage(|"))) >= {"filters", "act", "classes"}


def test_completion_knows_names_sizes_and_promises() -> None:
    assert {"channels", "height", "width", "rank"} == set(
        labels(NET.replace("Flatten", "Flatten\n  n = image.|"))
    )
    assert {"params", "multiply_adds"} <= set(labels(NET.replace("softmax", "softmax\n  assert |")))
    start = labels(NET.replace("backbone -> Stage(16)", "|"))
    assert {"backbone", "image", "Stage", "concat", "output", "assert"} <= set(start)
    assert labels(NET.replace("as backbone", "as |")) == []
    assert labels("# in a comment |\n" + NET) == []


def test_sections_offer_their_keys_words_and_values() -> None:
    top = labels("|")
    assert set(SECTIONS) | {"model", "block", "import"} == set(top)
    keys = labels(NET + "train { loss = mse  | }")
    assert {"optimizer", "epochs", "EarlyStopping"} <= set(keys) and "loss" not in keys
    assert set(words("loss")) == set(labels(NET + "train { loss = | }"))
    assert set(words("schedule")) == set(labels(NET + "train { optimizer = Adam(lr=|) }"))
    metrics = labels(NET + "train { metrics = [accuracy, |] }")
    assert set(metrics) == set(words("metric")) - {"accuracy"}
    assert set(words("source")) <= set(labels(NET + "data { source = | }"))
    assert set(words("transform")) <= set(labels(NET + "augment { | }"))
    assert {"Conv2D", "hidden", "output", "init"} <= set(labels(NET + "defaults { | }"))
    assert {"padding", "init"} <= set(labels(NET + "defaults { Conv2D { | } }"))


def test_values_that_the_spec_decides_are_offered() -> None:
    monitors = labels(TRAINED.replace("epochs = 2", "epochs = 2 EarlyStopping(monitor=|)"))
    assert monitors == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert "backbone" in labels(TRAINED + "finetune |")
    phase = TRAINED + "finetune backbone { phase a { unfreeze = from(|mid) } }"
    assert "mid" in labels(phase)
    assert {"all", "from", "mid"} <= set(labels(phase.replace("from(|mid)", "|")))
    several = spec("multi_output.dl").source.text.replace("loss    { digit", "loss    { |digit")
    assert {"digit", "ink"} >= set(labels(several)) - set(labels("|")) != set()


def test_files_of_the_project_are_offered_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "dslc.toml").write_text("")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "heads.dl").write_text("block Head {\n  input x\n  x -> Dense(2)\n}\n")
    (tmp_path / "rows.csv").write_text("age,한글,odd name,target\n1,2,3,4\n")

    def offered(marked: str) -> list[str]:
        document, position = at(marked, path=tmp_path / "m.dl")
        return [i.label for i in completion.complete(document, position, Project()).items]

    assert offered('import "|') == ["parts/"]
    assert offered('import "parts/|" (Head)') == ["heads.dl"]
    assert offered('import "parts/heads.dl" (|)') == ["Head"]
    assert offered('import "../|') == []
    assert offered('data { source = csv("|') == ["dslc.toml", "parts/", "rows.csv"]
    columns = offered('data { source = csv("rows.csv", target=|) }')
    assert columns == ["age", "target", "한글"]
    assert offered('data { source = csv("../rows.csv", target=|) }') == []


def test_items_fill_in_what_is_required_and_are_documented() -> None:
    document, position = at("model M {\n  input x: 8x8x1\n  x -> Con|")
    items = completion.complete(document, position, Project()).items
    conv = next(i for i in items if i.label == "Conv2D")
    assert conv.text_edit.new_text == "Conv2D(${1:filters}, ${2:kernel})$0"
    assert texts(document, [conv.text_edit.range]) == ["Con"]
    from dslc.lsp.candidates import resolved

    assert "A convolution" in resolved(conv).documentation.value
    plain = completion.complete(document, position, Project(), snippet=False).items
    assert next(i for i in plain if i.label == "Conv2D").text_edit.new_text == "Conv2D"


def test_signature_help_follows_the_argument() -> None:
    def shown(marked: str) -> tuple[str, int | None] | None:
        document, position = at(marked)
        found = signature.signature(document, position, Project())
        return None if found is None else (found.signatures[0].label, found.active_parameter)

    head = "model M {\n  input x: 8x8x1\n  x -> "
    label, active = shown(head + "Conv2D(4, |") or ("", None)
    assert label.startswith("Conv2D(filters, kernel, stride=1") and active == 1
    names = list(parameters(words("flow")["Conv2D"]))
    assert (shown(head + "Conv2D(4, 3x3, padding=|") or ("", None))[1] == names.index("padding")
    assert shown(NET.replace("Stage(16)", "Stage(16, |")) == ("Stage(filters, act=relu)", 1)
    assert (shown(NET + "train { optimizer = Adam(lr=cosine(|") or ("",))[0].startswith("cosine(")
    for nothing in (head + "relu|", "|", "# Conv2D(|", NET + "train { loss = |"):
        assert shown(nothing) is None


# ------------------------------------------------------------------------------------ names
def test_definitions_and_references_within_a_file() -> None:
    document = opened(TRAINED)
    project = Project()
    for use, given in (
        ("mid ->", "mid\n"),
        ("classes)", "classes ="),
        ("Stage(16)", "Stage(filters"),
        ("x -> Conv", "x\n"),
    ):
        (place,) = navigation.definition(document, find(document, use), project)
        assert place.range.start == find(document, given)
    found = navigation.references(document, find(document, "Stage(8)"), project)
    assert len([x for x in found if x.uri == document.uri]) == 3
    uses = navigation.references(document, find(document, "Stage(8)"), project, False)
    assert len([x for x in uses if x.uri == document.uri]) == 2
    assert len(navigation.highlights(document, find(document, "backbone ->"))) == 2
    assert navigation.definition(document, find(document, "Dense"), project) == []


def test_definitions_and_references_across_files() -> None:
    document, project = spec("digits_transfer.dl"), Project()
    low = (SPECS / "digits_low.dl").as_uri()
    (place,) = navigation.definition(document, find(document, "Features(weights"), project)
    assert place.uri == low
    (path,) = navigation.definition(document, find(document, "digits_low.dl", 1), project)
    assert path.uri == low
    (part,) = navigation.definition(document, find(document, "strokes"), project)
    assert part.uri == low
    (label,) = navigation.definition(document, find(document, "backbone {"), project)
    assert label.uri == document.uri and label.range.start == find(document, "backbone\n")
    everywhere = navigation.references(document, find(document, "Features)"), project)
    assert {low, document.uri} <= {x.uri for x in everywhere}


def test_outputs_are_found_in_sections_and_monitors() -> None:
    document = spec("multi_output.dl")
    found = navigation.references(document, find(document, "digit:"), Project())
    assert len(found) == 4
    assert set(texts(document, [x.range for x in found])) == {"digit"}


def renamed(document: Document, position: types.Position, new: str) -> dict[str, str] | str:
    """The texts after a rename by URI, or why there are none."""
    answer = rename.rename(document, position, new, Project())
    if isinstance(answer, rename.Refused):
        return answer.message
    assert answer is not None and answer.changes is not None
    result = {}
    for uri, edits in answer.changes.items():
        source = document.source if uri == document.uri else None
        if source is None:
            from dslc.lsp.buffers import path_of

            path = path_of(uri)
            assert path is not None
            source, _ = read(path)
            assert source is not None
        other = Document(uri, None, ROOT, None, source)
        result[uri] = after(other, edits)
    return result


def test_rename_changes_every_place_and_nothing_else() -> None:
    document = spec("multi_output.dl")
    changed = renamed(document, find(document, "digit:"), "figure")
    assert isinstance(changed, dict)
    (text,) = changed.values()
    assert "output figure:" in text and "monitor=val_figure_accuracy" in text
    assert "loss    { figure = " in text and "digit_ink.npz" in text
    assert analyse_source(Source("a.dl", text), document.path).ok


def test_rename_reaches_other_files(tmp_path: Path) -> None:
    (tmp_path / "dslc.toml").write_text("")
    (tmp_path / "heads.dl").write_text("block Head(units) {\n  input x\n  x -> Dense(units)\n}\n")
    text = 'import "heads.dl" (Head)\nmodel M { input x: 4  x -> Head(units=2) }\n'
    (tmp_path / "m.dl").write_text(text)
    document = opened(text, tmp_path / "m.dl")
    changed = renamed(document, find(document, "Head("), "Top")
    assert isinstance(changed, dict) and len(changed) == 2
    assert changed[document.uri] == text.replace("Head", "Top")
    changed = renamed(document, find(document, "units"), "size")
    assert isinstance(changed, dict) and len(changed) == 2
    assert "Head(size=2)" in changed[document.uri]


@pytest.mark.parametrize(
    ("place", "new", "why"),
    [
        ("mid\n", "model", "keyword"),
        ("mid\n", "relu", "word of the language"),
        ("mid\n", "true", "word of the language"),
        ("mid\n", "2nd", "no name"),
        ("mid\n", "a b", "no name"),
        ("mid\n", "", "no name"),
        ("mid\n", "x", "already"),
        ("Stage(8)", "Net", "already"),
        ("Stage(8)", "image", "is a name in a body"),
        ("backbone\n", "Stage", "block or model"),
    ],
)
def test_rename_refuses_what_would_mean_something_else(place: str, new: str, why: str) -> None:
    document = opened(NET)
    answer = renamed(document, find(document, place), new)
    assert isinstance(answer, str) and why in answer, answer


def test_rename_begins_only_at_names() -> None:
    document = opened(TRAINED)
    project = Project()
    ready = rename.prepare(document, find(document, "mid ->"), project)
    assert isinstance(ready, types.PrepareRenamePlaceholder) and ready.placeholder == "mid"
    for text in ("Conv2D", "epochs", "3x3", "block", "Two"):
        assert rename.prepare(document, find(document, text), project) is None
    lost = opened('import "no.dl" (Gone)\nmodel M { input x: 4  x -> Gone }\n')
    assert isinstance(rename.prepare(lost, find(lost, "Gone }"), project), rename.Refused)


def test_every_name_of_every_spec_has_a_place() -> None:
    for path in sorted(SPECS.rglob("*.dl")):
        source, _ = read(path)
        assert source is not None
        document = checked(source, path.as_uri(), path, advice=False)
        assert document.file is not None
        index = index_of(document.file, path, ROOT)
        for place in index.places:
            assert place.span.text == place.symbol.name
            if place.symbol.path == path:
                assert index.given(place.symbol) is not None, (path, place)


# ------------------------------------------------------------------------------------ the text
def test_the_outline_holds_models_values_and_settings() -> None:
    found = {s.name: s for s in symbols.symbols(opened(TRAINED))}
    assert list(found) == ["Stage", "Net", "data", "train"]
    assert [c.name for c in found["Stage"].children] == ["x", "mid"]
    assert [c.name for c in found["train"].children] == ["loss", "optimizer", "metrics", "epochs"]
    for path in sorted(SPECS.glob("*.dl")):
        for symbol in symbols.symbols(spec(path.name)):
            _nested(symbol)


def _nested(symbol: types.DocumentSymbol) -> None:
    def key(p: types.Position) -> tuple[int, int]:
        return p.line, p.character

    outer, inner = symbol.range, symbol.selection_range
    assert key(outer.start) <= key(inner.start) <= key(inner.end) <= key(outer.end)
    for child in symbol.children or []:
        _nested(child)


def test_folds_hold_definitions_comments_and_imports() -> None:
    text = '# a\n# b\nimport "a.dl" (A)\nimport "b.dl" (B)\n' + NET
    found = {(f.start_line, f.end_line): f.kind for f in folding.folds(opened(text))}
    assert found[0, 1] == "comment" and found[2, 3] == "imports"
    assert found[5, 9] == "region" and found[11, 15] == "region"


def test_semantic_tokens_know_what_a_word_is() -> None:
    document = opened("# 한🎉\n" + TRAINED)
    by_text: dict[str, set[str]] = {}
    for start, end, kind, _ in semantic.coloured(document):
        by_text.setdefault(document.source.text[start:end], set()).add(kind.value)
    assert by_text["Conv2D"] == {"type"} and by_text["softmax"] == {"function"}
    assert by_text["Stage"] == {"class"} and by_text["filters"] == {"parameter", "variable"}
    assert by_text["train"] == {"keyword"} and by_text["epochs"] == {"property"}
    assert by_text["3x3"] == {"number"} and by_text["# 한🎉"] == {"comment"}
    data = semantic.tokens(document).data
    assert len(data) % 5 == 0 and data[:5] == [0, 0, 5, 11, 0]
    part = document.positions.range(0, 20)
    assert 0 < len(semantic.tokens(document, part).data) < len(data)


def test_layout_is_that_of_the_formatter() -> None:
    untidy = (
        TRAINED.replace("  mid", "mid").replace("-> Flatten", "->    Flatten").replace("\n", "\r\n")
    )
    document = opened(untidy)
    edits = formatting.formatted(document)
    assert edits is not None
    canonical, _ = format_source(document.source)
    assert after(document, edits) == canonical
    assert formatting.formatted(opened("model M {")) is None
    line = types.Range(find(document, "mid ->"), find(document, "mid ->"))
    ranged = formatting.formatted_range(document, line)
    assert ranged is not None and "\n  mid -> MaxPool2D" in after(document, ranged).replace(
        "\r\n", "\n"
    )
    assert "->    Flatten" in after(document, ranged)
    typed = formatting.formatted_typed(document, find(document, "}"), "\n")
    assert typed is not None and "\n  mid" in after(document, typed).replace("\r\n", "\n")
    assert formatting.formatted_typed(opened("model M {\n"), types.Position(1, 0), "\n") is None


def test_links_lead_to_what_is_there() -> None:
    found = links.links(spec("multi_output.dl"))
    assert [x.target for x in found] == [(SPECS / "data" / "digit_ink.npz").as_uri()]
    document = spec("digits_transfer.dl")
    (imported,) = links.links(document)
    assert imported.target.endswith("digits_low.dl") and texts(document, [imported.range]) == [
        "digits_low.dl"
    ]
    outside = opened(
        'import "../../../../etc/passwd" (A)\ndata { source = csv("/etc/passwd", target=a) }\n'
        + NET
    )
    assert links.links(outside) == []


# ------------------------------------------------------------------------------------ scripts
@pytest.mark.parametrize("backend", ["keras", "torch"])
@pytest.mark.parametrize(
    "name", ["digits_cnn.dl", "multi_output.dl", "digits_transfer.dl", "siamese.dl"]
)
def test_a_script_is_mapped_to_its_spec_both_ways(name: str, backend: str) -> None:
    document = spec(name)
    answer = script(document, backend)
    json.dumps(answer)
    assert answer["problems"] == [] and answer["name"] == f"{name[:-3]}_{backend}.py"
    lines = answer["text"].split("\n")
    assert len(answer["toSpec"]) == len(lines)
    assert len(answer["toScript"]) == len(document.source.line_starts)
    for number, text in enumerate(document.source.text.split("\n")):
        for word in ("Conv2D(", "Dense("):
            if text.lstrip().startswith(f"-> {word}"):
                first, last = answer["toScript"][number]
                there = "\n".join(lines[first : last + 1])
                assert word in there or "nn.Conv2d(" in there or "nn.Linear(" in there
                back = answer["toSpec"][first]
                assert back is not None and back[0] <= number <= back[1]
    part = answer["toScript"][
        document.source.text[: document.source.text.index("train {")].count("\n")
    ]
    assert lines[part[0]].startswith("# --- training")


def test_no_script_without_a_good_spec() -> None:
    document = opened(NET.replace("softmax", "softmx"))
    answer = script(document)
    assert answer["text"] is None and "softmx" in answer["problems"][0]
    assert "mxnet" in script(opened(NET), "mxnet")["problems"][0]
    assert script(opened(NET), "torch", "Nett")["problems"] == ["there is no model `Nett`"]
    assert script(opened(NET), "torch", "Net")["text"]
