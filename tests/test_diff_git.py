"""`dslc diff` on the command line: files, revisions, folders, and all that can be wrong with them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dslc.diff.git import Repository
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]

NET = "model Net { input x: 4  x -> Dense(3) -> relu -> Dense(2) }\n"
WIDER = NET.replace("Dense(3)", "Dense(5)")
HEAD = "block Head(n) { input x  x -> Dense(n) -> softmax }\n"
USES = 'import "parts/head.dl" (Head)\nmodel Uses { input x: 4  x -> Head(3) }\n'
BAD = "model Net { input x: 4  x -> Dens(3) }\n"


def git(*arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(message: str = "x", **files: str) -> str:
    for name, text in files.items():
        write(name.replace("__", "/") + ".dl", text)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", message)
    return git("rev-parse", "HEAD")


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


@pytest.fixture
def repository(dslc: Dslc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, which is the current folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git("init", "-q", "-b", "main")
    return tmp_path


def test_two_files_need_no_git(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    write("a.dl", NET)
    write("b.dl", WIDER)
    code, out, err = dslc("diff", "a.dl", "b.dl")
    assert (code, err) == (0, "")
    assert out.startswith("a.dl → b.dl\nanother function; 1 of 4 saved arrays load\n")
    assert dslc("diff", "a.dl", "b.dl", "--exit-code")[0] == 1
    assert dslc("diff", "a.dl", "a.dl", "--exit-code")[0] == 0


def test_without_git_it_says_so(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    write("a.dl", NET)
    code, out, err = dslc("diff", "HEAD", "--", "a.dl")
    assert (code, out) == (2, "")
    assert "error[E0460]" in err
    assert "dslc diff OLD.dl NEW.dl" in err


@pytest.mark.parametrize(
    ("arguments", "versions"),
    [
        (["a.dl"], "a.dl: HEAD → now"),
        (["HEAD", "a.dl"], "a.dl: HEAD → now"),
        (["main", "--", "a.dl"], "a.dl: main → now"),
        (["HEAD~1", "HEAD~0", "--", "a.dl"], "a.dl: HEAD~1 → HEAD~0"),
        (["HEAD~1..", "a.dl"], "a.dl: HEAD~1 → HEAD"),
        (["HEAD~1..main", "a.dl"], "a.dl: HEAD~1 → main"),
        (["HEAD~1:a.dl", "a.dl"], "HEAD~1:a.dl → a.dl"),
        (["HEAD~1:./a.dl", "HEAD:a.dl"], "a.dl: HEAD~1 → HEAD"),
        (["--", "a.dl"], "a.dl: HEAD → now"),
    ],
)
def test_ways_to_name_two_versions(
    dslc: Dslc, repository: Path, arguments: list[str], versions: str
) -> None:
    commit(a=NET)
    commit(a=WIDER)
    write("a.dl", WIDER.replace("relu", "gelu"))
    code, out, err = dslc("diff", *arguments)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == versions
    assert ("gelu" in out) == ("now" in versions or versions.endswith("→ a.dl"))
    assert ("units 3 → 5" in out) == ("~1" in versions)


def test_since_a_branch_was_left(dslc: Dslc, repository: Path) -> None:
    base = commit(a=NET)
    git("checkout", "-q", "-b", "topic")
    commit(a=WIDER)
    git("checkout", "-q", "main")
    commit(a=NET.replace("relu", "tanh"))
    _, out, _ = dslc("diff", "main...topic", "--", "a.dl")
    assert out.startswith(f"a.dl: {base[:10]} → topic\n")
    assert "tanh" not in out
    assert "relu → tanh" in dslc("diff", "topic..main", "a.dl")[1]
    git("checkout", "-q", "--orphan", "alone")
    commit("another first one", a=NET)
    code, _, err = dslc("diff", "main...alone", "a.dl")
    assert code == 2
    assert "error[E0466]" in err
    assert "dslc diff main alone" in err


def test_a_folder_with_specs_that_come_and_go(dslc: Dslc, repository: Path) -> None:
    commit(specs__kept=NET, specs__deep__gone=NET, specs__same=NET, other=NET)
    Path("specs/deep/gone.dl").unlink()
    write("specs/kept.dl", WIDER)
    write("specs/come.dl", NET)
    write("specs/.hidden/no.dl", NET)
    code, out, err = dslc("diff", "HEAD", "--", "specs")
    assert (code, err) == (0, "")
    assert "specs/come.dl\na new spec\n" in out
    assert "specs/deep/gone.dl\nthis spec is gone\n" in out
    assert "specs/kept.dl: HEAD → now\nanother function" in out
    assert out.endswith("\n4 specs, 3 differ\n")
    told = json.loads(dslc("diff", "HEAD", "specs", "--format", "json")[1])
    assert [(d["spec"], d["verdict"]) for d in told] == [
        ("specs/come.dl", "function"),
        ("specs/deep/gone.dl", "function"),
        ("specs/kept.dl", "function"),
        ("specs/same.dl", "same"),
    ]
    assert dslc("diff")[1].endswith("5 specs, 3 differ\n"), "without a path: the current folder"
    os.chdir("specs")
    assert "kept.dl: HEAD → now" in dslc("diff", "HEAD", "--", "kept.dl")[1]
    assert dslc("diff", "HEAD", "HEAD")[1].endswith("3 specs, none differs\n")


def test_imports_are_those_of_the_revision(dslc: Dslc, repository: Path) -> None:
    commit(uses=USES, parts__head=HEAD)
    write("parts/head.dl", HEAD.replace("softmax", "relu -> Dense(n) -> softmax"))
    _, out, _ = dslc("diff", "HEAD", "uses.dl")
    assert "+ Dense(3)" in out, "the import changed, the spec did not"
    Path("parts/head.dl").unlink()
    code, _, err = dslc("diff", "HEAD", "uses.dl")
    assert code == 2
    assert "error[E0209]" in err
    assert "HEAD:uses.dl" not in err, "only the version without its import is at fault"
    git("checkout", "-q", "--", ".")
    commit(uses=USES.replace("parts/head", "parts/haed"))
    code, _, err = dslc("diff", "HEAD~1", "HEAD", "--", "uses.dl")
    assert code == 2
    assert "HEAD:uses.dl:1:8" in err
    assert "did you mean `parts/head.dl`?" in err
    commit(uses=USES.replace("parts/head", "../../etc/head"))
    assert "error[E0210]" in dslc("diff", "HEAD~2", "HEAD", "--", "uses.dl")[2]


def test_imports_stay_in_the_project_of_that_revision(dslc: Dslc, repository: Path) -> None:
    text = USES.replace("parts/head", "../head")
    write("inner/pyproject.toml", "")
    commit(inner__uses=text, head=HEAD)
    Path("inner/pyproject.toml").unlink()
    write("inner/uses.dl", text + "# now\n")
    code, _, err = dslc("diff", "HEAD", "--", "inner/uses.dl")
    assert code == 2
    assert "HEAD:inner/uses.dl" in err
    assert err.count("error[E0210]") == 1


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_and_folders_in_a_revision_are_no_files(dslc: Dslc, repository: Path) -> None:
    Path("link.dl").symlink_to("/etc/passwd")
    write("uses.dl", USES.replace("parts/head", "link"))
    commit(sub__net=NET)
    for what, said in (("HEAD:link.dl", "is a link, not a file"), ("HEAD:sub", "is a folder")):
        code, _, err = dslc("diff", what, "sub/net.dl")
        assert code == 2
        assert "error[E0464]" in err
        assert said in err
    Path("uses.dl").write_text(NET)
    code, _, err = dslc("diff", "HEAD", "--", "uses.dl")
    assert code == 2
    assert "cannot import `link.dl`" in err
    assert "root:" not in err


def test_wrong_revisions_and_paths(dslc: Dslc, repository: Path) -> None:
    commit(a=NET)
    git("tag", "v1.0")
    for arguments, number, text in (
        (["v1.1", "--", "a.dl"], "E0462", "did you mean `v1.0`?"),
        (["HEAD~7", "a.dl"], "E0462", "there is no revision `HEAD~7`"),
        (["--upload-pack=x", "a.dl"], "No such option", ""),
        (["nothing", "--", "a.dl"], "E0462", "git log"),
        (["HEAD", "--", "b.dl"], "E0463", "did you mean `a.dl`?"),
        (["HEAD:zz/b.dl", "a.dl"], "E0463", "there is no `zz/b.dl` in `HEAD`"),
        (["HEAD:../a.dl", "a.dl"], "E0465", "is not in the repository"),
        (["a.dl", "b.dl"], "E0130", "did you mean"),
        (["HEAD", "HEAD", "HEAD", "a.dl"], "two sides", "dslc diff OLD NEW -- PATH"),
        (["HEAD", "HEAD", "HEAD", "--", "a.dl"], "two sides", "dslc diff OLD NEW -- PATH"),
        (["HEAD", "--", "a.dl", "--format", "json"], "stand paths, not `--format`", "in front of"),
        (["a.dl", "a.dl", "a.dl"], "more with a revision", "dslc diff HEAD -- a.dl a.dl a.dl"),
        (["HEAD:a.dl"], "a comparison of files has two sides", "dslc diff HEAD:a.dl PATH"),
    ):
        code, out, err = dslc("diff", *arguments)
        assert (code, out) == (2, ""), arguments
        assert number in err, (arguments, err)
        assert text in err, (arguments, err)


def test_nothing_to_compare(dslc: Dslc, repository: Path) -> None:
    commit()
    code, _, err = dslc("diff", "HEAD")
    assert code == 2
    assert "there is no spec to compare" in err


def test_no_repository(dslc: Dslc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    write("a.dl", NET)
    code, _, err = dslc("diff", "a.dl")
    assert code == 2
    assert "error[E0461]: the current folder is in no git repository" in err


def test_a_repository_without_commits(dslc: Dslc, repository: Path) -> None:
    write("a.dl", NET)
    code, _, err = dslc("diff", "a.dl")
    assert code == 2
    assert "error[E0462]: there is no revision `HEAD`" in err


def test_a_shallow_clone_is_told(dslc: Dslc, repository: Path) -> None:
    commit(a=NET)
    commit(a=WIDER)
    git("clone", "-q", "--depth=1", f"file://{repository}", "clone")
    os.chdir("clone")
    _, _, err = dslc("diff", "HEAD~1", "a.dl")
    assert "error[E0462]" in err
    assert "fetch-depth: 0" in err


def test_mistakes_in_a_version_are_shown_and_nothing_else(dslc: Dslc, repository: Path) -> None:
    commit(a=BAD, b=NET)
    write("a.dl", NET)
    write("b.dl", WIDER)
    code, out, err = dslc("diff", "HEAD", "--", "a.dl")
    assert (code, out) == (2, "")
    assert "error[E0201]" in err
    assert "HEAD:a.dl:1:30" in err
    code, out, err = dslc("diff", "HEAD", "--", ".")
    assert code == 2
    assert "b.dl: HEAD → now" in out, "the others are compared all the same"
    git("checkout", "-q", ".")
    assert dslc("diff", "HEAD", "--", "a.dl")[0] == 0, "the same text is not read at all"


def test_files_that_are_no_specs(dslc: Dslc, repository: Path) -> None:
    Path("zero.dl").write_bytes(b"a\0b")
    Path("latin.dl").write_bytes(b"# \xe9\n")
    Path("large.dl").write_text("#" * 1_000_001)
    commit()
    for name, number in (("zero", "E0133"), ("latin", "E0133"), ("large", "E0134")):
        write(f"{name}.dl", NET)
        code, _, err = dslc("diff", f"{name}.dl")
        assert code == 2
        assert f"error[{number}]" in err
    assert "1,000,001 bytes" in err


def test_a_model_by_name(dslc: Dslc) -> None:
    write("a.dl", NET + NET.replace("Net", "Other"))
    write("b.dl", WIDER + NET.replace("Net", "Other"))
    assert "no difference" in dslc("diff", "a.dl", "b.dl", "--model", "Other")[1]
    assert "model Net" in dslc("diff", "a.dl", "b.dl", "-m", "Net")[1]
    code, _, err = dslc("diff", "a.dl", "b.dl", "-m", "Othr")
    assert code == 2
    assert "did you mean `Other`?" in err


def test_what_git_would_run_is_not_run(dslc: Dslc, repository: Path) -> None:
    """Text conversion, filters and hooks of a repository stay where they are."""
    write(".gitattributes", "*.dl diff=evil filter=evil\n")
    commit(a=NET)
    for key in ("diff.evil.textconv", "filter.evil.smudge", "filter.evil.clean", "core.fsmonitor"):
        git("config", key, "touch ran; cat")
    write("a.dl", WIDER)
    assert dslc("diff", "HEAD", "--", "a.dl")[0] == 0
    assert not Path("ran").exists()


def test_odd_names(dslc: Dslc, repository: Path) -> None:
    for name in ("-a", "a b", "é", "x*", "HEAD"):
        write(f"odd/{name}.dl", NET)
    write("odd/xy.dl", NET)
    commit()
    for path in Path("odd").iterdir():
        write(str(path), WIDER)
        code, out, err = dslc("diff", "HEAD", "--", path)
        assert (code, err) == (0, ""), path
        assert out.startswith(f"{path}: HEAD → now\nanother function")
    assert dslc("diff", "HEAD", "odd")[1].endswith("6 specs, 6 differ\n")


def test_in_a_hook_of_git(dslc: Dslc, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git calls hooks with places relative to the top folder."""
    commit(sub__a=NET)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert dslc("diff", "HEAD", "--", "sub/a.dl")[0] == 0
    os.chdir("sub")
    assert dslc("diff", "a.dl")[:2] == (0, "a.dl: HEAD → now: no difference in meaning\n")


