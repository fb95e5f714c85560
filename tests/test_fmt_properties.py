"""What holds for every spec: formatting twice changes nothing more, and nothing but the layout changes."""

from __future__ import annotations

import random
import re
from pathlib import Path

import hostile
import pytest
from spec_scrambler import Grower, scramble

from dslc.fmt import format_range, format_source
from dslc.fmt.document import WIDTH, width_of
from dslc.fmt.same import same
from dslc.source import Source
from dslc.syntax import parse

ROOT = Path(__file__).resolve().parent.parent
SPECS = sorted((ROOT / "specs").rglob("*.dl"))
SAMPLES = [path.read_text(encoding="utf-8") for path in SPECS]
SAMPLES += [p.read_text(encoding="utf-8") for p in (ROOT / "tests/cases/samples").glob("*.dl")]
SAMPLES.append(hostile.RICH)
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "tests/cases").rglob("*.md")]
FENCE = re.compile(r"^```dl\n(.*?)^```$", re.M | re.S)
PARTS = [part for text in SAMPLES for part in re.split(r"(?<=^}\n)", text, flags=re.M) if part]
RUNS = 20  # times 100 specs


def formatted(text: str) -> str | None:
    """`text` in its canonical layout, after a look at everything that must hold; None when it is faulty."""
    source = Source("a.dl", text)
    out, said = format_source(source)
    if out is None:
        assert said and said == parse(source)[1], text
        return None
    again = Source("b.dl", out)
    assert format_source(again) == (out, ()), text
    file, _ = parse(source)
    assert file is None or same(file, parse(again)[0])  # type: ignore[arg-type]
    for line in out.split("\n"):
        assert line == line.rstrip() and "\r" not in line
    assert out == "" or (out.endswith("\n") and not out.endswith("\n\n") and out[0] != "\n")
    assert "\n\n\n" not in out
    return out


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_specs_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_specs_of_pages(page: Path) -> None:
    for text in FENCE.findall(page.read_text(encoding="utf-8")):
        formatted(text)


@pytest.mark.parametrize("run", range(RUNS))
def test_random_specs(run: int) -> None:
    """Parts of real specs scrambled, and random ones from the grammar, a third of them scrambled as well."""
    done = seed = 0
    while done < 100:
        dice = random.Random(f"{run} {seed}")
        seed += 1
        text = dice.choice(PARTS) if seed % 4 == 0 else Grower(dice).file()
        if seed % 4 == 0 or (dice.random() < 0.3 and not parse(Source("r.dl", text))[1]):
            text = scramble(text, dice, dice.choice((0.0, 0.02, 0.1)))
        done += formatted(text) is not None
    assert seed < 200  # few of them are faulty


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_whole_specs_scrambled(number: int) -> None:
    formatted(scramble(SAMPLES[number], random.Random(number)))


def test_blanks_and_line_ends_make_no_difference() -> None:
    """Where no line of a flow and no comment is concerned, however a spec was laid out, it comes out the same."""
    rule = re.compile(r"(?<=[(,=\[])[ \t]*|[ \t]+")
    for number, text in enumerate(SAMPLES):
        if "#" in text.replace("\n#", "") or '"' in text:
            continue
        wide = rule.sub(lambda m: m[0] * 2 or "  ", text).replace("\n", " \r\n")
        assert formatted(wide) == formatted(text), number


def test_lines_have_room() -> None:
    """No line of a spec is longer than it must be: one without a place to break, or with a comment."""
    for text in SAMPLES:
        joined = re.sub(r"\n *->", " ->", text)
        for line in (formatted(joined) or "").split("\n"):
            assert width_of(line) <= WIDTH or "#" in line


@pytest.mark.parametrize("seed", range(40))
def test_ranges_make_the_whole(seed: int) -> None:
    """All statements one by one, or any run of them at once: the whole is the canonical text, the rest stays."""
    dice = random.Random(seed)
    text = scramble(dice.choice(SAMPLES), dice, 0.1)
    source = Source("a.dl", text)
    if parse(source)[1]:
        return
    whole, _ = format_source(source)
    edits, found = format_range(source, 0, len(text))
    assert edits is not None and found == ()
    assert applied(text, edits) == whole
    start = dice.randrange(len(text))
    some, _ = format_range(source, start, min(len(text), start + dice.randrange(200)))
    assert some is not None and set(map(key, some)) <= set(map(key, edits))
    assert formatted(applied(text, some)) == whole


def key(edit: object) -> tuple[int, int, str]:
    return edit.span.start, edit.span.end, edit.text  # type: ignore[attr-defined]


def applied(text: str, edits: object) -> str:
    for edit in sorted(edits, key=key, reverse=True):  # type: ignore[call-overload]
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def test_long_flows_and_deep_values_do_not_recurse() -> None:
    long = "model A {\n  input x: 4\n  x" + " -> Dense(4) -> relu" * 2000 + "\n}\n"
    assert (formatted(long) or "").count("\n  -> Dense") == 2000
    deep = f"s {{ k = {'f(' * 60}1{')' * 60} }}"
    assert formatted(deep) is not None
    wide = f"s {{ k = [{', '.join(map(str, range(5000)))}] }}"
    assert (formatted(wide) or "").count("\n") == 5004
    assert formatted("s { k = " + "1 + " * 190 + "1 }") is not None
