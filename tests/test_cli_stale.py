"""`dslc compile --check`: which scripts beside specs are not what dslc would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from dslc import __version__
from dslc.cli.stamp import split, stamped
from tests.command_line import BAD, Dslc, command_line

__all__ = ["command_line"]

NET = "model Net { input x: 4  x -> Dense(3) }\n"


@pytest.fixture
def net(dslc: Dslc) -> Path:
    """A spec with its script for PyTorch, in the current folder."""
    Path("net.dl").write_text(NET)
    assert dslc("compile", "net.dl", "-b", "torch")[0] == 0
    return Path("net_torch.py")


def test_a_stamp_tells_who_wrote_what() -> None:
    text = stamped("a = 1\n")
    assert text.endswith("\n")
    body, stamp = split(text)
    assert body == "a = 1\n"
    assert stamp is not None and stamp.whole and stamp.version == __version__
    assert split(text.replace("\n", "\r\n")) == (body, stamp), "git may have changed line endings"
    edited = split(text.replace("1", "2", 1))[1]
    assert edited is not None and not edited.whole
    assert split("a = 1\n") == ("a = 1\n", None)
    below = split(f"{text}\nb = 2\n")
    assert below[0] == "a = 1\n\n\nb = 2\n"
    assert below[1] is not None and not below[1].whole, "what stands below the stamp counts"


def test_a_script_is_up_to_date(dslc: Dslc, net: Path) -> None:
    before = net.read_bytes()
    assert dslc("compile", "--check", "net.dl") == (0, "1 script up to date\n", "")
    assert dslc("compile", "--check", ".", "-b", "torch")[0] == 0
    net.write_bytes(before.replace(b"\n", b"\r\n"))
    assert dslc("compile", "--check", "net.dl")[0] == 0
    Path("net.dl").write_text(f"# A comment.\n{NET}")
    assert dslc("compile", "--check", "net.dl")[0] == 0, "comments change nothing"


def test_a_script_that_is_missing(dslc: Dslc, net: Path) -> None:
    assert dslc("compile", "--check", "net.dl", "-b", "keras") == (
        1,
        "net_keras.py is missing\n  = help: dslc compile net.dl --backend keras\n"
        "1 of 1 script is not up to date\n",
        "",
    )
    net.unlink()
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert (code, out) == (0, "0 scripts up to date; 1 spec has none\n"), "none is asked for"


def test_a_script_that_is_stale(dslc: Dslc, net: Path) -> None:
    before = net.read_bytes()
    Path("net.dl").write_text(NET.replace("3", "5"))
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert "net_torch.py is stale: `net.dl`, or what it imports, has changed since\n" in out
    assert "  = help: dslc compile net.dl --backend torch\n" in out
    assert net.read_bytes() == before, "nothing is written"
    assert dslc("compile", "net.dl", "--backend", "torch")[0] == 0
    assert dslc("compile", "--check", "net.dl")[0] == 0


def test_a_script_that_was_edited(dslc: Dslc, net: Path) -> None:
    net.write_text(net.read_text().replace("nn.Linear(4, 3)", "nn.Linear(4, 4)"))
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert "net_torch.py was edited since dslc wrote it\n" in out
    assert "    --- what dslc writes\n    +++ what is there\n" in out
    assert "nn.Linear(4, 3)" in out and "nn.Linear(4, 4)" in out
    assert "bring the change into the spec, then dslc compile net.dl --backend torch --force" in out


def test_an_edited_script_is_not_overwritten(dslc: Dslc, net: Path) -> None:
    net.write_text(net.read_text().replace("nn.Linear(4, 3)", "nn.Linear(4, 4)"))
    before = net.read_bytes()
    code, out, err = dslc("compile", "net.dl", "-b", "torch")
    assert (code, out) == (2, "")
    assert "`net_torch.py` was edited since dslc wrote it: it is left as it is" in err
    assert "--force" in err
    assert net.read_bytes() == before
    assert dslc("compile", "net.dl", "-b", "torch", "--force")[0] == 0
    assert dslc("compile", "--check", "net.dl")[0] == 0


def test_what_was_written_below_is_an_edit_too(dslc: Dslc, net: Path) -> None:
    net.write_text(f"{net.read_text()}\nprint('mine')\n")
    mine = net.read_text()
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert "net_torch.py was edited since dslc wrote it\n" in out
    assert "+print('mine')" in out
    assert dslc("compile", "net.dl", "-b", "torch")[0] != 0
    assert net.read_text() == mine


def test_a_spec_that_is_not_there(dslc: Dslc, net: Path) -> None:
    code, out, err = dslc("compile", "--check", "nett.dl", "net.dl")
    assert code == 1
    assert out == "1 script up to date\n"
    assert "error[E0130]: there is no file `nett.dl`" in err


def test_a_long_edit_is_shown_in_part(dslc: Dslc, net: Path) -> None:
    lines = net.read_text().splitlines()
    net.write_text("\n".join([*lines[:5], *(f"# \x1b[31m{i}" for i in range(50)), *lines[5:]]))
    _, out, _ = dslc("compile", "--check", "net.dl")
    assert "more lines" in out
    assert len(out.splitlines()) < 20
    assert "\x1b" not in out


def test_a_script_of_another_dslc(dslc: Dslc, net: Path) -> None:
    text = net.read_text().replace(f"by dslc {__version__},", "by dslc 0.0.1,")
    net.write_text(text)
    assert dslc("compile", "--check", "net.dl")[0] == 0, "it would write the same"
    body, _ = split(text.replace("nn.Linear(4, 3)", "nn.Linear(4, 9)"))
    net.write_text(stamped(body).replace(f"by dslc {__version__},", "by dslc 0.0.1,"))
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert f"net_torch.py was written by dslc 0.0.1, this is {__version__}\n" in out
    net.write_text(body)
    assert "does not say which dslc wrote it" in dslc("compile", "--check", "net.dl")[1]


def test_a_script_of_somebody_else(dslc: Dslc, net: Path) -> None:
    net.write_text("print(1)\n")
    code, out, _ = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert "net_torch.py was not written by dslc\n" in out
    assert "--force" in out


def test_several_specs_and_folders(dslc: Dslc, net: Path) -> None:
    Path("sub").mkdir()
    Path("sub/parts.dl").write_text("block Head { input x  x -> Dense(3) }\n")
    Path("sub/uses.dl").write_text(
        'import "parts.dl" (Head)\nmodel Uses { input x: 4  x -> Head }\n'
    )
    assert dslc("compile", "sub/uses.dl", "-b", "keras")[0] == 0
    assert dslc("compile", "--check", ".")[1] == "2 scripts up to date; 1 spec has none\n"
    Path("sub/parts.dl").write_text("block Head { input x  x -> Dense(4) }\n")
    code, out, _ = dslc("compile", "--check", "net.dl", "sub")
    assert code == 1
    assert "sub/uses_keras.py is stale" in out
    assert "1 of 2 scripts is not up to date; 1 spec has none\n" in out
    code, out, _ = dslc("compile", "--check", ".", "-b", "torch")
    assert "sub/uses_torch.py is missing" in out
    assert "parts" not in out.replace("sub/parts.dl", ""), "blocks alone make no script"


def test_the_model_of_a_script_is_kept(dslc: Dslc) -> None:
    Path("two.dl").write_text(NET + NET.replace("Net", "Other").replace("3", "7"))
    assert dslc("compile", "two.dl", "-b", "torch", "-m", "Net")[0] == 0
    assert dslc("compile", "--check", "two.dl")[0] == 0
    assert dslc("compile", "--check", "two.dl", "-m", "Other")[0] == 1
    assert dslc("compile", "two.dl", "-b", "torch", "-o", "x.py")[0] == 0
    assert dslc("compile", "--check", "two.dl", "-b", "torch", "-o", "x.py")[0] == 0
    assert dslc("compile", "--check", "two.dl", "-b", "torch", "-o", ".")[0] == 0
    Path("two.dl").write_text(NET.replace("Net", "Other"))
    _, out, _ = dslc("compile", "--check", "two.dl", "-b", "torch", "-o", "x.py")
    assert "dslc compile two.dl --backend torch -o x.py" in out


def test_specs_with_mistakes(dslc: Dslc, net: Path) -> None:
    Path("net.dl").write_text(BAD)
    code, out, err = dslc("compile", "--check", "net.dl")
    assert code == 1
    assert "error[E0201]" in err
    assert "net_torch.py not compared: its spec has errors" in out


def test_wrong_calls(dslc: Dslc, net: Path) -> None:
    Path("empty").mkdir()
    for arguments, text in (
        (["compile", "--check", "net.dl", "-o", "x.py"], "the script of one spec"),
        (["compile", "--check", "net.dl", "-b", "pytorch"], "did you mean `torch`?"),
        (["compile", "--check", "empty"], "there is no spec in `empty`"),
        (["compile", "--check"], "Missing argument"),
        (["compile", "net.dl", "net.dl", "-b", "torch"], "one spec at a time"),
    ):
        code, out, err = dslc(*arguments)
        assert (code, out) == (2, ""), arguments
        assert text in err