def test_many_specs_are_read_by_few_calls(
    dslc: Dslc, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(40):
        write(f"specs/{at % 4}/net{at}.dl", f"{NET}# {at}\n")
    write("specs/empty.dl", "")
    commit()
    calls: list[str] = []
    asked = Repository.call

    def counted(self: Repository, *arguments: str, **given: Any) -> tuple[int, bytes, str]:
        calls.append(arguments[0])
        return asked(self, *arguments, **given)

    monkeypatch.setattr(Repository, "call", counted)
    Path("specs/empty.dl").write_text(NET)
    code, out, err = dslc("diff", "HEAD", "HEAD", "--", "specs")
    assert (code, out) == (0, "41 specs, none differs\n"), err
    assert len(calls) <= 12
    assert dslc("diff", "HEAD", "--", "specs")[0] == 2, "an empty spec is none"


def test_markdown_of_several(dslc: Dslc, repository: Path) -> None:
    commit(a=NET, b=NET)
    assert dslc("diff", "--format", "markdown")[1] == "No difference in meaning.\n"
    write("a.dl", WIDER)
    write("b.dl", NET.replace("relu", "tanh"))
    out = dslc("diff", "--format", "markdown")[1]
    assert out.count("### `") == 2
    assert "\n\n### `b.dl`: `HEAD` → `now`\n" in out
