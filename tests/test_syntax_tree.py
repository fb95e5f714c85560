"""What a valid spec becomes: the tree, its spans, its comments; and the compiled grammar."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from dslc import assets
from dslc.source import Source
from dslc.syntax import parse, read, table, tree

SAMPLES = Path(__file__).resolve().parent / "cases" / "samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.dl"))


def sample(name: str) -> Source:
    return Source(name, (SAMPLES / name).read_text(encoding="utf-8"))


def good(text: str) -> tree.File:
    file, found = parse(Source("t.dl", text))
    assert found == ()
    assert file is not None
    return file


def value(text: str) -> tree.Expr:
    section = good(f"s {{ k = {text} }}").declarations[0]
    assert isinstance(section, tree.Section)
    entry = section.entries[0]
    assert isinstance(entry, tree.Let)
    return entry.value


def children(node: tree.Node) -> Iterator[tree.Node]:
    for field in fields(node):
        found = getattr(node, field.name)
        for item in found if isinstance(found, tuple) else (found,):
            if isinstance(item, tree.Node):
                yield item


def walk(*nodes: tree.Node) -> Iterator[tree.Node]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


@pytest.mark.parametrize("name", NAMES)
def test_samples_parse(name: str) -> None:
    file, found = parse(sample(name))
    assert found == ()
    assert file is not None and file.declarations


@pytest.mark.parametrize("name", NAMES)
def test_spans_hold_what_was_written(name: str) -> None:
    file, _ = parse(sample(name))
    assert file is not None
    for node in walk(*file.declarations):
        text = node.span.text
        assert text == text.strip() and text
        if isinstance(node, (tree.Name, tree.Number)):
            assert node.text == text
        for child in children(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end


@pytest.mark.parametrize("name", NAMES)
def test_comments_are_all_found(name: str) -> None:
    source = sample(name)
    file, _ = parse(source)
    assert file is not None
    lines = [line for line in source.text.splitlines() if "#" in line]
    assert [c.text for c in file.comments] == [line[line.index("#") :] for line in lines]
    assert all(c.span.text == c.text for c in file.comments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64", 64), ("1e-3", 1e-3), ("0.5", 0.5), ("5M", 5_000_000), ("0.5M", 500_000),
        ("2.5k", 2500), ("1G", 10**9), ("10_000", 10_000), ("1E3", 1000.0), ("0.0001k", 0.1),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float) -> None:
    number = value(text)
    assert isinstance(number, tree.Number)
    assert (number.value, number.text) == (expected, text)
    assert type(number.value) is type(expected)


def test_sizes_ranges_strings() -> None:
    size = value("8x8x1")
    assert isinstance(size, tree.Size) and size.values == (8, 8, 1)
    for text, low, high in [
        ("0..1", "0", "1"),
        ("-1..1", "-1", "1"),
        ("0.5..2", "0.5", "2"),
        ("-2..-1", "-2", "-1"),
    ]:
        span = value(text)
        assert isinstance(span, tree.Range)
        assert (span.low.span.text, span.high.span.text, span.span.text) == (low, high, text)
    string = value(r'"a\"b\\\n\t\u00e9"')
    assert isinstance(string, tree.String) and string.value == 'a"b\\\n\té'


def test_tuples_and_parentheses() -> None:
    for text, count, bracket in [
        ("(H, W, 3)", 3, "("),
        ("[a, b,]", 2, "["),
        ("()", 0, "("),
        ("(a,)", 1, "("),
        ("[]", 0, "["),
    ]:
        found = value(text)
        assert isinstance(found, tree.Tuple)
        assert (len(found.items), found.bracket) == (count, bracket)
    product = value("(a + b) * c")
    assert isinstance(product, tree.Binary) and product.op == "*"
    assert product.span.text == "(a + b) * c" and product.left.span.text == "a + b"


def test_precedence() -> None:
    node = value("not a + 2 * -b == c and d or e")
    shape: list[str] = []
    while isinstance(node, (tree.Binary, tree.Unary)):
        shape.append(node.op)
        node = node.left if isinstance(node, tree.Binary) else node.operand
    assert shape == ["or", "and", "not", "==", "+"]


def test_flow_steps() -> None:
    flow = value("x -> A(1) * n as first -> (B -> C) * 2 -> repeat 3 { D -> E } as last -> relu")
    assert isinstance(flow, tree.Flow)
    first, chain, repeat, relu = flow.steps
    assert (
        isinstance(first.target, tree.Call)
        and first.label is not None
        and first.label.text == "first"
    )
    assert isinstance(first.times, tree.Name) and first.span.text == "A(1) * n as first"
    assert isinstance(chain.target, tree.Chain) and len(chain.target.steps) == 2
    assert isinstance(chain.times, tree.Number)
    assert isinstance(repeat.target, tree.Chain) and repeat.label is not None
    assert isinstance(relu.target, tree.Name) and relu.times is None and relu.label is None


def test_match_as_value_and_step() -> None:
    found = value("match { big: Conv2D(8, 3x3) -> relu  a != b or c: x  else: identity }")
    assert isinstance(found, tree.Match)
    assert [arm.condition is None for arm in found.arms] == [False, False, True]
    flow = value("x -> match { big: Conv2D(8, 3x3) -> relu  else: Dropout(0.1) } -> Dense(3)")
    assert isinstance(flow, tree.Flow) and isinstance(flow.steps[0].target, tree.Match)
    assert isinstance(flow.steps[0].target.arms[0].value, tree.Flow)


def test_a_statement_ends_where_the_next_begins() -> None:
    section = good(
        "defaults { init = he_normal   regularizer = l2(1e-4) Flip Crop(2) phase head { a = b } }"
    )
    kinds = [type(e).__name__ for e in section.declarations[0].entries]  # type: ignore[union-attr]
    assert kinds == ["Let", "Let", "Bare", "Bare", "Section"]


def test_a_new_line_parts_a_name_from_a_bracket() -> None:
    model = good("model A {\n  input x\n  x -> BatchNorm\n  (x, x) -> add\n}").declarations[0]
    assert isinstance(model, tree.Definition) and len(model.body) == 3


def test_section_names_and_headers() -> None:
    file = good(
        "finetune backbone {\n phase head { a = 1 }\n loss { a = mse }\n}\nmodel A { input x }\n"
    )
    tune = file.declarations[0]
    assert isinstance(tune, tree.Section)
    assert tune.name is not None and (tune.keyword.text, tune.name.text) == ("finetune", "backbone")
    assert [(e.keyword.text, e.name and e.name.text) for e in tune.entries] == [  # type: ignore[union-attr]
        ("phase", "head"),
        ("loss", None),
    ]


def test_line_endings_and_byte_order_mark() -> None:
    file = good("\ufeff# one\r\nmodel A {\r\n  input x: 4 # two\r\n}\r")
    assert [c.text for c in file.comments] == ["# one", "# two"]


# -------------------------------------------------------------------------------- size and speed
def test_long_flows_and_files() -> None:
    steps = "\n  ".join(
        f"-> Conv2D({i}, 3x3, padding=same) -> BatchNorm -> relu" for i in range(1000)
    )
    lines = "\n".join(f"  y{i} = x -> Dense({i})" for i in range(9000))
    started = time.process_time()
    file = good(f"model A {{\n  input x: 8x8x1\n  x\n  {steps}\n{lines}\n}}\n")
    assert time.process_time() - started < 10
    body = file.declarations[0].body  # type: ignore[union-attr]
    assert len(body) == 9002 and len(body[1].value.steps) == 3000  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "s { k = " + "(" * 2000 + ")" * 2000 + " }",
        "s { k = " + "[" * 2000,
        "s " + "{ a " * 2000,
        "s { k = " + "-" * 50_000 + "3 }",
        "s { k = " + "not " * 20_000 + "a }",
        "s { k = " + "+".join("1" * 20_000) + " }",
        "s { k = a" + ".b" * 20_000 + " }",
        "a " * 250_000,
    ],
    ids=["parens", "open-lists", "open-braces", "minus", "not", "sum", "attributes", "tokens"],
)
def test_hostile_depth_is_one_diagnostic(text: str) -> None:
    started = time.process_time()
    _, found = parse(Source("t.dl", text))
    assert [d.code for d in found] in (["E0121"], ["E0122"])
    assert time.process_time() - started < 10


def test_parsing_imports_neither_lark_nor_pydantic() -> None:
    code = (
        "import sys; from dslc.source import Source; from dslc.syntax import parse;"
        "assert parse(Source('t', 'model A { input x }'))[1] == ();"
        "print(sorted({'lark', 'pydantic', 'networkx', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=assets.PACKAGE.parent)  # fmt: skip
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------ compiled grammar
def test_compiled_grammar_is_fresh() -> None:
    folder = assets.grammar()
    compiled = table.compile_grammar((folder / "dslc.lark").read_text(encoding="utf-8"))
    written = (folder / "dslc.table.json").read_text(encoding="utf-8")
    assert written == table.encode(compiled), "run `python -m dslc.syntax.table`"
    assert json.loads(written)["key"] == compiled["key"]


def test_stale_table_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (assets.grammar() / "dslc.lark").read_text(encoding="utf-8")
    (tmp_path / "dslc.lark").write_text(text + "\n// edited\n", encoding="utf-8")
    (tmp_path / "dslc.table.json").write_text("{ broken", encoding="utf-8")
    monkeypatch.setattr(assets, "grammar", lambda: tmp_path)
    fresh = table.load.__wrapped__()
    assert len(fresh.actions) == len(table._decode(table.compile_grammar(text)).actions)


def test_grammar_names_no_word_of_the_language() -> None:
    text = (assets.grammar() / "dslc.lark").read_text(encoding="utf-8")
    for word in ("Conv2D", "Dense", "relu", "train", "augment", "Adam", "phase"):
        assert word not in text


@pytest.mark.parametrize("name", NAMES)
def test_stock_lark_reads_the_samples_too(name: str) -> None:
    lark = pytest.importorskip("lark")
    text = (assets.grammar() / "dslc.lark").read_text(encoding="utf-8")
    lark.Lark(text, parser="lalr", start="file").parse(sample(name).text)


# -------------------------------------------------------------------------------------- files
def test_reading_names_files_relative_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.dl").write_bytes(b"\xef\xbb\xbfmodel A { input x }\n")
    source, found = read(tmp_path / "a.dl", tmp_path)
    assert found == () and source is not None
    assert (source.name, source.text[:5]) == ("a.dl", "model")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (None, "E0130", "did you mean `spec2.dl`"),
        (b"a\0b", "E0133", "byte 1 is zero"),
        (b"ab\n\xff\xfe", "E0133", "byte 3 (0xff, line 2)"),
        (b"#" * 1_000_001, "E0134", "1,000,001 bytes"),
    ],
)
def test_unreadable_files(tmp_path: Path, data: bytes | None, code: str, words: str) -> None:
    (tmp_path / "spec2.dl").write_text("")
    if data is not None:
        (tmp_path / "spec.dl").write_bytes(data)
    source, found = read(tmp_path / "spec.dl", tmp_path)
    assert source is None and [d.code for d in found] == [code]
    assert words in " ".join([found[0].message, *(fix.message for fix in found[0].fixes)])
    assert found[0].primary is not None and found[0].primary.span.source.name == "spec.dl"


def test_reading_a_folder_and_a_device(tmp_path: Path) -> None:
    (tmp_path / "in.dl").write_text("")
    _, found = read(tmp_path)
    assert [d.code for d in found] == ["E0131"] and "`in.dl`" in found[0].fixes[0].message
    assert [d.code for d in read("/dev/null")[1]] == ["E0132"]
    assert [d.code for d in read("a\0b")[1]] in (["E0130"], ["E0132"])
    assert [d.code for d in read("x" * 5000)[1]] in (["E0130"], ["E0132"])
