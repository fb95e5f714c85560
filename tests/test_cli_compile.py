"""`dslc compile` and `dslc run`: what is written where, what is left alone, and what the script gets."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import open_process

from dslc.cli.compile import is_ours
from dslc.cli.run import modules
from dslc.files import write_atomic
from tests.command_line import BAD, DIGITS, RESNET, ROOT, Dslc, command_line

__all__ = ["command_line"]

SPEC = DIGITS.read_text(encoding="utf-8")
FORMER = '"""Digits in PyTorch, made from digits.dl.\n\nUsage:\n    python digits_torch.py    train\n"""\n'


def test_compile_writes_beside_the_spec(dslc: Dslc) -> None:
    Path("sub").mkdir()
    Path("sub", "digits.dl").write_text(SPEC)
    code, out, err = dslc("compile", "sub/digits.dl", "--backend", "torch")
    assert (code, err) == (0, "")
    written = Path("sub", "digits_torch.py")
    assert out == f"{written}: Digits in PyTorch, 29,162 parameters\n"
    text = written.read_text(encoding="utf-8")
    ast.parse(text)
    assert is_ours(written)
    assert stat.S_IMODE(written.stat().st_mode) == 0o666 & ~_umask()
    assert [p.name for p in Path("sub").iterdir() if p.name.endswith(".tmp")] == []
    assert dslc("compile", "sub/digits.dl", "--backend", "torch")[0] == 0, "its own file"
    assert written.read_text(encoding="utf-8") == text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_compile_prints(dslc: Dslc) -> None:
    code, out, _ = dslc("compile", DIGITS, "-b", "keras", "-o", "-")
    assert code == 0
    assert out.startswith('"""Digits in Keras 3, made from digits_cnn.dl.\n')
    ast.parse(out)


def test_compile_into_a_folder(dslc: Dslc) -> None:
    Path("out").mkdir()
    assert dslc("compile", DIGITS, "-b", "keras", "-o", "out")[0] == 0
    assert Path("out", "digits_cnn_keras.py").is_file()


def test_a_file_of_somebody_else_is_left_alone(dslc: Dslc) -> None:
    for text in (
        "print(1)\n",
        '"""Notes in Rome, made from memory."""\n',
        "# made from digits.dl.\n",
        FORMER[3:],
    ):
        Path("mine.py").write_text(text)
        code, _, err = dslc("compile", DIGITS, "-b", "torch", "-o", "mine.py")
        assert code == 2
        assert "was not written by dslc" in err
        assert Path("mine.py").read_text() == text
    assert dslc("compile", DIGITS, "-b", "torch", "-o", "mine.py", "--force")[0] == 0
    assert is_ours(Path("mine.py"))


@pytest.mark.parametrize("text", [FORMER, FORMER.replace("\n", "\r\n")])
def test_former_scripts_are_replaced(dslc: Dslc, text: str) -> None:
    Path("former.py").write_bytes(text.encode())
    assert dslc("compile", DIGITS, "-b", "torch", "-o", "former.py")[0] == 0


def test_the_spec_is_never_overwritten(dslc: Dslc) -> None:
    Path("digits.dl").write_text(SPEC)
    Path("link.py").symlink_to("digits.dl")
    for place in ("digits.dl", "link.py"):
        code, _, err = dslc("compile", "digits.dl", "-b", "torch", "-o", place, "--force")
        assert code == 2
        assert "is the spec itself" in err
    assert Path("digits.dl").read_text() == SPEC


def test_wrong_calls_of_compile(dslc: Dslc) -> None:
    Path("bad.dl").write_text(BAD)
    for arguments, code, text in (
        ([DIGITS], 2, "--backend keras or --backend torch"),
        ([DIGITS, "-b", "pytorch"], 2, "did you mean `torch`?"),
        ([DIGITS, "-b", "jax"], 2, "there are keras and torch"),
        ([DIGITS, "-b", "torch", "-m", "Digit"], 1, "did you mean `Digits`?"),
        ([DIGITS, "-b", "torch", "-o", "no/x.py"], 2, "there is no folder `no`"),
        (["bad.dl", "-b", "torch"], 1, "error[E0201]"),
        (["none.dl", "-b", "torch"], 1, "there is no file `none.dl`"),
    ):
        found, out, err = dslc("compile", *arguments)
        assert (found, out) == (code, ""), arguments
        assert text in err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_may_not_be_written(dslc: Dslc) -> None:
    Path("locked").mkdir(mode=0o555)
    code, _, err = dslc("compile", DIGITS, "-b", "torch", "-o", "locked/x.py")
    assert code == 2
    assert "cannot be written: Permission denied" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk(dslc: Dslc) -> None:
    code, _, err = dslc("compile", DIGITS, "-b", "torch", "-o", "/dev/full")
    assert code == 2
    assert "cannot be written: No space left on device" in err


