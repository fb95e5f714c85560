"""Drawings: what is in them, that nothing overlaps, and that no text of a spec can break out of its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest

from dslc import draw
from dslc.draw.layout import lay_out
from dslc.draw.picture import Arrow, Box, Group, Picture
from dslc.driver import analyse, analyse_source
from dslc.source import Source
from tests.command_line import DIGITS, RESNET, ROOT, SIAMESE, Dslc, command_line

__all__ = ["command_line"]

GOOGLENET = ROOT / "specs" / "zoo" / "googlenet.dl"
SPECS = [DIGITS, SIAMESE, RESNET, GOOGLENET]
FORMATS = {"mermaid": draw.mermaid, "dot": draw.dot, "svg": draw.svg}
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = 'a"]; click b "javascript:x" --> <script>&amp;\\" | }{ \n end \x1b[2J'


def picture(spec: Path | str, *, layers: bool = False) -> Picture:
    analysis = analyse(spec) if isinstance(spec, Path) else analyse_source(Source("a.dl", spec))
    assert analysis.ok, [d.message for d in analysis.diagnostics]
    return draw.picture(analysis.models[0].graph, layers=layers)


def hostile() -> Picture:
    """Text that no spec can hold, in every place that text can have."""
    made = Picture(HOSTILE)
    made.groups["g0"] = Group("g0", HOSTILE, None)
    made.boxes["n0"] = Box("n0", "input", [HOSTILE])
    made.boxes["n1"] = Box("n1", "weights", [HOSTILE, HOSTILE], "g0")
    made.arrows.append(Arrow("n0", "n1", HOSTILE))
    return made


# ------------------------------------------------------------------------------------------ the picture
def test_a_chain_joins_what_only_changes_values() -> None:
    made = picture(DIGITS)
    texts = [box.text for box in made.boxes.values()]
    assert texts[1] == ["Conv2D(32, 3x3, padding=same)", "BatchNorm", "relu"]
    assert texts[-1] == ["output"]
    assert [arrow.text for arrow in made.arrows][:2] == ["8x8x1", "8x8x32"]
    assert len(made.boxes) == 7
    assert len(picture(DIGITS, layers=True).boxes) == 13


def test_equal_blocks_in_a_row_are_one_box() -> None:
    titles = [box.title for box in picture(RESNET).boxes.values() if box.role == "block"]
    assert titles == [
        "Bottleneck(64) × 3", "Bottleneck(128) × 4", "Bottleneck(256) × 6", "Bottleneck(512) × 3",
    ]  # fmt: skip
    opened = picture(RESNET, layers=True)
    assert len(opened.groups) == 16
    assert all(box.group in {None, *opened.groups} for box in opened.boxes.values())


def test_a_tower_that_is_used_twice_says_so() -> None:
    towers = [box.text for box in picture(SIAMESE).boxes.values() if box.role == "block"]
    assert towers == [["Tower(32)"], ["Tower(32)", "shared weights"]]


def test_what_others_look_at_keeps_its_own_box() -> None:
    made = picture("model A { input x: 4\n y = x -> Dense(4)\n add(y -> relu, y) }")
    assert [box.text for box in made.boxes.values()] == [
        ["x"], ["Dense(4)"], ["relu"], ["add"], ["output"],
    ]  # fmt: skip
    assert len(made.arrows) == 5


def test_several_outputs_and_unknown_sizes() -> None:
    made = picture("model A { input x: (H, W, 3)\n output a: x -> relu\n output b: x -> Crop(1) }")
    assert {box.title for box in made.boxes.values() if box.role == "output"} == {"a", "b"}
    assert "(H - 2, W - 2, 3)" in {arrow.text for arrow in made.arrows}


# ------------------------------------------------------------------------------------------ the formats
@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_nothing_overlaps_and_lines_go_down(spec: Path, layers: bool) -> None:
    made = picture(spec, layers=layers)
    sizes = {name: (90.0, 20.0 * len(box.text)) for name, box in made.boxes.items()}
    layout = lay_out(made, sizes, 40.0)
    rows: dict[float, list[str]] = {}
    for name, (_, y) in layout.centre.items():
        rows.setdefault(y, []).append(name)
    for names in rows.values():
        for a, b in combinations(names, 2):
            assert abs(layout.centre[a][0] - layout.centre[b][0]) >= 90
    for arrow in made.arrows:
        assert layout.centre[arrow.source][1] < layout.centre[arrow.target][1]
        for x, top, bottom in layout.bends[arrow]:
            for name, (cx, cy) in layout.centre.items():
                tall = sizes[name][1] / 2
                if cy - tall < bottom and cy + tall > top:
                    assert abs(x - cx) >= 45, f"{arrow} runs through {made.boxes[name].title}"
    for x, y in layout.centre.values():
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_a_drawing_is_the_same_every_time(spec: Path) -> None:
    for write in FORMATS.values():
        assert write(picture(spec)) == write(picture(spec))


@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_svg_shows_every_text_inside_its_frame(spec: Path, layers: bool) -> None:
    made = picture(spec, layers=layers)
    root = ET.fromstring(draw.svg(made))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = [t.text for t in root.iter(f"{SVG}text")]
    for box in made.boxes.values():
        for line in box.text:
            assert line in texts
    assert len(list(root.iter(f"{SVG}path"))) == len(made.arrows) + 1
    moved = re.search(r"translate\((\S+) (\S+)\)", draw.svg(made))
    assert moved is not None
    for rect in root.iter(f"{SVG}rect"):
        if "x" in rect.attrib and rect.attrib.get("class") != "shape-back":
            x, y = float(rect.attrib["x"]), float(rect.attrib["y"])
            assert x + float(moved[1]) >= 0
            assert y + float(moved[2]) >= 0
            assert x + float(moved[1]) + float(rect.attrib["width"]) <= width
            assert y + float(moved[2]) + float(rect.attrib["height"]) <= height


def test_mermaid() -> None:
    text = draw.mermaid(picture(SIAMESE, layers=True))
    assert '  subgraph g0["Tower(32)"]\n    n2["Conv2D(16, 3x3, padding=same)"]:::weights' in text
    assert text.count("subgraph ") == len(re.findall(r"^ *end$", text, re.M)) == 2
    assert '  n0 -->|"8x8x1"| n2\n' in text
    line = re.compile(
        r' *(---|title: "[^"]*"|flowchart TD|subgraph g\d+\["[^"]*"\]|end|classDef \w+ [\w:#,]+'
        r'|[nbo]\d+(\["[^"]*"\]|\(\["[^"]*"\]\)|\[\["[^"]*"\]\]|\{\{"[^"]*"\}\}|\("[^"]*"\)):::\w+'
        r'|[nbo]\d+ -->\|"[^"]*"\| [nbo]\d+)'
    )
    for made in (picture(RESNET), picture(RESNET, layers=True), hostile()):
        for shown in draw.mermaid(made).splitlines():
            assert line.fullmatch(shown), shown
    assert "<script" not in draw.mermaid(hostile())


def test_dot() -> None:
    text = draw.dot(picture(SIAMESE, layers=True))
    assert text.startswith('digraph "Siamese" {\n')
    assert '  subgraph cluster_g0 {\n    label="Tower(32)"' in text
    assert '  n0 -> n2 [label="8x8x1"]\n' in text
    for made in (picture(RESNET, layers=True), hostile()):
        bare = re.sub(r'"(?:[^"\\\n]|\\.)*"', "S", draw.dot(made))
        assert '"' not in bare
        assert bare.count("{") == bare.count("}")
        assert "script" not in bare


def test_svg_of_hostile_text() -> None:
    root = ET.fromstring(draw.svg(hostile()))
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "\x1b" not in draw.svg(hostile())


# ------------------------------------------------------------------------------------------ the command
def test_graph_prints_and_writes(dslc: Dslc) -> None:
    code, out, err = dslc("graph", DIGITS)
    assert (code, err) == (0, "")
    assert out == draw.mermaid(picture(DIGITS))
    assert dslc("graph", DIGITS, "--format", "dot")[1] == draw.dot(picture(DIGITS))
    for name, start in (
        ("a.svg", "<svg "),
        ("a.dot", "digraph"),
        ("a.mmd", "---\n"),
        ("a.txt", "---\n"),
    ):
        code, out, _ = dslc("graph", DIGITS, "-o", name)
        assert (code, out) == (0, f"{name}: Digits, 7 boxes\n")
        assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_wrong_calls_of_graph(dslc: Dslc) -> None:
    assert dslc("graph", "none.dl")[0] == 1
    assert dslc("graph", DIGITS, "-m", "Nobody")[0] == 1
    assert dslc("graph", DIGITS, "--format", "png")[0] == 2
    code, _, err = dslc("graph", DIGITS, "-o", "no/a.svg")
    assert code == 2
    assert "cannot be written" in err
    assert dslc("graph", DIGITS, "-o", "a.dl")[0] == 2
    Path("empty.dl").write_text("train { epochs = 3 }\n")
    assert dslc("graph", "empty.dl")[0] == 1
