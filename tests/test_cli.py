"""The command line as users meet it: what is shown, what is written, which exit code, and nothing imported in vain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dslc import __version__
from dslc.cli import COMMANDS
from tests.command_line import BAD, DIGITS, RESNET, ROOT, SIAMESE, Dslc, command_line

__all__ = ["command_line"]


def process(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    env |= options.pop("env", {})  # type: ignore[arg-type]
    command = [sys.executable, "-m", "dslc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, **options)  # type: ignore[call-overload,no-any-return]


# ------------------------------------------------------------------------------------------ the whole
def test_help_names_every_command(dslc: Dslc) -> None:
    code, out, _ = dslc("--help")
    assert code == 0
    for name, (_, text) in COMMANDS.items():
        assert name in out
        assert text in " ".join(out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(dslc: Dslc, command: str) -> None:
    code, out, _ = dslc(command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: dslc {command}")


def test_version(dslc: Dslc) -> None:
    assert dslc("--version") == (0, f"dslc {__version__}\n", "")


def test_an_unknown_command_gets_a_suggestion(dslc: Dslc) -> None:
    code, _, err = dslc("chekc", "x.dl")
    assert code == 2
    assert "there is no command `chekc`; did you mean `check`?" in err
    assert "did you mean `dslc check x.dl`?" in dslc("x.dl")[2]
    assert dslc("check", "--nonsense", "x.dl")[0] == 2


IMPORTED = """
import sys
from dslc.cli import call
code = call(sys.argv[1:])
print("\\n".join(sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))), file=sys.stderr)
sys.exit(code)
"""
FRAMEWORKS = {"numpy", "torch", "keras", "tensorflow", "jax", "sklearn", "matplotlib", "PIL"}
HEAVY = {"pydantic", "networkx", "jinja2", "lark"}


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], HEAVY),
        (["--version"], HEAVY),
        (["explain", "E0302"], HEAVY),
        (["words"], {"jinja2", "networkx"}),
        (["check", str(DIGITS)], {"jinja2", "networkx", "rich"}),
        (["graph", str(DIGITS)], {"jinja2"}),
        (["compile", str(DIGITS), "--emit", "plan"], {"jinja2", "networkx"}),
        (["compile", str(DIGITS), "--backend", "torch", "-o", "-"], {"dslc_keras", "dslc.draw"}),
        (["words", "Conv2D"], set()),
        (["init", "-o", "-"], {"jinja2"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_imports_only_what_it_needs(arguments: list[str], unwanted: set[str]) -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines())
    assert not loaded & (unwanted | FRAMEWORKS)


# ------------------------------------------------------------------------------------------ check
def test_check_shows_shapes_parameters_and_memory(dslc: Dslc) -> None:
    code, out, err = dslc("check", DIGITS)
    assert (code, err) == (0, "")
    assert "     6  Conv2D       8x8x32         288         18,432\n" in out
    assert "total                    29,162      1,208,320\n" in out
    assert "29,162 parameters, and 192 values that are not trained" in out
    assert (
        "weights 0.11 MiB; activations 84.08 KiB for one sample, 2.63 MiB for a batch of 32" in out
    )
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_check_folds_blocks_unless_layers_are_asked_for(dslc: Dslc) -> None:
    _, out, _ = dslc("check", RESNET)
    assert "Bottleneck × 6   14x14x1024" in out
    assert "25,557,032 parameters" in out
    assert len(out.splitlines()) < 25
    _, out, _ = dslc("check", "--layers", RESNET)
    assert "\n    24    shortcut: Conv2D" in out or "shortcut: Conv2D" in out
    assert len(out.splitlines()) > 170


def test_check_says_what_is_shared(dslc: Dslc) -> None:
    _, out, _ = dslc("check", SIAMESE)
    assert "Tower (shared)" in out


def test_check_says_what_a_protocol_does_not_report(dslc: Dslc) -> None:
    text = """model A { input x: 10  x -> Dense(1) }