def test_several_models_compile_by_name(dslc: Dslc) -> None:
    Path("two.dl").write_text(
        "model A { input x: 4\n x -> Dense(3) }\nmodel B { input x: 4\n x -> Dense(5) }\n"
    )
    assert "A in PyTorch" in dslc("compile", "two.dl", "-b", "torch", "-m", "A")[1]
    assert "B in PyTorch, 25 parameters" in dslc("compile", "two.dl", "-b", "torch")[1]
    code, _, err = dslc("compile", "two.dl", "-b", "torch", "-m", "C")
    assert code == 1
    assert "the models are A, B" in err


@pytest.mark.parametrize("backend", ["keras", "torch"])
def test_a_merge_in_an_arm_is_compiled(dslc: Dslc, backend: str) -> None:
    spec = """block B(filters) {
  input x
  z = x -> Conv2D(filters, 3x3, padding=same)
  match { x.channels == filters: add(x, z)  else: z }
}
model M { input image: 8x8x1  image -> B(4) -> B(4) -> Flatten -> Dense(10) }
"""
    Path("choice.dl").write_text(spec, encoding="utf-8")
    code, out, err = dslc("compile", "choice.dl", "--backend", backend, "-o", "-")
    assert (code, err) == (0, "")
    compile(out, "choice.py", "exec")


# ------------------------------------------------------------------------------------------ --emit
@pytest.mark.parametrize("spec", [DIGITS, RESNET, ROOT / "specs" / "siamese.dl"])
@pytest.mark.parametrize("stage", ["tree", "spec", "graph", "plan"])
def test_stages_are_shown_and_stable(dslc: Dslc, spec: Path, stage: str) -> None:
    code, out, err = dslc("compile", spec, "--emit", stage)
    assert (code, err) == (0, "")
    assert out == dslc("compile", spec, "--emit", stage)[1]
    assert " at 0x" not in out
    assert "object" not in out
    if stage != "graph":
        assert out.startswith("(")
        assert out.count("(") >= 10


def test_what_stages_show(dslc: Dslc) -> None:
    assert "(Call Conv2D @6:6-47" in dslc("compile", DIGITS, "--emit", "tree")[1]
    assert "filters: `32` @6:13-15" in dslc("compile", DIGITS, "--emit", "spec")[1]
    graph = dslc("compile", DIGITS, "--emit", "graph")[1]
    assert "%1 = Conv2D(filters=32, kernel=3x3, stride=1x1, padding=same" in graph
    assert "of %0 : 8x8x32 float @6:6-47\n" in graph
    assert graph.endswith("output output = %11\n")
    assert (
        "(Function 'Bottleneck' 'block' @2:1-16:2" in dslc("compile", RESNET, "--emit", "plan")[1]
    )


def test_stages_of_a_faulty_spec_go_as_far_as_they_can(dslc: Dslc) -> None:
    Path("bad.dl").write_text(BAD)
    for stage in ("tree", "spec", "graph"):
        code, out, err = dslc("compile", "bad.dl", "--emit", stage)
        assert code == 1
        assert "E0201" in err
        assert out
    assert dslc("compile", "bad.dl", "--emit", "plan")[1] == ""


def test_a_long_flow_is_no_trouble(dslc: Dslc) -> None:
    flow = "\n  -> ".join(["x", *["relu"] * 2000])
    Path("long.dl").write_text(f"model Long {{\n  input x: 4\n  {flow}\n}}\n")
    for stage in ("tree", "spec", "graph"):
        assert dslc("compile", "long.dl", "--emit", stage)[0] == 0
    assert dslc("check", "long.dl")[0] == 0
    assert dslc("graph", "long.dl", "--layers")[0] == 0


