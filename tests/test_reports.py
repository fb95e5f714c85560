"""SARIF against its schema, JUnit read back, GitHub annotations: the right line and column in any text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslc.cli.explain import pages
from dslc.cli.formats import rendered
from dslc.diagnostics import Diagnostic, Edit, Fix, Label
from dslc.reports.junit import render_junit
from dslc.reports.sarif import render_sarif
from dslc.source import Source
from tests.command_line import BAD, Dslc, command_line

__all__ = ["command_line"]

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
# `mark` is what the finding is about; where it begins, in characters from 1.
PLACES = [
    ("model A {\n  mark\n}\n", 2, 3),
    ("model A {\n\tmark\n}\n", 2, 2),
    ("a\n\t\t  mark", 2, 5),
    ("a\r\nb\r\n  mark\r\n", 3, 3),
    ("a\rb\r\nmark\n", 3, 1),
    ("# 한국어 주석\n한국 mark\n", 2, 4),
    ("🙂🙂 mark # 🙂\n", 1, 4),
    ("# e\u0301 한🙂\tmark", 1, 9),
    ("\u2028 \x0b\x0c mark", 1, 6),  # none of these ends a line
    ("mark", 1, 1),
]


def finding(text: str, name: str = "specs/a.dl", message: str = "wrong") -> Diagnostic:
    source = Source(name, text)
    at = text.index("mark")
    span = source.span(at, at + 4)
    fix = Fix("write `marks`", (Edit(span.after(), "s"), Edit(span, "m")), safe=True)
    return Diagnostic(
        "L101", message, Label(span, "this"), (Label(source.span(0, 1), "there"),), ("so",), (fix,),
        "warning",
    )  # fmt: skip


def sarif(*diagnostics: Diagnostic) -> dict[str, Any]:
    data = json.loads(render_sarif(diagnostics, pages()))
    VALIDATOR.validate(data)
    (run,) = data["runs"]
    return dict(run)


@pytest.mark.parametrize(("text", "line", "column"), PLACES)
def test_every_format_names_the_place(text: str, line: int, column: int) -> None:
    d = finding(text)
    (result,) = sarif(d)["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    at = text.index("mark")
    assert region == {
        "startLine": line, "startColumn": column, "endLine": line, "endColumn": column + 4,
        "charOffset": at, "charLength": 4,
    }  # fmt: skip
    (case,) = ElementTree.fromstring(render_junit([d]).encode()).iter("testcase")
    assert (case.get("line"), case.get("column")) == (str(line), str(column))
    annotation = rendered([d], "github")
    assert f"line={line},endLine={line},col={column},endColumn={column + 4}::" in annotation
    (data,) = json.loads(rendered([d], "json"))
    assert (data["line"], data["column"], data["start"]) == (line, column, at)
    assert rendered([d], "concise") == f"specs/a.dl:{line}:{column}: L101 wrong\n"


def test_sarif_says_all_that_is_known() -> None:
    run = sarif(finding("mark"), finding("mark mark", "specs/b.dl"))
    (rule,) = run["tool"]["driver"]["rules"]
    page = pages()["L101"]
    assert rule["id"] == "L101"
    assert rule["shortDescription"]["text"] == page.title
    assert page.why in rule["help"]["text"]
    assert f"```dl\n{page.wrong}" in rule["help"]["markdown"]
    assert run["columnKind"] == "unicodeCodePoints"
    (error,) = sarif(Diagnostic("E0302", "no"))["tool"]["driver"]["rules"]
    assert error["help"]["text"].endswith(f"Read on: {', '.join(pages()['E0302'].references)}")
    result = run["results"][0]
    assert (result["level"], result["ruleIndex"]) == ("warning", 0)
    assert result["message"]["text"] == "wrong\nhelp: write `marks`\nnote: so"
    place = result["locations"][0]
    assert place["physicalLocation"]["artifactLocation"] == {
        "uri": "specs/a.dl", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip
    assert place["message"]["text"] == "this"
    assert result["relatedLocations"][0]["message"]["text"] == "there"
    (change,) = result["fixes"][0]["artifactChanges"]
    assert [r["insertedContent"]["text"] for r in change["replacements"]] == ["s", "m"]


def test_sarif_levels_and_findings_without_a_place() -> None:
    bare = Diagnostic("E0414", "no model")
    info = Diagnostic("L403", "said", severity="info")
    results = sarif(bare, info)["results"]
    assert [result["level"] for result in results] == ["error", "note"]
    assert all("locations" not in result for result in results)
    assert sarif()["results"] == []
    assert sarif(Diagnostic("X1", "unknown"))["tool"]["driver"]["rules"] == [{"id": "X1"}]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b/한 #1.dl", "a%20b/%ED%95%9C%20%231.dl"),
        ("{cwd}/in.dl", "in.dl"),
        ("/elsewhere/a.dl", "file:///elsewhere/a.dl"),
        ("../up.dl", "file://{parent}/up.dl"),
        ("-", "-"),
        ("\udcff.dl", "%FF.dl"),  # a name that is no UTF-8
    ],
)
def test_sarif_paths(name: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    d = finding("mark", name.format(cwd=tmp_path))
    (result,) = sarif(d)["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri.format(parent=tmp_path.parent.as_posix())


def test_junit_has_a_suite_for_each_file_and_one_that_passes() -> None:
    found = [finding("mark", message='<&"\x00 \x1b'), finding("mark mark", "b.dl")]
    root = ElementTree.fromstring(render_junit([*found, Diagnostic("E0414", "no model")]).encode())
    assert root.attrib == {"name": "dslc", "tests": "3", "failures": "3", "errors": "0"}
    assert [suite.get("name") for suite in root] == ["dslc", "b.dl", "specs/a.dl"]
    (case,) = root[2]
    assert case.attrib == {
        "name": "dslc.L101", "classname": "specs/a", "file": "specs/a.dl", "line": "1", "column": "1",
    }  # fmt: skip
    (failure,) = case
    assert failure.get("message") == '<&"� �'
    assert (failure.text or "").startswith('line 1, col 1, L101 <&"')
    clean = ElementTree.fromstring(render_junit([]).encode())
    assert (clean.get("tests"), clean.get("failures")) == ("1", "0")
    assert len(list(clean.iter("testcase"))) == 1


@given(st.text(), st.text(), st.integers(0, 40), st.integers(0, 40))
def test_any_text_gives_documents_that_can_be_read(
    text: str, message: str, start: int, end: int
) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    span = Source("a.dl", text).span(start, end)
    d = Diagnostic(
        "L101", message, Label(span, text), (), (text,), (Fix(text, (Edit(span, text),)),)
    )
    sarif(d)
    ElementTree.fromstring(render_junit([d]).encode("utf-8", "replace"))
    (line,) = rendered([d], "github").splitlines()
    assert re.match(r"::error title=dslc \(L101\),file=a\.dl,line=\d+,endLine=\d+,col=\d+", line)


def test_check_speaks_them_too(dslc: Dslc) -> None:
    Path("a.dl").write_text(BAD)
    code, out, _ = dslc("check", "--format", "sarif", "a.dl")
    assert code == 1
    VALIDATOR.validate(json.loads(out))
    assert json.loads(out)["runs"][0]["tool"]["driver"]["rules"][0]["help"]
    code, out, _ = dslc("check", "--format", "junit", "a.dl")
    assert code == 1
    assert ElementTree.fromstring(out.encode()).get("failures") == "1"
