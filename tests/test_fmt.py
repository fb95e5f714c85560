"""The canonical layout, case by case, and `dslc fmt` as users meet it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dslc.fmt import format_range, format_source, layout
from dslc.source import Source
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "formatting.md").read_text(encoding="utf-8")
UGLY = "model A {input x:4\nx->Dense( 3 )}\n"
NEAT = "model A {\n  input x: 4\n  x -> Dense(3)\n}\n"
BROKEN = "model A {\n  input x: 4\n  x -> Dense(3\n}\n"


def fmt(text: str) -> str:
    out, found = format_source(Source("a.dl", text))
    assert out is not None, found
    assert format_source(Source("a.dl", out)) == (out, ())
    return out


def body(text: str) -> str:
    """What becomes of the statements of a body."""
    out = fmt(f"model A {{\n{text}\n}}\n").split("\n")[1:-2]
    return "\n".join(line.removeprefix("  ") for line in out)


def test_the_page_shows_the_layout() -> None:
    for text in re.findall(r"^```dl\n(.*?)^```$", PAGE, re.M | re.S):
        assert fmt(text) == text


LONG = "Conv2D(filters, 3x3, stride=stride, padding=padding, bias=false, init=he_normal)"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        # blanks
        ("y=x->Dense( 3,init = a . b )", "y = x -> Dense(3, init=a.b)"),
        ("assert a<=- 1 and not b  or c//2==3 %2", "assert a <= -1 and not b or c // 2 == 3 % 2"),
        ("input x:( H,W , 3 )where H%4==0", "input x: (H, W, 3) where H % 4 == 0"),
        ("k = - 1 .. 1", "k = -1..1"),
        ("output  y :x->A", "output y: x -> A"),
        ("x -> A*2 as  b -> repeat n+1 {->A->B}as c", "x -> A * 2 as b -> repeat n + 1 { A -> B } as c"),
        ("y = match{a:x->B else:x}", "y = match { a: x -> B  else: x }"),
        # spelling stays
        ("n = 10_000\ne = 1e-03\nf = 5M", "n = 10_000\ne = 1e-03\nf = 5M"),
        ('s = "a\\u00e9\\t  # b"', 's = "a\\u00e9\\t  # b"'),
        # alignment
        ("a = 1\nbbb = 2\n\ncc = 3\ny = x -> A", "a   = 1\nbbb = 2\n\ncc = 3\ny = x -> A"),
        ("층 = 1\nabc = 2", "층  = 1\nabc = 2"),
        # flows keep their lines
        ("x ->\nA -> B\n\n-> C", "x\n-> A -> B\n-> C"),
        ("y = x -> A\n  -> B", "y = x -> A\n-> B"),
        (f"y = x -> {LONG} -> {LONG} -> relu", f"y = x\n-> {LONG}\n-> {LONG} -> relu"),
        ("f(x -> A\n-> B, c)", "f(\n  x -> A\n    -> B,\n  c,\n)"),
        ("x -> (A\n-> B) * 2", "x\n-> (\n  A\n  -> B\n) * 2"),
        # brackets
        ("f(a,\n  b\n)", "f(a, b)"),
        ("f(a, b,)", "f(\n  a,\n  b,\n)"),
        ("k = (a,)\nj = []\ni = ()", "k = (a,)\nj = []\ni = ()"),
        ("k = [a,]", "k = [\n  a,\n]"),
        (f"add({LONG}, {LONG})", f"add(\n  {LONG},\n  {LONG},\n)"),
        ("A()", "A()"),
        # parentheses
        ("a = (x)\nb = ((1 + 2)) * 3\nc = (4 * x) + 1", "a = x\nb = (1 + 2) * 3\nc = (4 * x) + 1"),
        ("a = -(0..1)\nb = -(x)\nc = not (a or b)", "a = -(0..1)\nb = -x\nc = not (a or b)"),
        ("a = b\n(-c) -> D", "a = b\n(-c) -> D"),
        ("y = (x -> A)\n(a -> B) -> C", "y = x -> A\n(a -> B) -> C"),
        ("x -> A * (2)", "x -> A * 2"),
        # match
        ("y = match { a: x\nelse: z }", "y = match {\n  a: x\n  else: z\n}"),
        ("y = match {\na: x -> A\n-> B\nelse:\nz }", "y = match {\n  a:\n    x -> A\n    -> B\n  else:\n    z\n}"),
        # conditions
        (
            f"assert {' and '.join('parameters < 5M' for _ in range(7))}",
            "assert parameters < 5M" + "\n  and parameters < 5M" * 6,
        ),
        # comments
        ("# a\n\n\n\n# b\ny = x # c\n# d", "# a\n\n# b\ny = x  # c\n# d"),
        ("f( # a\nb, # c\n# d\ne # f\n# g\n)", "f(  # a\n  b,  # c\n  # d\n  e,  # f\n  # g\n)"),
        ("y = # a\nx -> A # b", "y =  # a\nx -> A  # b"),
        ("y = # a\nx -> A", "y = x -> A  # a"),
        ("x -> # a\nA", "x\n-> A  # a"),
        ("f(a # b\n, c)", "f(\n  a,  # b\n  c,\n)"),
        ("f(a\n# b\n, c)", "f(\n  a,\n  # b\n  c,\n)"),
        ("y = ( # a\nx )", "y = x  # a"),
        ("a = 1       # far\nb = 22      # away", "a = 1     # far\nb = 22    # away"),
        ("k = [ # none\n]", "k = [  # none\n]"),
        ("x -> A # one  \n# two\n\n-> B", "x -> A  # one\n# two\n\n-> B"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_statements(given: str, wanted: str) -> None:
    assert body(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("\r\n# only this  ", "# only this\n"),
        ("#!x\n\n\n#y", "#!x\n\n#y\n"),
        ("model A{}", "model A {}\n"),
        ("model A(){\n\n}", "model A {}\n"),
        ("s{a=1\nb=2}", "s {\n  a = 1\n  b = 2\n}\n"),
        ("s{a=1 b=2}", "s { a = 1  b = 2 }\n"),
        ("s {\n\n  a = 1\n\n\n}", "s {\n  a = 1\n}\n"),
        ("s { a = 1 }\nlong { a = 1 }\nt { a = 1\n}", "s    { a = 1 }\nlong { a = 1 }\n\nt {\n  a = 1\n}\n"),
        ('import "a" (A)\nimport "b" (B)\ns { }', 'import "a" (A)\nimport "b" (B)\n\ns {}\n'),
        ("s { a { x = 1 y = 2 }\nbc { x = 10 y = 2 }\nd = 1 }",
         "s {\n  a  { x = 1   y = 2 }\n  bc { x = 10  y = 2 }\n  d = 1\n}\n"),
        ("s { } # a\n# b\nt { }", "s {}  # a\n# b\nt {}\n"),
        ("s {\r\n  a = 1 # c\r\n}\r", "s {\n  a = 1  # c\n}\n"),
        ("block B(a=1,b) { input x\nx }", "block B(a = 1, b) {\n  input x\n  x\n}\n"),
    ],
    ids=lambda text: repr(text)[:30],
)  # fmt: skip
def test_files(given: str, wanted: str) -> None:
    assert fmt(given) == wanted


def test_sections_of_a_line_break_when_they_are_too_long() -> None:
    wide = "s { " + "  ".join(f"setting_{i} = value" for i in range(6)) + " }\n"
    assert fmt(wide).count("\n") == 8
    table = f"{wide.replace('  setting_5 = value', '')}a_rather_long_name_of_a_section {{ setting_0 = [1] }}\n"
    assert fmt(table) == table  # as a row of the table the first would be too long


def test_a_faulty_text_has_diagnostics_and_no_layout() -> None:
    out, found = format_source(Source("a.dl", BROKEN))
    assert out is None and [d.code for d in found] == ["E0107"]
    assert format_range(Source("a.dl", BROKEN), 0, 9)[0] is None


def test_a_range_is_whole_statements() -> None:
    text = "model A {input x:4 # in\n\n  # why\n  y=x\n  y->B}\n"
    source = Source("a.dl", text)
    at = text.index("y=x")
    edits, _ = format_range(source, at, at)
    assert edits is not None
    assert [(e.span.text, e.text) for e in edits] == [
        ("\n\n  # why\n  y=x", "\n\n  # why\n  y = x"),
    ]
    assert format_range(Source("a.dl", NEAT), 0, len(NEAT)) == ((), ())


def test_a_formatter_with_a_bug_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "same", lambda *_: False)
    out, found = format_source(Source("a.dl", UGLY))
    assert out is None and [d.code for d in found] == ["E0140"]


# ------------------------------------------------------------------------------------- the command
def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        folder.joinpath(f"{name}.dl").write_bytes(text.encode())


def test_files_and_folders_are_formatted(dslc: Dslc, tmp_path: Path) -> None:
    write(tmp_path, a=UGLY, b=NEAT)
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", c=UGLY)
    assert dslc("fmt") == (0, "2 files reformatted, 1 file left unchanged\n", "")
    assert (tmp_path / "a.dl").read_text() == (tmp_path / "sub" / "c.dl").read_text() == NEAT
    assert dslc("fmt", "a.dl", "sub") == (0, "2 files left unchanged\n", "")
    assert dslc("fmt", "-q", "a.dl") == (0, "", "")


def test_check_and_diff_write_nothing(dslc: Dslc, tmp_path: Path) -> None:
    write(tmp_path, a=UGLY, b=NEAT)
    code, out, err = dslc("fmt", "--check", "a.dl", "b.dl")
    assert (code, err) == (1, "")
    assert out == "Would reformat: a.dl\n1 file would be reformatted, 1 file already formatted\n"
    assert dslc("fmt", "--check", "b.dl") == (0, "1 file already formatted\n", "")
    code, out, err = dslc("fmt", "--diff", "a.dl", "b.dl")
    assert code == 1 and err == "1 file would be reformatted, 1 file already formatted\n"
    assert out.startswith("--- a.dl\n+++ a.dl\n@@ -1,2 +1,4 @@\n-model A {input x:4\n")
    assert dslc("fmt", "--diff", "b.dl")[:2] == (0, "")
    assert (tmp_path / "a.dl").read_text() == UGLY


@pytest.mark.skipif(
    subprocess.run(["which", "patch"], capture_output=True).returncode != 0, reason="no patch"
)
@pytest.mark.parametrize(
    "text", [UGLY, UGLY.rstrip(), UGLY.replace("\n", "\r\n"), f"\n\n{NEAT}# \u2028 x"]
)
def test_a_diff_is_a_patch(dslc: Dslc, tmp_path: Path, text: str) -> None:
    write(tmp_path, a=text)
    patch = dslc("fmt", "--diff", "a.dl")[1]
    subprocess.run(
        ["patch", "--binary", "a.dl"],
        input=patch.encode(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "a.dl").read_bytes().decode() == fmt(text)


def test_a_diff_has_colours_on_a_terminal(
    dslc: Dslc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=UGLY.replace("\n", "\r\n"))
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = dslc("fmt", "--diff", "a.dl")[1]
    assert "\033[31m-model A {input x:4\\r\033[0m\n" in out and "\033[32m+model A {\033[0m\n" in out


def test_a_faulty_file_is_untouched_and_the_others_are_not(dslc: Dslc, tmp_path: Path) -> None:
    write(tmp_path, a=BROKEN, b=UGLY)
    code, out, err = dslc("fmt", "a.dl", "b.dl", "none.dl")
    assert code == 2
    assert out == (
        "1 file reformatted, 1 file with mistakes left untouched, 1 file could not be read or written\n"
    )
    assert "error[E0107]" in err and "there is no file `none.dl`" in err
    assert (tmp_path / "a.dl").read_text() == BROKEN and (tmp_path / "b.dl").read_text() == NEAT
    assert dslc("fmt", "--check", "a.dl")[0] == dslc("fmt", "--diff", "a.dl")[0] == 2


def test_stdin(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str | bytes, *arguments: str) -> tuple[int, str, str]:
        data = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return dslc("fmt", *arguments, "-")

    assert given(UGLY) == (0, NEAT, "")
    assert given("\ufeff" + UGLY) == (0, "\ufeff" + NEAT, "")
    assert given(UGLY, "--check") == (1, "", "")
    assert given(NEAT, "--check") == given(NEAT, "--diff") == (0, "", "")
    assert given(UGLY, "--diff", "--stdin-filename", "x.dl")[1].startswith("--- x.dl\n")
    code, out, err = given(BROKEN, "--stdin-filename", "deep/x.dl")
    assert (code, out) == (2, "") and "--> deep/x.dl:3:13" in err
    assert given(b"\xff")[0] == 2
    assert given("") == (0, "", "")


def test_wrong_calls(dslc: Dslc) -> None:
    assert "`-` stands alone" in dslc("fmt", "-", "a.dl")[2]
    assert "is for a spec on stdin" in dslc("fmt", "--stdin-filename", "a.dl", "a.dl")[2]
    assert "there is no spec in `.`" in dslc("fmt")[2]


def test_marks_links_and_permissions_stay(dslc: Dslc, tmp_path: Path) -> None:
    write(tmp_path, a="\ufeff" + UGLY, b="\ufeff" + NEAT)
    (tmp_path / "a.dl").chmod(0o640)
    (tmp_path / "link.dl").symlink_to("a.dl")
    assert dslc("fmt", "link.dl", "b.dl")[:2] == (0, "1 file reformatted, 1 file left unchanged\n")
    assert (tmp_path / "link.dl").is_symlink()
    assert (tmp_path / "a.dl").read_bytes() == ("\ufeff" + NEAT).encode()
    assert (tmp_path / "a.dl").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_written(
    dslc: Dslc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=UGLY, b=UGLY)
    monkeypatch.setattr(
        os, "access", lambda place, mode: mode != os.W_OK or Path(place).name != "a.dl"
    )
    code, out, err = dslc("fmt", "a.dl", "b.dl")
    assert code == 2 and "`a.dl` cannot be written: Permission denied" in err
    assert out == "1 file reformatted, 1 file could not be read or written\n"
    assert (tmp_path / "a.dl").read_text() == UGLY and (tmp_path / "b.dl").read_text() == NEAT


def test_ctrl_c_leaves_whole_files(
    dslc: Dslc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=UGLY)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    assert dslc("fmt", "a.dl")[0] == 130
    assert (tmp_path / "a.dl").read_text() == UGLY
    assert os.listdir(tmp_path) == ["a.dl"]


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    write(tmp_path, a=UGLY)
    code = "import sys; from dslc.cli import call; call(['fmt', 'a.dl']); print(*sys.modules)"
    env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"pydantic", "networkx", "jinja2", "lark", "dslc.vocab", "dslc.spec", "numpy"}
    assert not heavy & set(done.stdout.split())