# ------------------------------------------------------------------------------------------ files
def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    target = tmp_path / "a.py"
    target.write_text("old")
    target.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(target)
    write_atomic(link, "new\n")
    assert link.is_symlink()
    assert target.read_bytes() == b"new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o750


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.py"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


# ------------------------------------------------------------------------------------------ run
SCRIPT = (
    "import argparse, signal, sys, time\n"
    "print('flags', *sys.argv[1:], flush=True)\n"
    "try:\n    time.sleep(float(sys.argv[-1]) if sys.argv[1:] else 0)\n"
    "except KeyboardInterrupt:\n    print('stopped', flush=True)\n    sys.exit(7)\n"
    "sys.exit(3)\n"
)
RUN = """
import sys
from dslc import driver
from dslc.cli import call
driver.compile_model = lambda *a: (open("script.txt").read(), [])
sys.exit(call(sys.argv[1:]))
"""


def start(folder: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """`dslc run` with a script that needs no framework in place of the compiled one."""
    (folder / "script.txt").write_text(script)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    command = [sys.executable, "-c", RUN, "run", str(DIGITS), "-b", "torch", *arguments]
    pipe = subprocess.PIPE
    return open_process(command, cwd=folder, stdout=pipe, stderr=pipe, env=env)


def test_run_passes_flags_and_gives_back_the_code(tmp_path: Path) -> None:
    run = start(tmp_path, SCRIPT, "--", "--epochs", "0")
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (3, "flags --epochs 0\n"), err
    assert (tmp_path / "runs" / "digits_cnn-torch" / "digits_cnn_torch.py").is_file()
    assert err == "running runs/digits_cnn-torch/digits_cnn_torch.py\n"


def test_run_keeps_the_script_where_it_is_told(tmp_path: Path) -> None:
    run = start(tmp_path, SCRIPT, "-o", "kept/s.py", "--", "0")
    run.communicate(timeout=60)
    assert (tmp_path / "kept" / "s.py").is_file()
    run = start(tmp_path, SCRIPT, "--", "--out", "there", "0")
    run.communicate(timeout=60)
    assert (tmp_path / "there" / "digits_cnn_torch.py").is_file()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_reaches_the_script(tmp_path: Path) -> None:
    run = start(tmp_path, SCRIPT, "--", "30")
    assert run.stdout is not None
    assert run.stdout.readline() == "flags 30\n", "output streams"
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=20)
    assert (run.returncode, out) == (7, "stopped\n")


def test_run_says_what_is_not_installed(tmp_path: Path) -> None:
    run = start(tmp_path, "import os\nimport no_such_framework\n")
    _, err = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "no_such_framework is not installed, which the script needs" in err
    assert 'pip install "dslc[torch]"' in err
    assert not (tmp_path / "runs").exists()


def test_modules_of_a_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    text = (
        "import os\nimport numpy as np\nfrom sklearn.metrics import x\nfrom keras import layers\n"
    )
    assert modules(text) == ["numpy", "sklearn", "keras", "tensorflow"]
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert modules(text)[-1] == "torch"


def test_wrong_calls_of_run(dslc: Dslc) -> None:
    Path("bad.dl").write_text(BAD)
    assert dslc("run", DIGITS)[0] == 2
    code, _, err = dslc("run", DIGITS, "-b", "torch", "--epochs", "1")
    assert code == 2
    assert "flags of the script stand behind `--`" in err
    assert dslc("run", "bad.dl", "-b", "torch")[0] == 1
    assert dslc("run", DIGITS, "-b", "torhc")[2].count("did you mean `torch`?") == 1


@pytest.mark.framework
@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_run_trains(tmp_path: Path, backend: str) -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
    spec = ROOT / "specs" / "mlp_iris.dl"
    command = [sys.executable, "-m", "dslc", "run", spec, "-b", backend, "--", "--epochs", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "runs" / f"mlp_iris-{backend}"
    assert (out / "metrics.json").is_file()
    assert "test_accuracy" in done.stdout
