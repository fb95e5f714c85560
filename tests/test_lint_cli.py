"""`dslc lint` as users meet it: what is found and mended, exit codes, the cache, stdin, watching."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dslc.lint.config import forget
from tests.command_line import BAD, ROOT, Dslc, command_line

__all__ = ["command_line"]

# What the tests say of a spec is about these rules, whatever others there may be.
ONLY = ("--select", "L101,L4")
SPEC = """\
model A(classes = 10) {
  input image: 8x8x1
  image -> Conv2D(8, 3x3) -> tanh -> Flatten -> Dense(classes) -> softmax
}
"""
CLEAN = SPEC.replace("tanh", "relu")
IDLE = CLEAN.replace("softmax\n", "softmax  # dslc: ignore[L101] not yet\n")
HEAD = """\
block Head(classes) {
  input x
  x -> Flatten -> Dense(classes) -> softmax
}
"""
IMPORTS = """\
import "head.dl" (Head)

model A {
  input image: 8x8x1
  image -> Conv2D(8, 3x3) -> tanh -> Head(10)
}
"""


@pytest.fixture(autouse=True)
def fresh(dslc: Dslc) -> None:
    forget()


def write(text: str, name: str = "a.dl") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# ------------------------------------------------------------------------------------------ what is found
def test_what_is_found_is_shown_with_what_can_be_done(dslc: Dslc) -> None:
    write(SPEC)
    code, out, err = dslc("lint", *ONLY)
    assert (code, err) == (1, "")
    assert out.startswith("warning[L101]: `tanh` in a hidden layer")
    assert out.endswith("\n1 warning; 1 can be fixed with --fix --unsafe-fixes\n")
    assert dslc("lint", *ONLY, "--exit-zero")[0] == 0
    assert dslc("lint", *ONLY, "--format", "concise", "a.dl")[1] == (
        "a.dl:3:30: L101 `tanh` in a hidden layer: where its curve is flat, the gradient vanishes\n"
    )


def test_nothing_is_found(dslc: Dslc) -> None:
    write(CLEAN)
    assert dslc("lint", *ONLY, "a.dl") == (0, "no problems\n", "")
    assert dslc("lint", *ONLY, "--format", "json", "a.dl") == (0, "[]\n", "")
    assert dslc("lint", *ONLY, "--statistics", "a.dl") == (0, "no problems\n", "")
    write(IDLE)
    out = dslc("lint", *ONLY, "a.dl")[1]
    assert out.endswith("\n1 warning; 1 can be fixed with --fix\n")


def test_a_spec_with_errors_gets_them_and_no_advice(dslc: Dslc) -> None:
    write(BAD)
    write(SPEC.replace("Flatten -> ", "Flaten -> "), "b.dl")
    code, out, _ = dslc("lint", *ONLY, "--format", "concise")
    assert code == 1
    assert [line.split()[1] for line in out.splitlines()] == ["E0201", "E0201"]
    code, out, _ = dslc("lint", "missing.dl", "--format", "concise")
    assert (code, out.split()[1]) == (1, "E0130")


def test_every_format_holds_what_is_found(dslc: Dslc) -> None:
    write(SPEC)
    for form in ("full", "concise", "json", "sarif", "github", "junit"):
        code, out, _ = dslc("lint", *ONLY, "--format", form)
        assert code == 1
        assert "L101" in out
    assert (
        "gradient"
        in json.loads(dslc("lint", *ONLY, "--format", "sarif")[1])["runs"][0]["tool"]["driver"][
            "rules"
        ][0]["help"]["text"]
    )


def test_statistics(dslc: Dslc) -> None:
    write(SPEC)
    write(SPEC, "b.dl")
    write(IDLE, "c.dl")
    _, out, _ = dslc("lint", *ONLY, "--statistics", "--unsafe-fixes")
    assert out.splitlines() == [
        "2  L101  [*]  `sigmoid`, `tanh` or `softmax` behind a hidden layer",
        "1  L401  [*]  A suppression that silences nothing",
    ]
    _, out, _ = dslc("lint", *ONLY, "--statistics", "--format", "json")
    assert [(row["code"], row["count"], row["fixable"]) for row in json.loads(out)] == [
        ("L101", 2, False),
        ("L401", 1, True),
    ]


def test_a_wrong_call_is_no_finding(dslc: Dslc) -> None:
    write(SPEC)
    code, _, err = dslc("lint", "--select", "satturating-activation")
    assert code == 2
    assert "did you mean `saturating-activation`?" in err
    assert dslc("lint", "--ignore", "L9")[0] == 2
    assert dslc("lint", "--format", "xml")[0] == 2
    assert dslc("lint", "-", "a.dl")[0] == 2
    assert dslc("lint", "a.dl", "--stdin-filename", "b.dl")[0] == 2
    Path("empty").mkdir()
    assert dslc("lint", "empty")[0] == 2
    for text, wanted in (("select = 3", "E0482"), ('select = ["L9"]', "E0483")):
        forget()
        Path("dslc.toml").write_text(text)
        code, out, err = dslc("lint", "a.dl", "--format", "json")
        assert (code, out) == (2, "")
        assert wanted in err


def test_configuration(dslc: Dslc) -> None:
    write(SPEC)
    write(SPEC, "zoo/b.dl")
    Path("dslc.toml").write_text(
        'select = ["L101", "L404"]\n[per-path]\nzoo = ["L101"]\n'
        '[severity]\nL101 = "error"\n[budgets]\nparameters = 1000\n'
    )
    code, out, _ = dslc("lint", "--format", "json")
    assert code == 1
    assert [(d["path"], d["code"], d["severity"]) for d in json.loads(out)] == [
        ("a.dl", "L404", "warning"),
        ("a.dl", "L101", "error"),
        ("zoo/b.dl", "L404", "warning"),
    ]


BLOCKS = HEAD.replace("Flatten", "Flatten -> Dense(9) -> tanh")


def test_what_is_found_in_an_imported_block_is_told_once_by_those_who_use_it(dslc: Dslc) -> None:
    write(BLOCKS, "blocks/head.dl")
    text = IMPORTS.replace("head.dl", "blocks/head.dl").replace("tanh", "relu")
    write(text)
    write(text, "b.dl")
    options = ("lint", *ONLY, "--format", "json")
    for _ in range(2):  # the second time from the cache
        (d,) = json.loads(dslc(*options)[1])
        assert (d["path"], d["line"], d["code"]) == ("blocks/head.dl", 3, "L101")
        assert d["fixes"][0]["edits"] == []
    write(IDLE.replace("A(", "B("), "b.dl")
    code, out, _ = dslc("lint", *ONLY, "--fix", "--unsafe-fixes", "--format", "concise")
    assert (code, out.count("\n"), out[:17]) == (1, 1, "blocks/head.dl:3:")
    assert Path("blocks/head.dl").read_text() == BLOCKS
    write(
        BLOCKS.replace("softmax", "softmax  # dslc: ignore[L101] as in the paper"), "blocks/head.dl"
    )
    assert dslc(*options)[:2] == (0, "[]\n")
    write(BLOCKS, "blocks/head.dl")
    Path("dslc.toml").write_text('[per-path]\nblocks = ["L1"]\n')
    forget()
    assert dslc(*options)[:2] == (0, "[]\n")


# ------------------------------------------------------------------------------------------ fixes
def test_safe_fixes_are_applied_and_others_on_demand(dslc: Dslc) -> None:
    write(SPEC)
    write(IDLE, "b.dl")
    code, out, _ = dslc("lint", *ONLY, "--fix")
    assert code == 1
    assert out.endswith(
        "1 warning; 1 can be fixed with --fix --unsafe-fixes\n1 finding fixed (1 L401)\n"
    )
    assert Path("a.dl").read_text() == SPEC
    assert Path("b.dl").read_text() == CLEAN
    code, out, _ = dslc("lint", *ONLY, "--fix", "--unsafe-fixes")
    assert (code, out) == (0, "no problems\n1 finding fixed (1 L101)\n")
    assert Path("a.dl").read_text() == CLEAN
    assert dslc("lint", *ONLY, "--fix", "--unsafe-fixes") == (0, "no problems\n", "")


def test_a_diff_changes_nothing(dslc: Dslc) -> None:
    write(SPEC)
    code, out, err = dslc("lint", *ONLY, "--diff", "--unsafe-fixes")
    assert code == 1
    assert out.splitlines()[:3] == ["--- a.dl", "+++ a.dl", "@@ -1,4 +1,4 @@"]
    assert "-  image -> Conv2D(8, 3x3) -> tanh" in out
    assert err == "1 finding would be fixed (1 L101)\n"
    assert Path("a.dl").read_text() == SPEC
    assert dslc("lint", *ONLY, "--diff") == (0, "", "nothing would be fixed\n")


def test_a_diff_says_which_specs_have_errors(dslc: Dslc) -> None:
    write(SPEC.replace("tanh", "tanhh"))
    code, out, err = dslc("lint", "--diff", "--unsafe-fixes")
    assert (code, out) == (1, "")
    assert err.startswith("error[E0201]: there is no layer or block `tanhh`")
    assert err.endswith("nothing would be fixed\n")
    code, out, _ = dslc("lint")
    assert code == 1
    assert out.endswith("\n1 error\n"), "--fix leaves it to its author"
    assert "[*]" not in dslc("lint", "--statistics", "--unsafe-fixes")[1]


def test_a_file_keeps_its_mark_its_line_ends_and_its_rights(dslc: Dslc) -> None:
    path = write("\ufeff# 한국어 🙂\r\n" + SPEC.replace("\n", "\r\n"))
    path.chmod(0o640)
    assert dslc("lint", *ONLY, "--fix", "--unsafe-fixes")[0] == 0
    assert path.read_bytes() == ("\ufeff# 한국어 🙂\r\n" + CLEAN.replace("\n", "\r\n")).encode()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_written_is_said(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    write(SPEC)

    def refuse(path: Path, text: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dslc.cli.lint_fix.write_atomic", refuse)
    code, _, err = dslc("lint", *ONLY, "--fix", "--unsafe-fixes")
    assert (code, err) == (2, "error: `a.dl` cannot be written: Permission denied\n")


# ------------------------------------------------------------------------------------------ stdin
def test_stdin(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, SPEC.encode())
    code, out, _ = dslc("lint", *ONLY, "-", "--format", "concise")
    assert (code, out[:12]) == (1, "-:3:30: L101")
    write(HEAD, "specs/head.dl")
    Path("specs/dslc.toml").write_text('ignore = ["L101"]')
    stdin(monkeypatch, IMPORTS.encode())
    assert dslc("lint", "-", "--stdin-filename", "specs/a.dl", "--ignore", "L1,L2,L3")[0] == 0
    stdin(monkeypatch, b"\xff")
    assert dslc("lint", "-")[0] == 1
    Path("dslc.toml").write_text("x = 1")
    forget()
    stdin(monkeypatch, SPEC.encode())
    assert dslc("lint", "-")[0] == 2


def test_stdin_is_mended_to_stdout(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, IDLE.encode())
    code, out, err = dslc("lint", *ONLY, "-", "--fix")
    assert (code, out) == (0, CLEAN)
    assert err == "no problems\n1 finding fixed (1 L401)\n"
    stdin(monkeypatch, SPEC.encode())
    code, out, err = dslc("lint", *ONLY, "-", "--fix")
    assert (code, out) == (1, SPEC)
    assert "L101" in err
    stdin(monkeypatch, IDLE.encode())
    code, out, err = dslc("lint", *ONLY, "-", "--diff")
    assert (code, out[:10]) == (1, "--- -\n+++ ")


# ------------------------------------------------------------------------------------------ the cache
IMPORTED = """
import sys
from dslc.cli import call
code = call(sys.argv[1:])
print("\\n".join(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def modules(*arguments: str) -> tuple[int, set[str]]:
    """The exit code of a fresh process, and what it imported."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    command = [sys.executable, "-c", IMPORTED, "lint", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    return done.returncode, set(done.stderr.split())


def test_what_is_known_needs_neither_the_words_nor_the_rules() -> None:
    write(SPEC)
    heavy = {"pydantic", "dslc.syntax.parser", "dslc.driver", "dslc.lint.registry"}
    code, seen = modules("a.dl", *ONLY)
    assert (code, seen & {"jinja2", "rich", "torch", "keras", "numpy"}) == (1, set())
    assert heavy <= seen
    code, seen = modules("a.dl", *ONLY)
    assert (code, seen & (heavy | {"jinja2"})) == (1, set())


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The specs that are linted rather than known."""
    from dslc.cli import lint_files

    seen: list[Path] = []
    original = lint_files.Worker.__call__

    def call(self: lint_files.Worker, path: Path) -> lint_files.Result:
        seen.append(path)
        return original(self, path)

    monkeypatch.setattr(lint_files.Worker, "__call__", call)
    return seen


def test_the_cache_answers_until_something_changes(dslc: Dslc, runs: list[Path]) -> None:
    def again(*options: str) -> bool:
        """Whether anything was linted anew; what is said is the same as without a cache."""
        runs.clear()
        forget()
        said = dslc("lint", "a.dl", "--format", "json", *(options or ONLY))
        anew = bool(runs)
        assert said == dslc("lint", "a.dl", "--format", "json", "--no-cache", *(options or ONLY))
        return anew

    write(HEAD, "head.dl")
    write(IMPORTS)
    assert [again(), again()] == [True, False]
    assert [again("--select", "L1"), again("--select", "L1")] == [True, False]
    assert again("--ignore", "L1")
    assert [again(), again()] == [True, False]
    write(IMPORTS + "# more\n")
    assert [again(), again()] == [True, False]
    write(HEAD.replace("softmax", "sigmoid"), "head.dl")
    assert [again(), again()] == [True, False]
    write("", "head.dl")  # now the import fails
    assert [again(), again()] == [True, False]
    Path("head.dl").unlink()
    assert [again(), again()] == [True, True]  # there is nothing that could change
    write(HEAD, "head.dl")
    assert [again(), again()] == [True, False]
    Path("dslc.toml").write_text('[severity]\nL101 = "info"\n')
    assert [again(), again()] == [True, False]
    assert Path(".dslc_cache/.gitignore").read_text().endswith("*\n")


def test_a_damaged_cache_is_no_cache(dslc: Dslc, runs: list[Path]) -> None:
    write(SPEC)
    said = dslc("lint", "a.dl", *ONLY)
    (entry,) = Path(".dslc_cache/lint").glob("*.json")
    good = json.loads(entry.read_text())
    far, kind = json.loads(entry.read_text()), json.loads(entry.read_text())
    far["found"][0][3][2] = 10_000
    kind["found"][0][1] = "fatal"
    wrong = [
        b"", b"\x80\x04", b"[]", b"{}", b"[" * 100_000, b'{"key": 3}',
        json.dumps({**good, "found": [1]}).encode(),
        json.dumps({**good, "found": [[1, 2]]}).encode(),
        json.dumps({**good, "imports": [["gone.dl", "x"]]}).encode(),
        json.dumps({**good, "imports": 3}).encode(),
        json.dumps(far).encode(),
        json.dumps(kind).encode(),
    ]  # fmt: skip
    for data in wrong:
        entry.write_bytes(data)
        runs.clear()
        assert dslc("lint", "a.dl", *ONLY) == said
        assert runs, data[:40]
    entry.unlink()
    entry.mkdir()
    assert dslc("lint", "a.dl", *ONLY) == said


def test_without_a_place_for_a_cache_all_is_well(dslc: Dslc) -> None:
    write(SPEC)
    Path(".dslc_cache").write_text("a file")
    assert dslc("lint", "a.dl", *ONLY)[0] == 1
    Path(".dslc_cache").unlink()
    assert dslc("lint", "a.dl", "--no-cache", *ONLY)[0] == 1
    assert not Path(".dslc_cache").exists()


def test_many_specs_are_shared_out(dslc: Dslc) -> None:
    for number in range(40):
        write(SPEC.replace("A(", f"A{number}("), f"many/{number:02}.dl")
    write(BAD, "many/40.dl")
    cold = dslc("lint", *ONLY, "--format", "json", "many")
    found = json.loads(cold[1])
    assert [d["path"] for d in found] == [f"many/{number:02}.dl" for number in range(41)]
    assert dslc("lint", *ONLY, "--format", "json", "many") == cold
    assert dslc("lint", *ONLY, "--format", "json", "many", "--no-cache") == cold


# ------------------------------------------------------------------------------------------ watching
class Watch:
    """`dslc lint --watch` in a process of its own; `until` reads what it says up to the next pause."""

    def __init__(self, *options: str) -> None:
        env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
        command = [sys.executable, "-m", "dslc", "lint", "--watch", "--format", "concise"]
        self.process = subprocess.Popen(
            [*command, *options, "."], stdout=-1, stderr=-1, text=True, env=env
        )

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def until(self) -> str:
        assert self.process.stdout is not None
        said = ""
        while not said.endswith("watching; Ctrl-C ends it\n"):
            line = self.process.stdout.readline()
            assert line, said
            said += line
        time.sleep(0.5)  # it has looked at the times of the files
        return said

    def end(self) -> tuple[int, str]:
        """The exit code after Ctrl-C, and what stood on stderr."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


def test_watching_sees_specs_and_configuration_and_ends_with_an_interrupt() -> None:
    write(SPEC)
    with Watch("--select", "L101") as watch:
        assert "a.dl:3:30: L101" in watch.until()
        write(CLEAN)
        assert "L101" not in watch.until()
        write(SPEC, "b.dl")
        assert "b.dl:3:30: L101" in watch.until()
        Path("dslc.toml").write_text('[per-path]\n"b.dl" = ["L101"]\n')
        assert "L101" not in watch.until()
        Path("dslc.toml").write_text('[per-path]\n"b.dl" = ["L9"]\n')
        watch.until()
        Path("dslc.toml").unlink()
        assert "b.dl:3:30: L101" in watch.until()
        Path("a.dl").unlink()
        Path("b.dl").rename("b.txt")
        watch.until()
        code, err = watch.end()
    assert code == 1
    assert "error[E0483]: there is no rule `L9`" in err
    assert "there is no spec in `.`" in err
    assert "Traceback" not in err


def test_watching_what_cannot_be_linted_ends_at_once(dslc: Dslc) -> None:
    assert dslc("lint", "--watch", ".")[0] == 2
    write(SPEC)
    assert dslc("lint", "--watch", "--select", "L9")[0] == 2


# ------------------------------------------------------------------------------------------ the pages
def test_explain_knows_rules_by_code_and_by_name(dslc: Dslc) -> None:
    code, page, _ = dslc("explain", "L101")
    assert code == 0
    assert page.startswith("L101: `sigmoid`, `tanh` or `softmax` behind a hidden layer\n")
    assert "Glorot, Bordes, Bengio" in page
    assert "Silence it with `# dslc: ignore[L101] why`" in " ".join(page.split())
    assert dslc("explain", "saturating-activation") == (0, page, "")
    assert "\n  L101  `sigmoid`" in dslc("explain")[1]
    code, _, err = dslc("explain", "saturated-activation")
    assert code == 2
    assert "did you mean" in err