data { source = diabetes  split = random(80, 20) }
train { loss = mse  metrics = [mae, rmse]  optimizer = Adam  epochs = 2 }
evaluate { protocol = bootstrap632plus(20) }
"""
    Path("a.dl").write_text(text)
    _, out, _ = dslc("check", "a.dl")
    assert "bootstrap632plus reports mae, and not rmse" in out
    Path("a.dl").write_text(text.replace("plus", ""))
    _, out, _ = dslc("check", "a.dl")
    assert "reports" not in out


def test_check_keeps_unknown_sizes_symbolic(dslc: Dslc) -> None:
    Path("a.dl").write_text(
        "model A {\n  input photo: (H, W, 3)\n  photo -> Conv2D(4, 3x3) -> GlobalAvgPool2D -> Dense(2)\n}\n"
    )
    code, out, _ = dslc("check", "a.dl")
    assert code == 0
    assert "(H, W, 3)" in out
    assert "(H - 2, W - 2, 4)" in out
    assert "bytes" in out


def test_check_finds_mistakes_in_several_files(dslc: Dslc) -> None:
    Path("sub").mkdir()
    Path("sub", "bad.dl").write_text(BAD)
    Path("bad.dl").write_text(BAD)
    Path(".hidden").mkdir()
    Path(".hidden", "bad.dl").write_text(BAD)
    code, out, _ = dslc("check", ".", DIGITS, "bad.dl")
    assert code == 1
    assert out.count("error[E0201]") == 2
    assert "29,162 parameters" in out
    assert out.endswith("2 errors in 2 files\n")


def test_check_formats(dslc: Dslc) -> None:
    Path("bad.dl").write_text(BAD)
    line = "bad.dl:3:8: E0201 there is no layer or block `Dens`\n"
    assert dslc("check", "--format", "concise", "bad.dl") == (1, line, "")
    (found,) = json.loads(dslc("check", "--format", "json", "bad.dl")[1])
    assert (found["code"], found["line"], found["column"]) == ("E0201", 3, 8)
    assert dslc("check", "--format", "github", "bad.dl")[1].startswith("::error title=dslc (E0201)")
    assert dslc("check", "--format", "json", DIGITS) == (0, "[]\n", "")
    assert dslc("check", "--quiet", DIGITS) == (0, "", "")
    assert "error[E0201]" in dslc("check", "--quiet", "bad.dl")[1]


def test_check_of_what_is_not_there(dslc: Dslc) -> None:
    code, out, _ = dslc("check", "nothing.dl")
    assert code == 1
    assert "there is no file `nothing.dl`" in out
    Path("empty").mkdir()
    code, _, err = dslc("check", "empty")
    assert code == 2
    assert "there is no spec in `empty`" in err
    assert dslc("check")[0] == 2


def test_colours(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.dl").write_text(BAD)
    assert "\x1b[" not in dslc("check", "bad.dl")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31merror" in dslc("check", "bad.dl")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in dslc("check", "bad.dl")[1]


# ------------------------------------------------------------------------------------------ explain, words
def test_explain(dslc: Dslc) -> None:
    code, out, _ = dslc("explain", "e0302")
    assert code == 0
    assert out.startswith("E0302: shapes that must be equal differ\n\n  ")
    assert "wrong:" in out
    assert "E0302  shapes" in dslc("explain")[1]
    code, _, err = dslc("explain", "E0392")
    assert code == 2
    assert "did you mean `E0" in err


def test_words_lists_and_describes(dslc: Dslc) -> None:
    code, out, _ = dslc("words")
    assert code == 0
    assert "Conv2D  " in out
    assert dslc("words", "losses")[1] == dslc("words", "loss")[1] != ""
    code, out, _ = dslc("words", "Conv2D")
    assert code == 0
    for part in (
        "Conv2D(filters, kernel, stride=1, padding=valid",
        "filters           required        number of output channels; a whole number ≥ 1",
        "x -> Conv2D(32, 3x3, padding=same)   # 28x28x1 -> 28x28x32, 320 parameters",
        "Keras 3 ✓",
        "nn.Conv2d(1, 32, 3",
        "source: LeCun",
        "Convolution2D",
    ):
        assert part in out


def test_words_knows_other_names(dslc: Dslc) -> None:
    _, out, _ = dslc("words", "Linear")
    assert out.startswith("`Linear` is called `Dense` here.\n")
    code, _, err = dslc("words", "Convd")
    assert code == 2
    assert "there is no word `Convd`" in err
    assert "did you mean" in err
    assert dslc("words", "mae")[1].count("called elsewhere") == 2


def test_words_knows_parameters(dslc: Dslc) -> None:
    code, _, err = dslc("words", "padding")
    assert code != 0
    assert "`padding` is a parameter, not a word" in err
    assert "Conv2D" in err


def test_every_word_has_a_page(dslc: Dslc) -> None:
    from dslc import reference

    code, out, _ = dslc("words", "--format", "markdown")
    assert code == 0
    for kind, words in reference.vocabulary().items():
        assert kind in reference.KINDS, f"{kind} has no title in the reference"
        for name, word in words.items():
            assert f'<a id="{kind}-{name.lower()}"></a>' in out
            assert reference.doc(word), f"{name} has no docstring"


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "regen.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


# ------------------------------------------------------------------------------------------ the machine
def test_an_unknown_terminal_gets_plain_letters() -> None:
    done = process("check", RESNET, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "Bottleneck x 3" in done.stdout


def test_a_reader_that_leaves_is_no_error() -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    command = (
        f"'{sys.executable}' -m dslc check --layers '{RESNET}' | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env)
    assert done.stdout.splitlines()[0].endswith("resnet50.dl: ResNet50")
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_said() -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dslc", "check", DIGITS],
            stdout=full, stderr=subprocess.PIPE, text=True, env=env,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"


def test_ctrl_c_ends_with_130(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dslc.driver.analyse", stop)
    code, out, err = dslc("check", DIGITS)
    assert (code, out.strip(), err.strip()) == (130, "", "")


def test_a_bug_is_reported_without_a_traceback(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("dslc.driver.analyse", fail)
    code, _, err = dslc("check", DIGITS)
    assert code == 2
    assert err.startswith("dslc: internal error: ZeroDivisionError: by zero\nThis is a bug in dslc")
    assert "DSLC_DEBUG=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("DSLC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        dslc("check", DIGITS)
